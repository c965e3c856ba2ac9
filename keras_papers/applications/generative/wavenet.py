"""WaveNet (van den Oord et al., 2016, https://arxiv.org/abs/1609.03499)."""

import math
from typing import NamedTuple

import keras
from keras import layers, ops

from keras_papers.applications import registry
from keras_papers.applications.generative.logistic_mixture import LeastScale
from keras_papers.checks import (
    check_name,
    check_number,
    check_positive_int,
    check_table,
    plain,
    plain_numbers,
)
from keras_papers.layers import GatedCausalConv1D

PAPER = registry.Paper(
    "WaveNet",
    "WaveNet: A Generative Model for Raw Audio",
    "van den Oord et al.",
    2016,
    "https://arxiv.org/abs/1609.03499",
)


class Table(NamedTuple):
    """The layers of a WaveNet. The paper gives no sizes."""

    first_kernel: int  # of the convolution before the layers
    first_bias: bool
    kernel: int
    dilations: tuple  # one for each layer
    residual: int  # channels
    gate: int  # channels of tanh, and of sigmoid
    skip: int  # channels
    scaled: bool  # whether sums of n terms are divided by sqrt(n)


# fmt: off
#               first_kernel, bias, kernel, dilations, residual gate skip scaled
# ibab/tensorflow-wavenet, which has the dilations of the paper.
IBAB = Table(
    2, False, 2, tuple(2**i for i in range(10)) * 5,      32,   32, 512, False
)
# r9y9/wavenet_vocoder.
R9Y9 = Table(
    1, True,  3, tuple(2**i for i in range(6)) * 4,      128,  128, 128, True
)
# For sound of 8 kHz on a CPU.
SMALL = Table(
    2, False, 2, tuple(2**i for i in range(8)) * 2,       32,   32,  64, False
)
# fmt: on


def receptive_field(table=IBAB):
    """Returns how many samples before its own place an output depends on.

    Args:
        table: A `Table`.

    Example:
    >>> receptive_field(IBAB), receptive_field(R9Y9)
    (5117, 505)
    """
    check_layers("table", table)
    of_layers = (table.kernel - 1) * sum(table.dilations)
    return of_layers + table.first_kernel


def check_layers(name, table):
    """Raises ValueError unless a table has the layers of a WaveNet."""
    check_table(name, table, Table, "wavenet.SMALL")
    dilations = plain(table.dilations)
    good = isinstance(dilations, tuple | list) and len(dilations) > 0
    if not good or not all(isinstance(n, int) and n > 0 for n in dilations):
        raise ValueError(
            "`dilations` of a Table are positive ints, one for each layer. "
            f"Received: dilations={table.dilations!r}. See wavenet.SMALL."
        )


