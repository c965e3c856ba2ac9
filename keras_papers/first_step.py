"""`prepare` creates variables before the first step of `fit`."""

import keras

SIZE = 2  # of axes whose size is unknown; 1 has a meaning of its own


def prepare(model, x, y=None, sample_weight=None):
    """Halves the time until the first step of `model.fit`, on TensorFlow.

    The optimizer, the loss and metrics such as `"accuracy"` create their
    variables on first use. If this happens inside the first step, TensorFlow
    traces the step twice. This function creates them earlier, from the shapes
    of the data. Weights, statistics, metrics, random seeds and losses are
    unchanged.

    If the variables of a model cannot be created this way (it is not built, has
    a custom `train_step`, or its loss fails on zeros), it is trained as before.
    On other backends and under a `tf.distribute` strategy, `fit` itself creates
    them before the first step.

    Args:
        model: A compiled model.
        x: As in `model.fit`: arrays, tensors or a `tf.data.Dataset`. Only
            shapes and dtypes are read. For a `PyDataset` pass a batch:
            `prepare(model, *data[0])`.
        y: As in `model.fit`. None if `x` is a dataset.
        sample_weight: As in `model.fit`.

    Returns:
        Bool. Whether all variables exist before the first step.

    Raises:
        ValueError: If the model is not compiled.

    Example:
    >>> import numpy as np
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    >>> model.compile("adam", "mse", metrics=["accuracy"])
    >>> x, y = np.zeros((8, 4)), np.zeros((8, 2))
    >>> prepare(model, x, y)
    True
    >>> history = model.fit(x, y, verbose=0)
    """
    if not model.compiled:
        raise ValueError(
            "`model` must be compiled, for its optimizer, loss and metrics "
            f"are prepared. Received: model={model.name!r}, which is not. "
            "Call model.compile(...) before."
        )
    if keras.config.backend() != "tensorflow" or _is_distributed(model):
        return True  # by `fit`
    if not model.built:
        return False
    if hasattr(x, "element_spec"):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(
            x.element_spec
        )
    try:
        x, y, sample_weight = _zeros((x, y, sample_weight))
        y_pred = _zeros(_outputs(model, x))
        if model.optimizer is not None and not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        if type(model).train_step is not keras.Model.train_step:
            return False
        # Assignments in this scope are discarded, and variables that are
        # created in it stay. Regularizers read weights from the mapping.
        weights = [(weight, weight.value) for weight in model.weights]
        with keras.StatelessScope(state_mapping=weights):
            model.compute_loss(x, y, y_pred, sample_weight)
            model.compute_metrics(x, y, y_pred, sample_weight)
    except Exception:  # of a layer, loss or metric that anybody has written
        return False
    return True


def _outputs(model, x):
    """Returns tensors with the structure, shapes and dtypes of `model(x)`."""
    if isinstance(model, keras.Sequential):
        return model.outputs[0]
    try:
        outputs = model.output
    except (AttributeError, ValueError):  # it is not a graph of layers
        return model.compute_output_spec(x)
    # Keras returns the tensor alone where a graph has a list of one.
    is_one = isinstance(outputs, list | tuple) and len(outputs) == 1
    return outputs[0] if is_one else outputs


def _zeros(structure):
    """Returns zeros with the shapes and dtypes of tensors."""
    return keras.tree.map_structure(
        lambda tensor: None if tensor is None else _zeros_like(tensor),
        structure,
    )


def _zeros_like(tensor):
    shape = [SIZE, *tensor.shape[1:]] if len(tensor.shape) else []
    shape = [SIZE if size is None else size for size in shape]
    return keras.ops.zeros(shape, keras.backend.standardize_dtype(tensor.dtype))


def _is_distributed(model):
    import tensorflow as tf

    return (
        tf.distribute.has_strategy()
        or model.distribute_strategy is not tf.distribute.get_strategy()
    )
