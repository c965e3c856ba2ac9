"""Compiling and the first step of `fit`, compared with keras.applications.

Theirs is MobileNetV3Small of keras.applications with Keras' AdamW. Ours is the
same network with `fit` alone, with `fit` after `prepare`, and as `train` and
`tune` train it. Each is measured in a new process, in turn.
"""

import json
import subprocess
import sys

from interleaved import compare, cpu_seconds, header

SIZE, BATCH, CLASSES = 96, 32, 10
WAYS = ("theirs", "plain", "prepared", "job")


def measure(way):
    """Returns CPU seconds of the first step, and of the steps after it."""
    import keras
    import numpy as np

    import keras_papers
    from keras_papers.pipelines.training.loop import compile_by
    from keras_papers.pipelines.training.settings import Settings

    home = keras if way == "theirs" else keras_papers
    model = home.applications.MobileNetV3Small(
        input_shape=(SIZE, SIZE, 3), alpha=0.75, weights=None, classes=CLASSES
    )
    random = np.random.default_rng(0)
    images = random.uniform(0, 255, (8 * BATCH, SIZE, SIZE, 3))
    images = images.astype("float32")
    labels = np.eye(CLASSES, dtype="float32")[np.arange(len(images)) % CLASSES]

    def first_step():
        if way == "job":
            settings = Settings(
                1, BATCH, 4e-3, 0.01, 0.1, False, None, None, False
            )
            compile_by(settings, model, settings.learning_rate, 100)
        else:
            model.compile(
                keras.optimizers.AdamW(),
                "categorical_crossentropy",
                metrics=["accuracy"],
            )
        if way == "prepared":
            keras_papers.prepare(model, images, labels)
        model.fit(images[:BATCH], labels[:BATCH], BATCH, verbose=0)

    def epoch():
        model.fit(images, labels, BATCH, verbose=0)

    first, _ = cpu_seconds(first_step)
    epochs = sorted(cpu_seconds(epoch)[0] for _ in range(3))
    return first, epochs[1]


def in_own_process(way):
    """Runs `measure` in a fresh process."""
    answer = subprocess.run(
        [sys.executable, __file__, "--measure", way],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(answer.stdout.splitlines()[-1])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(sys.argv[2])))
        sys.exit()
    rounds = int(sys.argv[1]) if sys.argv[1:] else 3
    header("keras.applications")
    found = {way: [] for way in WAYS}
    for turn in range(rounds):
        for way in WAYS if turn % 2 else WAYS[::-1]:
            found[way].append(in_own_process(way))
    for way in WAYS[1:]:
        for place, what in enumerate(("first step", "8 steps")):
            ours, theirs = (
                [pair[place] for pair in found[name]]
                for name in (way, "theirs")
            )
            compare(f"{way}, {what}", ours, theirs)
