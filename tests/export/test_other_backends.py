"""Models of other backends: converted in a process that runs TensorFlow."""

import keras
import numpy as np
import pytest

from keras_papers import applications, export
from keras_papers.export import metadata
from keras_papers.export.conversion import ConversionError
from keras_papers.export.conversion_process import convert_on_tensorflow
from keras_papers.precision import in_float32
from tests.support.answers import answers, perturb, random_images, spread
from tests.support.inner_models import IMAGES, SIZE, built, nested_twice
from tests.support.several_inputs import score, table, tabular

pytestmark = [
    pytest.mark.contract,
    pytest.mark.skipif(
        keras.config.backend() == "tensorflow",
        reason="TensorFlow converts in its own process, see test_tflite.py",
    ),
]


@keras.saving.register_keras_serializable(package="tests")
class Doubled(keras.layers.Layer):
    """A layer of a user's."""

    def call(self, inputs):
        return 2 * inputs


def small(*extra):
    inputs = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Conv2D(4, 3)(inputs)
    for layer in extra:
        x = layer(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(2, "softmax")(x))


def test_the_file_answers_as_the_model(tmp_path):
    model = perturb(
        applications.MobileNetV3Small((32, 32, 3), alpha=0.35, classes=3)
    )
    path = tmp_path / "model.tflite"
    found = export.to_tflite(model, path, labels=["a", "b", "c"])
    assert found.parity <= 1e-4 and found.partitions == 1
    images = random_images(4, 32, 32, 3, low=0, high=255)
    expected = answers(model, images)
    assert spread(expected) > 1e-3
    difference = np.abs(export.predict(path, images) - expected)
    assert difference.max() <= 1e-4 * np.ptp(expected)
    assert metadata.read(path).labels == ("a", "b", "c")


def test_int8_files_are_converted_there_too(tmp_path):
    model = small(keras.layers.Activation("hard_swish"))
    path = tmp_path / "model.tflite"
    images = random_images(16, 8, 8, 3)
    path.write_bytes(
        convert_on_tensorflow(model, [(8, 8, 3)], "int8", [images])
    )
    expected = answers(model, images)
    found = export.predict(path, np.rint((images + 1) * 127.5))
    assert np.abs(found - expected).max() < 0.03
    assert spread(expected) > 0.01


def test_inputs_and_outputs_keep_their_names_there_too(tmp_path):
    model, data = tabular(lambda x: {"income": score(x), "hidden": x}), table()
    file = export.to_tflite(
        *(model, tmp_path / "model.tflite", None, "int8"),
        representative_data=data,
        runs=1,
    )
    found = export.predict(file.path, data)
    for name, expected in model(data).items():
        expected = keras.ops.convert_to_numpy(expected)
        assert spread(expected) > 0.05
        difference = np.abs(found[name] - expected).max()
        assert difference < 0.08 * np.ptp(expected)


def test_a_users_own_layer_is_found_in_its_module(tmp_path):
    model = small(Doubled())
    path = tmp_path / "model.tflite"
    path.write_bytes(convert_on_tensorflow(model, [(8, 8, 3)], None))
    images = random_images(2, 8, 8, 3)
    np.testing.assert_allclose(
        export.predict(path, images), answers(model, images), atol=1e-5
    )


def test_what_cannot_be_loaded_again_is_explained(tmp_path):
    @keras.saving.register_keras_serializable(package="tests")
    class Hidden(keras.layers.Layer):
        def call(self, inputs):
            return inputs

    with pytest.raises(ConversionError, match="Received.*Hidden.*Register"):
        export.to_tflite(
            small(Hidden()),
            tmp_path / "model.tflite",
            normalization=(127.5, 127.5),
        )
    assert not list(tmp_path.iterdir())


def test_a_model_that_is_not_converted_gets_the_reason(tmp_path):
    """Not the advice to register layers, which are loaded well."""

    def branch():
        image = keras.Input((8, 8, 3))
        x = keras.layers.Conv2D(2, 3, activation="silu", name="conv")(image)
        return keras.Model(image, x)

    image = keras.Input((8, 8, 3))
    x = keras.layers.Add()([branch()(image), branch()(image)])
    model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(x))
    images = random_images(8, 8, 8, 3)
    with pytest.raises(ValueError, match="layers are called 'conv'") as error:
        export.to_tflite(
            *(model, tmp_path / "model.tflite", None, "int8"),
            representative_data=images,
            normalization=(127.5, 127.5),
        )
    assert "Register" not in str(error.value)


def test_a_frozen_inner_model_is_converted_there_too(tmp_path):
    model = built(nested_twice, "mixed_float16")
    path = tmp_path / "model.tflite"
    path.write_bytes(convert_on_tensorflow(model, [SIZE], "int8", [IMAGES]))
    expected = answers(in_float32(model), IMAGES)
    found = export.predict(path, IMAGES)
    assert spread(expected) > 0.01
    assert np.abs(found - expected).max() < 0.05 * np.ptp(expected)


def test_a_detector_is_converted_there_too(tmp_path):
    """The process imports what registers its class."""
    model = perturb(
        applications.SSDLiteMobileNetV3Small((64, 64, 3), 0.25, classes=2)
    )
    file = export.to_tflite(
        model, tmp_path / "model.tflite", ["a", "b"], runs=1
    )
    assert list(file.parities) == ["location", "score"]
    assert file.partitions == 1
    assert metadata.read(file.path).decoding.num_classes == 2
