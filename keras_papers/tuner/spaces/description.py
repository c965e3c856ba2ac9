"""A point of a search space as text, and as the Python that builds it."""

from typing import NamedTuple

from keras_papers import applications


class Description(NamedTuple):
    """A point of a space, for people."""

    text: str  # one line
    parts: tuple = ()  # lines, one a block, where one line cannot say all


class Blocks(NamedTuple):
    """A network that a search found, as a table for people."""

    note: str  # what the columns mean
    heads: tuple
    rows: tuple  # of texts, in the order of the heads


def call_as_code(function, arguments):
    """Returns Python that assigns the result of a call to `model`.

    Args:
        function: Public function that builds a model.
        arguments: Dict of its arguments, of plain values.

    Example:
    >>> print(call_as_code(applications.MobileNet, {"alpha": 0.5}))
    from keras_papers.applications import MobileNet
    <BLANKLINE>
    model = MobileNet(
        alpha=0.5,
    )
    """
    name, module = function.__name__, function.__module__
    if getattr(applications, name, None) is function:
        module = applications.__name__
    lines = [
        f"    {argument}={_literal(value)},\n"
        for argument, value in arguments.items()
    ]
    call = f"model = {name}(\n{''.join(lines)})"
    return f"from {module} import {name}\n\n{call}"


def _literal(value):
    """Returns a value as Python, a table with one row a line."""
    is_table = isinstance(value, list | tuple) and value
    if is_table and all(isinstance(row, list | tuple) for row in value):
        rows = "".join(f"        {tuple(row)!r},\n" for row in value)
        return f"[\n{rows}    ]"
    return repr(value)
