"""Where a warning points: at the code that called this package."""

import sys


def caller_level():
    """Returns the `stacklevel` of the first frame outside this package."""
    package = __name__.partition(".")[0]
    level, frame = 1, sys._getframe(1)
    while frame and frame.f_globals["__name__"].partition(".")[0] == package:
        level, frame = level + 1, frame.f_back
    return level
