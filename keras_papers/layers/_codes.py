"""Codes that a quantizer is given to look up."""

import keras
from keras import ops


def checked_codes(codes):
    """Returns codes as int32; raises ValueError unless they are ints."""
    codes = ops.convert_to_tensor(codes)
    dtype = keras.backend.standardize_dtype(codes.dtype)
    if "int" not in dtype:
        raise ValueError(
            "`codes` are indices into the codebook and must be ints. "
            f"Received: codes of dtype {dtype}. Pass what `encode` returns."
        )
    return ops.cast(codes, "int32")
