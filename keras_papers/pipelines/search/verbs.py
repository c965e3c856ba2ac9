"""The verb that searches."""

import os

from keras_papers.pipelines.report.page_text import plural
from keras_papers.pipelines.search.options import SearchOptions
from keras_papers.pipelines.verb import Verb, with_size


def _search_line(report, options):
    if report is None:
        return "no more trials for this worker"
    text = (
        f"best of {plural(len(report.trials), 'trial')}, "
        f"{report.tflite_accuracy:.2%}"
    )
    path = os.path.join(report.output, "best.tflite")
    return with_size(f"{text}: {path}", report.bytes)


VERBS = (
    Verb(
        "search",
        SearchOptions,
        "search for the network that suits images under a budget",
        "flowers --budget-madds 60M --trials 20 --workers 2",
        _search_line,
        lambda report: "" if report is None else str(report),
        function="tune",
    ),
)
