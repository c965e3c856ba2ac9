"""verify: every broken file is refused, with what is broken."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_papers import applications, export
from keras_papers.export.interpreter import VerificationError
from keras_papers.export.verification import verify
from tests.support.answers import perturb, random_images

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def model():
    return perturb(applications.MobileNet((32, 32, 3), alpha=0.25, classes=4))


@pytest.fixture(scope="module")
def good(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("verify") / "good.tflite"
    export.to_tflite(model, path, runs=1)
    return path


def broken(good, tmp_path, data):
    path = tmp_path / "broken.tflite"
    path.write_bytes(data)
    return path


def test_a_good_file_passes(good, model):
    assert verify(good, model, runs=1).path == good


def test_a_foreign_file_is_explained(good, model, tmp_path):
    path = broken(good, tmp_path, b"PK" + bytes(100))
    with pytest.raises(VerificationError, match="no .tflite file"):
        verify(path, model)


def test_lost_weights_are_explained(good, model):
    larger = applications.MobileNet((32, 32, 3), alpha=0.5, classes=4)
    with pytest.raises(VerificationError, match="weights were lost"):
        verify(good, larger)
    smaller = applications.MobileNet((32, 32, 3), alpha=0.1, classes=4)
    with pytest.raises(VerificationError, match="stored twice"):
        verify(good, smaller)


def test_other_weights_are_explained(good, model):
    other = perturb(
        applications.MobileNet((32, 32, 3), alpha=0.25, classes=4), seed=1
    )
    with pytest.raises(VerificationError, match="answers otherwise"):
        verify(good, other, runs=1)


@pytest.mark.parametrize("quantize", ["dynamic", "int8"])
def test_scores_of_integers_that_differ_are_scores_in_the_warning(
    quantize, tmp_path
):
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3)(image)
    model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(x))
    images = random_images(8, 8, 8, 3)
    common = {"images": images, "runs": 1}
    file = export.to_tflite(
        model,
        tmp_path / "scores.tflite",
        quantize=quantize,
        representative_data=images if quantize == "int8" else None,
        **common,
    )
    assert file.parity < 0.1
    other = keras.models.clone_model(model)
    other.set_weights([-weight for weight in model.get_weights()])
    with pytest.warns(UserWarning, match="the scores differ by .* range"):
        verify(file.path, other, quantize, **common)


def test_answers_that_are_not_finite_are_explained(model, tmp_path):
    wild = keras.models.clone_model(model)
    wild.get_layer("logits").bias.assign(np.full(4, np.nan))
    with pytest.raises(VerificationError, match="not finite"):
        export.to_tflite(wild, tmp_path / "wild.tflite", runs=1)
    assert not list(tmp_path.iterdir())


def test_a_file_that_does_not_run_is_explained(good, model, tmp_path):
    data = bytearray(good.read_bytes())
    middle = len(data) - 20_000
    data[middle:] = bytes(20_000)  # where the graph stands
    path = broken(good, tmp_path, bytes(data))
    with pytest.raises(VerificationError):
        verify(path, model, runs=1)


def test_variables_are_explained(model, tmp_path):
    """As the converter writes them when it is given the model unfrozen."""

    class Counting(tf.Module):
        def __init__(self):
            self.count = tf.Variable(tf.zeros([1, 4]))

        @tf.function(input_signature=[tf.TensorSpec([1, 32, 32, 3])])
        def serve(self, image):
            self.count.assign_add(tf.ones([1, 4]))
            return self.count + tf.reduce_sum(image)

    module = Counting()
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.serve.get_concrete_function()], module
    )
    path = broken(None, tmp_path, converter.convert())
    with pytest.raises(VerificationError, match="VAR_HANDLE"):
        verify(path, model, runs=1)


def test_a_model_that_is_not_finite_is_explained(good, model):
    wild = keras.models.clone_model(model)
    wild.set_weights(model.get_weights())
    wild.get_layer("logits").bias.assign(np.full(4, np.nan))
    with pytest.raises(VerificationError, match="mobilenet.*not finite"):
        verify(good, wild, runs=1)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"threads": 0}, "`threads`.*threads=0"),
        ({"threads": "x"}, "`threads`.*threads='x'"),
        ({"runs": -1}, "`runs`.*runs=-1"),
        ({"images": "a.png"}, "`images` are numbers.*Read the pictures"),
    ],
)
def test_arguments_of_a_check_are_checked_first(
    good, model, arguments, message
):
    with pytest.raises(ValueError, match=message):
        verify(good, model, **{"runs": 1, **arguments})


@pytest.mark.parametrize("images", [3, None, "a.png", [], np.float32(1)])
def test_what_is_no_batch_of_images_is_refused(good, images):
    with pytest.raises(ValueError, match="`images` must.*Received"):
        export.predict(good, images)


@pytest.mark.parametrize("path", [None, 3, b"m.tflite", []])
def test_what_is_no_path_is_no_model(path):
    with pytest.raises(ValueError, match="must be a .tflite file.*Received"):
        export.predict(path, np.zeros((1, 32, 32, 3)))


@pytest.mark.parametrize("shape", [3, True, (32, 32), (64, 32, 3), "x"])
def test_a_shape_that_is_none_is_refused(model, tmp_path, shape):
    with pytest.raises(ValueError, match="`input_shape` must fix"):
        export.to_tflite(model, tmp_path / "m.tflite", input_shape=shape)
