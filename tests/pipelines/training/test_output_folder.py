"""One process at a time writes to a folder."""

import os
import signal
import subprocess
import sys

import keras
import pytest

from keras_papers import pipelines
from keras_papers.pipelines.training.output_folder import (
    LOCK,
    claim,
    releases_claims,
)
from tests.support.photos import paint
from tests.support.short_trainings import QUICK

HOLD = """
import sys, time
from keras_papers.pipelines.training.output_folder import claim, releases_claims

@releases_claims
def job(folder):
    claim(folder)
    print("claimed", flush=True)
    time.sleep(600)

job(sys.argv[1])
"""


@pytest.fixture
def holder(tmp_path):
    """Another process, and the folder that it holds."""
    folder = tmp_path / "out"
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout.readline() == "claimed\n"
            yield process, folder
        finally:
            process.kill()


@pytest.mark.tensorflow
def test_a_second_process_is_refused_until_the_first_is_killed(
    holder, tmp_path
):
    process, folder = holder
    photos = paint(tmp_path / "photos", ["a", "b"], 5)
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, "softmax"),
        ]
    )
    model.save(tmp_path / "model.keras")
    jobs = (
        lambda: pipelines.train(photos, output=folder, **QUICK),
        lambda: pipelines.tune(photos, output=folder, image_size=32),
        lambda: pipelines.quantize(
            tmp_path / "model.keras", photos, output=folder / "m.tflite"
        ),
    )
    for job in jobs:
        with pytest.raises(ValueError) as error:
            job()
        assert f"out', which process {process.pid} is writing" in str(
            error.value
        )
    assert os.listdir(folder) == [LOCK]
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert os.listdir(folder) == [LOCK]

    @releases_claims
    def job():
        claim(folder)
        assert (folder / LOCK).read_text() == f"{os.getpid()}\n"

    job()
    assert os.listdir(folder) == []


def test_a_claim_ends_with_its_job_and_leaves_nothing(tmp_path):
    @releases_claims
    def job(folder, fails):
        claim(folder)
        if fails:
            raise KeyboardInterrupt
        with pytest.raises(ValueError, match="which this process is writing"):
            job(folder, fails=False)
        return folder.exists()

    assert job(tmp_path / "new", fails=False)
    assert not (tmp_path / "new").exists()
    with pytest.raises(KeyboardInterrupt):
        job(tmp_path, fails=True)
    assert job(tmp_path, fails=False)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()

    @releases_claims
    def job():
        claim(tmp_path / "file" / "out")

    with pytest.raises(ValueError, match="`output`.*file/out.*Not a directory"):
        job()