@registry.network(
    PAPER, (IBAB, R9Y9), size=16000, task=registry.AUDIO_GENERATION
)
@plain_numbers
def WaveNet(
    input_shape=(None,),
    num_embeddings=256,
    *,
    num_mixtures=None,
    log_scale_min=-7.0,
    num_classes=None,
    class_channels=32,
    condition_channels=None,
    upsampling=(),
    table=IBAB,
    name="wavenet",
):
    """Builds a network that predicts each sample of a sound from those before.

    Sections 2.1 to 2.5 of the paper. By default a sample is one of the levels
    of `mu_law_encode`, and the outputs are logits. Train the model by `fit` on
    levels as inputs and as labels, with
    `SparseCategoricalCrossentropy(from_logits=True)`; it shifts its inputs by
    itself. With `num_mixtures` a sample is an amplitude in [-1, 1], and the
    loss is `LogisticMixtureLoss`. `sample` draws from both.

    Args:
        input_shape: Number of samples of a sound, or None for any number, in
            a tuple.
        num_embeddings: Positive int. Levels of a sample. Defaults to 256. It
            is ignored with `num_mixtures`.
        num_mixtures: Logistics of the mixture that is predicted in place of
            logits, or None.
        log_scale_min: Number. The least logarithm of a scale of these
            logistics, in training and in sampling. Defaults to -7;
            r9y9/wavenet_vocoder has -16.
        num_classes: Number of classes, such as speakers, or None. The model
            then takes a dict of `codes` and `labels`, ints of shape
            `(batch,)`. Each layer adds a projection of their embedding
            (global conditioning, section 2.5).
        class_channels: Positive int. Length of these embeddings. Defaults to
            32.
        condition_channels: Channels of features over time that the samples
            depend on, or None. The model then takes a dict with `condition`,
            too (local conditioning).
        upsampling: Tuple of ints whose product is the number of samples for
            each step of the condition. It is repeated and smoothed by one
            factor after the other, as in r9y9/wavenet_vocoder. Defaults to
            `()`: a step of the condition for each sample.
        table: A `Table`: `IBAB` (default), `R9Y9` or `SMALL`.
        name: Name of the model.

    Returns:
        A functional model: samples of shape `(batch, time)` to logits of shape
        `(batch, time, num_embeddings)`, or to mixtures of shape `(batch, time,
        3 * num_mixtures)`, which depend on the samples before their own place.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> model = WaveNet((800,), num_classes=10, table=SMALL)
    >>> model.output_shape
    (None, 800, 256)
    """
    check_name(name)
    check_layers("table", table)
    for argument, value, optional, advice in (
        ("num_embeddings", num_embeddings, False, "Try 256."),
        ("num_mixtures", num_mixtures, True, "Try 10."),
        ("num_classes", num_classes, True, "Try 10."),
        ("class_channels", class_channels, False, "Try 32."),
        ("condition_channels", condition_channels, True, "Try 80."),
    ):
        if not (optional and value is None):
            check_positive_int(argument, value, "a number", advice)
    check_number(
        "log_scale_min",
        log_scale_min,
        "the least logarithm of a scale",
        "Try -7.",
    )
    hop = _hop(upsampling)
    if len(upsampling) and condition_channels is None:
        raise ValueError(
            "`upsampling` is the factors for a condition. Received: "
            f"upsampling={upsampling!r} for condition_channels=None. Pass the "
            "channels of the condition, or no factors."
        )
    length = checked_length(input_shape, hop, "the product of `upsampling`")
    levels = None if num_mixtures else num_embeddings
    codes = keras.Input(
        (length,), dtype="int32" if levels else "float32", name="codes"
    )
    inputs, given = {}, {}
    if num_classes is not None:
        inputs["labels"] = keras.Input((), dtype="int32", name="labels")
        given["global_condition"] = layers.Embedding(
            num_classes, class_channels, name="classes"
        )(inputs["labels"])
    if condition_channels is not None:
        steps = None if length is None else length // hop
        condition = inputs["condition"] = keras.Input(
            (steps, condition_channels), name="condition"
        )
        if upsampling:
            condition = _Upsampling(upsampling, name="upsampling")(condition)
        given["local_condition"] = condition
    x = _Previous(levels, name="previous")(codes)
    x = layers.Conv1D(
        table.residual,
        table.first_kernel,
        padding="causal",
        use_bias=table.first_bias,
        data_format="channels_last",
        name="stem",
    )(x)
    skips = []
    for index, dilation in enumerate(table.dilations, start=1):
        last = index == len(table.dilations)
        outputs = GatedCausalConv1D(
            table.residual,
            table.kernel,
            dilation,
            gate_filters=table.gate,
            skip_filters=table.skip,
            residual=not last,
            residual_scale=math.sqrt(0.5) if table.scaled else 1.0,
            name=f"layer{index}",
        )(x, **given)
        x, skip = (None, outputs) if last else outputs
        skips.append(skip)
    x = layers.Add(name="skips")(skips) if len(skips) > 1 else skips[0]
    if table.scaled:
        x = layers.Rescaling(1 / math.sqrt(len(skips)), name="skips_scale")(x)
    x = layers.ReLU(name="skips_relu")(x)
    x = layers.Dense(table.skip, "relu", name="head")(x)
    outputs = layers.Dense(levels or 3 * num_mixtures, name="logits")(x)
    if not levels:
        outputs = LeastScale(log_scale_min, name="mixtures")(outputs)
    inputs = {"codes": codes, **inputs} if inputs else codes
    return keras.Model(inputs, outputs, name=name)


def _hop(upsampling):
    """Returns the number of samples of each step of the condition."""
    factors = plain(upsampling)
    good = isinstance(factors, tuple | list)
    if not good or not all(isinstance(n, int) and n > 0 for n in factors):
        raise ValueError(
            "`upsampling` is the factors whose product is the number of "
            "samples for each step of the condition. Received: upsampling="
            f"{upsampling!r}. Try (4, 4, 4) for 64."
        )
    return math.prod(factors)


