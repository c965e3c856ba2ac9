"""predict and evaluate, on the files of a training and on foreign ones."""

import flatbuffers
import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from PIL import Image

from keras_papers import applications, export, pipelines
from tests.answers import perturb
from tests.pipelines.conftest import paint

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def model():
    return perturb(applications.MobileNetV2((32, 32, 3), alpha=0.35, classes=3))


@pytest.fixture(scope="module")
def files(model, tmp_path_factory):
    """One classifier as .tflite and as .keras with labels beside."""
    folder = tmp_path_factory.mktemp("classifier")
    labels = ["cat", "dog", "hen"]
    export.to_tflite(model, folder / "model.tflite", labels, runs=1)
    model.save(folder / "model.keras")
    (folder / "labels.txt").write_text("cat\ndog\nhen\n")
    return [folder / "model.tflite", folder / "model.keras"]


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    path = tmp_path_factory.mktemp("picture") / "noise.png"
    pixels = np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def test_both_kinds_of_file_say_what_the_model_says(model, files, picture):
    pixels = np.asarray(Image.open(picture), "float32") / 127.5 - 1
    (expected,) = keras.ops.convert_to_numpy(model(pixels[None]))
    assert np.ptp(expected) > 0.1
    for file in files:
        ((name, labels, scores),) = pipelines.predict(file, picture, top=3)
        assert name == str(picture)
        assert list(scores) == sorted(scores, reverse=True)
        order = [["cat", "dog", "hen"].index(label) for label in labels]
        np.testing.assert_allclose(scores, expected[order], atol=1e-4)


def test_a_prediction_is_one_line(files, picture):
    (prediction,) = pipelines.predict(files[0], [picture], top=2)
    assert str(prediction).count("%") == 2 and "\n" not in str(prediction)


def test_evaluate_counts_right_answers_by_class(files, tmp_path):
    paint(tmp_path, ["cat", "dog", "hen"], 4)
    (tmp_path / "cat" / "broken.png").write_bytes(b"no picture")
    said = {
        name: [
            prediction.labels[0]
            for prediction in pipelines.predict(
                files[0], sorted((tmp_path / name).glob("?.png"))
            )
        ]
        for name in ("cat", "dog", "hen")
    }
    for file in files:
        found = pipelines.evaluate(file, tmp_path)
        assert (found.images, found.skipped_files) == (12, 1)
        expected = {name: said[name].count(name) / 4 for name in said}
        assert found.recall == expected
        assert found.accuracy == pytest.approx(sum(expected.values()) / 3)
        assert "1 unreadable" in str(found)


def test_a_training_evaluates_as_its_report_says(trained, photos):
    report, output = trained
    found = pipelines.evaluate(output / "model.tflite", photos)
    again = pipelines.evaluate(output / "model.keras", photos)
    assert found.images == 20
    assert found.recall == again.recall


def test_a_class_that_the_model_does_not_know_is_refused(files, tmp_path):
    paint(tmp_path, ["cat", "cow"], 1)
    with pytest.raises(ValueError, match=r"cat, dog, hen.*\['cow'\]"):
        pipelines.evaluate(files[0], tmp_path)


def cut(path, source):
    path.write_bytes(source.read_bytes()[:5000])
    return path


def test_files_that_are_no_models_are_refused(files, picture, tmp_path):
    (tmp_path / "words.tflite").write_text("once upon a time")
    for file, message in (
        (cut(tmp_path / "cut.tflite", files[0]), "must be a .tflite file"),
        (cut(tmp_path / "cut.keras", files[1]), "must be a .keras file"),
        (tmp_path / "words.tflite", "no 'TFL3'"),
        (tmp_path / "nowhere.tflite", "is no file"),
        (picture, "of another kind"),
        (None, "model=None"),
    ):
        with pytest.raises(ValueError, match=message):
            pipelines.predict(file, picture)


def test_a_file_that_lost_weights_is_refused(files, picture, tmp_path):
    """It opens, and fails when it runs."""
    path = tmp_path / "hollow.tflite"
    model = schema.ModelT.InitFromPackedBuf(files[0].read_bytes())
    largest = max(
        model.buffers, key=lambda b: 0 if b.data is None else len(b.data)
    )
    largest.data = None
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(builder.Output())
    with pytest.raises(ValueError, match="must be a .tflite file that can be"):
        pipelines.predict(path, picture)


def test_a_keras_file_that_brings_code_is_refused(picture, tmp_path):
    image = keras.Input((32, 32, 3))
    x = keras.layers.Lambda(lambda x: x * 2)(image)
    x = keras.layers.GlobalAveragePooling2D()(x)
    keras.Model(image, x).save(tmp_path / "code.keras")
    with pytest.raises(ValueError, match="holds no code.*safe_mode"):
        pipelines.predict(tmp_path / "code.keras", picture)


def test_a_model_of_something_else_is_refused(picture, tmp_path):
    numbers = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    numbers.save(tmp_path / "numbers.keras")
    with pytest.raises(ValueError, match="classifier of RGB images.*4"):
        pipelines.predict(tmp_path / "numbers.keras", picture)


def test_a_picture_that_is_none_is_refused(files, tmp_path):
    (tmp_path / "note.png").write_text("milk")
    with pytest.raises(ValueError, match="A picture must.*note.png"):
        pipelines.predict(files[0], tmp_path / "note.png")
