"""Arguments that several constructors have, described once."""

import inspect
import re
import textwrap
from collections.abc import Callable
from typing import TypeVar

Constructor = TypeVar("Constructor", bound=Callable)
WIDTH = 76  # of a docstring without its margin
SECTION = re.compile(r"(?<=\nArgs:\n).+(?:\n.+)*")
ENTRY = re.compile(r"^    (\w+): .*(?:\n {5,}.*)*", re.MULTILINE)


def described(arguments: dict) -> Callable[[Constructor], Constructor]:
    """Completes the docstring of a function, whose signature stays.

    Arguments that its section `Args:` leaves out have their descriptions from
    `arguments`, in the order of the signature.

    Args:
        arguments: Dict of descriptions by the arguments' names.

    Raises:
        TypeError: If neither describes an argument, or the docstring has no
            section `Args:`, or describes what is no argument.

    Example:
    >>> @described({"alpha": "Positive float. Width multiplier."})
    ... def build(alpha, classes):
    ...     '''Builds a network.
    ...
    ...     Args:
    ...         classes: Positive int. Number of classes.
    ...
    ...     Returns:
    ...         A model.
    ...     '''
    >>> print(build.__doc__.partition("Returns")[0].rstrip())
    Builds a network.
    <BLANKLINE>
    Args:
        alpha: Positive float. Width multiplier.
        classes: Positive int. Number of classes.
    """

    def complete(function):
        text = inspect.getdoc(function) or ""
        found = SECTION.search(text)
        if found is None:
            raise TypeError(f"{function.__name__}() has no section 'Args:'")
        own = {entry[1]: entry[0] for entry in ENTRY.finditer(found[0])}
        parameters = inspect.signature(function).parameters
        unknown = sorted(own.keys() - parameters)
        if unknown:
            raise TypeError(
                f"{function.__name__}() describes {unknown}, which it does "
                "not have"
            )
        lines = []
        for name in parameters:
            if name not in own and name not in arguments:
                raise TypeError(f"{function.__name__}() describes no {name!r}")
            lines.append(own.get(name) or _entry(name, arguments[name]))
        section = "\n".join(lines)
        function.__doc__ = text[: found.start()] + section + text[found.end() :]
        return function

    return complete


def _entry(name, description):
    return textwrap.fill(
        f"{name}: {description}",
        WIDTH,
        initial_indent=" " * 4,
        subsequent_indent=" " * 8,
        break_long_words=False,
        break_on_hyphens=False,
    )
