"""Training of tf_keras models from what a user of Keras 3 has at hand."""

import keras

from keras_papers.checks import check_positive, check_positive_int
from keras_papers.pixels.normalization import AUGMENTED, check_images
from keras_papers.quantization.aware_model import (
    input_range_of,
    is_quantization_aware,
)
from keras_papers.quantization.legacy import load_tf_keras
from keras_papers.quantization.objectives import (
    in_tf_keras,
    is_of_all_outputs,
    trained_by,
)
from keras_papers.quantization.prune import callbacks as callbacks_of
from keras_papers.quantization.prune import check_reached
from keras_papers.quantization.quantize_aware import WAY_OUT


def fine_tune(
    model,
    data,
    epochs=5,
    *,
    learning_rate=1e-4,
    loss="categorical_crossentropy",
    metrics="auto",
    validation_data=None,
    callbacks=(),
    verbose="auto",
):
    """Compiles and fits a model of `quantize_aware`, `prune` or `cluster`.

    Adam whose rate falls to zero along half a cosine, from a fraction of what
    the model was trained with: a model that was trained needs little.

    Args:
        model: Model of tf_keras.
        data: What the Keras 3 model was fitted on: a `tf.data.Dataset` of
            batches `(images, labels)`, or a pair of arrays, or three with the
            weights of the examples. Dicts or lists in their place for a model
            of several inputs or outputs.
        epochs: Positive int. Defaults to 5.
        learning_rate: Positive float. Of the first step. Defaults to
            0.0001, which suits `quantize_aware` and `cluster`; `prune` takes
            away what other weights have to make up for, and wants 0.002.
        loss: Name of a loss, a loss of Keras 3 or of tf_keras, or a function;
            a dict or list of them, as `compile` takes it, for several outputs.
            A loss of Keras 3 of a class that tf_keras lacks, such as
            `detector.object_loss()` of a `Detector` or a subclass of a user's,
            is called with all labels and outputs as they are, dicts or not;
            it needs TensorFlow as the backend of Keras.
        metrics: The same of metrics, in a list; or a dict of lists. Defaults
            to `"auto"`: the accuracy, but nothing beside a loss of a class
            that tf_keras lacks.
        validation_data: As `data`. Defaults to None.
        callbacks: Of tf_keras.
        verbose: As in `fit`. Defaults to `"auto"`.

    Returns:
        The `History` of tf_keras.

    Raises:
        ValueError: If an argument is out of its range, or tf_keras has no
            such loss and Keras has another backend than TensorFlow.

    Example:
    >>> import numpy as np
    >>> from keras_papers import quantization
    >>> inputs = keras.Input((4,))
    >>> model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    >>> model = quantization.to_tf_keras(model)
    >>> data = np.ones((8, 4)), np.zeros((8, 2))
    >>> loss = keras.losses.MeanSquaredError()
    >>> history = fine_tune(model, data, 2, loss=loss, metrics=[], verbose=0)
    >>> len(history.history["loss"])
    2
    """
    tf_keras = load_tf_keras()
    if not isinstance(model, tf_keras.Model):
        raise ValueError(
            "`model` is a model of tf_keras, as quantize_aware, prune and "
            f"cluster return it. Received: model={model!r}. Fit a model of "
            "Keras 3 by its own `fit`."
        )
    check_positive_int("epochs", epochs, "a number of epochs", "Try 5.")
    check_positive("learning_rate", learning_rate, "a rate", "Try 0.0001.")
    inputs, *labels = data if isinstance(data, tuple | list) else [data]
    steps = epochs * _steps(inputs, labels)
    _check_data(model, inputs, labels, loss)
    check_reached(model, steps)
    _check_callbacks(callbacks, tf_keras)
    rate = tf_keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    if is_of_all_outputs(loss):
        trained, loss = trained_by(model, loss), None
    else:
        trained, loss = model, in_tf_keras("loss", loss)
    if isinstance(metrics, str) and metrics == "auto":
        metrics = [] if loss is None else "accuracy"
    metrics = [metrics] if isinstance(metrics, str) else metrics
    if isinstance(metrics, tuple):
        metrics = list(metrics)
    trained.compile(
        tf_keras.optimizers.Adam(rate),
        loss,
        metrics=in_tf_keras("metrics", metrics),
    )
    labels, weights = (*labels, None, None)[:2]
    return trained.fit(
        inputs,
        labels,
        sample_weight=weights,
        epochs=epochs,
        validation_data=validation_data,
        callbacks=[*callbacks_of(model), *callbacks],
        verbose=verbose,
    )


def _check_data(model, inputs, labels, loss):
    """Raises ValueError of data that cannot be what was meant."""
    is_array = bool(labels)
    if not is_array:
        labels = getattr(inputs, "element_spec", ())[1:]
    shape = getattr(labels[0], "shape", ()) if labels else ()  # of one output
    if loss == "categorical_crossentropy" and len(shape) == 1:
        raise ValueError(
            "`loss` says what labels are: 'categorical_crossentropy' takes a "
            "row of scores for each image. Received: one label for each "
            "image. Pass loss='sparse_categorical_crossentropy' for numbers "
            "of classes."
        )
    input_range = is_quantization_aware(model) and input_range_of(model)
    if input_range:
        # Of a data set it is the first batch.
        images = inputs if is_array else next(iter(inputs))[0]
        if isinstance(images, dict):
            (images,) = images.values()
        check_images(
            "data", images, *input_range, way_out=WAY_OUT, slack=AUGMENTED
        )


def _check_callbacks(callbacks, tf_keras):
    for callback in callbacks:
        if not isinstance(callback, tf_keras.callbacks.Callback):
            raise ValueError(
                "`callbacks` are those of tf_keras, which trains here. "
                f"Received: {callback!r}. Make it of tf_keras.callbacks."
            )


def _steps(inputs, labels):
    """Returns the steps of an epoch; arrays go in batches of 32."""
    if not labels and (hasattr(inputs, "shape") or isinstance(inputs, str)):
        raise ValueError(
            "`data` is a pair of images and labels, or a tf.data.Dataset of "
            f"such pairs. Received: data of type {type(inputs).__name__}. "
            "Write fine_tune(model, (images, labels))."
        )
    if labels:
        return -(-len(keras.tree.flatten(inputs)[0]) // 32)
    try:
        return len(inputs)
    except TypeError as error:
        raise ValueError(
            "`data` must know its number of batches, over which the learning "
            f"rate falls. Received: data={inputs!r} ({error}). Pass a pair of "
            "arrays, or a tf.data.Dataset after assert_cardinality."
        ) from error
