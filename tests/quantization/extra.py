"""Marks of tests that need tf_keras or TF-MOT, neither of them imported."""

import importlib.util

import pytest


def _needs(module):
    return [
        pytest.mark.tensorflow,
        pytest.mark.skipif(
            importlib.util.find_spec(module) is None,
            reason="needs the extra `quantization`",
        ),
    ]


NEEDS_TF_KERAS = _needs("tf_keras")
NEEDS_TFMOT = _needs("tensorflow_model_optimization")
