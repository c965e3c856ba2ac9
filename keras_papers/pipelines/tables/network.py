"""The network of a table, its loss and its optimizer."""

import keras

from keras_papers.applications.tabular import TabTransformer, numeric_edges
from keras_papers.pipelines.tables.options import PIECEWISE
from keras_papers.pipelines.training.fused_adam import FusedAdamW

# XLA draws the random numbers of dropout slowly in TensorFlow on a CPU: a step
# takes three times as long with it as without.
XLA = False if keras.config.backend() == "tensorflow" else "auto"


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


def loss_of(schema):
    """Returns the loss for what a schema predicts."""
    if schema.classes is None:
        return keras.losses.MeanSquaredError()
    if len(schema.classes) == 2:
        return keras.losses.BinaryCrossentropy()
    return keras.losses.SparseCategoricalCrossentropy()


def optimizer_of(options):
    """Returns the AdamW of `TableOptions`; biases and norms do not decay."""
    optimizer = FusedAdamW(
        options.learning_rate, weight_decay=options.weight_decay
    )
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer
