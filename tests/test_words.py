"""Words that the project no longer uses.

The prose is that of Keras and scikit-learn: plain words, the field's terms.
"""

import io
import pathlib
import re
import subprocess
import tokenize

import pytest

ROOT = pathlib.Path(__file__).parents[1]
# What was written, and what to write.
RETIRED = {
    "tells?|told|telling": "describe, report, print or record",
    "doors?": "input, output, function or method",
    "twins?": "copy, or the tf_keras model",
    "pieces?": "partition or part",
    "knows? nothing|knew nothing": "is independent of; starts from scratch",
    "asked for|unasked": "requested, or needed",
    "held against": "compared with",
    "way out|no rest": "plain words",
    "go on|goes on|went on|going on": "continue",
    "anew": "again",
    "whoever": "plain words",
    "(say|mean)s? nothing": "is not significant; is ignored",
}
# A part of a name is a word too, as in `_told_of`.
WORD = re.compile(
    "|".join(f"(?<![a-z])(?:{words})(?![a-z])" for words in RETIRED),
    re.IGNORECASE,
)
# Web addresses, and code in a sentence, which has names of other projects.
NO_PROSE = re.compile(r"https?://\S+|``[^`]+``|`[^`\n]+`")


def files():
    """Lists the files whose words are read, by path from the root."""
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.md", "*.html", "Makefile", "*.cfg"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(set(listed.stdout.split()) - {"tests/test_words.py"})


def retired(path):
    """Lists the retired words of a file, each with its line."""
    text = (ROOT / path).read_text()
    if path.endswith(".py"):
        spans = [
            (token.start[0], token.string)
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type in (tokenize.COMMENT, tokenize.STRING, tokenize.NAME)
        ]
    else:
        spans = [(1, text)]
    found = []
    for line, span in spans:
        prose = NO_PROSE.sub(lambda code: "\n" * code[0].count("\n"), span)
        for word in WORD.finditer(prose):
            at = line + prose.count("\n", 0, word.start())
            found.append(f"{path}:{at}: {word[0]}")
    return found


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("a.py", '"""Tells\n\nwhat `told=` is."""\n_told_of = 1  # the twin\n'),
        ("a.md", "what\nit tells, https://a.b/twin `door`\n\nAnew\n"),
    ],
)
def test_words_are_found_in_prose_and_in_names(
    path, words, tmp_path, monkeypatch
):
    (tmp_path / path).write_text(words)
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    found = [entry.split(": ")[1] for entry in retired(path)]
    lines = [int(entry.split(":")[1]) for entry in retired(path)]
    assert (
        found
        == {
            "a.py": ["Tells", "told", "twin"],
            "a.md": ["tells", "Anew"],
        }[path]
    )
    assert lines == {"a.py": [1, 4, 4], "a.md": [2, 4]}[path]


def test_retired_words_are_in_no_file():
    found = [entry for path in files() for entry in retired(path)]
    assert not found, "\n".join(
        [*found, *(f"{word}: {plain}" for word, plain in RETIRED.items())]
    )
