"""KerasTuner's tuner, which loses no trial; `searches` has those by name.

It takes KerasTuner's own arguments and does what its tuner does. Beyond that:

- A search that was killed goes on when it is started again: no finished trial
  runs twice, and of an unfinished one an epoch is lost at most.
- A search of which every trial failed raises, with what the last one said.
- A folder that another search is using, or that holds the trials of another
  space, is refused.
- Workers may be killed, and so may their chief; see `launch`.
"""

import contextlib
import json
import math
import os
import pathlib
import sys
import warnings

import keras

from keras_papers.checks import offer_nearest
from keras_papers.extras import require
from keras_papers.files.drafts import draft_of
from keras_papers.tuner.engine import chief, durable_oracle, launcher, worker
from keras_papers.tuner.engine.declared_space import (
    as_json,
    check_chief_space,
    check_same_space,
)
from keras_papers.tuner.engine.epoch_memory import EpochMemory, best_of
from keras_papers.tuner.engine.traced_graphs import release_graphs
from keras_papers.tuner.engine.trial_files import TrialFiles

keras_tuner = require("keras_tuner", "tuner")
filelock = require("filelock", "tuner")

# By which KerasTuner knows a search: ours, and those of its own.
TUNER_FILES = ("tuner.json", "tuner0.json", "chief.json")


