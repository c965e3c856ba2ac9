"""export and benchmark: finished models as files, and their speed."""

import os
import shutil

import keras
import pytest

from keras_papers import pipelines
from keras_papers.export import metadata
from tests.extra import with_tfmot

pytestmark = pytest.mark.tensorflow


def test_export_takes_the_labels_beside_the_model(trained, tmp_path):
    _, output = trained
    for name in ("model.keras", "labels.txt"):
        shutil.copy(output / name, tmp_path)
    found = pipelines.export(tmp_path / "model.keras", quantize="float16")
    assert found.path == tmp_path / "model.float16.tflite"
    assert found.bytes < 0.7 * (output / "model.tflite").stat().st_size
    assert metadata.read(found.path).labels == ("bright", "dark")


def test_export_takes_other_labels_and_another_place(trained, tmp_path):
    _, output = trained
    (tmp_path / "names.txt").write_text("hell\ndunkel\n")
    path = tmp_path / "other.tflite"
    pipelines.export(
        output / "model.keras", path, labels=tmp_path / "names.txt"
    )
    assert metadata.read(path).labels == ("hell", "dunkel")
    with pytest.raises(ValueError, match="`labels`.*nowhere.txt"):
        pipelines.export(output / "model.keras", path, labels="nowhere.txt")
    with pytest.raises(ValueError, match="`model`.*keras file"):
        pipelines.export(output / "model.tflite")


def test_export_of_int8_names_the_function_that_takes_images(trained):
    with pytest.raises(ValueError, match="'int8' needs images.*quantize"):
        pipelines.export(trained[1] / "model.keras", quantize="int8")
    with pytest.raises(ValueError, match="`quantize`.*mean 'dynamic'"):
        pipelines.export(trained[1] / "model.keras", quantize="dynamik")


@pytest.fixture
def model(trained, tmp_path):
    """A copy of the trained model with its labels."""
    for name in ("model.keras", "labels.txt"):
        shutil.copy(trained[1] / name, tmp_path)
    return tmp_path / "model.keras"


def test_quantize_compares_with_the_float_file(model, photos, trained):
    report, output = trained
    found = pipelines.quantize(model, photos)
    assert found.output == str(model.with_name("model.int8.tflite"))
    assert sorted(os.listdir(model.parent)) == [
        "labels.txt",
        "model.int8.tflite",
        "model.keras",
    ]
    before, after = found.variants
    # The same images are held out as in the training.
    assert found.test_images == report.test_images
    assert before.accuracy == report.accuracy
    assert before.tflite_accuracy == report.tflite_accuracy
    assert before.bytes == (output / "model.tflite").stat().st_size
    assert after.accuracy is None and after.bytes < 0.5 * before.bytes
    assert after.bytes == os.path.getsize(found.output)
    assert 0 <= found.agreement <= 1
    assert "float32" in str(found) and "model.int8.tflite" in str(found)
    assert metadata.read(found.output).labels == ("bright", "dark")


@pytest.mark.slow
@with_tfmot
def test_quantize_trains_on_as_integers_compute(model, photos, tmp_path):
    path = tmp_path / "trained.tflite"
    found = pipelines.quantize(
        model, photos, "qat", path, epochs=1, batch_size=8, verbose=0
    )
    assert found.output == str(path) and found.mode == "qat"
    before, after = found.variants
    assert after.accuracy is not None
    assert os.path.getsize(path) == after.bytes < 0.5 * before.bytes


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"mode": "int4"}, "`mode`.*mean 'int8'"),
        ({"mode": "float16"}, "`mode`"),
        ({"mode": "qat", "epochs": 0}, "`epochs`.*epochs=0"),
        ({"epochs": 3}, "`epochs` and `preserve` are of a training"),
        ({"preserve": "sparsity"}, "`epochs` and `preserve` are of a training"),
        ({"mode": "qat", "output": "no/x.tflite"}, "`path`.*Make the folder"),
        ({"output": "x.keras"}, "`path`.*must end with '.tflite'"),
        ({"batch_size": 0}, "`batch_size`"),
        ({"learning_rate": 0}, "`learning_rate`"),
        ({"label_smoothing": 1}, "`label_smoothing`"),
        ({"seed": -1}, "`seed`.*seed=-1"),
        ({"data": "nowhere"}, "`data`.*no folder"),
        ({"data": None}, "`data`.*bright, dark. Received: data with 0, 1"),
    ],
)
def test_what_cannot_be_quantized_is_told(arguments, message, model, photos):
    with pytest.raises(ValueError, match=message):
        pipelines.quantize(model, **{"data": photos, **arguments})
    assert len(os.listdir(model.parent)) == 2


def test_classes_without_labels_are_counted(model):
    (model.parent / "labels.txt").unlink()
    with pytest.raises(ValueError, match="the 2 classes.*with 10"):
        pipelines.quantize(model)


@pytest.mark.parametrize(
    "shape, message",
    [
        ((32, 64, 3), r"images of shape \(None, 32, 64, 3\)"),
        ((None, None, 3), "images of any size"),
        ((32, 32, 3), "rescaled before"),
    ],
)
def test_only_models_of_pixels_are_quantized(shape, message, photos, tmp_path):
    image = keras.Input(shape)
    pixels = image
    if shape != (32, 32, 3):
        pixels = keras.layers.Rescaling(1 / 255)(image)
    scores = keras.layers.GlobalAveragePooling2D()(pixels)
    keras.Model(image, scores).save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match=f"`model`.*{message}"):
        pipelines.quantize(tmp_path / "model.keras", photos)


def test_benchmark_measures_each_file(trained):
    path = trained[1] / "model.tflite"
    first, second = pipelines.benchmark([path, path], runs=5)
    assert first.path == second.path == str(path)
    assert first.latency_ms > 0 and first.partitions == 1
    assert first.bytes == path.stat().st_size
    (alone,) = pipelines.benchmark(path, runs=1)
    assert str(path) in str(alone)


def test_what_cannot_be_measured_is_told(trained, tmp_path):
    (tmp_path / "words.tflite").write_text("once upon a time")
    with pytest.raises(ValueError, match="words.tflite does not run"):
        pipelines.benchmark(tmp_path / "words.tflite")
    with pytest.raises(ValueError, match="`models`.*no file"):
        pipelines.benchmark(tmp_path / "nowhere.tflite")
    with pytest.raises(ValueError, match="`runs`.*runs=0"):
        pipelines.benchmark(trained[1] / "model.tflite", runs=0)
