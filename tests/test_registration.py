"""Keras knows our layers and losses after `import keras_papers`."""

import os
import subprocess
import sys

import keras
import pytest

from keras_papers import layers, losses


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    model = keras.Sequential([keras.Input((4,)), layers.HSwish()])
    model.compile(loss=losses.L1HingeLoss())
    model.save(path)
    return path


def load(imports, saved):
    """Loads a file in a new process, on the backend that is there first."""
    code = f"{imports}; keras.saving.load_model({str(saved)!r})"
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "KERAS_BACKEND": "numpy"},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    "imports",
    [
        "import keras; import keras_papers",
        "import keras_papers; import keras",
    ],
)
def test_a_saved_layer_of_ours_loads_after_an_import(imports, saved):
    ended = load(imports, saved)
    assert ended.returncode == 0, ended.stderr


def test_a_file_is_not_loaded_without_the_import(saved):
    """Or the test above would show nothing."""
    ended = load("import keras", saved)
    assert ended.returncode == 1 and "HSwish" in ended.stderr
