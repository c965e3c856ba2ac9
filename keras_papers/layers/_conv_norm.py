"""Convolution, batch normalization, activation: the row of every CNN table.

A `create(layer_class, name, *args, **kwargs)` makes each layer, so the same
lists serve inside a block (`Block.part`) and in a model's own graph.
"""

from keras import layers

from keras_papers.checks import (
    check_choice,
    check_positive_int,
    plain,
)
from keras_papers.layers._image_axes import channel_axis
from keras_papers.layers._initializer import own_initializer

PADDINGS = ("same", "even", "symmetric")


def conv_norm(
    create,
    name,
    convolution,
    *args,
    activation=None,
    momentum,
    epsilon,
    data_format,
    kernel_initializer="glorot_uniform",
    **kwargs,
):
    """Lists a convolution without bias, its normalization and activation."""
    depthwise = issubclass(convolution, layers.DepthwiseConv2D)
    kernel = "depthwise" if depthwise else "kernel"  # as Keras calls it
    parts = [
        create(
            convolution,
            name,
            *args,
            use_bias=False,
            data_format=data_format,
            **{f"{kernel}_initializer": own_initializer(kernel_initializer)},
            **kwargs,
        ),
        create(
            layers.BatchNormalization,
            f"{name}_norm",
            axis=channel_axis(data_format),
            momentum=momentum,
            epsilon=epsilon,
        ),
    ]
    if activation is not None:
        parts.append(
            create(layers.Activation, f"{name}_activation", activation)
        )
    return parts


def spatial_conv_norm(
    create,
    name,
    convolution,
    *args,
    kernel_size,
    strides,
    padding,
    data_format,
    **kwargs,
):
    """Lists what `conv_norm` does, behind a padding layer if it takes one."""
    before, after = pad_widths(kernel_size, strides, padding)
    pad = []
    if padding != "same" and strides == 2:
        widths = ((before, after), (before, after))
        pad = [
            create(
                layers.ZeroPadding2D,
                f"{name}_pad",
                widths,
                data_format=data_format,
            )
        ]
    return pad + conv_norm(
        create,
        name,
        convolution,
        *args,
        kernel_size=kernel_size,
        strides=strides,
        padding="valid" if pad else "same",
        data_format=data_format,
        **kwargs,
    )


def pad_widths(kernel_size, strides, padding):
    """Returns the zeros before and after each axis, as far as it is fixed.

    `"same"` depends on the map: it pads an even map as `"even"` does and an
    odd one as `"symmetric"` does, at strides 2.
    """
    half = kernel_size // 2
    return (max(0, half - 1), half) if padding == "even" else (half, half)


def output_size(size, kernel_size, strides, padding):
    """Returns a map's `(height, width)` after the convolution; None is open."""
    if strides == 1 or padding == "same":
        return tuple(n and -(-n // strides) for n in size)
    extra = sum(pad_widths(kernel_size, strides, padding)) - kernel_size
    return tuple(n and (n + extra) // strides + 1 for n in size)


def check_filters(filters):
    """Raises ValueError unless `filters` counts output channels."""
    check_positive_int(
        "filters",
        filters,
        "the number of output channels",
        "Scale a table's channels with a width multiplier, and round them.",
    )


def check_kernel_size(kernel_size):
    """Raises ValueError unless `kernel_size` is one number of pixels."""
    check_positive_int(
        "kernel_size",
        kernel_size,
        "the height and width of the kernel",
        "Pass one number, such as 3 or 5.",
    )


def check_strides(strides):
    """Raises ValueError unless `strides` keeps or halves a map."""
    if plain(strides) not in (1, 2) or isinstance(strides, bool | float):
        raise ValueError(
            "`strides` is the step of the convolution and must be "
            f"1 (keeps the map) or 2 (halves it). Received: strides={strides!r}"
            ". For more, put several blocks behind each other."
        )


def check_padding(padding):
    """Raises ValueError unless `padding` names a rule."""
    check_choice(
        "padding", padding, PADDINGS, "the rule by which a map is padded"
    )
