"""A CSV file in; a model of its raw rows, files and a report out."""

import functools
import hashlib
import math
import os
import warnings

import keras
import numpy as np

from keras_papers import cost, export
from keras_papers.applications.tabular import (
    TabTransformer,
    TabularModel,
    numeric_edges,
)
from keras_papers.extras import require
from keras_papers.files.drafts import draft_of
from keras_papers.pipelines.data.split import PARTS, SPLIT, Split
from keras_papers.pipelines.options import RESULT, takes
from keras_papers.pipelines.tables import columns, report_files
from keras_papers.pipelines.tables import rows as of_rows
from keras_papers.pipelines.tables.baselines import compare
from keras_papers.pipelines.tables.importance import permutation_importance
from keras_papers.pipelines.tables.measures import (
    calibration,
    measure,
    task_of,
)
from keras_papers.pipelines.tables.model_of_rows import (
    PREDICTED,
    ModelOfRows,
)
from keras_papers.pipelines.tables.options import (
    FILES,
    MODEL,
    PIECEWISE,
    TFLITE,
    TableOptions,
)
from keras_papers.pipelines.tables.report import (
    File,
    Pretraining,
    TableReport,
)
from keras_papers.pipelines.tables.verdict import of_training
from keras_papers.pipelines.training.compilation_cache import (
    use_compilation_cache,
)
from keras_papers.pipelines.training.fused_adam import FusedAdamW
from keras_papers.pipelines.training.loop import epochs_done
from keras_papers.pipelines.training.output_folder import (
    beside,
    claim,
    releases_claims,
)
from keras_papers.pipelines.training.run_record import run_record
from keras_papers.pipelines.training.stages import (
    fit_stage,
    train_stage,
)
from keras_papers.pipelines.training.training_folder import TrainingFolder
from keras_papers.pretraining import MaskedColumns, ReplacedColumns

TASKS = {"mlm": MaskedColumns, "rtd": ReplacedColumns}
WATCHED = 0.1  # of the rows without labels, by their pre-training
SHUFFLED = 2000  # held-out rows that the importance is measured on
# XLA draws the random numbers of dropout slowly in TensorFlow on a CPU: a step
# takes three times as long with it as without.
XLA = False if keras.config.backend() == "tensorflow" else "auto"
COMPARED = 64  # rows on which the .tflite file is compared with Keras


