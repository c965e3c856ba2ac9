"""A search whose trials sleep, for processes that are killed; a program.

    python tests/tuner/engine/sleeping_search.py FOLDER --trials 4 --seconds 1

What runs is noted in FOLDER/runs.txt: `began` or `ended`, the trial, the
worker, its process and the time.
"""

import argparse
import os
import pathlib
import signal
import time

import keras_tuner

from keras_papers.tuner.engine.searches import RandomSearch


class Sleeping(RandomSearch):
    """Sleeps through each trial of a space of one hyperparameter."""

    def __init__(self, options):
        space = keras_tuner.HyperParameters()
        if not options.late:
            space.Float("x", 0, 1)
        self.options = options
        super().__init__(
            max_trials=options.trials,
            hyperparameters=space,
            directory=options.folder,
            project_name="search",
        )

    def run_trial(self, trial):
        self.note("began", trial)
        x = trial.hyperparameters.Float("x", 0, 1)
        if trial.trial_id == self.options.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.options.seconds)
        if self.options.failing:
            raise ValueError("no trial can succeed")
        return (x - 0.3) ** 2

    def on_trial_end(self, trial):
        super().on_trial_end(trial)
        if trial.status == "COMPLETED":
            self.note("ended", trial)  # now that it is kept

    def note(self, what, trial):
        """Appends a line, which the system does not mix with others."""
        with open(pathlib.Path(self.options.folder, "runs.txt"), "a") as file:
            file.write(
                f"{what} {trial.trial_id} {self.tuner_id} {os.getpid()} "
                f"{time.time():.3f}\n"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--trials", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--late", action="store_true")
    parser.add_argument("--failing", action="store_true")
    parser.add_argument("--deadly")
    Sleeping(parser.parse_args()).search()
