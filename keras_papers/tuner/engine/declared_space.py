"""Compares the space that a model declares with a folder's or a chief's."""

import copy
import json

from keras_papers.extras import require

keras_tuner = require("keras_tuner", "tuner")


def as_json(hyperparameters):
    """Returns a space as JSON has it: with lists in place of tuples."""
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
        for entry, named in _differences(one, other):
            if named:
                was = f"was {_text(named)}"
            raise ValueError(
                "`directory` holds the trials of another search space. "
                f"Received: directory={str(folder)!r}, in which "
                f"{_text(entry)} {was}. Choose another folder, or pass "
                "overwrite=True."
            )


def check_chief_space(declared, theirs, chief):
    """Raises ValueError if a worker declares more than its chief.

    The chief may have more: hyperparameters that a trial declared.

    Args:
        declared: What the worker's model declares, by `as_json`.
        theirs: HyperParameters of the chief.
        chief: Its address.
    """
    own = keras_tuner.HyperParameters.from_config(
        {"space": copy.deepcopy(declared), "values": {}}
    )
    # The chief's came by a message, which does not keep everything.
    own = keras_tuner.HyperParameters.from_proto(own.to_proto())
    for entry, named in _differences(as_json(own), as_json(theirs)):
        there = f"is {_text(named)}" if named else "is not known"
        raise ValueError(
            "A worker and its chief run one program. Received: a program in "
            f"which {_text(entry)} is declared, which {there} to the chief at "
            f"{chief}. Start both from the same files."
        )


def _differences(one, other):
    """Yields each entry that another space lacks, and its namesake there."""
    for entry in one:
        if entry not in other:
            named = [each for each in other if _name(each) == _name(entry)]
            yield entry, named[0] if named else None


def _name(entry):
    return entry["config"]["name"]


def _text(entry):
    """Returns a hyperparameter as KerasTuner prints it."""
    space = keras_tuner.HyperParameters.from_config(
        {"space": [copy.deepcopy(entry)], "values": {}}
    )
    return str(space.space[0])