@releases_claims
@takes(TableOptions)
def train_table_model(options):
    """Trains a TabTransformer on the rows of a CSV file.

    Of the rows with a target 65 % are trained on, 15 % are watched and 20 %
    are held out, as in the paper, each class in these shares. Levels, means
    and deviations are those of the rows to train on. AdamW of a constant rate
    trains until the validation loss was not lower for `patience` epochs, and
    the model gets the weights of its lowest.

    With `pretrain`, the layers that embed the categorical columns learn before
    from the rows to train on, from rows without a target, and from those of
    `unlabelled`, of which rows that are watched or held out are left out.
    Levels, means and deviations are then those of all of these rows. A tenth
    of the rows without labels is watched, with the watched rows, and the model
    gets the weights of the lowest loss on these.

    `output` then holds `model.keras`, whose `fit`, `predict` and `evaluate`
    take raw rows after `keras.saving.load_model`; `model.tflite`, which takes
    the ids of levels and standardized numbers, and has in its metadata what
    makes them of raw rows; `labels.txt` with the classes, `split.json` with
    the hashes of the rows of each part, `history.csv`, `report.json` and, with
    the extra `report`, `report.html`. A training that was stopped continues
    from its last epoch when it is started again with the same arguments and
    rows.

    Args:
        data: Path of a CSV file, whose first row names the columns. It may be
            compressed by gzip, and divided by commas, semicolons, tabs or
            vertical bars.
        target: Name of the column to predict. Rows without it are not
            labelled: with `pretrain` they are trained on before.
        output: Folder for the files; made where it does not exist.
        task: `"classification"`, `"regression"`, or None (default): classes
            if the target is text or has two values.
        numeric: List of names of columns that are numeric. Defaults to None.
            Other columns are numeric if they hold numbers alone.
        categorical: List of names of columns that are categorical whatever
            their values. Defaults to None.
        ignored: List of names of columns that are left out, such as the number
            of a row, or what is not known yet when one predicts.
        missing_values: List of texts that stand for a missing value, such as
            `["?"]`. An empty one always does.
        pretrain: `"mlm"`: columns are masked and predicted, or `"rtd"`: values
            are replaced and detected. Defaults to None.
        unlabelled: Path of a CSV file of more rows for the pre-training, with
            or without the target. Defaults to None.
        pretrain_epochs: Positive int. Defaults to 20.
        epochs: Positive int. Epochs at most. Defaults to 100.
        patience: Positive int. Epochs that the validation loss may not fall.
            Defaults to 15, the paper's.
        batch_size: Positive int. Defaults to 512.
        learning_rate: Positive float. Defaults to 1e-3.
        weight_decay: Positive float. Defaults to 1e-4.
        dropout: Float in [0, 1). Defaults to 0.2.
        numeric_encoding: `"piecewise"` (default): numbers are encoded by
            `numeric_edges`, between quantiles of the rows to train on; or
            `"standardized"`, as in the paper.
        num_layers: Positive int. Transformer layers. Defaults to 6, the
            paper's.
        overwrite: Whether to replace an earlier training in `output`.
        seed: Int. Draws the division of the rows and the weights.
        verbose: As in `keras.Model.fit`. Defaults to `"auto"`.

    Returns:
        A `TableReport`, which prints as a table.

    Raises:
        ValueError: If an argument is out of its range, the file cannot be
            read or has too few rows, a column is not there or of no use, or
            `output` cannot be written, is taken, or another process writes to
            it.
        MissingExtraError: If the extra `mobile` is not installed.

    Warns:
        UserWarning: If the file has another delimiter than commas, or most
            values of a column are numbers, but not all.
    """
    export.check_environment()
    require("sklearn", "mobile")  # of the baselines: not after the training
    use_compilation_cache()
    claim(options.output)
    rows = of_rows.load(options)
    run = run_record("table train", options)
    table = Encoded(rows)
    split = Split(
        os.path.abspath(options.data), options.seed, run, table.hashes()
    )
    keras.utils.set_random_seed(options.seed)
    folder = TrainingFolder(
        options.output,
        {
            **options.of_scope(RESULT),
            "data": os.path.abspath(options.data),
            "unlabelled": options.unlabelled
            and os.path.abspath(options.unlabelled),
            "rows": split.in_a_line(),
            "rows_without_labels": table.unlabelled_in_a_line(),
        },
        options.overwrite,
        TableOptions,
        FILES,
    )
    with folder.explains_how_to_resume():
        if options.verbose:
            print(rows, flush=True)
        report = _train(table, folder, options, run)
        files = [folder.state / name for name in (MODEL, TFLITE)]
        split.save_for(files, folder.state / SPLIT)
        folder.finish()
    return report


class Batches(keras.utils.PyDataset):
    """Batches of rows in another order in each epoch.

    An epoch leaves out the rows that do not fill a batch: a normalization
    learns from a batch as if it were all rows.

    Args:
        inputs: Dict of arrays by the name of the column.
        targets: Array, or None.
        size: Rows in a batch.
        seed: Of the order.
        epoch: The first epoch, from 0. Orders are those of the epochs,
            whether a training was stopped between them or not.
    """

    def __init__(self, inputs, targets, size, seed, epoch=0):
        super().__init__()
        self.inputs, self.targets = inputs, targets
        self.rows = _rows_in(inputs)
        self.size = min(size, self.rows)
        self.seed, self.epoch = seed, epoch
        self._shuffle()

    def _shuffle(self):
        generator = np.random.default_rng((self.seed, self.epoch))
        self.order = generator.permutation(self.rows)

    def __len__(self):
        return self.rows // self.size

    def __getitem__(self, index):
        places = self.order[index * self.size : (index + 1) * self.size]
        inputs = {name: each[places] for name, each in self.inputs.items()}
        if self.targets is None:
            return (inputs,)
        return inputs, self.targets[places]

    def on_epoch_end(self):
        self.epoch += 1
        self._shuffle()