class Tuner(keras_tuner.Tuner):
    """KerasTuner's `Tuner` for a durable oracle.

    Args:
        oracle: One of `keras_papers.tuner.engine.durable_oracle`.
        hypermodel: A `HyperModel`, or a function that builds a model.
        directory: Folder of the search. Defaults to the working one.
        project_name: Name of the folder inside. Defaults to
            `"untitled_project"`.
        overwrite: Whether trials that are there give way. Defaults to False:
            the search goes on.
        told: Function from the values of a trial, a dict, to a line that
            tells them. The search then prints a line when a trial begins, and
            one when it ends. Defaults to None: KerasTuner's tables, of which
            those of a `MnasSpace` are long.
        **arguments: More of KerasTuner's `Tuner`.

    Attributes:
        workers: How many processes have run trials; a chief learns it in its
            search.

    Raises:
        ValueError: If the folder is in use, or of another space.
    """

    workers = 1

    def __init__(
        self,
        oracle,
        hypermodel=None,
        *,
        directory=None,
        project_name=None,
        overwrite=False,
        told=None,
        **arguments,
    ):
        if keras.config.backend() == "tensorflow":
            require("tensorboard", "tuner")  # or every trial fails for it
        home = pathlib.Path(directory or ".") / (
            project_name or "untitled_project"
        )
        self.is_worker = worker.is_worker()
        self._given = oracle.get_space()  # of `hyperparameters`
        self._space = None  # what the model declared when the search began
        self._running = None  # the `TrialFiles` of a trial
        oracle.told = told
        if not self.is_worker:
            self._lock = claim(home)
        # It says whether a search goes on; stdout may be for a machine to read.
        with contextlib.redirect_stdout(sys.stderr):
            super().__init__(
                oracle,
                hypermodel,
                directory=directory,
                project_name=project_name,
                # What comes later must not delete what others found.
                overwrite=overwrite
                and not self.is_worker
                and not launcher.is_restart(),
                **arguments,
            )
        if self.is_worker:
            self.oracle = worker.Client(oracle)
        else:
            oracle.afford = getattr(self.hypermodel, "afford", None)
            oracle.see()

    def _get_tuner_fname(self):
        """Names the file by which KerasTuner knows that there is a search.

        The same for a search alone and for a chief, so that one goes on with
        what the other began; and with what KerasTuner's own tuners began.
        """
        names = TUNER_FILES
        if self.is_worker:
            names = (f"{self.tuner_id}.json",)
        paths = [os.path.join(self.project_dir, name) for name in names]
        return next(filter(os.path.exists, paths), paths[0])

    def save(self):
        if not self.is_worker:
            self.oracle.save()
        with draft_of(self._get_tuner_fname()) as draft:
            draft.write_text(json.dumps(self.get_state()))

    def get_state(self):
        return {"space": self._space}

    def set_state(self, state):
        # KerasTuner's own files have no space.
        space = state.get("space") if isinstance(state, dict) else None
        self._space = space if isinstance(space, list) else None

    def _populate_initial_space(self):
        super()._populate_initial_space()
        self._space = as_json(self.oracle.get_space())

    def reload(self):
        try:
            super().reload()
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            # The trials are in files of their own, and a worker's has nothing
            # that is read.
            if not self.is_worker:
                warnings.warn(
                    f"{self._get_tuner_fname()!r} is damaged ({error}). The "
                    "search goes on with its trials; whether they are of this "
                    "model's space is not known.",
                    stacklevel=2,
                )
        if self.is_worker:
            self._space = self._declared()
        else:
            self._check_space()

    def _check_space(self):
        """Refuses to go on with trials of another space than the model's."""
        before, self._space = self._space, self._declared()
        if before is not None:
            check_same_space(self._space, before, self.project_dir)

    def _declared(self):
        """Returns the space that this search would begin with."""
        own = self.oracle
        self.oracle = keras_tuner.oracles.RandomSearchOracle(
            hyperparameters=self._given.copy(),
            tune_new_entries=own.tune_new_entries,
            allow_new_entries=own.allow_new_entries,
        )
        try:
            super()._populate_initial_space()
            return as_json(self.oracle.get_space())
        finally:
            self.oracle = own

    def search(self, *arguments, **options):
        """Runs trials until there are enough; see `HyperModel.fit`.

        Raises:
            SearchFailedError: If no trial was completed, or too many failed
                one after another.
            ValueError: If a worker declares another space than its chief.
        """
        if self.is_worker:
            address = f"{self.oracle.host}:{self.oracle.port}"
            check_chief_space(self._space, self.oracle.get_space(), address)
            super().search(*arguments, **options)
            return
        self._lock.acquire()  # again, if it was released by a search before
        try:
            self.oracle.check_seen()
            # Before the first trial, or a process that is killed in it would
            # leave a search that nobody knows of.
            self.save()
            if chief.is_chief():
                self.oracle.verbose = options.get("verbose", 1)
                self.workers = chief.serve(self.oracle) or self.workers
            else:
                super().search(*arguments, **options)
            self.oracle.check_outcome()
        finally:
            self._lock.release(force=True)

    def _run_and_update_trial(self, trial, *arguments, **options):
        with warnings.catch_warnings():
            # KerasTuner takes metrics of another worker, which ran the trial
            # too, for a use of `update_trial` that it advises against.
            warnings.filterwarnings(
                "ignore", ".*oracle.update_trial", DeprecationWarning
            )
            super()._run_and_update_trial(trial, *arguments, **options)

    def run_trial(self, trial, *arguments, callbacks=None, **options):
        """Trains the model of a trial, from where a killed process left it."""
        files, histories = self._files(trial), []
        checkpoint = self._get_checkpoint_fname(trial.trial_id)
        if not any(files.left()) and not files.has_ended():
            # Every epoch runs again: what an attempt that failed left there
            # is of epochs that are in no history.
            pathlib.Path(checkpoint).unlink(missing_ok=True)
        for execution in range(self.executions_per_trial):
            told = files.told(execution)
            if told is not None:
                histories.append(_history(told))
                continue
            own = self._deepcopy_callbacks(list(callbacks or ()))
            self._configure_tensorboard_dir(own, trial, execution)
            memory = EpochMemory(
                files.state(execution),
                checkpoint,
                self.oracle.objective,
                files,
            )
            histories.append(
                self._build_and_fit_model(
                    trial,
                    *arguments,
                    callbacks=[*own, Hooks(self, trial), memory],
                    **options,
                )
            )
            self._check_objective(histories[-1])
            if files.has_ended():
                break
            if self.executions_per_trial > 1 and _is_history(histories[-1]):
                files.tell(execution, histories[-1].history)
            files.keep_history(memory.history)
        return histories

    def _check_objective(self, told):
        """Ends the search if epochs do not report what it is to improve.

        Every trial would fail after its training. What `HyperModel.fit`
        returns in place of a history, KerasTuner checks itself.
        """
        objective = self.oracle.objective
        if not _is_history(told) or objective.has_value(told.history):
            return
        names = list(told.history)
        raise keras_tuner.errors.FatalValueError(
            "`objective` must be a metric that every epoch reports. Received: "
            f"objective={objective.name!r}, where epochs report "
            f"{', '.join(map(repr, names))}. "
            f"{offer_nearest(objective.name, names)}"
        )

    def _files(self, trial):
        """Returns the files of a trial, the same for as long as it runs."""
        folder = self.get_trial_dir(trial.trial_id)
        if self._running is None or self._running.folder != folder:
            self._running = TrialFiles(folder)
        return self._running

    def load_model(self, trial):
        """Builds the model of a trial, with the weights of its best epoch."""
        model = self._try_build(trial.hyperparameters)
        if not model.built:
            path = self._get_build_config_fname(trial.trial_id)
            model.build_from_config(json.loads(pathlib.Path(path).read_text()))
        if model.optimizer is not None:
            # Or Keras warns that the file has more of it than the model.
            model.optimizer.build(model.trainable_variables)
        model.load_weights(self._get_checkpoint_fname(trial.trial_id))
        return model

    def on_trial_end(self, trial):
        files, is_completed = self._files(trial), self._is_completed(trial)
        if not is_completed:
            # It may begin anew as soon as that is told.
            files.forget_own()
        super().on_trial_end(trial)
        if is_completed:
            # Not before: it would not be resumed after a kill between.
            files.forget()
        self._running = None
        release_graphs()

    def _is_completed(self, trial):
        """Tells whether a trial ends well, which none without a score does."""
        if trial.status != durable_oracle.Status.COMPLETED:
            return False
        best = best_of(self._get_checkpoint_fname(trial.trial_id))
        return best is None or not math.isnan(
            self.oracle.objective.get_value(best["row"])
        )


