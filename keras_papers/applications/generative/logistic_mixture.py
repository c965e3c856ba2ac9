"""Mixtures of logistic distributions over amplitudes.

Salimans et al., 2017, PixelCNN++, https://arxiv.org/abs/1701.05517, section
2.1; for sound van den Oord et al., 2017, Parallel WaveNet,
https://arxiv.org/abs/1711.10433, section 2.1.
"""

import keras
from keras import ops

from keras_papers.applications.generative.mu_law import (
    LOUDEST,
    check_amplitudes,
)
from keras_papers.checks import check_positive_int, plain


@keras.saving.register_keras_serializable(package="keras_papers")
class LogisticMixtureLoss(keras.losses.Loss):
    """The negative log-likelihood of levels under a mixture of logistics.

    The levels are equally spaced in [-1, 1], and the first and the last have
    all that lies behind them. The loss is in nats per sample. A `WaveNet`
    clips its scales itself, `WaveNet(log_scale_min=)`, so that it is trained
    and sampled with the same ones.

    Args:
        num_levels: Int of at least 2. Levels of an amplitude. Defaults to
            65536, those of 16 bits.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Call arguments:
        y_true: Amplitudes in [-1, 1] of shape `(batch, time)`.
        y_pred: Tensor of shape `(batch, time, 3 * num_mixtures)`: the logits
            of the weights, the means and the logarithms of the scales.

    Raises:
        ValueError: If in a direct call the amplitudes are ints, not finite, or
            beyond 2. In `fit` the loss is NaN where they are beyond 2, as
            samples of 16 bits are that were not divided by 32768.

    Example:
    >>> y_pred = ops.array([[[0.0, 0.0, -2.0]]])
    >>> loss = LogisticMixtureLoss(num_levels=256)
    >>> round(float(loss(ops.array([[0.0]]), y_pred)), 3)
    4.234
    """

    def __init__(
        self, num_levels=65536, name="logistic_mixture_loss", **kwargs
    ):
        super().__init__(name=name, **kwargs)
        check_positive_int("num_levels", num_levels, "levels", "Try 65536.")
        if num_levels < 2:
            raise ValueError(
                "`num_levels` is the number of levels of amplitudes. "
                "Received: num_levels=1, which leaves no sound. Try 65536."
            )
        self.num_levels = plain(num_levels)

    def __call__(self, y_true, y_pred, sample_weight=None):
        # Keras casts what it passes to `call`.
        check_amplitudes("y_true", y_true)
        return super().__call__(y_true, y_pred, sample_weight)

    def call(self, y_true, y_pred):
        logits, means, log_scales = mixture_of(ops.cast(y_pred, "float32"))
        y_true = ops.expand_dims(ops.cast(y_true, "float32"), -1)
        distance = y_true - means
        inverse = ops.exp(-log_scales)
        half = 1 / (self.num_levels - 1)  # of the distance of two levels
        above, below = inverse * (distance + half), inverse * (distance - half)
        # sigmoid(above) and 1 - sigmoid(below)
        log_below, log_above = -ops.softplus(-above), -ops.softplus(below)
        # Their product times this is sigmoid(above) - sigmoid(below), without
        # the difference of two numbers that are nearly equal.
        inside = ops.log(-ops.expm1(-2 * half * inverse))
        log_probability = ops.where(
            y_true < half - 1,
            log_below,
            ops.where(
                y_true > 1 - half, log_above, log_below + log_above + inside
            ),
        )
        nats = -ops.logsumexp(
            log_probability + ops.log_softmax(logits, axis=-1), axis=-1
        )
        # In `fit` the values are not known before: the loss shows them.
        far = ops.abs(y_true[..., 0]) > LOUDEST
        return ops.where(far, float("nan"), nats)

    def get_config(self):
        return {**super().get_config(), "num_levels": self.num_levels}


def mixture_of(outputs):
    """Returns the logits, means and logarithms of scales of a network.

    Args:
        outputs: Tensor whose last axis holds them one after the other.

    Raises:
        ValueError: If 3 does not divide the last axis.
    """
    if outputs.shape[-1] % 3:
        raise ValueError(
            "The outputs of a mixture of logistics are weights, means and "
            f"scales. Received: outputs of shape {tuple(outputs.shape)}, "
            "whose last size is no multiple of 3. Pass the outputs of a "
            "WaveNet with `num_mixtures`."
        )
    return ops.split(outputs, 3, axis=-1)


@keras.saving.register_keras_serializable(package="keras_papers")
class LeastScale(keras.layers.Layer):
    """Clips the scales of mixtures of logistics from below.

    Args:
        log_scale_min: Number. The least logarithm of a scale.
        **kwargs: Base layer keyword arguments.
    """

    def __init__(self, log_scale_min, **kwargs):
        super().__init__(**kwargs)
        self.log_scale_min = log_scale_min

    def call(self, inputs):
        logits, means, log_scales = mixture_of(inputs)
        log_scales = ops.maximum(log_scales, self.log_scale_min)
        return ops.concatenate([logits, means, log_scales], axis=-1)

    def multiply_adds(self, output_shape):
        """Returns 0 for `cost.count`: values are compared only."""
        return 0

    def get_config(self):
        return {**super().get_config(), "log_scale_min": self.log_scale_min}


def drawn_amplitude(outputs, noise, scale=1.0):
    """Draws amplitudes from mixtures of logistics.

    Args:
        outputs: Tensor of shape `(..., 3 * num_mixtures)`.
        noise: Tensor of shape `(..., num_mixtures + 1)`: Gumbel noise, whose
            largest sum with the logits chooses a logistic, and a sample of
            the logistic distribution with mean 0 and scale 1.
        scale: Number or tensor. 1 / temperature: multiplies the logits of the
            weights and divides the scales.

    Returns:
        A tensor of shape `(...)`, clipped to [-1, 1].
    """
    outputs, noise = map(ops.convert_to_tensor, (outputs, noise))
    logits, means, log_scales = mixture_of(outputs)
    chosen = ops.argmax(logits * scale + noise[..., :-1], axis=-1)
    chosen = ops.one_hot(chosen, means.shape[-1], dtype=means.dtype)
    mean = ops.sum(means * chosen, axis=-1)
    width = ops.sum(ops.exp(log_scales) / scale * chosen, axis=-1)
    return ops.clip(mean + width * noise[..., -1], -1.0, 1.0)
