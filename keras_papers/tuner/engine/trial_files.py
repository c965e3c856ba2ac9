"""The files by which a trial goes on where a killed process left it."""

import json
import pathlib

from keras_papers.files.drafts import draft_of, stamp
from keras_papers.tuner.engine.durable_oracle import ENDED

STATE = "execution{}.npz"  # of a training that is not finished
TOLD = "execution{}.json"  # what one of several of a trial told
HISTORY = "history.json"  # of every epoch of the last


class TrialFiles:
    """The folder of a trial, in which another worker may write, too.

    That is one that was thought dead, or the one that was given its trial.

    Args:
        folder: Path of the folder.
    """

    def __init__(self, folder):
        self.folder = folder
        self._path = pathlib.Path(folder)
        self._stamps = {}  # of what this process read or wrote

    def state(self, execution):
        """Returns the path of the state of one of a trial's trainings."""
        return self._path / STATE.format(execution)

    def told(self, execution):
        """Returns what a training that has ended told, or None."""
        path = self._path / TOLD.format(execution)
        if not path.exists():
            return None
        self.own(path)
        return json.loads(path.read_text())

    def tell(self, execution, history):
        """Keeps what a training that has ended told, a dict of lists."""
        path = self._path / TOLD.format(execution)
        with draft_of(path) as draft:
            draft.write_text(json.dumps(history, default=float))
        self.own(path)

    def keep_history(self, rows):
        """Writes the metrics of each epoch, for whoever wants to see them."""
        with draft_of(self._path / HISTORY) as draft:
            draft.write_text(json.dumps(rows))

    def has_ended(self):
        """Tells whether the trial has ended, by whichever process."""
        try:
            text = (self._path / "trial.json").read_text()
        except FileNotFoundError:  # the chief's folder is on another disk
            return False
        return json.loads(text)["status"] in ENDED

    def own(self, path):
        """Takes a file, as it is now, for this process's."""
        self._stamps[path] = stamp(path)

    def left(self):
        """Yields the paths of what a trial that has ended needs no more."""
        for name in (STATE, TOLD):
            yield from self._path.glob(name.format("*"))

    def forget(self):
        """Removes what is left: a state has three times the model's size."""
        for path in self.left():
            path.unlink(missing_ok=True)

    def forget_own(self):
        """Removes of it what no other worker has written since."""
        for path in self.left():
            if self._stamps.get(path) == stamp(path):
                path.unlink(missing_ok=True)
