"""What the command answers without an import of Keras or TensorFlow."""

import json
import os
import subprocess
import sys

import keras
import pytest

from keras_papers import export
from keras_papers.applications import list_models
from tests.support.photos import paint

pytestmark = pytest.mark.tensorflow
HEAVY = {"keras", "tensorflow", "tf_keras", "matplotlib", "sklearn", "jax"}
RUN = """
import json, sys
import keras_papers.cli.main as cli
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
    statuses, ended = run(
        home,
        "list",
        "list Mobile*V3* --task image_classification",
        "info MobileNetV2",
        "info MobilNetV2",
    )
    assert statuses == [0, 0, 0, 2]
    number = len(list_models())
    assert number > 20
    assert f"\n{number} models" in ended.stdout
    assert "\n2 models" in ended.stdout
    assert "mean 'MobileNetV2'?" in ended.stderr


WRONG = {
    "train no_such_folder": "'no_such_folder'",
    "train photos --model MobileNetV9": "mean 'MobileNetV",
    "train photos --alpha 0": "alpha=0.0",
    "train photos --epochs 0": "epochs=0",
    "train photos --image-size 8": "image_size=8",
    "train photos --seed -1": "seed=-1",
    "train photos --prune 2": "prune=2.0",
    "train photos --cluster 999 --quantize qat": "cluster=999",
    "train photos --weights no.h5": "weights='no.h5'",
    "train photos --output photos/out": "inside `data`",
    "train photos/dark": "class folders []",
    "train photos --output finished": "holds model.keras",
    "train photos --output finished --quantize int8": "--mode int8",
    "tune no_such_folder": "'no_such_folder'",
    "tune --model MobileNetV9": "mean 'MobileNetV",
    "tune --trials 0": "trials=0",
    "tune --workers 0": "workers=0",
    "export no.keras": "no.keras'",
    "export m.tflite": "m.tflite'",
    "export m.keras --output no/m.tflite": "no/m.tflite'",
    "export m.keras --labels no.txt": "labels='no.txt'",
    "quantize no.keras photos": "no.keras'",
    "quantize m.keras no_such_folder": "'no_such_folder'",
    "quantize m.keras photos --output m.txt": "m.txt'",
    "train photos --output m.keras/out": "output='m.keras/out'",
    "tune photos --output m.keras/out": "output='m.keras/out'",
    "quantize m.keras photos --mode int8 --epochs 3": "epochs=3",
    "quantize m.keras photos --output no/m.tflite": "no/m.tflite'",
    "predict m.tflite photos --csv photos": "csv='photos'",
    "predict m.tflite photos --html no/page.html": "html='no/page.html'",
    "predict no.tflite photos/dark/0.png": "no.tflite'",
    "predict no.keras photos/dark/0.png": "no.keras'",
    "predict m.tflite photos/dark/0.png --top 0": "top=0",
    "evaluate no.keras photos": "no.keras'",
    "evaluate m.keras no_such_folder": "'no_such_folder'",
    "evaluate m.tflite photos/dark": "'photos/dark'",
    "benchmark no.tflite": "no.tflite'",
    "benchmark m.tflite --runs 0": "runs=0",
    "table train no.csv --target income": "data='no.csv'",
    "table train photos --target income": "which is a folder",
    "table train m.keras --target a --epochs 0": "epochs=0",
    "table predict m.txt photos": "model='m.txt'",
    "table evaluate m.keras no.csv": "data='no.csv'",
    "info no_model": "'no_model'",
    "list --task image_clasification": "mean 'image_classification'?",
}


def test_a_wrong_path_or_argument_is_answered_without_keras(home):
    (home / "finished").mkdir()
    (home / "finished" / "model.keras").touch()
    statuses, ended = run(home, *WRONG)
    errors = [
        line
        for line in ended.stderr.splitlines()
        if line.startswith("keras-papers: ")
    ]
    for line, status, error in zip(WRONG, statuses, errors, strict=True):
        assert status == 2 and WRONG[line] in error, f"{line}: {error}"
