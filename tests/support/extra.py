"""Marks of tests that need tf_keras or TF-MOT, which are not imported here."""

import importlib.util

import pytest


def _with(module):
    return pytest.mark.skipif(
        importlib.util.find_spec(module) is None,
        reason="needs the extra `quantization`",
    )


with_tf_keras = _with("tf_keras")
with_tfmot = _with("tensorflow_model_optimization")
NEEDS_TF_KERAS = [pytest.mark.tensorflow, with_tf_keras]
NEEDS_TFMOT = [pytest.mark.tensorflow, with_tfmot]
