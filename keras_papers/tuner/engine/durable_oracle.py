"""KerasTuner's oracles, which keep every trial.

What this package knows of the inside of KerasTuner 1.4.8's oracles stands in
this file, and of what they print in `trial_display.py`.
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

DEATHS = 3  # processes that one trial may take with it
WALK = 500  # points of a grid that may be beyond the limits in a row
PROPOSALS = 20  # before a space is taken for exhausted, as KerasTuner has it


class Durable(keras_tuner.Oracle):
    """Goes before one of KerasTuner's oracles, and makes it keep its trials.

    - Files are whole whenever the process is killed.
    - No trial that has ended runs again; every other one does.
    - Nothing is told to be exhausted while a trial runs: it may fail to end,
      or declare what else there is to search.
    - Failures are told, not raised with a lock held.

    Attributes:
        failure: Why the search failed, in a sentence or two, or None.
        afford: None, or a function from a dict of values to those to try in
            their place, or to None where nothing near them is to be tried.
        told: None, or a function from a dict of values to the line that tells
            them when a trial begins; see `TrialDisplay`.
        search_id: Str that no other search has, by which a worker knows it.
    """

    failure = None
    afford = None
    told = None

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self._display = TrialDisplay(self)
        self._unsaved = False
        # Trials that had ended before this process. Whoever starts a search
        # again has mended what made the last ones fail.
        self._ended_before = 0
        # Counts of trials and of `max_trials` when nothing was left to try.
        self._exhausted_at = None
        self._deaths = collections.Counter()
        self._holders = {}
        self.search_id = uuid.uuid4().hex
        self._seen = None  # the `stamp` of its file

    @contextlib.contextmanager
    def _transition(self):
        """Makes a change of state alone, and writes it when it is whole.

        The lock is that of KerasTuner's `synchronized`, which keeps it for
        ever where an error passes through.
        """
        thread = threading.current_thread().name
        if engine.THREADS[self] == thread:
            yield  # part of a larger change
            return
        with engine.LOCKS[self]:
            engine.THREADS[self] = thread
            try:
                yield
                if self._unsaved:
                    _write_json(self._get_oracle_fname(), self.get_state())
                    self._unsaved = False
                    self.see()
            finally:
                engine.THREADS[self] = None

    def save(self):
        with self._transition():
            self._unsaved = True

    def see(self):
        """Takes the file that is there for its own."""
        self._seen = stamp(self._get_oracle_fname())

    def check_seen(self):
        """Raises ValueError if another has gone on with the search since."""
        if stamp(self._get_oracle_fname()) != self._seen:
            raise ValueError(
                "`directory` and `project_name` name the folder of a search. "
                f"Received: {self._project_dir!r}, in which another tuner has "
                "run trials since this one was made. Make this one again: it "
                "then goes on with them."
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
        # Neither is in a file of KerasTuner's own.
        self._exhausted_at = state.get("exhausted_at")
        self.search_id = state.get("search_id", self.search_id)
        self._holders = dict(self.ongoing_trials)  # which `reload` forgets

    def reload(self):
        """Reads a study, and mends what a kill left between two files.

        The file of a trial is written before that of the oracle. So a trial
        that the oracle does not know was never handed out, and one that it
        does not know to have ended has only to be ended once more.

        Raises:
            ValueError: If the files are not those of a study.
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
            for trial_id in self.trials.keys() - set(self.start_order):
                trial = self.trials.pop(trial_id)
                if trial.status in ENDED:
                    raise self._unreadable(
                        f"trial {trial_id}, which its oracle.json lacks"
                    )
                folder = pathlib.Path(self._get_trial_dir(trial_id))
                (folder / "trial.json").unlink()
            self.ongoing_trials = {}
            self._retry_queue = []
            for trial_id in self._unfinished():
                if self.trials[trial_id].status in ENDED:
                    self.end_trial(self.trials[trial_id])
            unfinished = self._unfinished()
            if distribution.is_chief_oracle():
                # Its workers may be alive.
                self.ongoing_trials = {
                    tuner_id: trial
                    for tuner_id, trial in self._holders.items()
                    if trial.trial_id in unfinished
                }
            held = {trial.trial_id for trial in self.ongoing_trials.values()}
            # The last is taken first.
            self._retry_queue = [
                trial_id
                for trial_id in reversed(unfinished)
                if trial_id not in held
            ]
            self._ended_before = len(self.end_order)
            # Of equal trials the first is the best, and files have no order.
            self.trials = {each: self.trials[each] for each in self.start_order}
        self.see()

    def _unfinished(self):
        return [each for each in self.start_order if each not in self.end_order]

    def _unreadable(self, found):
        return ValueError(
            "`directory` and `project_name` name the folder of a search. "
            f"Received: {self._project_dir!r}, which holds {found}. Put the "
            "file back, choose another folder, or pass overwrite=True."
        )

    def create_trial(self, tuner_id):
        """Returns a trial to run, or one that says to wait or to stop."""
        with self._transition():
            is_new = tuner_id not in self.ongoing_trials
            if is_new and self.failure:
                return self._answer(Status.STOPPED)
            is_repeated = is_new and bool(self._retry_queue)
            trial = super().create_trial(tuner_id)
            if is_repeated:
                # What it told when it ran before would count, too.
                trial.metrics = self._answer(Status.RUNNING).metrics
                trial.score = trial.message = None
                self._save_trial(trial)
            if trial.status == Status.STOPPED:
                if self.ongoing_trials:
                    return self._answer(Status.IDLE)
                self._exhausted_at = [len(self.trials), self.max_trials]
                self._check_any_completed()
                self.save()
            return trial

    def _answer(self, status):
        return keras_tuner.engine.trial.Trial(
            self.get_space(), trial_id="", status=status
        )

    @property
    def is_exhausted(self):
        """Whether nothing was left to try, to wait for or to repeat."""
        return self._exhausted_at == [len(self.trials), self.max_trials]

    def populate_space(self, trial_id):
        """Proposes values for a trial, such as can be afforded."""
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

        KerasTuner gives up after some draws of what was; from a single list
        the last ones would then be left out.
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
        """Takes note of metrics, unless the trial has ended."""
        with self._transition():
            if trial_id in self.end_order:
                return self.trials[trial_id]
            return super().update_trial(trial_id, metrics, step=step)

    def end_trial(self, trial):
        """Ends a trial; the first end counts, whoever tells it."""
        with self._transition():
            trial_id = trial.trial_id
            if trial_id in self.end_order:
                return
            queue = list(self._retry_queue)
            if trial_id in self._retry_queue:
                self._retry_queue.remove(trial_id)
            # What began while nothing was printed may end when it is.
            display, now = self._display, datetime.datetime.now()
            display.search_start = display.search_start or now
            display.trial_start.setdefault(trial_id, now)
            display.trial_number.setdefault(trial_id, len(self.trials))
            before = list(self.end_order)
            try:
                super().end_trial(trial)
            except BaseException:
                self.end_order = before  # its file does not say so
                self._retry_queue = queue
                self.trials[trial_id].status = Status.RUNNING
                raise
            self.save()

    def release(self, tuner_id):
        """Lets others repeat the trial of a process that has died.

        Returns:
            The trial, or None if it had none.
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
        """Takes note of what KerasTuner raises inside its lock."""
        failed = list(
            itertools.takewhile(
                lambda trial_id: self.trials[trial_id].status == Status.FAILED,
                reversed(self.end_order[self._ended_before :]),
            )
        )
        if len(failed) >= self.max_consecutive_failed_trials:
            what = f"{len(failed)} trials in a row failed"
            self.failure = self.failure or self._told(what, failed[0])

    def _check_any_completed(self):
        if self.end_order and not any(
            trial.status == Status.COMPLETED for trial in self.trials.values()
        ):
            what = "No trial was completed"
            self.failure = self._told(what, self.end_order[-1])

    def _told(self, what, trial_id):
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

    KerasTuner forgets where it was when the search is started again.
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

    # A point that would be moved is passed over: where it would be moved to
    # is a point of the grid itself, which has its own turn.

    def populate_space(self, trial_id):
        """Proposes the next point that can be afforded."""
        answer = super(Durable, self).populate_space(trial_id)
        if answer["status"] != Status.RUNNING or self._is_affordable(
            answer["values"]
        ):
            return answer
        # The first: every other came from `_get_next_combination`.
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
    """Asks a Gaussian process; see `keras_tuner.BayesianOptimization`."""

    def populate_space(self, trial_id):
        # It is asked about running trials before it is fitted again, and
        # knows no hyperparameter that was declared meanwhile.
        known = getattr(self.gpr, "n_features_in_", None)
        if known != len(self._nonfixed_space()):
            self.gpr = self._make_gpr()
        return super().populate_space(trial_id)

    def _propose_another(self, trial_id):
        return self._random_populate_space()  # it would answer the same


def _write_json(path, value):
    with draft_of(path) as draft:
        draft.write_text(json.dumps(value))
