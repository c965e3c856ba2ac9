"""export and benchmark: finished models as files, and their speed."""

import hashlib
import json
import os
import re
import shutil

import keras
import numpy as np
import pytest

from keras_papers import pipelines
from keras_papers.export import metadata
from keras_papers.pipelines.classification.deployment import _warn_of_losses
from keras_papers.pipelines.classification.options import QuantizeOptions
from keras_papers.pipelines.classification.report_files import add_file
from keras_papers.pipelines.classification.speed import Speed, speed_table
from keras_papers.pipelines.data.picture_folder import load_folder
from keras_papers.pipelines.variants.plan import Variant
from keras_papers.pipelines.variants.quantized import Material
from tests.support.extra import with_tfmot
from tests.support.photos import paint

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
    with pytest.raises(ValueError, match="`model`.*keras file.*another kind"):
        pipelines.export(output / "model.tflite")


def test_export_of_integers_names_the_function_that_takes_images(trained):
    for mode in ("int8", "qat"):
        with pytest.raises(ValueError, match=f"'{mode}'.*keras-papers quanti"):
            pipelines.export(trained[1] / "model.keras", quantize=mode)
    with pytest.raises(ValueError, match="`quantize`.*mean 'dynamic'"):
        pipelines.export(trained[1] / "model.keras", quantize="dynamik")


@pytest.fixture
def model(trained, tmp_path):
    """A copy of the trained model with its labels and its split."""
    for name in ("model.keras", "labels.txt", "split.json"):
        shutil.copy(trained[1] / name, tmp_path)
    return tmp_path / "model.keras"


def test_quantize_compares_with_the_float_file(model, photos, trained):
    report, output = trained
    folder = model.parent / "photos"  # with others since the training
    shutil.copytree(photos, folder)
    more = paint(model.parent / "more", ["dark", "bright"], 3, seed=1)
    for name in ("dark", "bright"):
        for picture in sorted((more / name).iterdir()):
            picture.rename(folder / name / f"0{picture.name}")
    found = pipelines.quantize(model, folder, seed=5)
    shutil.rmtree(folder)
    shutil.rmtree(more)
    assert found.output == str(model.with_name("model.int8.tflite"))
    assert sorted(os.listdir(model.parent)) == [
        "labels.txt",
        "model.int8.tflite",
        "model.keras",
        "split.json",
    ]
    before, after = found.variants
    # The same images are held out as in the training.
    assert found.seen == (report.test_images, 6, 14, 2)
    assert "4 held-out images, 6 that are new to the model left" in str(found)
    assert found.train_images == report.train_images
    assert found.test_images == report.test_images
    assert before.accuracy == report.accuracy
    assert before.tflite_accuracy == report.tflite_accuracy
    assert before.bytes == (output / "model.tflite").stat().st_size
    assert after.accuracy is None and after.bytes < 0.5 * before.bytes
    assert after.bytes == os.path.getsize(found.output)
    assert 0 <= found.agreement <= 1
    assert "float32" in str(found) and "model.int8.tflite" in str(found)
    assert metadata.read(found.output).labels == ("bright", "dark")


def test_quantize_adds_the_file_to_the_report_of_the_training(
    photos, trained, tmp_path
):
    folder = tmp_path / "out"
    shutil.copytree(trained[1], folder)
    pipelines.quantize(folder / "model.keras", photos)
    figures = json.loads((folder / "report.json").read_text())
    assert [each["file"] for each in figures["variants"]] == [
        "model.tflite",
        "model.int8.tflite",
    ]
    assert figures["variants"][1]["name"] == "int8"
    page = (folder / "report.html").read_text()
    assert "Smaller files" in page and "model.int8.tflite" in page
    digest = json.loads((folder / "metadata.json").read_text())["sha256"]
    content = (folder / "model.int8.tflite").read_bytes()
    assert digest["model.int8.tflite"] == hashlib.sha256(content).hexdigest()


def test_a_report_of_other_images_stays_as_it_is(photos, trained, tmp_path):
    report, _ = trained
    report._replace(test_images=5).save(tmp_path / "report.json")
    text = (tmp_path / "report.json").read_text()
    add_integers(tmp_path, report, photos)
    assert (tmp_path / "report.json").read_text() == text


def add_integers(folder, report, photos):
    """Adds an int8 file to the report in a folder."""
    images = load_folder(photos, seed=0)
    material = Material(images, 32, None, 0, 0)
    options = QuantizeOptions("model.keras", photos)
    floats = Variant(
        "float32", "model.tflite", 1.0, report.tflite_accuracy, 9, 9, 1.0, 1
    )
    integers = floats._replace(name="int8", file="model.int8.tflite")
    add_file(
        folder / "model.keras",
        floats,
        integers,
        None,
        material,
        quantize=options.command_with("quantize"),
    )


@pytest.mark.parametrize(
    "file, text",
    [
        ("history.csv", None),
        ("history.csv", "accuracy,loss\n1,x\n"),
        ("history.csv", ""),
        ("metadata.json", None),
        ("metadata.json", "{"),
        ("metadata.json", "[]"),
    ],
)
def test_a_report_beside_damaged_files_stays_as_it_is(
    file, text, photos, trained, tmp_path
):
    report, output = trained
    for name in "report.json", "history.csv", "metadata.json":
        shutil.copy(output / name, tmp_path)
    (tmp_path / file).unlink()
    if text is not None:
        (tmp_path / file).write_text(text)
    before = (tmp_path / "report.json").read_text()
    with pytest.warns(UserWarning, match=f"stays without.*{file}"):
        add_integers(tmp_path, report, photos)
    assert (tmp_path / "report.json").read_text() == before


