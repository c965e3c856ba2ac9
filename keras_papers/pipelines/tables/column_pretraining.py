"""The pre-training of a table's columns, before the training by labels."""

import math

import numpy as np

from keras_papers.pipelines.tables.encoded_rows import Batches, rows_in
from keras_papers.pipelines.tables.model_of_rows import PREDICTED
from keras_papers.pipelines.tables.network import XLA, optimizer_of
from keras_papers.pipelines.tables.report import Pretraining
from keras_papers.pipelines.training.loop import epochs_done
from keras_papers.pipelines.training.stages import fit_stage
from keras_papers.pretraining import MaskedColumns, ReplacedColumns

TASKS = {"mlm": MaskedColumns, "rtd": ReplacedColumns}


def pretrain(network, table, folder, options):
    """Trains the layers that embed the columns.

    Args:
        network: The `TabTransformer`.
        table: The `Encoded` rows.
        folder: The `TrainingFolder`.
        options: The `TableOptions`.

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
    times = math.ceil(PREDICTED / rows_in(watched))
    task(np.zeros((1, len(task.columns)), "int32"))  # creates its weights
    task.compile(optimizer_of(options), jit_compile=XLA)
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
    number = rows_in(rows)
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
