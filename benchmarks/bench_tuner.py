"""A trial of our tuner compared with KerasTuner's, and memory over 30 trials.

The same space, seed, images and epochs: MobileNet's width on scikit-learn's
digits. Memory is measured after every trial, in one process for each tuner.

Most of the time of a trial is training, which varies between runs. So a second
row shows the time of the tuner alone: what it saves after each epoch, and, for
ours, what it releases after a trial.
"""

import importlib
import json
import shutil
import subprocess
import sys
import tempfile
import time

from interleaved import compare, header

SIZE, EPOCHS, ROUNDS, MANY = 32, 5, 6, 30
OF_THE_TUNER = {  # the tuner's own functions in a trial
    "ours": (
        ("keras_papers.tuner.engine.epoch_memory:EpochMemory", "on_epoch_end"),
        ("keras_papers.tuner.engine.search", "release_graphs"),
    ),
    "theirs": (
        ("keras_tuner.src.engine.tuner_utils:SaveBestEpoch", "on_epoch_end"),
    ),
}


def build(hp):
    """Builds a MobileNet; the hyperparameter does not change its cost."""
    import keras

    from keras_papers import applications

    model = applications.MobileNet(
        input_shape=(SIZE, SIZE, 3), alpha=0.25, classes=10
    )
    rate = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log")
    model.compile(
        keras.optimizers.Adam(rate),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def images():
    """Returns digits for training and validation."""
    import keras
    import numpy as np
    from sklearn.datasets import load_digits

    digits = load_digits()
    gray = (255 / 16) * digits.images[..., None].astype("float32")
    large = keras.ops.image.resize(gray, (SIZE, SIZE))
    pixels = np.repeat(keras.ops.convert_to_numpy(large), 3, axis=-1)
    return (pixels[:1400], digits.target[:1400]), (
        pixels[1400:],
        digits.target[1400:],
    )


def resident():
    """Returns the memory of this process in MB."""
    with open("/proc/self/status") as status:
        (line,) = (each for each in status if each.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def clocked(package, spent):
    """Adds the CPU seconds of the tuner's own functions to `spent[-1]`."""

    def clock(function):
        def call(*arguments, **options):
            begun = time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                spent[-1] += time.process_time() - begun

        return call

    for place, name in OF_THE_TUNER[package]:
        module, _, of = place.partition(":")
        home = importlib.import_module(module)
        home = getattr(home, of) if of else home
        setattr(home, name, clock(getattr(home, name)))


def run(package, trials):
    """Returns CPU seconds, the tuner's share and memory after each trial."""
    import keras_tuner

    from keras_papers import tuner

    train, watched = images()
    home = {"ours": tuner, "theirs": keras_tuner}[package]
    folder = tempfile.mkdtemp()
    spent = [0.0]
    clocked(package, spent)
    measured, start = [], time.process_time()

    class Measured(home.RandomSearch):
        def on_trial_end(self, trial):
            super().on_trial_end(trial)
            measured.append((time.process_time() - start, resident()))
            spent.append(0.0)

    search = Measured(
        build, "val_accuracy", max_trials=trials, seed=1, directory=folder
    )
    search.search(*train, validation_data=watched, epochs=EPOCHS, verbose=0)
    shutil.rmtree(folder)
    ends = [0.0, *(seconds for seconds, _ in measured)]
    seconds = [
        end - before for before, end in zip(ends, ends[1:], strict=False)
    ]
    return seconds, spent[:-1], [megabytes for _, megabytes in measured]


def in_own_process(package, trials):
    """Runs `run` in a fresh process."""
    answer = subprocess.run(
        [sys.executable, __file__, package, str(trials)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(answer.stdout.splitlines()[-1])


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(run(sys.argv[1], int(sys.argv[2]))))
        sys.exit()
    whole, tuners = ({"ours": [], "theirs": []} for _ in range(2))
    for turn in range(ROUNDS):
        order = ("ours", "theirs") if turn % 2 else ("theirs", "ours")
        for package in order:
            # The first trial of a process includes TensorFlow's start.
            seconds, own, _ = in_own_process(package, 3)
            whole[package] += seconds[1:]
            tuners[package] += own[1:]
    header("KerasTuner")
    compare("a trial", whole["ours"], whole["theirs"])
    compare("the tuner's part of it", tuners["ours"], tuners["theirs"])
    for package in ("ours", "theirs"):
        *_, memory = in_own_process(package, MANY)
        marks = {
            after: round(memory[after - 1]) for after in (1, 5, 10, 20, 30)
        }
        grown = (memory[-1] - memory[9]) / 20
        print(f"{package}: MB after trials {marks}, {grown:+.2f} MB a trial")
