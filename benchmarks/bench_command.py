"""CPU seconds of the command, with verbs that import Keras and without."""

import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

import keras
import numpy as np
from PIL import Image

from keras_papers import applications, export

ROUNDS = 3
LINES = (  # and how often each is run
    ("predict m.tflite photo.jpg", ROUNDS),
    ("evaluate m.tflite photos", ROUNDS),
    ("list", ROUNDS),
    ("info MobileNetV3Small", ROUNDS),
    ("info m.tflite", ROUNDS),
    ("train no_such_folder", ROUNDS),
    ("train photos --model MobileNetV9", ROUNDS),
    ("quantize no.keras photos", ROUNDS),
    ("predict m.tflite no.jpg", ROUNDS),
    ("predict m.keras photo.jpg", 1),
)


def prepare(folder):
    """Writes a model of two classes in both forms, and some photos."""
    model = applications.MobileNetV3Small((96, 96, 3), classes=2)
    model.save(folder / "m.keras")
    export.to_tflite(model, folder / "m.tflite", ["bright", "dark"], runs=1)
    pixels = np.random.default_rng(0).integers(0, 256, (480, 640, 3), "uint8")
    Image.fromarray(pixels).save(folder / "photo.jpg")
    for name in ("bright", "dark"):
        (folder / "photos" / name).mkdir(parents=True)
        Image.fromarray(pixels).save(folder / "photos" / name / "1.jpg")


def measure(line, folder):
    """Returns the CPU seconds of a process."""
    command = [sys.executable, "-m", "keras_papers", *line.split()]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(
        getattr(after, kind) - getattr(before, kind)
        for kind in ("ru_utime", "ru_stime")
    )


if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prepare(folder)
        for line, rounds in LINES:
            seconds = [measure(line, folder) for _ in range(rounds)]
            print(
                f"{line:34} {statistics.median(seconds):6.2f} s "
                f"({min(seconds):.2f} to {max(seconds):.2f}, {rounds} times)",
                flush=True,
            )
