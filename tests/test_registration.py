"""Keras knows what saved models are made of after `import keras_papers`."""

import importlib
import os
import pathlib
import re
import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_papers
from keras_papers import layers, losses
from keras_papers.applications import (
    detection,
    generative,
    sequences,
    tabular,
)
from keras_papers.applications.generative import vq_vae_audio, wavenet

ROOT = pathlib.Path(keras_papers.__file__).parent
# Registered where files are made that name them, and with them.
OF_JOBS = {
    "keras_papers.pipelines.training.fused_adam",
    "keras_papers.quantization.layer_converters",
    "keras_papers.quantization.scheme",
}
FIRST = [
    "import keras, keras_papers",
    "import keras_papers, keras",
    "import keras_papers.inlining, keras",
    "from keras_papers.applications.generative import sample; import keras",
]
REGISTERED = "print(*sorted(keras.saving.get_custom_objects()), sep='|')"


def run(code, backend="numpy"):
    """Runs code in a new process."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
    )


def registered_here():
    """Returns what modules of the package register, all imported."""
    pattern = re.compile(r"^@?.*register_keras_serializable\(", re.M)
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        module = ".".join(parts)
        if module not in OF_JOBS and pattern.search(path.read_text()):
            importlib.import_module(module)
    return {
        name
        for name, value in keras.saving.get_custom_objects().items()
        if value.__module__.startswith("keras_papers.")
        and value.__module__ not in OF_JOBS
    }


@pytest.mark.parametrize("imports", FIRST)
def test_all_is_registered_after_an_import(imports):
    """Whichever module of the package comes first, and Keras before it."""
    ended = run(f"{imports}; {REGISTERED}")
    assert ended.returncode == 0, ended.stderr
    expected = registered_here()
    assert {"keras_papers>TabularModel", "keras_papers>HSwish"} <= expected
    assert expected <= set(ended.stdout.splitlines()[-1].split("|"))


def test_an_import_that_fails_leaves_the_rest_registered():
    code = (
        "import sys\n"
        "sys.modules['keras_papers.layers.block'] = None\n"
        "try:\n"
        "    import keras_papers.inlining\n"
        "except ImportError:\n"
        "    del sys.modules['keras_papers.layers.block']\n"
        "import keras_papers.layers, keras\n"
    )
    ended = run(code + REGISTERED)
    assert "keras_papers>HSwish" in ended.stdout, ended.stderr


def small_models():
    """Returns a small model of each kind that has classes of its own."""
    vqvae = generative.VQVAE((8, 8, 1), 16, 4)
    vqvae.compile("adam", generative.ReconstructionLoss(0.1))
    prior = generative.GatedPixelCNN((4, 4), 16, filters=8, num_layers=2)
    prior.compile(
        "adam",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[
            generative.PriorBitsPerCode(),
            generative.PriorBitsPerDimension((8, 8, 1)),
        ],
    )
    audio = generative.VQVAEAudio(
        (128,),
        16,
        4,
        num_mixtures=2,
        table=vq_vae_audio.NARROW,
        decoder=wavenet.SMALL._replace(dilations=(1, 2)),
    )
    audio.compile("adam", generative.LogisticMixtureLoss())
    margins = keras.Sequential([keras.Input((4,)), layers.HSwish()])
    margins.compile(loss=losses.L1HingeLoss())
    rows = {"job": ["chef", "nurse"] * 4, "buys": ["yes", "no"] * 4}
    schema = tabular.TabularSchema.of(rows, "buys", categorical=["job"])
    network = tabular.TabTransformer(
        schema.cardinalities, schema.numeric, num_layers=1
    )
    image = keras.Input((8, 8, 3))
    outputs = {
        name: keras.layers.Reshape((1, size), name=name)(
            keras.layers.Conv2D(size, 8)(image)
        )
        for name, size in (("boxes", 4), ("scores", 2))
    }
    detector = detection.Detector(image, outputs, [[0, 0, 8, 8]], 1)
    detector.compile("adam", losses.MultiBoxLoss())
    return {
        "detector": detector,
        "vqvae": vqvae,
        "encoder": generative.encoder(vqvae),
        "decoder": generative.decoder(vqvae),
        "prior": prior,
        "snail": generative.PixelSNAIL((4, 4), 16),
        "audio": audio,
        "margins": margins,
        "tabular": tabular.TabularModel(schema, network),
        "translator": sequences.AttentionSeq2Seq(
            9, 9, 4, 4, units=4, num_layers=1, input_feeding=True
        ),
    }


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    for name, model in small_models().items():
        model.save(folder / f"{name}.keras")
    return folder


@pytest.mark.contract
def test_saved_models_load_after_an_import(saved):
    """And answer as before, with the losses and metrics of their training."""
    code = f"""
import pathlib, keras, keras_papers
import numpy as np
for path in sorted(pathlib.Path({str(saved)!r}).glob("*.keras")):
    model = keras.saving.load_model(path)
    print(path.stem, model.name, getattr(model, "loss", None))
codes = np.arange(16).reshape(4, 2, 2)
model = keras.saving.load_model(pathlib.Path({str(saved)!r}) / "decoder.keras")
np.save({str(saved / "decoded.npy")!r}, model.predict(codes, verbose=0))
"""
    ended = run(code, keras.backend.backend())
    assert ended.returncode == 0, ended.stderr
    assert "ReconstructionLoss" in ended.stdout
    codes = np.arange(16).reshape(4, 2, 2)
    model = keras.saving.load_model(saved / "decoder.keras")
    np.testing.assert_allclose(
        np.load(saved / "decoded.npy"),
        model.predict(codes, verbose=0),
        atol=1e-6,
    )


def test_a_file_is_not_loaded_without_the_import(saved):
    """Or the test above would show nothing."""
    path = str(saved / "margins.keras")
    ended = run(f"import keras; keras.saving.load_model({path!r})")
    assert ended.returncode == 1 and "HSwish" in ended.stderr
