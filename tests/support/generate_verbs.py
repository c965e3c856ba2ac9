"""Verbs below `generate` that must end with a sentence."""

import keras_papers.cli.main as cli


def fails(capsys, *arguments):
    """Runs a verb that must end with one line of error; returns it."""
    assert cli.main(["generate", *map(str, arguments)]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("keras-papers: ")
    return line
