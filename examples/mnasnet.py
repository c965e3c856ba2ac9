"""MnasNet: a search for a table of blocks, with the paper's reward.

    python examples/mnasnet.py --trials 4

prints at the end, after five minutes on 2 cores (2026-11-28):

    trial 1: 90.3% at 5.3 million multiply-adds, reward 0.868
    Row(expansion=6, k=3, se=0.0, skip=True, filters=16, layers=1, s=1)
    Row(expansion=3, k=5, se=0.25, skip='pool', filters=24, layers=1, s=2)
    Row(expansion=0, k=5, se=0.0, skip=True, filters=32, layers=4, s=2)
    Row(expansion=3, k=3, se=0.0, skip=True, filters=64, layers=3, s=2)
    Row(expansion=3, k=5, se=0.0, skip='pool', filters=120, layers=2, s=1)
    Row(expansion=0, k=3, se=0.0, skip=False, filters=120, layers=3, s=2)
    Row(expansion=3, k=5, se=0.25, skip='pool', filters=320, layers=1, s=1)
    5,259,760 multiply-adds

With ten epochs of few images, the ranking depends on how fast networks learn.
`keras-papers tune --space mnas` runs the same search with several processes,
measured latency and a report; see docs/TUNING.md.
"""

import argparse
import tempfile

import keras
import numpy as np
from sklearn import datasets

from keras_papers import applications, cost, tuner

SIZE, ALPHA = 48, 0.5


def load_digits():
    """Loads scikit-learn's digits in RGB, every fifth for validation."""
    digits = datasets.load_digits()
    gray = (255 / 16) * digits.images[..., None].astype("float32")
    images = np.repeat(gray, 3, axis=-1)  # the space enlarges them
    judged = np.arange(len(images)) % 5 == 0
    return (images[~judged], digits.target[~judged]), (
        images[judged],
        digits.target[judged],
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--target", type=float, default=3e6)
    arguments = parser.parse_args()
    keras.utils.set_random_seed(0)
    space = tuner.MnasSpace(
        input_shape=(SIZE, SIZE, 3),
        alpha=ALPHA,
        classes=10,
        reward=tuner.Reward(arguments.target, of="multiply_adds"),
    )
    train, judged = load_digits()
    with tempfile.TemporaryDirectory() as folder:
        search = tuner.RandomSearch(
            space,
            "reward",
            max_trials=arguments.trials,
            seed=1,
            directory=folder,
        )
        search.search(
            *train,
            validation_data=judged,
            epochs=arguments.epochs,
            batch_size=64,
            verbose=0,
        )
        for trial in tuner.pareto_front(tuner.trials(folder)):
            print(
                f"trial {trial.trial}: {trial.metrics['val_accuracy']:.1%} at "
                f"{trial.metrics['multiply_adds'] / 1e6:.1f} million "
                f"multiply-adds, reward {trial.metrics['reward']:.3f}"
            )
        (best,) = search.get_best_hyperparameters()
    table = tuner.rows(best)
    for row in table:
        print(row)
    network = applications.MnasNetA1(
        rows=table, input_shape=(SIZE, SIZE, 3), alpha=ALPHA, classes=10
    )
    print(f"{cost.count(network).multiply_adds:,} multiply-adds")
