"""What a job was started with: the record by which it is resumed.

A job writes its arguments to a JSON file of its folder. When it is started
again, each of them is compared with the one that is passed now.
"""

import dataclasses
import json

from keras_papers.checks import plain
from keras_papers.files.figures_json import to_json, write_json
from keras_papers.pipelines.options import RUN, described


def write_arguments(path, arguments):
    """Writes the arguments of a job, whole or not at all."""
    write_json(path, _plain(arguments))


def read_arguments(path):
    """Returns the dict in a file of a job, or None without the file.

    Raises:
        ValueError: If the file is damaged.
    """
    if not path.exists():
        return None
    try:
        value = json.loads(path.read_text())
        if not isinstance(value, dict):
            raise ValueError("it is not a JSON object")
        return value
    except ValueError as error:
        raise ValueError(
            "`output` is the folder that a job is resumed from. Received: "
            f"{str(path)!r}, which is damaged ({error}). Put the file back, "
            "choose another folder, or pass overwrite=True (--overwrite)."
        ) from None


def check_same(what, arguments, before, options=None, may_differ=()):
    """Raises ValueError if a job was started with other arguments.

    An argument that an earlier version did not write counts as the default of
    its option. It is not compared where it has none.

    Args:
        what: Str. What the folder has, for the error.
        arguments: Dict of what is passed now.
        before: Dict that `read_arguments` returned; None passes.
        options: Dataclass of the options of the job. Those of scope `RUN` may
            differ.
        may_differ: Names of further arguments that may.
    """
    if before is None:
        return
    known = () if options is None else described(options)
    defaults = {
        field.name: field.default
        for field, _ in known
        if field.default is not dataclasses.MISSING
    }
    free = [field.name for field, about in known if about.scope == RUN]
    free += may_differ
    before = {**defaults, **before}
    for name, value in json.loads(to_json(_plain(arguments))).items():
        if name in free or name not in before or before[name] == value:
            continue
        named = ", ".join(each for each in free if each != "output")
        others = f", except for {named}" if named else ""
        raise ValueError(
            f"`output` holds {what}, which can only be resumed with the same "
            f"data and arguments{others}. Received: {name}="
            f"{arguments[name]!r}, where it was {before[name]!r}. Pass the "
            "same, another output, or overwrite=True (--overwrite)."
        )


def _plain(arguments):
    return {name: plain(value) for name, value in arguments.items()}