class Encoded:
    """The rows of a training as the inputs and targets of a model.

    Args:
        rows: `Rows`.
    """

    def __init__(self, rows):
        self.rows = rows
        self.inputs, self.targets = {}, {}
        for name in PARTS:
            part = getattr(rows, name)
            self.inputs[name] = of_rows.encode(rows.schema, part)
            self.targets[name] = rows.schema.encode_target(part)
        self.unlabelled = None
        if rows.unlabelled is not None:
            self.unlabelled = of_rows.encode(rows.schema, rows.unlabelled)

    def hashes(self):
        """Returns a dict of the hashes of the rows of each part."""
        return {
            name: of_rows.row_hashes(
                self.rows.schema, self.inputs[name], self.targets[name]
            )
            for name in PARTS
        }

    def unlabelled_in_a_line(self):
        """Returns the number of rows without labels and a hash of them."""
        if self.unlabelled is None:
            return None
        listed = of_rows.row_hashes(self.rows.schema, self.unlabelled)
        digest = hashlib.sha256("".join(listed).encode()).hexdigest()
        return f"{len(listed)}, SHA-256 {digest[:12]}"

    def to_pretrain(self, seed):
        """Returns the inputs that a pre-training trains on, and is watched by.

        It trains on the rows to train on and on most of those without labels.
        The others are watched, with the rows that are watched later.

        Args:
            seed: Draws which of them are watched.

        Returns:
            Two dicts of arrays by the name of the column.
        """
        trained, watched = self.inputs["train"], self.inputs["validation"]
        if self.unlabelled is None:
            return trained, watched
        number = self.rows.unlabelled.rows
        order = np.random.default_rng(seed).permutation(number)
        end = round(WATCHED * number)
        return (
            _with_rows(trained, self.unlabelled, order[end:]),
            _with_rows(watched, self.unlabelled, order[:end]),
        )


def _with_rows(inputs, others, places):
    return {
        name: np.concatenate([inputs[name], others[name][places]])
        for name in inputs
    }


def _rows_in(inputs):
    """Returns the number of rows of a dict of arrays."""
    return len(next(iter(inputs.values())))


def build(schema, options, rows):
    """Returns the `TabTransformer` of a schema.

    Args:
        schema: The `TabularSchema`.
        options: The `TableOptions`.
        rows: Rows to train on, between whose quantiles numbers are encoded.
    """
    edges = None
    if options.numeric_encoding == PIECEWISE:
        edges = numeric_edges(schema, rows)
    is_regression = schema.classes is None
    is_binary = not is_regression and len(schema.classes) == 2
    return TabTransformer(
        schema.cardinalities,
        list(schema.numeric),
        1 if is_regression or is_binary else len(schema.classes),
        None if is_regression else "sigmoid" if is_binary else "softmax",
        num_layers=options.num_layers,
        dropout=options.dropout,
        numeric_edges=edges,
    )


def _train(table, folder, options, run):
    rows, schema = table.rows, table.rows.schema
    network = build(schema, options, rows.train)
    histories, pretraining = [], None
    if options.pretrain is not None:
        learned, pretraining = _pretrain(network, table, folder, options)
        histories.append((options.pretrain, learned.history))
    keras.utils.set_random_seed(options.seed)
    trained = train_stage(
        network,
        _loss(schema),
        lambda done: Batches(
            table.inputs["train"],
            table.targets["train"],
            options.batch_size,
            options.seed,
            done,
        ),
        (table.inputs["validation"], table.targets["validation"]),
        folder.stage("model"),
        options.epochs,
        options.learning_rate,
        verbose=options.verbose,
        optimizer=_optimizer(options),
        metrics=["mae"] if schema.classes is None else ["accuracy"],
        patience=options.patience,
        jit_compile=XLA,
        validation_batch_size=PREDICTED,
    )
    histories.append(("model", trained.history))
    report_files.write_history(histories, folder.state)
    model = TabularModel(schema, network)
    model.save(folder.state / MODEL)
    file = _write_tflite(model, table, folder.state / TFLITE)
    if schema.classes is not None:
        with draft_of(folder.state / "labels.txt") as draft:
            draft.write_text("\n".join(schema.classes) + "\n", encoding="utf-8")
    targets = table.targets["test"]
    opened = ModelOfRows(schema, functools.partial(_predict, network))
    outputs = opened.predict(table.inputs["test"])
    importance = permutation_importance(
        opened.predict,
        schema,
        table.inputs["test"],
        seed=options.seed,
        max_rows=SHUFFLED,
        targets=targets,
    )
    report = TableReport(
        model="TabTransformer",
        task=task_of(schema),
        target=schema.target,
        classes=_counts(schema, table.targets["train"]),
        columns=columns.described(schema, rows.train, rows.test),
        train_rows=rows.train.rows,
        validation_rows=rows.validation.rows,
        test_rows=rows.test.rows,
        without_target=rows.without_target,
        epochs=len(trained.history),
        best_epoch=trained.best_epoch,
        epoch_rule=trained.rule,
        measures=measure(schema, targets, outputs),
        calibration=calibration(schema, targets, outputs),
        baselines=compare(schema, rows.train, rows.test, options.seed, outputs),
        importance=importance,
        importance_rows=min(SHUFFLED, rows.test.rows),
        pretraining=pretraining,
        parameters=cost.count(network).parameters,
        training_seconds=sum(
            row["seconds"] for _, history in histories for row in history
        ),
        files=[File(TFLITE, file.bytes, file.latency_ms, file.parity)],
        output=str(folder.path),
        verdict=[],
        run=run,
    )
    again = options.replace(output=beside(options.output))
    report = report._replace(
        verdict=of_training(report, options, again.command_with("table train"))
    )
    shown = report_files.Shown(histories, targets, outputs)
    report_files.write(report, shown, folder.state)
    return report


