"""KerasTuner's tuner, made durable; `searches` has one for each oracle.

It takes KerasTuner's own arguments and does what its tuner does. In addition:

- A search that was killed is resumed when it is started again: no finished
  trial runs twice, and an unfinished one loses one epoch at most.
- If every trial fails, the search raises an error with the last message.
- A folder that another search uses, or that holds the trials of another
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

# Files by which KerasTuner recognizes a search: the name that is used here,
# and those that its own tuners use.
TUNER_FILES = ("tuner.json", "tuner0.json", "chief.json")


class Tuner(keras_tuner.Tuner):
    """KerasTuner's `Tuner` for a durable oracle.

    Args:
        oracle: One of `keras_papers.tuner.engine.durable_oracle`.
        hypermodel: A `HyperModel`, or a function that builds a model.
        directory: Folder of the search. Defaults to the working one.
        project_name: Name of the folder inside. Defaults to
            `"untitled_project"`.
        overwrite: Whether to delete trials that are there. Defaults to False:
            the search is resumed.
        describe: Function from the values of a trial, a dict, to one line of
            text. The search then prints a line when a trial begins, and one
            when it ends. Defaults to None: KerasTuner's tables, with a line
            for each hyperparameter.
        **arguments: More of KerasTuner's `Tuner`.

    Attributes:
        workers: How many processes have run trials; in a chief, known after
            `search`.

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
        describe=None,
        **arguments,
    ):
        if keras.config.backend() == "tensorflow":
            require("tensorboard", "tuner")  # without it every trial fails
        home = pathlib.Path(directory or ".") / (
            project_name or "untitled_project"
        )
        self.is_worker = worker.is_worker()
        self._given = oracle.get_space()  # the argument `hyperparameters`
        self._space = None  # what the model declared when the search began
        self._running = None  # the `TrialFiles` of the running trial
        oracle.describe = describe
        if not self.is_worker:
            self._lock = claim(home)
        # KerasTuner prints that a search is resumed; stdout may hold JSON.
        with contextlib.redirect_stdout(sys.stderr):
            super().__init__(
                oracle,
                hypermodel,
                directory=directory,
                project_name=project_name,
                # A worker, or a process that was started again, must not
                # delete the trials of the others.
                overwrite=overwrite
                and not self.is_worker
                and not launcher.is_restart(),
                **arguments,
            )
        if self.is_worker:
            self.oracle = worker.Client(oracle)
        else:
            oracle.afford = getattr(self.hypermodel, "afford", None)
            oracle.accept_file()

    def _get_tuner_fname(self):
        """Returns the path of the file by which KerasTuner finds a search.

        It is the same for a search in one process and for a chief, so that
        each can resume the other's search, and one of KerasTuner's tuners.
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
            # The trials are in files of their own. Of a worker's file nothing
            # is read.
            if not self.is_worker:
                warnings.warn(
                    f"{self._get_tuner_fname()!r} is damaged ({error}). The "
                    "search continues with its trials; whether they are of "
                    "this model's space is not known.",
                    stacklevel=2,
                )
        if self.is_worker:
            self._space = self._declared()
        else:
            self._check_space()

    def _check_space(self):
        """Raises ValueError if the folder has trials of another space."""
        before, self._space = self._space, self._declared()
        if before is not None:
            check_same_space(self._space, before, self.project_dir)

    def _declared(self):
        """Returns the space that the model declares at the beginning."""
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
            self.oracle.check_file()
            # Before the first trial: if the process is killed in it, the
            # search can be found.
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
            # KerasTuner warns if a trial has metrics of another worker, which
            # ran it before, as if this program had called `update_trial`.
            warnings.filterwarnings(
                "ignore", ".*oracle.update_trial", DeprecationWarning
            )
            super()._run_and_update_trial(trial, *arguments, **options)

    def run_trial(self, trial, *arguments, callbacks=None, **options):
        """Trains the model of a trial, or resumes it after a kill."""
        files, histories = self._files(trial), []
        checkpoint = self._get_checkpoint_fname(trial.trial_id)
        if not any(files.left()) and not files.has_ended():
            # Every epoch runs again, so that weights of an earlier attempt
            # would be of epochs that no history has.
            pathlib.Path(checkpoint).unlink(missing_ok=True)
        for execution in range(self.executions_per_trial):
            finished = files.execution_history(execution)
            if finished is not None:
                histories.append(_history(finished))
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
                files.keep_execution(execution, histories[-1].history)
            files.keep_history(memory.history)
        return histories

    def _check_objective(self, result):
        """Ends the search if the epochs do not report the objective.

        Every trial would fail after its training. If `HyperModel.fit` returns
        something else than a history, KerasTuner checks it.
        """
        objective = self.oracle.objective
        if not _is_history(result) or objective.has_value(result.history):
            return
        names = list(result.history)
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
            # Else Keras warns that the file has variables that it lacks.
            model.optimizer.build(model.trainable_variables)
        model.load_weights(self._get_checkpoint_fname(trial.trial_id))
        return model

    def on_trial_end(self, trial):
        files, is_completed = self._files(trial), self._is_completed(trial)
        if not is_completed:
            # As soon as the oracle knows, another worker may run it again.
            files.delete_own()
        super().on_trial_end(trial)
        if is_completed:
            # After the oracle knows: a kill in between would lose the trial.
            files.delete()
        self._running = None
        release_graphs()

    def _is_completed(self, trial):
        """Returns whether a trial is completed and has a score."""
        if trial.status != durable_oracle.Status.COMPLETED:
            return False
        best = best_of(self._get_checkpoint_fname(trial.trial_id))
        return best is None or not math.isnan(
            self.oracle.objective.get_value(best["row"])
        )


class Hooks(keras.callbacks.Callback):
    """Calls the methods of a tuner that its subclasses may override."""

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


def _history(metrics):
    history = keras.callbacks.History()
    history.history = metrics
    return history


def _is_history(result):
    return isinstance(result, keras.callbacks.History)


def claim(home):
    """Returns the acquired lock of a search's folder.

    A process that holds it may acquire it again, as a notebook does that
    makes the tuner of a folder twice.

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