def set_kernels(network, change):
    for weight in network.weights:
        if weight.name == "kernel":
            weight.assign(change(weight.numpy()))


def without_the_small(kernel):
    small = np.argsort(np.abs(kernel), axis=None)[: kernel.size // 2]
    np.put(kernel, small, 0)
    return kernel


@pytest.mark.parametrize(
    "change, preserve, losses",
    [
        (lambda kernel: kernel, (), []),
        (without_the_small, (), ["50% .* are zero.*--preserve sparsity"]),
        (without_the_small, ("sparsity",), []),
        (without_the_small, "sparsity", []),
        (np.sign, ("sparsity",), ["100% .* few values.*--preserve clusters"]),
        (np.sign, ("sparsity", "clusters"), []),
        (np.zeros_like, (), ["100% .* are zero"]),
    ],
)
def test_zeros_and_clusters_are_not_lost_silently(
    change, preserve, losses, recwarn
):
    layers = [keras.layers.Conv2D(8, 3), keras.layers.Conv2D(8, 1)]
    network = keras.Sequential([keras.Input((8, 8, 3)), *layers])
    set_kernels(network, change)
    _warn_of_losses("m.keras", network, preserve)
    warned = [
        str(each.message) for each in recwarn if "qat" in str(each.message)
    ]
    assert len(warned) == len(losses)
    assert all(map(re.match, losses, warned))


@pytest.mark.slow
@with_tfmot
def test_quantize_trains_on_as_integers_compute(model, photos, tmp_path):
    path = tmp_path / "trained.tflite"
    network = keras.saving.load_model(model)
    set_kernels(network, without_the_small)
    network.save(model)
    arguments = {"epochs": 1, "batch_size": 8, "verbose": 0}
    with (
        pytest.warns(UserWarning, match="50% of .* zero.*--preserve sparsity"),
        pytest.warns(UserWarning, match="no split.json .* lists it"),
    ):
        found = pipelines.quantize(model, photos, "qat", path, **arguments)
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
        ({"output": "/proc/x.tflite"}, "`path`.*Choose another place"),
        ({"batch_size": 0}, "`batch_size`"),
        ({"learning_rate": 0}, "`learning_rate`"),
        ({"label_smoothing": 1}, "`label_smoothing`"),
        ({"seed": -1}, "`seed`.*seed=-1"),
        ({"data": "nowhere"}, "`data`.*no folder"),
    ],
)
def test_what_cannot_be_quantized_is_refused(arguments, message, model, photos):
    with pytest.raises(ValueError, match=message):
        pipelines.quantize(model, **{"data": photos, **arguments})
    assert len(os.listdir(model.parent)) == 3


def test_a_model_without_a_list_of_its_images_takes_the_digits(model):
    (model.parent / "split.json").unlink()
    with pytest.raises(
        ValueError, match="`data`.*bright, dark. Received: data with 0, 1"
    ):
        pipelines.quantize(model)


def test_classes_without_labels_are_counted(model):
    (model.parent / "split.json").unlink()
    (model.parent / "labels.txt").unlink()
    with pytest.raises(ValueError, match="the 2 classes.*with 10"):
        pipelines.quantize(model)


@pytest.mark.parametrize(
    "shape, message",
    [
        ((32, 64, 3), r"images of shape \(None, 32, 64, 3\)"),
        ((None, None, 3), "images of any size"),
        ((32, 32, 3), "must show in its graph.*normalization=.*--input-range"),
    ],
)
def test_only_models_of_square_pictures_are_quantized(
    shape, message, photos, tmp_path
):
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
    (of_glob,) = pipelines.benchmark(path.parent.glob(path.name), runs=1)
    assert of_glob.path == alone.path
    assert str(path) in str(alone)


def test_the_speed_of_a_tiny_file_keeps_its_column():
    tiny = Speed("m.tflite", 4_210, 1, 0.01, 0.001, 1)
    large = Speed("n.tflite", 4_210_000, 2, 12.5, 0.25, 1)
    assert speed_table([tiny, large]).splitlines() == [
        "   size     median    IQR  partitions  file",
        " 4.2 kB   0.010 ms  0.001           1  m.tflite",
        "4.21 MB  12.500 ms  0.250           2  n.tflite",
    ]
    assert str(tiny) == speed_table([tiny])


def test_what_cannot_be_measured_is_refused(trained, tmp_path):
    (tmp_path / "words.tflite").write_text("once upon a time")
    with pytest.raises(ValueError, match="words.tflite does not run"):
        pipelines.benchmark(tmp_path / "words.tflite")
    with pytest.raises(ValueError, match="`models`.*no file"):
        pipelines.benchmark(tmp_path / "nowhere.tflite")
    with pytest.raises(ValueError, match="`runs`.*runs=0"):
        pipelines.benchmark(trained[1] / "model.tflite", runs=0)
