"""Training on labelled rows after a pre-training (Huang et al., 2020)."""

import keras

from keras_papers.checks import check_positive, check_positive_int

LOSSES = {
    "sigmoid": "binary_crossentropy",
    "softmax": "sparse_categorical_crossentropy",
    "linear": "mean_squared_error",
}


def fine_tune(
    model,
    x,
    y=None,
    *,
    validation_data,
    learning_rate=1e-3,
    weight_decay=1e-4,
    patience=15,
    epochs=200,
    batch_size=256,
    loss=None,
    metrics=None,
    jit_compile="auto",
    **kwargs,
):
    """Trains all weights of a model on labelled rows, after a pre-training.

    As the appendix of the TabTransformer paper: AdamW of a constant rate, until
    the loss of the validation rows was not lower for `patience` epochs. The
    model then has the weights of its best epoch. The labelled rows are often
    few of those of the pre-training; the columns must be the same.

    The model is compiled and fitted. `compile` and `fit` do the same with
    other choices.

    Args:
        model: A `TabTransformer`, or a `TabularModel` of one.
        x: Labelled rows as `model.fit` takes them.
        y: Targets, or None for a `TabularModel` whose rows have the target.
        validation_data: Rows as `model.fit` takes them there, by which the
            best epoch is chosen. They are held out from the training, and a
            figure on them is not one on held-out rows.
        learning_rate: Number above 0. Defaults to 1e-3.
        weight_decay: Number above 0. Defaults to 1e-4.
        patience: Positive int. Defaults to 15, the paper's.
        epochs: Positive int. At most so many. Defaults to 200.
        batch_size: Positive int. Defaults to 256.
        loss: Loss of Keras. Defaults to None: by the activation of the
            outputs, cross-entropy for `"sigmoid"` and `"softmax"`, and the
            mean squared error without one.
        metrics: Metrics of Keras. Defaults to None.
        jit_compile: As in `compile`. On a CPU, TensorFlow's XLA takes longer
            to compile than a few labelled rows take to train: pass False.
        **kwargs: Further arguments of `fit`, such as `verbose`.

    Returns:
        The `History`.

    Raises:
        ValueError: If there are no validation rows, or an argument is out of
            its range.

    Example:
    >>> import numpy as np
    >>> from keras_papers.applications.tabular import TabTransformer
    >>> model = TabTransformer({"job": 3}, num_layers=1)
    >>> rows, labels = {"job": np.arange(8) % 3}, np.arange(8) % 2
    >>> history = fine_tune(
    ...     model,
    ...     rows,
    ...     labels,
    ...     validation_data=(rows, labels),
    ...     epochs=1,
    ...     jit_compile=False,
    ...     verbose=0,
    ... )
    >>> sorted(history.history)
    ['loss', 'val_loss']
    """
    for name, value in (
        ("learning_rate", learning_rate),
        ("weight_decay", weight_decay),
    ):
        check_positive(name, value, "a rate of AdamW", "Try 0.001.")
    check_positive_int("patience", patience, "a number of epochs", "Try 15.")
    if validation_data is None:
        raise ValueError(
            "`validation_data` is the rows that the best epoch is chosen by. "
            "Received: validation_data=None. Hold some of the labelled rows "
            "out, or call fit, which needs none."
        )
    if loss is None:
        loss = _loss_of(model)
    stop = keras.callbacks.EarlyStopping(
        "val_loss", patience=patience, restore_best_weights=True
    )
    model.compile(
        keras.optimizers.AdamW(learning_rate, weight_decay),
        loss,
        metrics=metrics,
        jit_compile=jit_compile,
    )
    callbacks = [stop, *kwargs.pop("callbacks", ())]
    return model.fit(
        x,
        y,
        validation_data=validation_data,
        epochs=epochs,
        batch_size=batch_size,
        callbacks=callbacks,
        **kwargs,
    )


def _loss_of(model):
    """Returns the loss for the activation of the last layer."""
    activation = getattr(model.layers[-1], "activation", None)
    name = getattr(activation, "__name__", None)
    if name not in LOSSES:
        raise ValueError(
            "`loss` is by default that of the activation of the outputs, of "
            f"{', '.join(map(repr, LOSSES))}. Received: the activation "
            f"{name!r}. Pass loss."
        )
    return LOSSES[name]
