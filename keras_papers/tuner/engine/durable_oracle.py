"""KerasTuner's oracles, made durable: a kill loses no trial.

An oracle proposes the values of each trial and records its result. This is
the only file that depends on the private parts of KerasTuner 1.4.8's oracles;
`trial_display.py` depends on how they print.
"""

import collections
import contextlib
import datetime
import itertools
import json
import os
import pathlib
import random
import threading
import uuid

from keras_papers.extras import require
from keras_papers.files.drafts import draft_of, stamp
from keras_papers.tuner.engine.search_errors import SearchFailedError
from keras_papers.tuner.engine.trial_display import TrialDisplay, last_words

keras_tuner = require("keras_tuner", "tuner")
engine = require("keras_tuner.src.engine.oracle", "tuner")
distribution = require("keras_tuner.src.distribute.utils", "tuner")

Status = keras_tuner.engine.trial.TrialStatus
ENDED = (Status.COMPLETED, Status.FAILED)

DEATHS = 3  # processes that may die in one trial before it is given up
WALK = 500  # points of a grid in a row that may exceed the limits
PROPOSALS = 20  # before a space counts as exhausted, as in KerasTuner


class Durable(keras_tuner.Oracle):
    """Mixin for one of KerasTuner's oracles, which makes it keep its trials.

    - Every file is complete whenever the process is killed.
    - A trial that has ended never runs again; every other trial does.
    - The search never reports exhaustion while a trial runs, because the
      trial may be killed, or may declare more hyperparameters.
    - A failure of the search is stored in `failure`. KerasTuner would raise
      it and never release its lock.

    Attributes:
        failure: Why the search failed, as text, or None.
        afford: None, or a function from the values of a point to those of the
            nearest point within the limits, or to None without such a point.
        describe: None, or a function from the values of a point to one line
            of text, printed when a trial begins; see `TrialDisplay`.
        search_id: Str that identifies the search to workers.
    """

    failure = None
    afford = None
    describe = None

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self._display = TrialDisplay(self)
        self._unsaved = False
        # How many trials had ended when this process began. Their failures
        # do not count as consecutive ones: a user who resumes a search has
        # removed the cause.
        self._ended_before = 0
        # Number of trials and `max_trials` when nothing was left to try.
        self._exhausted_at = None
        self._deaths = collections.Counter()  # of processes, by trial
        self._saved_ongoing = {}  # `ongoing_trials`, as the file has them
        self.search_id = uuid.uuid4().hex
        self._file_stamp = None  # of the oracle's file

    @contextlib.contextmanager
    def _transition(self):
        """Holds the lock for a change of state, and writes the state once.

        It is the lock of KerasTuner's `synchronized`, which does not release
        it after an error.
        """
        thread = threading.current_thread().name
        if engine.THREADS[self] == thread:
            yield  # within another transition
            return
        with engine.LOCKS[self]:
            engine.THREADS[self] = thread
            try:
                yield
                if self._unsaved:
                    _write_json(self._get_oracle_fname(), self.get_state())
                    self._unsaved = False
                    self.accept_file()
            finally:
                engine.THREADS[self] = None

    def save(self):
        with self._transition():
            self._unsaved = True

    def accept_file(self):
        """Records that the oracle's file has the state of this oracle."""
        self._file_stamp = stamp(self._get_oracle_fname())

    def check_file(self):
        """Raises ValueError if another oracle has written the file since."""
        if stamp(self._get_oracle_fname()) != self._file_stamp:
            raise ValueError(
                "`directory` and `project_name` name the folder of a search. "
                f"Received: {self._project_dir!r}, in which another tuner has "
                "run trials since this one was made. Make this one again: it "
                "then continues with them."
            )

    def _save_trial(self, trial):
        folder = self._get_trial_dir(trial.trial_id)
        _write_json(os.path.join(folder, "trial.json"), trial.get_state())

    def get_state(self):
        return {
            **super().get_state(),
            "exhausted_at": self._exhausted_at,
            "search_id": self.search_id,
        }

    def set_state(self, state):
        super().set_state(state)
        # Files of KerasTuner's own oracles lack these two.
        self._exhausted_at = state.get("exhausted_at")
        self.search_id = state.get("search_id", self.search_id)
        # `reload` of KerasTuner clears them.
        self._saved_ongoing = dict(self.ongoing_trials)

    def reload(self):
        """Reads the files of a search, and repairs what a kill interrupted.

        Each change is written to the file of a trial first, and then to that
        of the oracle. If the process was killed in between,

        - a trial that the oracle's file does not list was never given to a
          worker: its file is deleted;
        - a trial that has ended and is listed as running is ended again.

        Every other trial without an end is then put in the queue of trials to
        repeat, except those whose workers may still be alive.

        Raises:
            ValueError: If a file is damaged, or is not of a search.
        """
        try:
            super().reload()
        except (json.JSONDecodeError, KeyError, RuntimeError) as error:
            raise self._unreadable(
                f"a damaged file, or one of something else ({error})"
            ) from error
        missing = sorted(set(self.start_order) - self.trials.keys())
        if missing:
            raise self._unreadable(f"no trial.json of trial {missing[0]}")
        with self._transition():
            self._delete_unlisted_trials()
            self._end_ended_trials()
            self._queue_unfinished_trials()
            self._ended_before = len(self.end_order)
            # KerasTuner takes the first of equal trials for the best, and
            # read them in the order of their files' names.
            self.trials = {each: self.trials[each] for each in self.start_order}
        self.accept_file()

    def _delete_unlisted_trials(self):
        for trial_id in self.trials.keys() - set(self.start_order):
            trial = self.trials.pop(trial_id)
            if trial.status in ENDED:
                raise self._unreadable(
                    f"trial {trial_id}, which its oracle.json lacks"
                )
            folder = pathlib.Path(self._get_trial_dir(trial_id))
            (folder / "trial.json").unlink()

    def _end_ended_trials(self):
        self.ongoing_trials = {}
        self._retry_queue = []
        for trial_id in self._unfinished():
            if self.trials[trial_id].status in ENDED:
                self.end_trial(self.trials[trial_id])

    def _queue_unfinished_trials(self):
        unfinished = self._unfinished()
        if distribution.is_chief_oracle():
            # The workers of the chief that was killed may be alive.
            self.ongoing_trials = {
                tuner_id: trial
                for tuner_id, trial in self._saved_ongoing.items()
                if trial.trial_id in unfinished
            }
        held = {trial.trial_id for trial in self.ongoing_trials.values()}
        # KerasTuner takes the last of the queue first.
        self._retry_queue = [
            trial_id
            for trial_id in reversed(unfinished)
            if trial_id not in held
        ]

    def _unfinished(self):
        return [each for each in self.start_order if each not in self.end_order]

    def _unreadable(self, found):
        return ValueError(
            "`directory` and `project_name` name the folder of a search. "
            f"Received: {self._project_dir!r}, which holds {found}. Put the "
            "file back, choose another folder, or pass overwrite=True."
        )

    def create_trial(self, tuner_id):
        """Returns a trial to run, or one whose status is IDLE or STOPPED."""
        with self._transition():
            is_new = tuner_id not in self.ongoing_trials
            if is_new and self.failure:
                return self._empty_trial(Status.STOPPED)
            is_repeated = is_new and bool(self._retry_queue)
            trial = super().create_trial(tuner_id)
            if is_repeated:
                # Metrics of the earlier run would count, too.
                trial.metrics = self._empty_trial(Status.RUNNING).metrics
                trial.score = trial.message = None
                self._save_trial(trial)
            if trial.status == Status.STOPPED:
                if self.ongoing_trials:
                    return self._empty_trial(Status.IDLE)
                self._exhausted_at = [len(self.trials), self.max_trials]
                self._check_any_completed()
                self.save()
            return trial

    def _empty_trial(self, status):
        return keras_tuner.engine.trial.Trial(
            self.get_space(), trial_id="", status=status
        )

    @property
    def is_exhausted(self):
        """Whether no trial is left to run, to wait for or to repeat."""
        return self._exhausted_at == [len(self.trials), self.max_trials]

    def populate_space(self, trial_id):
        """Proposes values for a trial that are within the limits."""
        answer = super().populate_space(trial_id)
        if self.afford is None:
            return answer
        for _ in range(PROPOSALS):
            if answer["status"] != Status.RUNNING:
                return answer
            values = self.afford(answer["values"])
            if values is not None and not self._was_tried(values):
                return {"status": Status.RUNNING, "values": values}
            answer = self._propose_another(trial_id)
        return {"status": Status.STOPPED, "values": None}

    def _propose_another(self, trial_id):
        return super().populate_space(trial_id)

    def _random_values(self):
        """Draws a point that was not tried.

        KerasTuner gives up after some draws of points that were. In a space
        of one list, the last points would then never be tried.
        """
        values = super()._random_values()
        space = self.hyperparameters.space
        if values is not None or len(space) != 1:
            return values
        (listed,) = space
        left = [
            {listed.name: value}
            for value in getattr(listed, "values", ())
            if not self._duplicate({listed.name: value})
        ]
        self._seed_state += 1
        return random.Random(self._seed_state).choice(left) if left else None

    def _was_tried(self, values):
        return any(
            trial.hyperparameters.values == values
            for trial in self.trials.values()
        )

    def update_trial(self, trial_id, metrics, step=0):
        """Records metrics, unless the trial has ended."""
        with self._transition():
            if trial_id in self.end_order:
                return self.trials[trial_id]
            return super().update_trial(trial_id, metrics, step=step)

    def end_trial(self, trial):
        """Ends a trial; only the first end counts, of whichever worker."""
        with self._transition():
            trial_id = trial.trial_id
            if trial_id in self.end_order:
                return
            queue = list(self._retry_queue)
            if trial_id in self._retry_queue:
                self._retry_queue.remove(trial_id)
            # The trial may have begun when the display was off.
            display, now = self._display, datetime.datetime.now()
            display.search_start = display.search_start or now
            display.trial_start.setdefault(trial_id, now)
            display.trial_number.setdefault(trial_id, len(self.trials))
            before = list(self.end_order)
            try:
                super().end_trial(trial)
            except BaseException:
                self.end_order = before  # as the file of the trial has it
                self._retry_queue = queue
                self.trials[trial_id].status = Status.RUNNING
                raise
            self.save()

    def release(self, tuner_id):
        """Puts the trial of a process that has died into the queue.

        Returns:
            The trial, or None if the process had none.
        """
        with self._transition():
            self.tuner_ids.discard(tuner_id)
            trial = self.ongoing_trials.pop(tuner_id, None)
            if trial is None:
                return None
            self._retry_queue.append(trial.trial_id)
            self._deaths[trial.trial_id] += 1
            if self._deaths[trial.trial_id] >= DEATHS:
                fatal = keras_tuner.engine.trial.Trial(
                    trial.hyperparameters,
                    trial_id=trial.trial_id,
                    status=Status.FAILED,
                    message=(
                        f"{DEATHS} processes died, or fell silent, while they "
                        "ran this trial; perhaps it needs more memory than "
                        "there is."
                    ),
                )
                self.end_trial(fatal)
            self.save()
            return trial

    def _check_consecutive_failures(self):
        """Stores the failure that KerasTuner would raise inside its lock."""
        failed = list(
            itertools.takewhile(
                lambda trial_id: self.trials[trial_id].status == Status.FAILED,
                reversed(self.end_order[self._ended_before :]),
            )
        )
        if len(failed) >= self.max_consecutive_failed_trials:
            what = f"{len(failed)} trials in a row failed"
            self.failure = self.failure or self._failure(what, failed[0])

    def _check_any_completed(self):
        if self.end_order and not any(
            trial.status == Status.COMPLETED for trial in self.trials.values()
        ):
            what = "No trial was completed"
            self.failure = self._failure(what, self.end_order[-1])

    def _failure(self, what, trial_id):
        words = last_words(self.trials[trial_id])
        folder = os.path.join(self._project_dir, f"trial_{trial_id}")
        return (
            f"{what}. The last, trial {trial_id}, said: "
            f"{words} (all of it is in "
            f"{os.path.join(folder, 'trial.json')})."
        )

    def check_outcome(self):
        """Raises SearchFailedError if the search has failed."""
        if self.failure:
            raise SearchFailedError(self.failure)


