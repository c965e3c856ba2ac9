"""predict and evaluate, on the files of a training and on foreign ones."""

import pathlib
import shutil
import warnings

import flatbuffers
import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from PIL import Image

from keras_papers import applications, export, pipelines
from keras_papers.pipelines.data.picture_folder import load_folder
from keras_papers.pipelines.models.classifier_file import _reason
from tests.support.answers import perturb, random_images
from tests.support.photos import paint

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


def test_both_kinds_of_file_predict_as_the_model_does(model, files, picture):
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


def test_predict_takes_the_iterator_of_a_glob(files, picture):
    found = pipelines.predict(files[0], picture.parent.glob("*.png"))
    assert [prediction.file for prediction in found] == [str(picture)]


def test_evaluate_counts_right_answers_by_class(files, tmp_path):
    paint(tmp_path, ["cat", "dog", "hen"], 4)
    (tmp_path / "cat" / "broken.png").write_bytes(b"no picture")
    predicted = {
        name: [
            prediction.labels[0]
            for prediction in pipelines.predict(
                files[0], sorted((tmp_path / name).glob("?.png"))
            )
        ]
        for name in ("cat", "dog", "hen")
    }
    for file in files:
        with (
            pytest.warns(UserWarning, match="1 file .*broken.png"),
            pytest.warns(UserWarning, match="not known whether"),
        ):
            found = pipelines.evaluate(file, tmp_path)
        assert (found.images, found.skipped_files) == (12, 1)
        expected = {name: predicted[name].count(name) / 4 for name in predicted}
        assert found.recall == expected
        assert found.accuracy == pytest.approx(sum(expected.values()) / 3)
        assert "1 unreadable" in str(found)


def test_a_training_evaluates_as_its_report_says(trained, photos, tmp_path):
    report, output = trained
    held_out = load_folder(photos, seed=0).test
    for file in map(pathlib.Path, held_out.files):
        (tmp_path / "test" / file.parent.name).mkdir(
            parents=True, exist_ok=True
        )
        shutil.copy(file, tmp_path / "test" / file.parent.name)
    for name in ("model.tflite", "model.keras"):
        found = pipelines.evaluate(output / name, tmp_path / "test")
        assert found.images == report.test_images == 4
        assert found.accuracy == report.accuracy


def test_a_class_that_the_model_does_not_know_is_refused(files, tmp_path):
    paint(tmp_path, ["cat", "cow"], 1)
    with pytest.raises(ValueError, match=r"cat, dog, hen.*\['cow'\]"):
        pipelines.evaluate(files[0], tmp_path)


def cut(path, source):
    path.write_bytes(source.read_bytes()[:5000])
    return path


def noise(path):
    path.write_bytes(np.random.default_rng(0).bytes(100))
    return path


def test_files_that_are_no_models_are_refused(files, picture, tmp_path):
    (tmp_path / "words.tflite").write_text("once upon a time")
    for file, message in (
        (cut(tmp_path / "cut.tflite", files[0]), "must be a .tflite file"),
        (cut(tmp_path / "cut.keras", files[1]), "must be a .keras file"),
        (tmp_path / "words.tflite", "no 'TFL3'"),
        (noise(tmp_path / "noise.keras"), "it is no archive"),
        (tmp_path / "nowhere.tflite", "is no file"),
        (tmp_path / "nowhere.keras", "is no file"),
        (tmp_path, "a folder, in which"),
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


def test_a_class_that_is_not_known_is_named(picture, tmp_path):
    class Twice(keras.layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    class Means(keras.Model):
        def call(self, images):
            return keras.ops.mean(images, (1, 2))

        def get_config(self):
            return {}

    image = keras.Input((32, 32, 3))
    x = keras.layers.GlobalAveragePooling2D()(Twice()(image))
    subclassed = Means()
    subclassed(np.zeros((1, 32, 32, 3)))
    for model, name in (
        (keras.Model(image, x), "Twice"),
        (subclassed, "Means"),
    ):
        model.save(tmp_path / "own.keras")
        message = f"own.keras', whose class '{name}' is not. Register it with "
        with pytest.raises(ValueError, match=message):
            pipelines.predict(tmp_path / "own.keras", picture)


def test_a_long_reason_ends_with_a_word():
    error = TypeError("No.\n\nException encountered: " + 50 * "words ")
    assert _reason(error).endswith("words words ...")
    assert len(_reason(error)) <= 200


def test_a_model_of_something_else_is_refused(picture, tmp_path):
    numbers = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    numbers.save(tmp_path / "numbers.keras")
    with pytest.raises(ValueError, match="classifier of RGB images.*4"):
        pipelines.predict(tmp_path / "numbers.keras", picture)


def test_a_picture_that_is_none_is_refused(files, tmp_path):
    (tmp_path / "note.png").write_text("milk")
    with pytest.raises(ValueError, match="A picture must.*note.png"):
        pipelines.predict(files[0], tmp_path / "note.png")
    with pytest.raises(ValueError, match="A picture must.*Check the path"):
        pipelines.predict(files[0], tmp_path / "nowhere.png")


def converted(path, model):
    """Writes a file as others do: without metadata."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    path.write_bytes(converter.convert())
    return path


def test_a_file_without_metadata_warns_of_what_it_is_given(picture, tmp_path):
    image = keras.Input((32, 32, 3))
    means = keras.layers.GlobalAveragePooling2D()(image)
    scores = keras.layers.Rescaling(1 / 255)(means)
    path = converted(tmp_path / "bare.tflite", keras.Model(image, scores))
    with pytest.warns(UserWarning, match=r"\(pixel - 0\) / 1"):
        (found,) = pipelines.predict(path, picture)
    means = np.asarray(Image.open(picture)).mean(axis=(0, 1)) / 255
    np.testing.assert_allclose(sorted(found.scores), sorted(means), rtol=1e-5)


def test_a_quantized_file_answers_in_real_numbers(picture, tmp_path):
    import tensorflow as tf

    image = keras.Input((32, 32, 3))
    x = keras.layers.GlobalAveragePooling2D()(image)
    model = keras.Model(image, keras.layers.Softmax()(4 * x))
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    images = random_images(8, 32, 32, 3)
    converter.representative_dataset = lambda: ([i[None]] for i in images)
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8
    path = tmp_path / "integers.tflite"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path.write_bytes(converter.convert())
        (found,) = pipelines.predict(path, picture)
        converter.inference_input_type = tf.int8
        path.write_bytes(converter.convert())
        with pytest.raises(ValueError, match="which takes int8"):
            pipelines.predict(path, picture)
    model.save(tmp_path / "floats.keras")
    (expected,) = pipelines.predict(
        tmp_path / "floats.keras", picture, normalization=(127.5, 127.5)
    )
    assert found.labels == expected.labels
    assert np.ptp(expected.scores) > 0.06
    np.testing.assert_allclose(found.scores, expected.scores, atol=0.03)


def test_a_file_of_two_inputs_is_refused(picture, tmp_path):
    images = [keras.Input((32, 32, 3)), keras.Input((32, 32, 3))]
    scores = keras.layers.GlobalAveragePooling2D()(images[0] + images[1])
    path = converted(tmp_path / "two.tflite", keras.Model(images, scores))
    with pytest.raises(ValueError, match="which has 2 inputs and 1 outputs"):
        pipelines.predict(path, picture)
