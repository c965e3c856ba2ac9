"""The figures that the training of a model of a table ends with."""

import pathlib
from typing import NamedTuple

from keras_papers.export.file_size import size_text
from keras_papers.files.figures_json import write_json
from keras_papers.pipelines.report.console_table import text_table
from keras_papers.pipelines.report.finding import lines
from keras_papers.pipelines.report.labelled_lines import labelled
from keras_papers.pipelines.report.page_graphics import percent
from keras_papers.pipelines.report.page_text import divided, in_time, plural
from keras_papers.pipelines.tables.measures import Measures
from keras_papers.tasks import REGRESSION

NAMED = 5  # columns of the highest importance that are printed
TASKS = {"mlm": "masked columns", "rtd": "replaced values"}


class Pretraining(NamedTuple):
    """What a model learned from rows without labels, on rows that are watched.

    Chance is a prediction from the frequencies alone.
    """

    task: str  # one of `TASKS`
    rows: int  # all that it was trained on
    unlabelled_rows: int  # of these, without a target
    epochs: int
    best_epoch: int  # from 1
    loss: float
    chance_loss: float
    accuracy: float
    chance_accuracy: float


class File(NamedTuple):
    """A .tflite file of the model."""

    file: str
    bytes: int
    latency_ms: float  # of one row, one thread, median
    parity: float  # largest difference from Keras / range of the output


class TableReport(NamedTuple):
    """What a trained model of a table reached and what it costs."""

    model: str
    task: str  # `BINARY`, `MULTI_CLASS` or `REGRESSION`
    target: str
    classes: list  # pairs of a class and its training rows; empty: regression
    columns: list  # a `Column` for each that is predicted from
    train_rows: int
    validation_rows: int  # watched in training, to choose the weights by
    test_rows: int  # held out from both
    without_target: int  # rows of the file that are in none of these
    epochs: int  # that were trained
    best_epoch: int  # from 1, whose weights the model has
    epoch_rule: str  # by which it is that epoch
    measures: Measures  # of the Keras model, on the held-out rows
    calibration: list  # a `Bin` for each tenth of these
    baselines: list  # a `Baseline` for each, on the same rows
    importance: list  # an `Importance` for each column, on held-out rows
    importance_rows: int  # of which these are
    pretraining: Pretraining | None
    parameters: int  # trainable
    training_seconds: float
    files: list  # a `File` for each .tflite file
    output: str  # the folder with the files
    verdict: list  # a `Finding` for each thing that stands out
    run: dict | None = None  # what `run_record` returned

    def save(self, path):
        """Writes the figures as JSON."""
        write_json(path, self)

    def __str__(self):
        output = pathlib.Path(self.output)
        rows = [
            ("model", f"{self.model}, predicts {self.target}"),
            ("columns", _columns(self.columns)),
            (
                "rows",
                divided(self.train_rows, self.validation_rows, self.test_rows)
                + f", {self.without_target:,} without target"
                * bool(self.without_target),
            ),
            *measured(self.measures),
        ]
        if self.pretraining is not None:
            rows.append(("pre-training", in_a_line(self.pretraining)))
        rows += [
            (
                "training",
                f"{in_time(self.training_seconds)}, "
                f"{plural(self.epochs, 'epoch')}",
            ),
            (
                "epoch of the model",
                f"{self.best_epoch} of {self.epochs}, {self.epoch_rule}",
            ),
            ("parameters", f"{self.parameters:,} trainable"),
            *(
                (
                    each.file,
                    f"{size_text(each.bytes)}, {each.latency_ms:.3g} ms a row, "
                    f"differs from Keras by {each.parity:.1e}",
                )
                for each in self.files
            ),
            ("important", _important(self.importance)),
        ]
        page = output / "report.html"
        if page.exists():
            rows.append(("look at", str(page)))
        tables = f"{labelled(rows)}\n\n{baselines_table(self)}\n"
        return "\n".join([tables, *lines(self.verdict)])


def measured(measures):
    """Returns measures as pairs of a label and a text.

    Args:
        measures: `Measures` of held-out rows.
    """
    main = with_spread(measures.main, measures.main_spread)
    if measures.rmse is not None:
        return [
            ("RMSE", main),
            ("MAE", f"{measures.mae:.4g}"),
            ("R2", f"{measures.r2:.4f}"),
        ]
    if measures.auc != measures.auc:
        main = "not known, for the rows are of one class"
    return [
        ("AUC", main),
        ("accuracy", f"{measures.accuracy:.2%}"),
        ("log loss", f"{measures.log_loss:.4f}"),
        ("calibration error", f"{measures.calibration_error:.4f}"),
    ]


def with_spread(value, spread):
    """Writes a figure with its standard error, unless that is NaN or 0.

    Example:
    >>> print(with_spread(0.9234, 0.0031))
    0.9234 ± 0.0031
    """
    text = f"{value:.4f}" if abs(value) < 1 else f"{value:.4g}"
    if not spread or spread != spread:
        return text
    return f"{text} ± {spread:.2g}"


def main_name(report):
    """Returns the name of the measure that models are compared by."""
    return "RMSE" if report.task == REGRESSION else "AUC"


def baselines_table(report):
    """Returns the model beside its baselines as lines of text, best first."""
    head, rows = compared(report)
    return text_table(rows, head)


def compared(report):
    """Returns heads and rows of the model beside its baselines, best first.

    Args:
        report: The `TableReport`.
    """
    is_regression = report.task == REGRESSION
    models = [(report.model, report.measures, report.training_seconds, None)]
    models += [
        (each.name, each.measures, each.seconds, each.lead)
        for each in report.baselines
    ]
    models.sort(key=lambda each: each[1].main, reverse=not is_regression)
    heads = ["on held-out rows", main_name(report)]
    heads += ["MAE", "R2"] if is_regression else ["accuracy", "log loss"]
    rows = []
    for name, measures, seconds, lead in models:
        others = (
            (f"{measures.mae:.4g}", f"{measures.r2:.4f}")
            if is_regression
            else (percent(measures.accuracy, 2), f"{measures.log_loss:.4f}")
        )
        rows.append(
            (
                name,
                with_spread(measures.main, measures.main_spread),
                *others,
                "" if lead is None else _lead(lead),
                f"{seconds:.1f} s",
            )
        )
    return (*heads, "model better by", "training"), rows


def _lead(lead):
    sign = "+" * (lead.better_by >= 0)
    return sign + with_spread(lead.better_by, lead.spread)


def in_a_line(pretraining):
    """Describes a pre-training, chance beside what it reached."""
    each = pretraining
    return (
        f"{TASKS[each.task]}, loss {each.loss:.4f} (chance "
        f"{each.chance_loss:.4f}), accuracy {percent(each.accuracy)} (chance "
        f"{percent(each.chance_accuracy)}); {plural(each.rows, 'row')}, "
        f"{each.unlabelled_rows:,} unlabelled, {plural(each.epochs, 'epoch')}"
    )


def _columns(columns):
    levels = [each.levels for each in columns if each.levels is not None]
    parts = [
        f"{len(levels)} categorical ({sum(levels):,} levels), "
        f"{len(columns) - len(levels)} numeric"
    ]
    for what, count in (
        ("missing in the rows to train on", sum(c.missing for c in columns)),
        ("missing in those held out", sum(c.test_missing for c in columns)),
        (
            "held-out values of unseen levels",
            sum(c.test_unseen for c in columns),
        ),
    ):
        if count:
            parts.append(f"{count:,} {what}")
    return "; ".join(parts)


def _important(importance):
    return ", ".join(
        f"{each.column} {each.mean:.3g}" for each in importance[:NAMED]
    )
