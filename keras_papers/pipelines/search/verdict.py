"""The findings about a search, with the command to try next."""

from keras_papers.pipelines.report.finding import NOTHING, Finding, guessing
from keras_papers.pipelines.report.statistics import likely


def of_search(report, tune_again):
    """Returns the findings about a search.

    Args:
        report: The `SearchReport`.
        tune_again: Function from changed arguments to the command that
            searches with them.
    """
    longer = tune_again(epochs=4 * report.epochs)
    found = guessing(
        report.test_accuracy,
        report.guessed_accuracy,
        report.test_images,
        longer,
    )
    if found:
        return [found]
    low, high = likely(report.test_accuracy, report.test_images)
    text = (
        f"{report.test_accuracy:.1%} of {report.test_images:,} held-out images "
        f"are right by the best network, {low:.1%} to {high:.1%} is likely on "
        f"new images; a trial has {report.epochs} epochs, and longer training "
        "may reach more"
    )
    return [Finding(NOTHING, text, None)]
