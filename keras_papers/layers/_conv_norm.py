"""Convolution, batch normalization, activation: the row of every CNN table.

`create(layer_class, name, *args, **kwargs)` creates each layer, so that the
same functions serve a block (`Block.part`) and the graph of a model.
"""

import keras
from keras import layers

from keras_papers.layers._image_axes import channel_axis


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
    use_bias=False,
    normalize=True,
    norm_scale=True,
    **kwargs,
):
    """Lists a convolution, its normalization or bias, and its activation."""
    depthwise = issubclass(convolution, layers.DepthwiseConv2D)
    kernel = "depthwise" if depthwise else "kernel"  # as Keras calls it
    parts = [
        create(
            convolution,
            name,
            *args,
            use_bias=use_bias or not normalize,
            data_format=data_format,
            **{f"{kernel}_initializer": own_initializer(kernel_initializer)},
            **kwargs,
        )
    ]
    if normalize:
        parts.append(
            create(
                layers.BatchNormalization,
                f"{name}_norm",
                axis=channel_axis(data_format),
                momentum=momentum,
                epsilon=epsilon,
                scale=norm_scale,
            )
        )
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
    """Lists what `conv_norm` does, after a padding layer if one is needed."""
    before, after = pad_widths(kernel_size, strides, padding)
    pad = []
    if padding not in ("same", "valid") and strides == 2:
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
        padding="valid" if pad or padding == "valid" else "same",
        data_format=data_format,
        **kwargs,
    )


def pad_widths(kernel_size, strides, padding):
    """Returns the number of zeros before and after each axis.

    `"same"` depends on the size of the map: at strides 2 it pads an even map
    as `"even"` does, and an odd one as `"symmetric"` does.
    """
    half = kernel_size // 2
    return (max(0, half - 1), half) if padding == "even" else (half, half)


def output_size(size, kernel_size, strides, padding):
    """Returns `(height, width)` after the convolution; None is unknown."""
    if strides == 1 or padding == "same":
        return tuple(n and -(-n // strides) for n in size)
    extra = sum(pad_widths(kernel_size, strides, padding)) - kernel_size
    return tuple(n and (n + extra) // strides + 1 for n in size)


def own_initializer(initializer):
    """Returns an initializer for one kernel.

    An initializer of Keras draws the same numbers at each call.
    """
    if isinstance(initializer, keras.initializers.Initializer):
        return initializer.clone()
    return initializer
