"""The figures that a search ends with, as a table and as JSON."""

import math
import pathlib
import re
from typing import NamedTuple

from keras_papers.export.file_size import size_text
from keras_papers.files.figures_json import write_json
from keras_papers.pipelines.report.console_table import text_table
from keras_papers.pipelines.report.finding import lines
from keras_papers.pipelines.report.labelled_lines import labelled
from keras_papers.pipelines.report.page_text import (
    in_time,
    in_words,
    plural,
)
from keras_papers.pipelines.report.statistics import likely

COSTS = {  # by the names of the metrics
    "multiply_adds": "multiply-adds",
    "parameters": "parameters",
    "latency_ms": "latency",
}
ACCURACY = "val_accuracy"  # metric of the Pareto front
LABEL = 20  # characters of the longest label of a printed line
WIDEST_VALUES = 48  # characters of a printed point
WIDEST_REASON = 90
FILES = (
    ("best.keras", "best.tflite"),
    ("best.json", "labels.txt"),
    ("trials.csv", "report.json"),
)


class SearchReport(NamedTuple):
    """What was searched, and what was found."""

    space: str  # name of the space, one of `tuner.spaces.names.SPACES`
    varied: str  # `summary` of the space
    model: str  # name of the network that was scaled or changed
    classes: int
    image_size: int  # that this network takes
    width: float  # factor on its channels
    epochs: int  # of each trial
    train_images: int
    validation_images: int  # that trials were judged by
    test_images: int  # held out from training and from judging
    objective: str  # metric that was maximized: "val_accuracy" or "reward"
    cost: str  # metric that the front is drawn against, one of `COSTS`
    limit: float | None  # of that cost; for "reward" the cost aimed at
    budget_madds: float | None  # the most multiply-adds, beside a latency too
    trials: list  # of `tuner.Trial`, in their order
    front: list  # those of them that no other beats in accuracy and cost
    best: tuple  # the `tuner.Trial` with the highest objective
    descriptions: dict  # from a trial's id to the `Description` of its point
    table: tuple  # rows of the best, where the space has a table
    blocks: tuple | None  # the same as `Blocks`, for people
    code: str  # Python that builds the best network, untrained
    test_accuracy: float  # of the best model on the images held out
    tflite_accuracy: float  # of its file on the same, by LiteRT
    guessed_accuracy: float  # of always saying the commonest class of them
    bytes: int  # of that file
    latency_ms: float  # of one image, one thread, median
    seconds: float  # since it was started the last time
    went_on: bool  # whether that was not the first time
    workers: int
    output: str  # the folder with the files
    run: dict | None = None  # what `run_record` returned
    verdict: list | tuple = ()  # of `Finding`: what stands out

    @property
    def completed(self):
        """The trials that were measured."""
        return [each for each in self.trials if each.status == "COMPLETED"]

    @property
    def failed(self):
        """The trials that failed."""
        return [each for each in self.trials if each.status == "FAILED"]

    def description(self, trial):
        """Returns the `Description` of the point of a trial."""
        return self.descriptions[trial.trial]

    def reasons(self):
        """Lists why trials failed as (reason, times), the commonest first.

        Messages that differ only in numbers count as one reason.
        """
        groups = {}
        for text in map(reason, self.failed):
            groups.setdefault(re.sub(r"\d+", "0", text), []).append(text)
        counted = [(texts[0], len(texts)) for texts in groups.values()]
        return sorted(counted, key=lambda pair: -pair[1])

    def save(self, path):
        """Writes the figures as JSON, with null for NaN and infinity."""
        write_json(path, self)

    def __str__(self):
        output = pathlib.Path(self.output)
        low, high = likely(self.test_accuracy, self.test_images)
        size = f"{self.image_size} x {self.image_size}"
        rows = [
            ("searched", f"{self.model}, {self.space}, {size}{self._bound()}"),
            (
                "images",
                f"{self.train_images:,} to train on, "
                f"{self.validation_images:,} to judge trials by, "
                f"{self.test_images:,} held out, {self.classes} classes",
            ),
            (
                "trials",
                f"{len(self.completed)} of {len(self.trials)} done, "
                f"{plural(self.epochs, 'epoch')} each, "
                f"{in_time(self.seconds)}"
                f"{' since it was resumed' * self.went_on}, "
                f"{plural(self.workers, 'worker')}",
            ),
            *self._failure_rows(),
            (
                "best",
                f"trial {self.best.trial}{self._of_equals()}: "
                f"{shortened(self.description(self.best).text)}",
            ),
            ("accuracy, validation", f"{metric(self.best, ACCURACY):.2%}"),
            (
                "accuracy, Keras",
                f"{self.test_accuracy:.2%}, on new images {low:.1%} to "
                f"{high:.1%} is likely",
            ),
            ("accuracy, .tflite", f"{self.tflite_accuracy:.2%}"),
            ("accuracy, guessed", f"{self.guessed_accuracy:.2%}"),
            *(
                (COSTS[name], cost_text(name, metric(self.best, name)))
                for name in ("multiply_adds", "parameters")
                if name in self.best.metrics
            ),
            (".tflite size", size_text(self.bytes)),
            ("latency", f"{self.latency_ms:.2f} ms, one thread"),
        ]
        for key, names in zip(("files", "", ""), FILES, strict=True):
            rows.append((key, ", ".join(str(output / name) for name in names)))
        if (output / "report.html").exists():
            rows.append(("look at", str(output / "report.html")))
        text = labelled(rows, LABEL)
        verdict = "".join(f"\n{line}" for line in lines(self.verdict, LABEL))
        return f"{text}\n\n{self._front_table()}\n{verdict}".rstrip()

    def _bound(self):
        if self.limit is None:
            return ""
        goal = "aimed at" if self.objective == "reward" else "at most"
        text = f", {goal} {cost_text(self.cost, self.limit, named=True)}"
        if self.cost == "multiply_adds" or self.budget_madds is None:
            return text
        most = cost_text("multiply_adds", self.budget_madds, named=True)
        return f"{text}, at most {most}"

    def _of_equals(self):
        """Returns how many trials are as good as the best, as text."""
        reached = metric(self.best, self.objective)
        equal = [metric(each, self.objective) for each in self.completed].count(
            reached
        )
        return f", the cheapest of {equal} as good" * (equal > 1)

    def _failure_rows(self):
        if not self.failed:
            return
        text, times = self.reasons()[0]
        count = plural(len(self.failed), "trial")
        if times < len(self.failed):
            count += f", {times} of them"
        yield "failed", f"{count}: {_cut(text, WIDEST_REASON)}"

    def _front_table(self):
        """Returns the Pareto front as a table."""
        head = ("Pareto front", COSTS[self.cost], "val. accuracy", "values")
        best = self.best.trial
        rows = [
            (
                f"trial {each.trial}{', best' * (each.trial == best)}",
                cost_text(self.cost, metric(each, self.cost)),
                f"{metric(each, ACCURACY):.2%}",
                shortened(self.description(each).text),
            )
            for each in self.front
        ]
        return text_table(rows, head, left=(0, 3))


def metric(trial, name):
    """Returns a metric of a trial, or NaN if it is missing or infinite."""
    value = float(trial.metrics.get(name, math.nan))
    return value if math.isfinite(value) else math.nan


def reason(trial):
    """Returns why a trial failed: an error's name, without its package."""
    text = trial.message or "its score is not a number"
    return re.sub(r"^(\w+\.)+(?=\w+: )", "", text)


def cost_text(name, value, named=False):
    """Writes a cost with its unit.

    Args:
        name: One of `COSTS`.
        value: Float.
        named: Whether to add the name of the cost.

    Example:
    >>> cost_text("multiply_adds", 3_812_345.0, named=True)
    '3.81 million multiply-adds'
    >>> cost_text("latency_ms", 1.234)
    '1.23 ms'
    """
    if math.isnan(value):
        return "–"
    if name == "latency_ms":
        return f"{value:.3g} ms"
    return in_words(round(value)) + f" {COSTS[name]}" * named


def shortened(text):
    """Returns the text of a point, cut to what a printed line has room for."""
    return _cut(text, WIDEST_VALUES)


def _cut(text, width):
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 4].rstrip()} ..."
