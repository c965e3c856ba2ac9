"""What the command prints: results, last lines, warnings and errors."""

import errno
import sys

from keras_papers.files.figures_json import to_json


def show(verb, options, result, seconds, as_json):
    """Prints the result of a verb, for people or as JSON.

    Returns:
        The exit status: 1 if files were left out, else 0.
    """
    if as_json:
        print(to_json(result))
    else:
        body = verb.body(result)
        if body:
            print(body)
        print(f"{verb.last_line(result, options)}, {seconds:.1f} s")
    skipped = getattr(result, "skipped", ())
    for file, reason in skipped:
        print_error(f"left out {file}: {reason}")
    sys.stdout.flush()
    return 1 if skipped else 0


def print_line(value):
    """Prints one of several results as soon as it is there."""
    print(value, flush=True)


def print_error(text):
    """Prints a line for the user, beside the result."""
    print(f"keras-papers: {text}", file=sys.stderr)


def print_warning(message, *where):
    """Prints a warning as a sentence; takes the place of Python's."""
    print_error(message)


def verbosity(as_json):
    """Returns what `verbose` is for this output.

    A bar that redraws itself is for eyes; a log gets a line an epoch, and
    what a machine reads gets nothing else.
    """
    if as_json:
        return 0
    return "auto" if sys.stdout.isatty() else 2


def is_for_users(error):
    """Returns whether an error is a sentence for the user."""
    ours = type(error).__module__.startswith("keras_papers.")
    return ours or isinstance(error, ValueError | OSError)


def sentence(error):
    """Returns an error and its notes as one line.

    Example:
    >>> error = ValueError("`data` has no rows. Add some.")
    >>> error.add_note("no file was written")
    >>> sentence(error)
    '`data` has no rows. Add some; no file was written'
    """
    text, kept = str(error), notes(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        text = "the disk is full; make room"
        kept = kept or "nothing is left half-written"
    if kept:
        text = f"{text.rstrip('.')}; {kept}" if text else kept
    return " ".join(text.split())


def notes(error):
    """Returns the notes of an error as one text."""
    return "; ".join(getattr(error, "__notes__", ()))