class RandomSearchOracle(Durable, keras_tuner.oracles.RandomSearchOracle):
    """Draws points at random; see `keras_tuner.RandomSearch`."""


class GridSearchOracle(Durable, keras_tuner.oracles.GridSearchOracle):
    """Takes every point in turn; see `keras_tuner.GridSearch`.

    Its state has the position in the grid, which KerasTuner does not save.
    """

    def get_state(self):
        points, order = self._ordered_ids, []
        index = points._next_index[None]
        while index is not None:
            order.append(points._memory[index])
            index = points._next_index[index]
        return {
            **super().get_state(),
            "ordered_ids": order,
            "populate_next": self._populate_next,
        }

    def set_state(self, state):
        super().set_state(state)
        self._ordered_ids = type(self._ordered_ids)()
        for trial_id in state["ordered_ids"]:
            self._ordered_ids.insert(trial_id)
        self._populate_next = state["populate_next"]

    def populate_space(self, trial_id):
        """Proposes the next point that is within the limits.

        A point that `afford` would move is skipped, because the point that it
        would be moved to is in the grid, too.
        """
        answer = super(Durable, self).populate_space(trial_id)
        if answer["status"] != Status.RUNNING or self._is_affordable(
            answer["values"]
        ):
            return answer
        # Only the first point of the grid can exceed them here: all others
        # come from `_get_next_combination`.
        values = self._get_next_combination(answer["values"])
        status = Status.STOPPED if values is None else Status.RUNNING
        return {"status": status, "values": values}

    def _get_next_combination(self, values):
        for _ in range(WALK):
            values = super()._get_next_combination(values)
            if values is None or self._is_affordable(values):
                return values
        raise ValueError(
            "`limits` leave too little of the space for a grid. Received: "
            f"{WALK} points in a row that are beyond them. Take RandomSearch "
            "or BayesianOptimization, which move points below the limits."
        )

    def _is_affordable(self, values):
        return self.afford is None or self.afford(dict(values)) == values


class BayesianOptimizationOracle(
    Durable, keras_tuner.oracles.BayesianOptimizationOracle
):
    """Fits a Gaussian process; see `keras_tuner.BayesianOptimization`."""

    def populate_space(self, trial_id):
        # KerasTuner predicts the scores of running trials before it fits the
        # process again, which fails if a hyperparameter was declared since.
        known = getattr(self.gpr, "n_features_in_", None)
        if known != len(self._nonfixed_space()):
            self.gpr = self._make_gpr()
        return super().populate_space(trial_id)

    def _propose_another(self, trial_id):
        return self._random_populate_space()  # the process repeats itself


def _write_json(path, value):
    with draft_of(path) as draft:
        draft.write_text(json.dumps(value))