def _predict(network, inputs):
    return network.predict(inputs, batch_size=PREDICTED, verbose=0)


def _counts(schema, targets):
    """Returns pairs of a class and its number of rows."""
    names = schema.classes or ()
    counts = [int(np.sum(targets == place)) for place in range(len(names))]
    return list(zip(names, counts, strict=True))


def _write_tflite(model, table, path):
    """Writes the file for a phone; returns the `TFLiteFile`."""
    compared = {
        name: values[:COMPARED]
        for name, values in table.inputs["train"].items()
    }
    with warnings.catch_warnings():
        # Ids are looked up and compared by operations that the delegate does
        # not have, in any model of a table.
        warnings.filterwarnings("ignore", ".*in several partitions")
        return export.to_tflite(model, path, images=compared)


def _loss(schema):
    if schema.classes is None:
        return keras.losses.MeanSquaredError()
    if len(schema.classes) == 2:
        return keras.losses.BinaryCrossentropy()
    return keras.losses.SparseCategoricalCrossentropy()


def _optimizer(options):
    optimizer = FusedAdamW(
        options.learning_rate, weight_decay=options.weight_decay
    )
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


def _pretrain(network, table, folder, options):
    """Trains the layers that embed the columns.

    Returns:
        What was `Trained`, and the figures of the report.
    """
    stage = folder.stage(options.pretrain)
    task = TASKS[options.pretrain](network, seed=options.seed)
    rows, watched = table.to_pretrain(options.seed)
    chance_loss, chance_accuracy = task.chance(watched)
    if options.verbose:
        print(
            f"chance: loss {chance_loss:.4f}, accuracy {chance_accuracy:.4f}",
            flush=True,
        )
    batches = Batches(
        rows, None, options.batch_size, options.seed, epochs_done(stage)
    )
    # The loss of few rows depends on which of their values are corrupted.
    times = math.ceil(PREDICTED / _rows_in(watched))
    task(np.zeros((1, len(task.columns)), "int32"))  # creates its weights
    task.compile(_optimizer(options), jit_compile=XLA)
    learned = fit_stage(
        task,
        batches,
        {name: np.tile(each, times) for name, each in watched.items()},
        stage,
        options.pretrain_epochs,
        options.learning_rate,
        len(batches),
        verbose=options.verbose,
        shuffle=False,  # `Batches` did
        validation_batch_size=PREDICTED,
    )
    best = learned.history[learned.best_epoch - 1]
    number = _rows_in(rows)
    return learned, Pretraining(
        options.pretrain,
        rows=number,
        unlabelled_rows=number - table.rows.train.rows,
        epochs=len(learned.history),
        best_epoch=learned.best_epoch,
        loss=best["val_loss"],
        chance_loss=chance_loss,
        accuracy=best["val_accuracy"],
        chance_accuracy=chance_accuracy,
    )
