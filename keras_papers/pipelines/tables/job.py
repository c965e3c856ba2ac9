"""A CSV file in; a model of its raw rows, files and a report out."""

import functools
import os
import warnings

import keras
import numpy as np

from keras_papers import cost, export
from keras_papers.applications.tabular import TabularModel
from keras_papers.extras import require
from keras_papers.files.drafts import draft_of
from keras_papers.pipelines.data.split import SPLIT, Split
from keras_papers.pipelines.options import RESULT, takes
from keras_papers.pipelines.tables import columns, report_files
from keras_papers.pipelines.tables import rows as of_rows
from keras_papers.pipelines.tables.baselines import compare
from keras_papers.pipelines.tables.column_pretraining import pretrain
from keras_papers.pipelines.tables.encoded_rows import Batches, Encoded
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
from keras_papers.pipelines.tables.network import (
    XLA,
    build,
    loss_of,
    optimizer_of,
)
from keras_papers.pipelines.tables.options import (
    FILES,
    MODEL,
    TFLITE,
    TableOptions,
)
from keras_papers.pipelines.tables.report import File, TableReport
from keras_papers.pipelines.tables.verdict import of_training
from keras_papers.pipelines.training.compilation_cache import (
    use_compilation_cache,
)
from keras_papers.pipelines.training.output_folder import (
    beside,
    claim,
    releases_claims,
)
from keras_papers.pipelines.training.run_record import run_record
from keras_papers.pipelines.training.stages import train_stage
from keras_papers.pipelines.training.training_folder import TrainingFolder

SHUFFLED = 2000  # held-out rows that the importance is measured on
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


def _train(table, folder, options, run):
    rows, schema = table.rows, table.rows.schema
    network = build(schema, options, rows.train)
    histories, pretraining = [], None
    if options.pretrain is not None:
        learned, pretraining = pretrain(network, table, folder, options)
        histories.append((options.pretrain, learned.history))
    keras.utils.set_random_seed(options.seed)
    trained = train_stage(
        network,
        loss_of(schema),
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
        optimizer=optimizer_of(options),
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
