"""The command of `make demo`, with steps traced as users have them."""

import json
import os
import pathlib
import re

import pytest

import keras_papers.cli.main as cli

MAKEFILE = pathlib.Path(__file__).parents[1] / "Makefile"


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_demo_reaches_99_percent(tmp_path):
    # .ci/run keeps the files for tests/android, which need the demo's.
    output = pathlib.Path(os.environ.get("DEMO_OUTPUT", tmp_path / "output"))
    (command,) = re.findall(r"keras-papers (train .*)", MAKEFILE.read_text())
    assert "demo_output" in command
    arguments = command.replace("demo_output", str(output)).split()
    assert cli.main(arguments) == 0
    report = json.loads((output / "report.json").read_text())
    assert report["accuracy"] >= 0.99
    assert report["tflite_accuracy"] == report["accuracy"]
    floats, integers = report["variants"]
    assert integers["tflite_accuracy"] >= 0.98
    assert integers["bytes"] < 0.4 * floats["bytes"]
