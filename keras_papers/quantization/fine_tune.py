"""Training of tf_keras models from what a user of Keras 3 has at hand."""

import keras

from keras_papers.argument_checks import check_positive, check_positive_int
from keras_papers.quantization.legacy import load_tf_keras
from keras_papers.quantization.prune import callbacks as callbacks_of


def fine_tune(
    twin,
    data,
    epochs=5,
    *,
    learning_rate=1e-4,
    loss="categorical_crossentropy",
    metrics=("accuracy",),
    validation_data=None,
    callbacks=(),
    verbose="auto",
):
    """Compiles and fits a model of `quantize_aware`, `prune` or `cluster`.

    Adam whose rate falls to zero along half a cosine, from a fraction of what
    the model was trained with: a model that was trained needs little.

    Args:
        twin: Model of tf_keras.
        data: What the Keras 3 model was fitted on: a `tf.data.Dataset` of
            batches `(images, labels)`, or a pair of arrays.
        epochs: Positive int. Defaults to 5.
        learning_rate: Positive float. Of the first step. Defaults to
            0.0001, which suits `quantize_aware` and `cluster`; `prune` takes
            away what other weights have to make up for, and wants 0.0005.
        loss: Name of a loss, a loss of Keras 3 or of tf_keras, or a function.
        metrics: Names or functions.
        validation_data: As `data`. Defaults to None.
        callbacks: Of tf_keras.
        verbose: As in `fit`. Defaults to `"auto"`.

    Returns:
        The `History` of tf_keras.

    Raises:
        ValueError: If an argument is out of its range, or tf_keras has no
            such loss.

    Example:
    >>> import numpy as np
    >>> from keras_papers import quantization
    >>> inputs = keras.Input((4,))
    >>> model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    >>> twin = quantization.to_tf_keras(model)
    >>> data = np.ones((8, 4)), np.zeros((8, 2))
    >>> loss = keras.losses.MeanSquaredError()
    >>> history = fine_tune(twin, data, 2, loss=loss, metrics=[], verbose=0)
    >>> len(history.history["loss"])
    2
    """
    tf_keras = load_tf_keras()
    if not isinstance(twin, tf_keras.Model):
        raise ValueError(
            "`twin` is a model of tf_keras, as quantize_aware, prune and "
            f"cluster return it. Received: twin={twin!r}. Fit a model of Keras "
            "3 by its own `fit`."
        )
    check_positive_int("epochs", epochs, "a number of epochs", "Try 5.")
    check_positive("learning_rate", learning_rate, "a rate", "Try 0.0001.")
    arrays = isinstance(data, tuple | list)
    inputs, labels = data if arrays else (data, None)
    steps = -(-len(inputs) // 32) if arrays else len(inputs)
    rate = tf_keras.optimizers.schedules.CosineDecay(
        learning_rate, epochs * steps
    )
    twin.compile(
        tf_keras.optimizers.Adam(rate), _loss(loss), metrics=list(metrics)
    )
    return twin.fit(
        inputs,
        labels,
        epochs=epochs,
        validation_data=validation_data,
        callbacks=[*callbacks_of(twin), *callbacks],
        verbose=verbose,
    )


def _loss(loss):
    """Returns the loss of tf_keras that is the same as one of Keras 3."""
    if not isinstance(loss, keras.losses.Loss):
        return loss
    config = loss.get_config()
    config.pop("dtype", None)
    try:
        same = getattr(load_tf_keras().losses, type(loss).__name__)
        return same.from_config(config)
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            "`loss` must be one that tf_keras has, too. "
            f"Received: loss={loss!r} ({error}). Pass a function of labels "
            "and scores, of TensorFlow operations."
        ) from error
