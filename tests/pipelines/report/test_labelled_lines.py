"""Lines of a label and a text."""

from keras_papers.pipelines.report.finding import Finding, lines
from keras_papers.pipelines.report.labelled_lines import labelled


def test_lines_that_are_printed_later_share_the_column():
    first = labelled([("accuracy, training", "99%"), ("model", "A  b [c]")])
    verdict, command = lines([Finding("guessing", "no better", "train x")])
    assert first.splitlines() == [
        "accuracy, training  99%",
        "model               A  b [c]",
    ]
    assert verdict == "verdict             guessing: no better"
    assert command == "try next            train x"


def test_a_long_line_is_not_wrapped():
    (line,) = labelled([("images", "a word " * 200 + "end")]).splitlines()
    assert line.endswith("word end") and len(line) == 20 + 7 * 200 + 3
