"""What all tests share: quiet backends, and a clean place to run in."""

import importlib.util
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Tests write nothing to the folders of the user.
os.environ.setdefault("JAX_ENABLE_COMPILATION_CACHE", "false")
# Tests compile much and run each program once or twice.
if os.environ.get("KERAS_BACKEND") == "jax":
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

import keras
import pytest

# Doctests are looked for in each file, and this one imports timm.
collect_ignore = []
if importlib.util.find_spec("timm") is None:
    collect_ignore += [
        "tests/support/torch_detectors.py",
        "tests/support/torch_networks.py",
    ]


def pytest_collection_modifyitems(items):
    """Puts files with slow tests first, and skips what needs another backend.

    Of two workers none is left alone with the longest test at the end. A file
    stays together, so that a worker builds the fixtures of a module once.
    """
    slow = {item.path for item in items if "slow" in item.keywords}
    items.sort(key=lambda item: item.path not in slow)
    if keras.config.backend() == "tensorflow":
        return
    skip = pytest.mark.skip(reason="needs the TensorFlow backend")
    for item in items:
        if "tensorflow" in item.keywords:
            item.add_marker(skip)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Seeds what fixtures and a test draw, so that none fails by chance."""
    keras.utils.set_random_seed(0)


@pytest.fixture(autouse=True)
def channels_last():
    """Puts the data format back that a test may have changed."""
    yield
    keras.config.set_image_data_format("channels_last")


@pytest.fixture(autouse=True)
def doctests_write_elsewhere(request, tmp_path, monkeypatch):
    """Lets the examples of docstrings write files by plain names."""
    if isinstance(request.node, pytest.DoctestItem):
        monkeypatch.chdir(tmp_path)
