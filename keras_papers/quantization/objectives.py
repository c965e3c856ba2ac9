"""Losses and metrics of Keras 3, in a training of tf_keras."""

import keras

from keras_papers.quantization.legacy import load_tf_keras


def in_tf_keras(argument, given):
    """Returns what tf_keras has for losses or metrics of Keras 3.

    Args:
        argument: `"loss"` or `"metrics"`.
        given: A name, an object of either Keras or a function; or a dict or
            list of them, in any nesting.

    Raises:
        ValueError: If tf_keras has none of that name.
    """
    if isinstance(given, dict):
        return {
            name: in_tf_keras(argument, each) for name, each in given.items()
        }
    if isinstance(given, list):
        return [in_tf_keras(argument, each) for each in given]
    ours, theirs = (
        module.losses if argument == "loss" else module.metrics
        for module in (keras, load_tf_keras())
    )
    return _same(argument, given, ours, theirs)


def _same(argument, given, ours, theirs):
    """Does it for one, of the modules of both Keras."""
    name = getattr(given, "__name__", type(given).__name__)
    try:
        if isinstance(given, str):
            if given != "accuracy" and not callable(theirs.get(given)):
                raise ValueError("there is none of that name")
            return given
        if getattr(ours, name, None) is given:
            return theirs.get(name)
        if not isinstance(given, keras.losses.Loss | keras.metrics.Metric):
            return given
        config = given.get_config()
        config.pop("dtype", None)
        if config.get("reduction", "") is None:
            config["reduction"] = "none"
        return getattr(theirs, name).from_config(config)
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f"`{argument}` must be what tf_keras has, too. "
            f"Received: {given!r} ({error}). Pass another name, or a function "
            "of labels and scores of TensorFlow operations."
        ) from error


def is_of_all_outputs(loss):
    """Returns whether a loss is of a class of its own, which tf_keras lacks.

    Such a loss is computed as it is, of all labels and outputs at once.

    Raises:
        ValueError: If Keras 3 would not compute it by TensorFlow.
    """
    kind = type(loss)
    if not isinstance(loss, keras.losses.Loss):
        return False
    if getattr(keras.losses, kind.__name__, None) is kind and hasattr(
        load_tf_keras().losses, kind.__name__
    ):
        return False
    backend = keras.config.backend()
    if backend != "tensorflow":
        raise ValueError(
            "`loss` must be what tf_keras has, too, or be computed by "
            f"TensorFlow. Received: loss={loss!r} with the backend "
            f"{backend!r}. Save the model, and load it in a process with "
            "KERAS_BACKEND=tensorflow."
        )
    return True


def trained_by(model, loss):
    """Returns a model of tf_keras of the same layers, with a loss of its own.

    Args:
        model: Functional model of tf_keras.
        loss: Loss of Keras 3 of all labels and outputs.
    """
    tf_keras = load_tf_keras()

    class Trainer(tf_keras.Model):
        """A model whose loss Keras 3 computes."""

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
            value = sum(self.losses, loss(y, y_pred, sample_weight))
            mean.update_state(value)
            return value

        def compute_metrics(self, x, y, y_pred, sample_weight):
            if self.compiled_metrics._user_metrics:
                self.compiled_metrics.update_state(y, y_pred, sample_weight)
            return self.get_metrics_result()

        @property
        def metrics(self):
            return [mean, *super().metrics]

    mean = tf_keras.metrics.Mean(name="loss")
    return Trainer(model.input, model.output, name=model.name)
