"""Whether a folder's trials are of the space that a model declares."""

import copy
import json

from keras_papers.extras import require

keras_tuner = require("keras_tuner", "tuner")


def as_json(hyperparameters):
    """Returns a space as it is read from a file: lists in place of tuples."""
    return json.loads(json.dumps(hyperparameters.get_config()["space"]))


def check_same_space(declared, before, folder):
    """Raises ValueError if a space is not that of a folder.

    Args:
        declared: What a model declares, by `as_json`.
        before: What was declared when the search in the folder began.
        folder: Its path.
    """
    for one, other, was in (
        (declared, before, "is not known"),
        (before, declared, "is known, and no longer declared"),
    ):
        for entry in one:
            if entry in other:
                continue
            named = [each for each in other if _name(each) == _name(entry)]
            if named:
                was = f"was {_told(named[0])}"
            raise ValueError(
                "`directory` holds the trials of another search space. "
                f"Received: directory={str(folder)!r}, in which "
                f"{_told(entry)} {was}. Choose another folder, or pass "
                "overwrite=True."
            )


def _name(entry):
    return entry["config"]["name"]


def _told(entry):
    """Tells of a hyperparameter as KerasTuner does."""
    space = keras_tuner.HyperParameters.from_config(
        {"space": [copy.deepcopy(entry)], "values": {}}
    )
    return str(space.space[0])
