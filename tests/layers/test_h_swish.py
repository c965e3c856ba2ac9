"""HSwish against its equation."""

import keras
import numpy as np
import pytest

from keras_papers.layers import HSwish

pytestmark = pytest.mark.contract


def test_section_5_2_equation():
    x = np.linspace(-5, 5, 101, dtype="float32")
    expected = x * np.clip(x + 3, 0, 6) / 6
    outputs = keras.ops.convert_to_numpy(HSwish()(x))
    np.testing.assert_allclose(outputs, expected, atol=1e-6)
    assert outputs.min() == pytest.approx(-0.375, abs=1e-3)  # at x = -1.5
