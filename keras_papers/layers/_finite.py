"""A check of values that are there, which a traced graph has not."""

from keras import ops


def check_finite(inputs, layer, mask=None):
    """Raises ValueError if a tensor has a value that is NaN or infinite.

    While a function is traced, its tensors have no values, and nothing is
    checked.

    Args:
        inputs: Tensor of floats.
        layer: Name of the layer's class, for the message.
        mask: Tensor of the inputs' shape without the last axis, or None.
            False leaves a vector out.
    """
    if mask is not None:
        seen = ops.cast(mask, "bool")[..., None]
        inputs = ops.where(seen, inputs, ops.zeros_like(inputs))
    wrong = ops.sum(ops.cast(ops.logical_not(ops.isfinite(inputs)), "int32"))
    try:
        number = int(ops.convert_to_numpy(wrong))
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):
        return  # how the backends say that a tensor is traced
    if number:
        raise ValueError(
            f"The inputs of {layer} are vectors, which have finite elements. "
            f"Received: {number} elements that are NaN or infinite. Look for "
            "the layer before it that returns them first, or lower the "
            "learning rate."
        )
