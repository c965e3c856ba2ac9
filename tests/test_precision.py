"""in_float32: what mixed precision computes, without its rounding."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_papers import cost, flatten
from keras_papers.lowering import lower
from keras_papers.precision import in_float32
from tests.support.answers import answers, random_images, spread
from tests.support.inner_models import FORMS, IMAGES, block, built

pytestmark = pytest.mark.contract


@pytest.mark.parametrize(
    "form, policy",
    [*((form, "mixed_float16") for form in FORMS), (block, "mixed_bfloat16")],
)
def test_answers_are_those_of_float32_to_the_bit(form, policy):
    expected = answers(built(form), IMAGES)
    mixed = built(form, policy)
    before = answers(mixed, IMAGES)
    exact = in_float32(mixed)
    assert {x.dtype for x in _tensors(exact)} == {"float32"}
    assert spread(expected) > 1e-3
    np.testing.assert_array_equal(answers(exact, IMAGES), expected)
    # The model itself is as it was.
    assert before.dtype != "float32"
    np.testing.assert_array_equal(answers(mixed, IMAGES), before)


def _tensors(model):
    return [operation.output for operation in model.operations]


def test_a_model_in_float32_is_returned_itself():
    model = block()
    assert in_float32(model) is model


def test_layers_stay_frozen_and_keep_their_adapted_statistics():
    image = keras.Input((8, 8, 3))
    front = layers.Normalization(dtype="mixed_float16", name="front")
    front.adapt(random_images(8, 8, 8, 3, low=0, high=9))
    x = layers.Conv2D(4, 3, dtype="mixed_float16", name="conv")(front(image))
    model = keras.Model(image, layers.Dense(2, dtype="mixed_float16")(x))
    model.get_layer("conv").trainable = False
    exact = in_float32(model)
    assert not exact.get_layer("conv").trainable_weights
    assert len(exact.trainable_weights) == 2
    images = random_images(4, 8, 8, 3, low=0, high=9)
    expected = answers(model, images).astype("float32")
    assert spread(expected) > 1e-2
    np.testing.assert_allclose(
        answers(exact, images), expected, atol=0.02 * np.ptp(expected)
    )


def test_code_in_a_lambda_is_taken_along():
    factor = 3.0
    image = keras.Input((4,))
    x = layers.Lambda(lambda x: factor * x, dtype="mixed_float16")(image)
    exact = in_float32(keras.Model(image, x))
    data = random_images(2, 4)
    np.testing.assert_array_equal(answers(exact, data), 3 * data)


def test_a_layer_without_a_config_is_named():
    class Own(layers.Layer):
        def __init__(self, factor):
            super().__init__(dtype="mixed_float16", name="own")
            self.factor = factor

        def call(self, inputs):
            return self.factor * inputs

    image = keras.Input((4,))
    with pytest.raises(ValueError, match="(?s)Received: Own 'own'.*get_config"):
        in_float32(keras.Model(image, Own(2.0)(image)))


def test_casts_between_inner_models_cost_nothing():
    mixed, exact = built(block, "mixed_float16"), built(block)
    for model in (mixed, flatten(mixed)):
        assert cost.count(model)[:2] == cost.count(exact)[:2]
        assert not cost.count(model).unknown


def test_operations_are_lowered_in_the_precision_of_their_graph():
    """They are the same objects in the graph of half precision."""
    image = keras.Input((4,))
    x = layers.Dense(4, dtype="mixed_float16")(image)
    gate = layers.ReLU(6.0, dtype="mixed_float16")(x + 3.0) * (1 / 6)
    x = layers.Multiply(dtype="mixed_float16")([x, gate])
    lowered = lower(in_float32(keras.Model(image, keras.ops.silu(x))))
    assert {x.dtype for x in _tensors(lowered)} == {"float32"}
