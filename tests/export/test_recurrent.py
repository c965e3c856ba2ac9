"""Files of models with recurrent layers: loops, and what integers make of
them."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_papers import export
from keras_papers.export import metadata
from tests.support.answers import answers, random_images

pytestmark = pytest.mark.tensorflow
LABELS = ["cat", "dog", "hen"]
SIGNED = {"normalization": (127.5, 127.5), "runs": 1}  # takes [-1, 1]


def image_model(head):
    """Builds a classifier that reads a small map row by row."""
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, strides=2, padding="same", name="stem")(image)
    x = head(layers.Reshape((4, 16))(x))
    return keras.Model(image, layers.Dense(3, activation="softmax")(x))


def convolutional():
    keras.utils.set_random_seed(0)
    image = keras.Input((3, 8, 8, 3))
    x = layers.GlobalAveragePooling2D()(layers.ConvLSTM2D(4, 3)(image))
    return keras.Model(image, layers.Dense(3, activation="softmax")(x))


HEADS = {
    "GRU": lambda: layers.GRU(5),
    "LSTM": lambda: layers.LSTM(5),
    "SimpleRNN": lambda: layers.SimpleRNN(5),
    "Bidirectional": lambda: layers.Bidirectional(layers.LSTM(5)),
    "nested": lambda: keras.Sequential(
        [layers.GRU(5, return_sequences=True), layers.GRU(5)]
    ),
}


def build(name):
    return (
        convolutional() if name == "ConvLSTM2D" else image_model(HEADS[name]())
    )


@pytest.mark.filterwarnings("ignore:.*XNNPACK:UserWarning")
@pytest.mark.parametrize("name", [*HEADS, "ConvLSTM2D"])
def test_a_recurrent_head_answers_as_the_model_does(name, tmp_path):
    model, path = build(name), tmp_path / "model.tflite"
    file = export.to_tflite(model, path, LABELS, **SIGNED)
    images = random_images(4, *model.input_shape[1:])
    expected = answers(model, images)
    assert np.ptp(expected, axis=0).max() > 0.01
    np.testing.assert_allclose(
        export.predict(path, images), expected, atol=1e-5
    )
    assert file.ops["WHILE"] >= 1
    assert metadata.read(path).labels == tuple(LABELS)


@pytest.mark.filterwarnings("ignore:.*XNNPACK:UserWarning")
@pytest.mark.parametrize("name", ["GRU", "Bidirectional"])
def test_integers_compute_each_step(name, tmp_path):
    model, path = build(name), tmp_path / "model.tflite"
    images = random_images(16, 8, 8, 3)
    file = export.to_tflite(
        model,
        path,
        None,
        "int8",
        representative_data=images,
        images=images,
        runs=1,
    )
    assert "WHILE" not in file.ops
    assert file.parity < 0.15
    assert not model.layers[3].get_config().get("unroll")


def test_what_xnnpack_leaves_out_of_a_loop_is_named(tmp_path):
    model = image_model(layers.SimpleRNN(5))
    with pytest.warns(UserWarning, match=r"1 WHILE \(it does not run loops"):
        export.to_tflite(
            *(model, tmp_path / "m.tflite", None, "float16"), **SIGNED
        )


def test_a_loop_of_ones_own_is_refused_for_integers(tmp_path):
    class Loop(layers.Layer):
        def call(self, x):
            return keras.ops.fori_loop(0, 3, lambda _, y: 1.1 * y, x)

    model = image_model(
        keras.Sequential([Loop(name="around"), layers.Flatten()])
    )
    with pytest.raises(ValueError, match="loop in layer 'around'"):
        export.to_tflite(
            model,
            tmp_path / "model.tflite",
            None,
            "int8",
            representative_data=random_images(4, 8, 8, 3),
        )
    assert not list(tmp_path.iterdir())
