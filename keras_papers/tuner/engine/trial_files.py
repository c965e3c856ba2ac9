"""The files by which a trial is resumed after its process was killed."""

import json
import pathlib

from keras_papers.files.drafts import draft_of, stamp
from keras_papers.tuner.engine.durable_oracle import ENDED

# A trial has `executions_per_trial` trainings, which are numbered.
STATE = "execution{}.npz"  # of a training that is not finished
FINISHED = "execution{}.json"  # the history of one that is, if others follow
HISTORY = "history.json"  # the metrics of every epoch of the last training


class TrialFiles:
    """The folder of a trial, in which another worker may write, too.

    That happens when a worker is silent for too long: its trial is given to
    another one, and it may still be alive.

    Args:
        folder: Path of the folder.
    """

    def __init__(self, folder):
        self.folder = folder
        self._path = pathlib.Path(folder)
        self._stamps = {}  # of the files that this process read or wrote

    def state(self, execution):
        """Returns the path of the state of one of a trial's trainings."""
        return self._path / STATE.format(execution)

    def execution_history(self, execution):
        """Returns the history of a training that is finished, or None."""
        path = self._path / FINISHED.format(execution)
        if not path.exists():
            return None
        self.own(path)
        return json.loads(path.read_text())

    def keep_execution(self, execution, history):
        """Writes the history of a finished training, a dict of lists."""
        path = self._path / FINISHED.format(execution)
        with draft_of(path) as draft:
            draft.write_text(json.dumps(history, default=float))
        self.own(path)

    def keep_history(self, rows):
        """Writes the metrics of each epoch, for people; nothing reads them."""
        with draft_of(self._path / HISTORY) as draft:
            draft.write_text(json.dumps(rows))

    def has_ended(self):
        """Returns whether any process has ended the trial."""
        try:
            text = (self._path / "trial.json").read_text()
        except FileNotFoundError:  # the chief's folder is on another disk
            return False
        return json.loads(text)["status"] in ENDED

    def own(self, path):
        """Records that this process wrote or read the file as it is now."""
        self._stamps[path] = stamp(path)

    def left(self):
        """Yields the paths of the files that only a running trial needs."""
        for name in (STATE, FINISHED):
            yield from self._path.glob(name.format("*"))

    def delete(self):
        """Deletes these files; a state has three times the model's size."""
        for path in self.left():
            path.unlink(missing_ok=True)

    def delete_own(self):
        """Deletes those that no other worker has written since."""
        for path in self.left():
            if self._stamps.get(path) == stamp(path):
                path.unlink(missing_ok=True)