def checked_length(input_shape, hop, divisor):
    """Returns the number of samples in an `input_shape`, or None.

    Args:
        input_shape: What the user passed.
        hop: Int that must divide the number.
        divisor: Str. What `hop` is.

    Raises:
        ValueError: If the shape has other axes, or `hop` does not divide it.
    """
    shape = plain(input_shape)
    good = isinstance(shape, tuple | list) and len(shape) == 1
    if good and shape[0] is None:
        return None
    if not good or not isinstance(shape[0], int) or shape[0] < 1:
        raise ValueError(
            "`input_shape` is the number of samples of a sound, in a tuple. "
            f"Received: input_shape={input_shape!r}. Try (4096,), or (None,) "
            "for any number."
        )
    check_divided("input_shape", shape[0], hop, divisor)
    return shape[0]


def check_divided(name, length, hop, divisor):
    """Raises ValueError unless `hop` divides a number of samples."""
    shorter, longer = length // hop * hop, -(-length // hop) * hop
    if length != shorter:
        crop = f"Crop the sounds to {shorter} or pad" if shorter else "Pad"
        raise ValueError(
            f"`{name}` has a number of samples that {divisor} divides: a "
            f"multiple of {hop}. Received: {length} samples. {crop} them to "
            f"{longer}."
        )


@keras.saving.register_keras_serializable(package="keras_papers")
class _Previous(keras.layers.Layer):
    """Returns for each place the sample before it, and zeros for the first.

    Args:
        num_embeddings: Levels, which become one-hot vectors; None for
            amplitudes.
        **kwargs: Base layer keyword arguments.
    """

    def __init__(self, num_embeddings=None, **kwargs):
        super().__init__(**kwargs)
        self.num_embeddings = num_embeddings

    def call(self, inputs):
        x = self.features(inputs)
        return ops.pad(x[:, :-1], ((0, 0), (1, 0), (0, 0)))

    def features(self, samples):
        """Returns samples as vectors."""
        if self.num_embeddings is None:
            return ops.cast(samples, self.compute_dtype)[..., None]
        return ops.one_hot(
            samples, self.num_embeddings, dtype=self.compute_dtype
        )

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.num_embeddings or 1)

    def multiply_adds(self, output_shape):
        """Returns 0 for `cost.count`: values are moved only."""
        return 0

    def get_config(self):
        return {**super().get_config(), "num_embeddings": self.num_embeddings}


@keras.saving.register_keras_serializable(package="keras_papers")
class _Upsampling(keras.layers.Layer):
    """Repeats features over time and smooths them, one factor after another.

    Each filter is the same for all channels, and starts as a mean.

    Args:
        factors: Sequence of ints.
        **kwargs: Base layer keyword arguments.
    """

    def __init__(self, factors, **kwargs):
        super().__init__(**kwargs)
        self.factors = tuple(factors)

    def build(self, input_shape):
        channels = input_shape[-1]
        self.mix = layers.Dense(
            channels,
            use_bias=False,
            dtype=self.dtype_policy,
            name=f"{self.name}_mix",
        )
        self.mix.build(input_shape)
        self.smooth = []
        for index, factor in enumerate(self.factors, start=1):
            size = 2 * factor + 1
            smooth = layers.Conv2D(
                1,
                (size, 1),
                padding="same",
                use_bias=False,
                kernel_initializer=keras.initializers.Constant(1 / size),
                data_format="channels_last",
                dtype=self.dtype_policy,
                name=f"{self.name}_smooth{index}",
            )
            smooth.build((None, None, channels, 1))
            self.smooth.append(smooth)

    def call(self, inputs):
        x = self.mix(inputs)[..., None]
        for factor, smooth in zip(self.factors, self.smooth, strict=True):
            x = smooth(ops.repeat(x, factor, axis=1))
        return x[..., 0]

    def compute_output_shape(self, input_shape):
        batch, steps, channels = input_shape
        if steps is not None:
            steps *= math.prod(self.factors)
        return (batch, steps, channels)

    def multiply_adds(self, output_shape):
        """Returns the multiply-adds of all convolutions for `cost.count`."""
        _, samples, channels = output_shape
        steps = samples // math.prod(self.factors)
        total = steps * channels**2
        for factor in self.factors:
            steps *= factor
            total += steps * (2 * factor + 1) * channels
        return total

    def get_config(self):
        return {**super().get_config(), "factors": list(self.factors)}
