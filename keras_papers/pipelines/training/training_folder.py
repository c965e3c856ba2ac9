"""The folder that a training writes to, through kills and second starts.

While a model trains, all of its state lies in a folder `.training` inside;
the files a person wants are made there too, and moved out when all of them
are whole, the report last. So a name that stands there is a finished file.
"""

import contextlib
import itertools
import json
import operator
import os
import pathlib
import shutil

from keras_papers.files.drafts import draft_of, sync
from keras_papers.pipelines.data.split import SPLIT
from keras_papers.pipelines.training.output_folder import make_output
from keras_papers.pipelines.training.started_with import (
    check_same,
    read_arguments,
    write_arguments,
)

STATE = ".training"
ARGUMENTS = "arguments.json"  # of the state
# Steps by whose names the files of variants are called, in their order.
WEIGHTS = [
    "".join(steps)
    for steps in itertools.product(("", ".pruned"), ("", ".clustered"))
]
NUMBERS = ("", ".float16", ".dynamic", ".int8", ".qat")
MODELS = (
    *(f"model{weights}.keras" for weights in WEIGHTS),
    *(
        f"model{weights}{numbers}.tflite"
        for weights, numbers in itertools.product(WEIGHTS, NUMBERS)
    ),
)
FILES = (
    *MODELS,
    SPLIT,
    "labels.txt",
    "metadata.json",
    "history.csv",
    "report.html",
    "report.json",  # is moved last
)


class StateFolder:
    """The folder of the state of a training, or of one of its stages.

    Args:
        state: The folder, which exists.
    """

    def __init__(self, state):
        self.state = pathlib.Path(state)

    def read_json(self, name):
        """Returns what a JSON file of the state holds, or None without it."""
        path = self.state / name
        return json.loads(path.read_text()) if path.exists() else None

    def write_json(self, name, value):
        """Writes a JSON file of the state, whole or not at all."""
        with draft_of(self.state / name) as draft:
            draft.write_text(_as_json(value))

    def save_state(self, trainer, name):
        """Writes all variables of a model and its optimizer."""
        from keras_papers.files import training_state

        training_state.save(trainer, self.state / name)

    def load_state(self, trainer, name, with_optimizer=True):
        """Gives a model and its optimizer the variables of a file."""
        from keras_papers.files import training_state

        training_state.load(trainer, self.state / name, with_optimizer)


class TrainingFolder(StateFolder):
    """Opens a folder for one training, new or to be continued.

    Args:
        path: The folder; made where it does not exist.
        arguments: Dict of all that decides what the training does. One that
            is continued must have been started with the same.
        overwrite: Whether what is there gives way.
        options: Dataclass of the options of the job, for their defaults.
        files: Names of the finished files, in the order in which they are
            moved out; the report is the last.

    Raises:
        ValueError: If the folder cannot be written, or holds a finished
            training or one of other arguments.
    """

    def __init__(
        self, path, arguments, overwrite=False, options=None, files=FILES
    ):
        self.path = pathlib.Path(path)
        super().__init__(self.path / STATE)
        self.arguments = arguments
        self.files = files
        self.overwrite = overwrite
        make_output(self.path)
        if not overwrite:
            self._refuse_what_is_there(arguments, options)
        elif self.state.is_dir():
            self._remove_state()
        self.state.mkdir(exist_ok=True)
        write_arguments(self.state / ARGUMENTS, arguments)

    def _refuse_what_is_there(self, arguments, options):
        refuse_finished(self.path, files=self.files)
        if not any(self.state.rglob("*.npz")):
            return  # no epoch would be lost
        check_same(
            "a training that is not finished",
            arguments,
            read_arguments(self.state / ARGUMENTS),
            options,
        )

    def stage(self, name):
        """Returns the `StateFolder` of a network that is trained on its own."""
        state = self.state / name
        state.mkdir(exist_ok=True)
        return StateFolder(state)

    @contextlib.contextmanager
    def explains_how_to_resume(self):
        """Adds to a Ctrl-C, a full disk or a lost file what is kept."""
        try:
            yield
        except (KeyboardInterrupt, OSError) as stop:
            stop.add_note(
                "every finished epoch of the training and every finished file "
                f"is kept in {self.path}; run the same again"
                f"{', without overwrite,' * self.overwrite} to continue"
            )
            raise

    def finish(self):
        """Moves the finished files out, the report last."""
        # First: of an earlier training, and no model's of this one.
        (self.path / SPLIT).unlink(missing_ok=True)
        for name in self.files:
            if (self.state / name).exists():
                sync(self.state / name)
                os.replace(self.state / name, self.path / name)
            else:
                (self.path / name).unlink(missing_ok=True)  # of an earlier one
        self._remove_state()

    def _remove_state(self):
        """Takes the state away at once: half of one would be continued."""
        old = self.path / f"{STATE}.old"
        shutil.rmtree(old, ignore_errors=True)
        os.replace(self.state, old)
        shutil.rmtree(old)


def refuse_finished(path, command=None, files=FILES):
    """Raises ValueError if a folder holds a training that is finished.

    Args:
        path: The folder.
        command: What makes the file that is missing there without a training.
        files: Names of the files of a finished training.
    """
    path = pathlib.Path(path)
    there = [name for name in files if (path / name).exists()]
    if there and not (path / STATE / ARGUMENTS).exists():
        alone = (
            f"; for the smaller file alone, run {command}" if command else ""
        )
        raise ValueError(
            "`output` must be a folder without a finished training. "
            f"Received: output={str(path)!r}, which holds {there[0]}. "
            "Choose another folder, or pass overwrite=True (--overwrite)"
            f"{alone}."
        )


def _as_json(value):
    """Returns the text of a JSON file; numbers may be NumPy's."""
    item = operator.methodcaller("item")
    return json.dumps(value, indent=2, default=item) + "\n"
