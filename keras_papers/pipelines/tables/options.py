"""The options of the verbs that work on tables.

Only paths are checked here: the file itself is read by the job.
"""

import dataclasses
import os
import pathlib

from keras_papers.pipelines.options import RUN, Options, chosen, option
from keras_papers.pipelines.training import options as training
from keras_papers.pipelines.training.output_folder import (
    check_output_file,
    check_places,
)
from keras_papers.tasks import CLASSIFICATION, REGRESSION

PIECEWISE, STANDARDIZED = "piecewise", "standardized"
MODEL, TFLITE = "model.keras", "model.tflite"
FILES = (  # of a finished training, the report last
    *(MODEL, TFLITE, "split.json", "labels.txt", "history.csv"),
    *("report.html", "report.json"),
)


def _names(help):
    """Names of columns or values: a list, on the command line with commas."""
    return option(
        None,
        help,
        lambda name, value: _check_names(name, value),
        metavar="A,B",
        parse=lambda text: text.split(","),
        words=lambda names: [",".join(names)],
    )


def _table(what="CSV file of the rows"):
    return option(
        help=what,
        check=lambda name, value: _check_is_file(name, value),
        metavar="DATA.csv",
        is_positional=True,
    )


def _model():
    return option(
        help=f"{MODEL} or {TFLITE} of table train",
        check=lambda name, value: _check_is_model(name, value),
        metavar="MODEL",
        is_positional=True,
    )


@dataclasses.dataclass(frozen=True)
class TableOptions(Options):
    """What `train_table_model` takes; it explains each."""

    data: str = _table()
    target: str = option(help="column to predict", metavar="COLUMN")
    output: str = training.output("keras_papers_table")
    _: dataclasses.KW_ONLY
    task: str | None = option(
        None,
        "what is predicted; by default classes if the target is text or has "
        "two values",
        chosen((None, CLASSIFICATION, REGRESSION), "what is predicted"),
        choices=(CLASSIFICATION, REGRESSION),
    )
    numeric: list | None = _names(
        "columns that are numeric; others are if all values are numbers"
    )
    categorical: list | None = _names(
        "columns that are categorical whatever their values"
    )
    ignored: list | None = _names("columns that are left out")
    missing_values: list | None = _names("texts that stand for missing values")
    pretrain: str | None = option(
        None,
        "learn the columns without labels before: predict masked values, or "
        "detect replaced ones",
        chosen((None, "mlm", "rtd"), "the pre-training"),
        choices=("mlm", "rtd"),
    )
    unlabelled: str | None = option(
        None,
        "CSV file of more rows for the pre-training",
        lambda name, value: _check_is_file(name, value),
        metavar="MORE.csv",
    )
    pretrain_epochs: int = training.epochs(
        20, "passes of the pre-training over the rows", "Try 20."
    )
    epochs: int = training.epochs(
        100, "passes over the rows, at most", "Try 100."
    )
    patience: int = option(
        15,
        "epochs to wait for a lower validation loss",
        training.number("a number of epochs", "The paper has 15."),
        metavar="N",
    )
    batch_size: int = option(
        512,
        "rows in a batch",
        training.number("a number of rows", "Try 512."),
    )
    learning_rate: float = training.learning_rate(
        1e-3, "of AdamW, constant", "Try 0.001."
    )
    weight_decay: float = option(
        1e-4, "of AdamW", training.positive("a rate", "Try 0.0001.")
    )
    dropout: float = option(
        0.2,
        "share of features that is dropped",
        training.fraction("a share", "Try 0.2."),
        metavar="SHARE",
    )
    numeric_encoding: str = option(
        PIECEWISE,
        "how the network takes numbers: between quantiles of the column, or "
        "as in the paper",
        chosen((PIECEWISE, STANDARDIZED), "how the network takes numbers"),
        choices=(PIECEWISE, STANDARDIZED),
    )
    num_layers: int = option(
        6,
        "transformer layers",
        training.number("a number of layers", "The paper has 6."),
        metavar="N",
    )
    overwrite: bool = training.overwrite("replace an earlier training")
    seed: int = training.seed()
    verbose: object = training.verbose()

    def check(self):
        check_places(None, self.output)
        super().check()
        for name in ("unlabelled", "pretrain_epochs"):
            self.check_in_use(name, "pretrain")
        if not self.overwrite:
            from keras_papers.pipelines.training.training_folder import (
                refuse_finished,
            )

            refuse_finished(self.output, files=FILES)


@dataclasses.dataclass(frozen=True)
class PredictTableOptions(Options):
    """What `predict_table` takes; it explains each."""

    model: str = _model()
    data: str = _table()
    output: str | None = option(
        None,
        "CSV file to write the predictions to",
        check_output_file,
        metavar="FILE.csv",
        scope=RUN,
    )

    def check(self):
        super().check()
        if self.output is None:
            return
        inputs = (os.path.realpath(path) for path in (self.model, self.data))
        if os.path.realpath(self.output) in inputs:
            raise ValueError(
                "`output` is a file of its own, to which the predictions are "
                f"written. Received: output={os.fspath(self.output)!r}, which "
                "is read. Choose another name."
            )


@dataclasses.dataclass(frozen=True)
class EvaluateTableOptions(Options):
    """What `evaluate_table` takes; it explains each."""

    model: str = _model()
    data: str = _table("CSV file of rows with the target")


def _check_is_file(name, value):
    what = f"`{name}` is the path of a CSV file."
    if not isinstance(value, str | os.PathLike):
        raise ValueError(
            f"{what} Received: {name} of type {type(value).__name__}. Pass the "
            "path."
        )
    if not os.path.isfile(value):
        found = "a folder" if os.path.isdir(value) else "no file"
        raise ValueError(
            f"{what} Received: {name}={os.fspath(value)!r}, which is {found}. "
            "Check the path."
        )


def _check_is_model(name, value):
    is_path = isinstance(value, str | os.PathLike)
    is_file = is_path and os.path.isfile(value)
    if not is_file or pathlib.Path(value).suffix not in (".keras", ".tflite"):
        raise ValueError(
            f"`{name}` is the {MODEL} or {TFLITE} that table train has "
            f"written. Received: {name}={value!r}, which is "
            f"{'of another kind' if is_file else 'no file'}. Check the path."
        )


def _check_names(name, value):
    is_list = isinstance(value, tuple | list)
    if not is_list or not all(isinstance(each, str) for each in value):
        raise ValueError(
            f"`{name}` is a list of texts. Received: {name}={value!r}. Pass a "
            "list of strings."
        )
