"""What the command answers without an import of Keras or TensorFlow."""

import json
import os
import subprocess
import sys

import keras
import pytest

from keras_papers import export
from tests.pipelines.conftest import paint

pytestmark = pytest.mark.tensorflow
HEAVY = {"keras", "tensorflow", "tf_keras", "matplotlib", "sklearn", "jax"}
RUN = """
import json, sys
import keras_papers_cli as cli
for arguments in json.loads(sys.argv[1]):
    try:
        status = cli.main(arguments)
    except SystemExit as ended:
        status = ended.code
    loaded = {name.split(".")[0] for name in sys.modules}
    line = [status, sorted(loaded & set(json.loads(sys.argv[2])))]
    print("ENDED", json.dumps(line), flush=True)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with photos, and a model of their classes."""
    home = tmp_path_factory.mktemp("home")
    paint(home / "photos", ["dark", "bright"], 3)
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, "softmax"),
        ]
    )
    export.to_tflite(model, home / "m.tflite", ["bright", "dark"], runs=1)
    (home / "m.keras").write_bytes(b"a file, and no model")
    return home


def run(home, *lines):
    """Runs lines of the command; returns their statuses and the output.

    Fails where one of them imported what it need not.
    """
    ended = subprocess.run(
        [
            *(sys.executable, "-c", RUN),
            *(
                json.dumps([line.split() for line in lines]),
                json.dumps([*HEAVY]),
            ),
        ],
        cwd=home,
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    found = [
        json.loads(line.removeprefix("ENDED "))
        for line in ended.stdout.splitlines()
        if line.startswith("ENDED ")
    ]
    assert len(found) == len(lines)
    for line, (_, loaded) in zip(lines, found, strict=True):
        assert loaded == [], line
    return [status for status, _ in found], ended


def test_a_tflite_file_is_run_by_litert_alone(home):
    statuses, ended = run(
        home,
        "predict m.tflite photos/dark/0.png",
        "evaluate m.tflite photos",
        "benchmark m.tflite --runs 1",
    )
    assert statuses == [0, 0, 0]
    assert "accuracy" in ended.stdout and "fastest at" in ended.stdout


def test_models_are_listed_and_described_from_a_file(home):
    statuses, ended = run(home, "list", "info MobileNetV2", "info MobilNetV2")
    assert statuses == [0, 0, 2]
    assert "20 models" in ended.stdout
    assert "mean 'MobileNetV2'?" in ended.stderr
