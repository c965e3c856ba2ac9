"""What a search prints about its trials."""

import datetime

from keras_papers.extras import require

keras_tuner = require("keras_tuner", "tuner")
engine = require("keras_tuner.src.engine.oracle", "tuner")

Status = keras_tuner.engine.trial.TrialStatus


class TrialDisplay(engine.Display):
    """Prints a line when a trial begins, and one when it ends.

    If the oracle has no function `describe`, it prints KerasTuner's tables,
    with a line for each hyperparameter.
    """

    def on_trial_begin(self, trial):
        if self.oracle.describe is None or self.verbose < 1:
            super().on_trial_begin(trial)
            return
        trial_id, now = trial.trial_id, datetime.datetime.now()
        again = " again" if trial_id in self.trial_start else ""
        number = self.oracle.start_order.index(trial_id) + 1
        most = self.oracle.max_trials
        self.trial_start[trial_id] = now
        self.search_start = self.search_start or now
        self.trial_number[trial_id] = number
        _print_line(
            f"trial {trial_id} begins{again}, {number}"
            + (f" of at most {most}" if most else "")
            + f": {self.oracle.describe(trial.hyperparameters.values)}"
        )

    def on_trial_end(self, trial):
        if self.oracle.describe is None or self.verbose < 1:
            super().on_trial_end(trial)
            return
        completed = [
            each
            for each in self.oracle.get_best_trials()
            if each.status == Status.COMPLETED  # KerasTuner lists others, too
        ]
        parts = []
        if trial.status == Status.COMPLETED:
            score = self.format_value(float(trial.score))
            parts.append(f"ended: {self.oracle.objective.name} {score}")
        else:
            parts.append(f"failed: {last_words(trial)}")
        for best in completed:
            score = self.format_value(float(best.score))
            parts.append(
                "the best so far"
                if best.trial_id == trial.trial_id
                else f"best so far {score} of trial {best.trial_id}"
            )
        began = self.trial_start[trial.trial_id]
        seconds = (datetime.datetime.now() - began).total_seconds()
        parts.append(f"{seconds:.1f} s")
        _print_line(f"trial {trial.trial_id} {', '.join(parts)}")


def last_words(trial):
    """Returns why a trial failed, in a line."""
    message = trial.message or "its score is not a number"
    return message.strip().splitlines()[-1]


def _print_line(line):
    print(line, flush=True)  # people read a log while the search runs
