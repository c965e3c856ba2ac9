"""Lines of a label and a text, in columns that lines printed later share."""

from keras_papers.pipelines.report.console_table import text_table

LABEL = 18  # characters of the longest label of a classifier's lines


def labelled(rows, width=LABEL):
    """Returns pairs of a label and a text as lines.

    Args:
        rows: List of pairs.
        width: Characters of the longest label that any of the lines has.

    Example:
    >>> print(labelled([("model", "MobileNet"), ("images", "12")], 10))
    model       MobileNet
    images      12
    """
    padded = [(label.ljust(width), text) for label, text in rows]
    return text_table(padded, left=(0, 1))
