"""Findings: what the figures of a report mean, and what to try next."""

from typing import NamedTuple

from keras_papers.pipelines.report.labelled_lines import LABEL, labelled
from keras_papers.pipelines.report.statistics import likely

FEW_IMAGES = 30  # held out, from which little can be concluded
NOTHING = "no fault found"  # `Finding.about`


class Finding(NamedTuple):
    """A finding, with the command that may improve the result."""

    about: str  # two words at most
    text: str
    command: str | None


def lines(findings, width=LABEL):
    """Yields findings as lines, in the columns of a report.

    A command that several findings share comes once, after the last of them.
    """
    for index, each in enumerate(findings):
        yield labelled([("verdict", f"{each.about}: {each.text}")], width)
        later = [other.command for other in findings[index + 1 :]]
        if each.command and each.command not in later:
            yield labelled([("try next", each.command)], width)


def guessing(accuracy, guessed, images, command):
    """Returns the finding that a model is no better than guessing, or None.

    Args:
        accuracy: Share of the held-out images that are right.
        guessed: The same of always answering the most frequent class.
        images: Number of held-out images.
        command: What may improve the model.
    """
    if likely(accuracy, images)[0] > guessed:
        return None
    text = (
        f"{accuracy:.1%} of {images:,} held-out images are right, and "
        f"{guessed:.1%} are by always answering the most frequent class"
    )
    if images < FEW_IMAGES and accuracy > guessed:
        return Finding(
            "few images", f"{text}; more images would show a difference", None
        )
    return Finding("guessing", f"{text}: the model is no better", command)
