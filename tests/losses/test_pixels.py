"""Keras' cross entropy of pixels, some of which are ignored.

Networks for segmentation are trained with it, so its ways are held here.
"""

import keras
import numpy as np
import pytest

pytestmark = pytest.mark.contract


def loss(**arguments):
    return keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, ignore_class=255, **arguments
    )


def drawn():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(2, 3, 4, 5)).astype("float32")
    labels = generator.integers(0, 5, (2, 3, 4)).astype("uint8")
    labels[0, :, :2] = 255
    return labels, logits


def test_the_mean_is_over_the_pixels_that_are_not_ignored():
    labels, logits = drawn()
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    costs = [
        -logs[place][labels[place]]
        for place in np.ndindex(labels.shape)
        if labels[place] != 255
    ]
    assert len(costs) == 18
    assert float(loss()(labels, logits)) == pytest.approx(
        np.mean(costs), rel=1e-5
    )


def test_a_batch_that_is_ignored_costs_nothing_and_moves_nothing():
    labels, logits = drawn()
    ignored = np.full_like(labels, 255)
    assert float(loss()(ignored, logits)) == 0
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3, 4, 5)), keras.layers.Dense(5)])
    before = model.get_weights()
    model.compile(keras.optimizers.SGD(1.0), loss())
    model.fit(logits, ignored, verbose=0)
    for weight, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)
    model.fit(logits, labels, verbose=0)
    assert any(
        np.abs(weight - old).max() > 1e-3
        for weight, old in zip(model.get_weights(), before, strict=True)
    )
