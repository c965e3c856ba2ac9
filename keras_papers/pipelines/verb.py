"""Verbs: what a job adds to the command line."""

from typing import NamedTuple


def _always(options):
    return True


def _never(options):
    return False


class Verb(NamedTuple):
    """A verb of `keras-papers`: a function of `pipelines` and its options."""

    name: str
    options: type  # subclass of `Options`
    help: str
    example: str  # what follows the verb
    last_line: object  # function: result, options to the last line printed
    body: object = str  # function: result to the text printed above it
    needs_keras: object = _always  # function: options to a bool
    function: str | None = None  # in `pipelines`; by default as the verb


WITHOUT_KERAS = _never


def no_body(result):
    """Returns the empty text: only the last line is printed."""
    return ""


def with_size(text, size):
    """Returns the last line of a verb about a file, with its size."""
    from keras_papers.export.file_size import size_text

    return f"{text}, {size_text(size)}"