class Hooks(keras.callbacks.Callback):
    """Calls the methods of a tuner that a subclass may override."""

    def __init__(self, tuner, trial):
        super().__init__()
        self.tuner = tuner
        self.trial = trial

    def on_epoch_begin(self, epoch, logs=None):
        self.tuner.on_epoch_begin(self.trial, self.model, epoch, logs=logs)

    def on_epoch_end(self, epoch, logs=None):
        self.tuner.on_epoch_end(self.trial, self.model, epoch, logs=logs)

    def on_batch_begin(self, batch, logs=None):
        self.tuner.on_batch_begin(self.trial, self.model, batch, logs)

    def on_batch_end(self, batch, logs=None):
        self.tuner.on_batch_end(self.trial, self.model, batch, logs)


def _history(told):
    history = keras.callbacks.History()
    history.history = told
    return history


def _is_history(told):
    return isinstance(told, keras.callbacks.History)


def claim(home):
    """Returns the lock of a search's folder, for as long as it is held.

    One process may make the tuner of a folder again, as notebooks do.

    Raises:
        ValueError: If another process holds it.
    """
    home.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(
        home.with_name(f".{home.name}.lock"),
        timeout=0,
        thread_local=False,
        is_singleton=True,
    )
    try:
        lock.acquire()
    except filelock.Timeout:
        raise ValueError(
            "`directory` and `project_name` name the folder of one search at "
            f"a time. Received: {str(home)!r}, which another process is "
            "searching in. Wait for it, or choose another folder."
        ) from None
    return lock
