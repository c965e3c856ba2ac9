"""Bits per code and per dimension: functions and metrics agree."""

import keras
import numpy as np
import pytest

from keras_papers.applications.generative import (
    GatedPixelCNN,
    PriorBitsPerCode,
    PriorBitsPerDimension,
    bits_per_code,
    bits_per_dimension,
)

pytestmark = pytest.mark.contract


def test_a_uniform_prior_needs_log2_of_the_codes():
    assert bits_per_code(np.log(512)) == pytest.approx(9)
    # ImageNet at 128 x 128 in 32 x 32 codes, 42.6 times less than 8 bits.
    bits = bits_per_dimension(np.log(512), (32, 32), (128, 128, 3))
    assert 8 / bits == pytest.approx(42.67, abs=0.01)


def test_the_logs_of_evaluate_have_the_bits_that_the_loss_gives():
    generator = np.random.default_rng(0)
    codes = generator.integers(0, 8, size=(20, 4, 3))
    prior = GatedPixelCNN((4, 3), 8, filters=4, num_layers=1)
    prior.set_weights(
        [w + generator.normal(size=w.shape) for w in prior.get_weights()]
    )
    prior.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[PriorBitsPerCode(), PriorBitsPerDimension((16, 12, 3))],
    )
    logs = prior.evaluate(
        codes, codes, batch_size=5, verbose=0, return_dict=True
    )
    assert logs["bits_per_code"] > 3.1  # a uniform prior has 3
    assert logs["bits_per_code"] == pytest.approx(
        bits_per_code(logs["loss"]), rel=1e-4
    )
    assert logs["bits_per_dimension_without_decoder"] == pytest.approx(
        bits_per_dimension(logs["loss"], (4, 3), (16, 12, 3)), rel=1e-4
    )


def test_weights_leave_codes_out():
    logits = np.zeros((1, 1, 2, 4), "float32")
    logits[0, 0, 1, 0] = 100.0
    metric = PriorBitsPerCode()
    metric.update_state(
        np.zeros((1, 1, 2), int), logits, np.array([[[0.0, 1.0]]])
    )
    assert float(metric.result()) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    "metric", [PriorBitsPerCode(), PriorBitsPerDimension((8, 8, 3))]
)
def test_metrics_are_saved_with_a_model(metric):
    config = keras.saving.serialize_keras_object(metric)
    loaded = keras.saving.deserialize_keras_object(config)
    assert type(loaded) is type(metric)
    assert loaded.get_config() == metric.get_config()


@pytest.mark.parametrize("shape", [32, (), (32, 0, 3)])
def test_a_wrong_shape_of_an_image_is_named(shape):
    with pytest.raises(ValueError, match="Received: image_shape="):
        PriorBitsPerDimension(shape)
