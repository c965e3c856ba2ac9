"""First step, training step and prediction, compared with keras.applications.

Each model is measured in a new process, as TensorFlow caches traced functions.
"""

import json
import subprocess
import sys

from interleaved import compare, cpu_seconds, header

SIZE, BATCH, STEPS, ROUNDS = 96, 16, 12, 5
NAMES = ("EfficientNetB0", "MobileNet", "MobileNetV2", "MobileNetV3Small")


def measure(package, name):
    """Returns CPU seconds of the first step, a step, and a prediction."""
    import keras
    import numpy as np

    import keras_papers

    home = {"ours": keras_papers.applications, "theirs": keras.applications}
    model = getattr(home[package], name)(
        input_shape=(SIZE, SIZE, 3), weights=None, classes=10
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    images = np.random.default_rng(0).uniform(-1, 1, (BATCH, SIZE, SIZE, 3))
    images, labels = images.astype("float32"), np.arange(BATCH) % 10
    first, _ = cpu_seconds(lambda: model.train_on_batch(images, labels))
    steps = sorted(
        cpu_seconds(lambda: model.train_on_batch(images, labels))[0]
        for _ in range(STEPS)
    )
    model.predict_on_batch(images)
    predictions = sorted(
        cpu_seconds(lambda: model.predict_on_batch(images))[0]
        for _ in range(STEPS)
    )
    return first, steps[STEPS // 2], predictions[STEPS // 2]


def in_own_process(package, name):
    """Runs `measure` in a fresh process."""
    answer = subprocess.run(
        [sys.executable, __file__, package, name],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(answer.stdout.splitlines()[-1])


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(measure(*sys.argv[1:])))
        sys.exit()
    header("keras.applications")
    for name in NAMES:
        found = {"ours": [], "theirs": []}
        for turn in range(ROUNDS):
            order = ("ours", "theirs") if turn % 2 else ("theirs", "ours")
            for package in order:
                found[package].append(in_own_process(package, name))
        pairs = (
            zip(*found["ours"], strict=True),
            zip(*found["theirs"], strict=True),
        )
        for what, ours, theirs in zip(
            ("first step", "training step", "prediction"), *pairs, strict=True
        ):
            compare(f"{name}, {what}", ours, theirs)
