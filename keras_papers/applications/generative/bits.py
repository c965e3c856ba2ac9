"""What a prior costs, in bits for a code and for a dimension of the image.

The bits of a prior are those of `log p(codes)` only. The likelihood of an
image has one more term, `log p(image | codes)` of the decoder, which a decoder
that is trained by squared errors does not define. So these figures compare
priors over the same codes, not an autoencoder with a model of pixels.
"""

import math

import keras
from keras import ops

from keras_papers.checks import plain


def bits_per_code(nats_per_code):
    """Converts a cross-entropy, as `evaluate` returns it, to bits.

    Example:
    >>> round(bits_per_code(math.log(512)), 3)
    9.0
    """
    return nats_per_code / math.log(2)


def bits_per_dimension(nats_per_code, latent_shape, image_shape):
    """Returns the prior's bits for each dimension of an image.

    The decoder's term is left out. Add the results of several levels.

    Args:
        nats_per_code: Mean cross-entropy of the codes.
        latent_shape: Shape of the codes of one image.
        image_shape: Height, width and channels of an image.

    Example:
    >>> nats = math.log(512)  # of a uniform prior
    >>> round(bits_per_dimension(nats, (32, 32), (128, 128, 3)), 4)
    0.1875
    """
    codes, dimensions = math.prod(latent_shape), math.prod(image_shape)
    return bits_per_code(nats_per_code) * codes / dimensions


@keras.saving.register_keras_serializable(package="keras_papers")
class PriorBitsPerCode(keras.metrics.MeanMetricWrapper):
    """The mean of the bits that a prior needs for a code, from its logits.

    A uniform prior needs log2 of the number of codes: 9 for 512.

    Args:
        name: Str. Defaults to `"bits_per_code"`.
        dtype: Of the computations.

    Example:
    >>> metric = PriorBitsPerCode()
    >>> metric.update_state(ops.zeros((1, 2, 2)), ops.zeros((1, 2, 2, 8)))
    >>> round(float(metric.result()), 3)
    3.0
    """

    def __init__(self, name="bits_per_code", dtype=None):
        super().__init__(_bits, name=name, dtype=dtype)

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype}


@keras.saving.register_keras_serializable(package="keras_papers")
class PriorBitsPerDimension(keras.metrics.MeanMetricWrapper):
    """The mean of the prior's bits for each dimension of the image.

    The decoder's term is left out, as the name of the metric says in the logs.

    Args:
        image_shape: Height, width and channels of an image.
        name: Str. Defaults to `"bits_per_dimension_without_decoder"`.
        dtype: Of the computations.

    Example:
    >>> metric = PriorBitsPerDimension((4, 4, 1))
    >>> metric.update_state(ops.zeros((1, 2, 2)), ops.zeros((1, 2, 2, 8)))
    >>> round(float(metric.result()), 3)
    0.75
    """

    def __init__(
        self,
        image_shape,
        name="bits_per_dimension_without_decoder",
        dtype=None,
    ):
        shape = plain(image_shape)
        good = isinstance(shape, tuple | list) and len(shape) > 0
        if not good or not all(isinstance(n, int) and n > 0 for n in shape):
            raise ValueError(
                "`image_shape` is the height, width and channels of an image. "
                f"Received: image_shape={image_shape!r}. Try (32, 32, 3)."
            )
        self.image_shape = tuple(shape)
        super().__init__(
            _bits, name=name, dtype=dtype, dimensions=math.prod(shape)
        )

    def get_config(self):
        return {
            "image_shape": self.image_shape,
            "name": self.name,
            "dtype": self.dtype,
        }


def _bits(codes, logits, dimensions=None):
    """Returns bits for each code, or their share of the image's dimensions."""
    nats = keras.losses.sparse_categorical_crossentropy(
        codes, logits, from_logits=True
    )
    bits = nats / math.log(2)
    if dimensions is not None:
        bits = bits * (math.prod(ops.shape(bits)[1:]) / dimensions)
    return bits
