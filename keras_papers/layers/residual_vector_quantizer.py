"""Residual vector quantization (Zeghidour et al., 2021, arXiv:2107.03312)."""

import keras
from keras import ops

from keras_papers.checks import check_positive_int
from keras_papers.layers._straight_through import rotated, straight_through
from keras_papers.layers.vector_quantizer import VectorQuantizer


@keras.saving.register_keras_serializable(package="keras_papers")
class ResidualVectorQuantizer(keras.layers.Layer):
    """Quantizes vectors, then what is left of them, and so on.

    Algorithm 1 of the SoundStream paper. Each stage is a `VectorQuantizer`
    with a codebook of its own, losses and metrics included; the outputs are
    the sum of the stages.

    Args:
        quantizer: A `VectorQuantizer`, of which each stage is a copy.
        num_quantizers: Positive int. Number of stages.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Input shape:
        `(..., depth)`.

    Output shape:
        Same as the input.

    Raises:
        ValueError: If an argument is of another type or out of its range.

    Example:
    >>> layer = ResidualVectorQuantizer(VectorQuantizer(16), num_quantizers=3)
    >>> outputs = layer(keras.random.normal((2, 10, 8)), training=True)
    >>> tuple(layer.encode(outputs).shape)
    (2, 10, 3)
    """

    def __init__(self, quantizer, num_quantizers, **kwargs):
        super().__init__(autocast=False, **kwargs)
        if not isinstance(quantizer, VectorQuantizer):
            raise ValueError(
                "`quantizer` is copied for each stage and must be a "
                f"VectorQuantizer. Received: quantizer={quantizer!r}. Try "
                "VectorQuantizer(512)."
            )
        check_positive_int(
            "num_quantizers", num_quantizers, "a number of stages", "Try 4."
        )
        self.num_quantizers = num_quantizers
        self.num_embeddings = quantizer.num_embeddings
        self._template = quantizer.get_config()
        self.stages = [
            VectorQuantizer.from_config(
                {
                    **self._template,
                    "name": f"{self.name}_{stage}",
                    "dtype": "float32",
                    "seed": _seed_of_stage(quantizer.seed, stage),
                }
            )
            for stage in range(1, num_quantizers + 1)
        ]
        self.supports_masking = True

    def build(self, input_shape):
        for stage in self.stages:
            stage.build(input_shape)

    def call(self, inputs, mask=None, training=None):
        x = ops.cast(inputs, "float32")
        rest, total = x, ops.zeros_like(x)
        for stage in self.stages:
            # The gradient of each stage's loss reaches the inputs; that of
            # the outputs does so once, below.
            quantized = ops.stop_gradient(
                stage(rest, mask=mask, training=training)
            )
            rest, total = rest - quantized, total + quantized
        rotate = self._template["estimator"] == "rotation"
        outputs = rotated(x, total) if rotate else straight_through(x, total)
        return ops.cast(outputs, self.compute_dtype)

    def encode(self, inputs):
        """Returns the codes of vectors, the first stage's first.

        Args:
            inputs: Tensor of shape `(..., depth)`.

        Returns:
            A tensor of int32; its last axis holds the codes of the stages.
        """
        rest, codes = ops.cast(inputs, "float32"), []
        for stage in self.stages:
            found = stage.encode(rest)
            if stage.num_codebooks == 1:
                found = ops.expand_dims(found, -1)
            rest = rest - ops.reshape(
                stage.decode(_unjoined(found)), ops.shape(rest)
            )
            codes.append(found)
        return ops.concatenate(codes, axis=-1)

    def decode(self, codes):
        """Returns the outputs that have these codes.

        Args:
            codes: Ints as `encode` returns them, or those of the first stages
                only, for a coarser output.

        Returns:
            A tensor of shape `(..., depth)`.
        """
        codes = ops.convert_to_tensor(codes)
        per_stage = self._template["num_codebooks"]
        number, rest = divmod(codes.shape[-1], per_stage)
        if rest or number > self.num_quantizers:
            raise ValueError(
                "The last axis of `codes` holds the codes of the stages. "
                f"Received: {codes.shape[-1]} codes for {self.num_quantizers} "
                "stages. Pass what `encode` returns."
            )
        parts = ops.split(codes, number, axis=-1)
        outputs = [
            stage.decode(_unjoined(part))
            for stage, part in zip(self.stages, parts, strict=False)
        ]
        return ops.cast(sum(outputs), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def compute_codes_shape(self, input_shape):
        """Returns the shape of the codes of inputs of a shape."""
        number = self.num_quantizers * self._template["num_codebooks"]
        return (*input_shape[:-1], number)

    def get_config(self):
        return {
            **super().get_config(),
            "quantizer": keras.saving.serialize_keras_object(
                VectorQuantizer.from_config(self._template)
            ),
            "num_quantizers": self.num_quantizers,
        }

    @classmethod
    def from_config(cls, config):
        quantizer = keras.saving.deserialize_keras_object(config["quantizer"])
        return cls(**{**config, "quantizer": quantizer})


def _seed_of_stage(seed, stage):
    return None if seed is None else seed + stage


def _unjoined(codes):
    """Returns the codes of one codebook without their last axis."""
    return codes[..., 0] if codes.shape[-1] == 1 else codes
