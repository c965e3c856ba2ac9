"""tf_keras and TF-MOT: imported without a trace, refused in a sentence."""

import importlib.metadata
import os
import subprocess
import sys

import pytest

from keras_papers import quantization
from keras_papers.extras import MissingExtraError
from keras_papers.quantization.legacy import (
    VARIABLE,
    load_tf_keras,
    load_tfmot,
)
from tests.support.extra import NEEDS_TF_KERAS, with_tfmot

pytestmark = NEEDS_TF_KERAS

TFMOT = "tensorflow_model_optimization"
WHOLE_PROCESS = """
import os
import keras, numpy as np, tensorflow as tf
from keras_papers.quantization.legacy import load_tf_keras, load_tfmot

tfmot, tf_keras = load_tfmot(), load_tf_keras()
assert os.environ.get("TF_USE_LEGACY_KERAS") == FOUND
assert tfmot.__version__ and tf_keras.__version__.startswith("2.")
for there in (tf.keras, tf.compat.v2.keras):
    assert (there.layers.Dense is keras.layers.Dense) == (FOUND is None)

from tensorflow_model_optimization.python.core.sparsity.keras import (
    prune_registry,
)
assert prune_registry.PruneRegistry.supports(tf_keras.layers.GRU(2))

def small(keras):
    x = keras.Input((4,))
    model = keras.Model(x, keras.layers.Dense(1)(x))
    model.compile("adam", "mse")
    return model

data = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
models = [small(keras), small(tf_keras)]
models.append(tfmot.quantization.keras.quantize_model(small(tf_keras)))
models[2].compile("adam", "mse")
for _ in range(2):
    for model in models:
        before = model.get_weights()
        model.fit(data, data[:, :1], verbose=0)
        after = model.get_weights()
        assert any(np.any(a != b) for a, b in zip(before, after, strict=True))
print("trained")
"""


@pytest.mark.slow
@with_tfmot
@pytest.mark.parametrize("found", [None, "1"])
def test_both_kerases_train_in_turn_in_a_process_left_as_found(found):
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    environment.pop(VARIABLE, None)
    if found is not None:
        environment[VARIABLE] = found
    ended = subprocess.run(
        [sys.executable, "-c", f"FOUND = {found!r}\n{WHOLE_PROCESS}"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split()[-1] == "trained"


@pytest.fixture
def instead(tmp_path, monkeypatch):
    """Puts a module of these lines in the place of TF-MOT, for one test."""

    def write(lines):
        (tmp_path / f"{TFMOT}.py").write_text(lines)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setitem(sys.modules, TFMOT, None)  # to be put back
        monkeypatch.delitem(sys.modules, TFMOT)

    return write


@pytest.mark.parametrize("found", [None, "0", "1"])
@pytest.mark.parametrize("breaks", [False, True])
def test_the_variable_is_what_it_was(found, breaks, instead, monkeypatch):
    instead(
        f"import os, warnings\nos.environ[{VARIABLE!r}] = '1'\nset_by = 'it'\n"
        "warnings.warn('old', DeprecationWarning)\n"
        + ("raise RuntimeError('broken inside')" if breaks else "")
    )
    monkeypatch.delenv(VARIABLE, raising=False)
    if found is not None:
        monkeypatch.setenv(VARIABLE, found)
    if breaks:
        with pytest.raises(RuntimeError, match="broken inside"):
            load_tfmot()
    else:
        assert load_tfmot().set_by == "it"
    assert os.environ.get(VARIABLE) == found


def test_other_warnings_of_theirs_are_heard(instead):
    instead("import warnings\nwarnings.warn('listen')")
    with pytest.warns(UserWarning, match="listen"):
        load_tfmot()


@pytest.mark.parametrize(
    "package, load",
    [
        ("tensorflow", load_tf_keras),
        ("tf_keras", load_tf_keras),
        ("tf_keras", load_tfmot),
        (TFMOT, load_tfmot),
    ],
)
def test_what_is_missing_is_named_with_its_extra(package, load, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    command = r"pip install 'keras-papers\[quantization\]'"
    with pytest.raises(MissingExtraError, match=f"'{package}'.*{command}"):
        load()


@pytest.mark.parametrize("load", [load_tf_keras, load_tfmot])
@pytest.mark.parametrize("version", ["2.20.1", "2.22.0", "3.21.0"])
def test_versions_that_do_not_fit_are_explained(load, version, monkeypatch):
    import tensorflow

    monkeypatch.setattr(tensorflow, "__version__", "2.21.0")
    monkeypatch.setattr(importlib.metadata, "version", lambda name: version)
    with pytest.raises(ValueError, match=f"Received: tf_keras {version}") as e:
        load()
    assert "beside tensorflow 2.21.0" in str(e.value)
    assert "pip install 'tf-keras~=2.21.0'" in str(e.value)


@pytest.mark.parametrize("model", [None, "model.keras", 3, [1]])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(
        ValueError, match="must be a model of Keras 3.*Received"
    ):
        quantization.quantize_aware(model)


@pytest.mark.parametrize("preserve", [None, 3, "sparse", [[]]])
def test_what_cannot_be_preserved_is_refused(preserve):
    with pytest.raises(ValueError, match="`preserve` is what training keeps"):
        quantization.quantize_aware(None, preserve=preserve)
