"""Weights of detectors before any training."""

import keras
import pytest

from keras_papers import applications


@pytest.mark.parametrize("name", ["SSDLiteMobileNetV3Small", "SSD300MobileNet"])
def test_no_two_kernels_begin_alike(name):
    """An initializer that is shared draws the same numbers for each shape."""
    model = applications.get(name)((96, 96, 3), alpha=0.25, classes=3)
    kernels = [
        keras.ops.convert_to_numpy(weight).tobytes()
        for weight in model.weights
        if len(weight.shape) == 4
    ]
    assert len(kernels) > 40
    assert len(set(kernels)) == len(kernels)
