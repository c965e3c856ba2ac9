"""Rows of the tables of convolutional autoencoders, and how they are drawn."""

from typing import NamedTuple

from keras import layers

from keras_papers.checks import check_choice, check_table, plain


class Row(NamedTuple):
    """A convolution, or a residual unit."""

    layer: str  # "conv", "transposed" (convolution) or "residual"
    kernel: int | tuple
    strides: int | tuple
    filters: int | None  # None: the channels of the images
    relu: bool  # whether an activation follows


class Table(NamedTuple):
    """An autoencoder: what comes before the codes, and what behind."""

    encoder: tuple
    decoder: tuple


def check_rows(table, example):
    """Raises ValueError unless a table has rows in both of its halves."""
    check_table("table", table, Table, example)
    for half in Table._fields:
        rows = getattr(table, half)
        good = isinstance(rows, tuple | list) and len(rows) > 0
        if not good or not all(isinstance(row, Row) for row in rows):
            raise ValueError(
                f"`{half}` of a Table is its layers, a tuple of Row. Received: "
                f"{half}={rows!r}. See {example}."
            )


# The layers of maps of each rank: images, and clips of video.
CONV = {4: layers.Conv2D, 5: layers.Conv3D}
TRANSPOSED = {4: layers.Conv2DTranspose, 5: layers.Conv3DTranspose}


def draw(x, rows, channels, name, kinds=None):
    """Draws the layers of `rows` into the graph of `x`.

    A residual unit is `x + conv1(relu(conv3(relu(x))))`, its `filters` those
    of the inner convolution.

    Args:
        x: Symbolic tensor.
        rows: Sequence of `Row`.
        channels: What a row without filters has.
        name: First part of the names of the layers.
        kinds: Dict of functions that draw the other layers of a table, by
            their names there. They take a tensor, the kernel, the filters and
            a name.

    Returns:
        A symbolic tensor.
    """
    kinds = {"residual": _residual, **(kinds or {})}
    for index, row in enumerate(rows, start=1):
        x = _draw_row(x, row, channels, f"{name}{index}", kinds)
        if row.relu:
            x = layers.ReLU(name=f"{name}{index}_relu")(x)
    return x


def _draw_row(x, row, channels, name, kinds):
    filters = row.filters or channels
    if row.layer in kinds:
        return kinds[row.layer](x, row.kernel, filters, name)
    of_rank = {"conv": CONV, "transposed": TRANSPOSED}
    check_choice("layer", row.layer, (*of_rank, *kinds), "that of a Row")
    of_rank = of_rank[row.layer]
    return of_rank[len(x.shape)](
        filters,
        row.kernel,
        row.strides,
        padding="same",
        data_format="channels_last",
        name=name,
    )(x)


def _residual(x, kernel, filters, name):
    shortcut = x
    for part, size, width in (("inner", kernel, filters), ("outer", 1, None)):
        x = layers.ReLU(name=f"{name}_{part}_relu")(x)
        x = CONV[len(x.shape)](
            width or shortcut.shape[-1],
            size,
            padding="same",
            data_format="channels_last",
            name=f"{name}_{part}",
        )(x)
    return layers.Add(name=f"{name}_add")([shortcut, x])


def from_pixels(images):
    """Draws the layer that turns pixels in [0, 255] into [-0.5, 0.5]."""
    return layers.Rescaling(1 / 255, -0.5, name="from_pixels")(images)


def to_pixels(x):
    """Draws the layer that turns [-0.5, 0.5] into pixels in [0, 255]."""
    # A number for each channel: of a single one the converter to .tflite makes
    # the bias of the convolution before, if that has none but zeros, and the
    # file then reads beyond the number.
    offset = [127.5] * x.shape[-1]
    return layers.Rescaling(255, offset, name="to_pixels")(x)


def reduction(rows):
    """Returns how many pixels of an image one place of the last map covers."""
    strides = 1
    for row in rows:
        strides *= row.strides
    return strides


def image_shape(input_shape, divisor):
    """Returns the shape of an image whose size a number must divide."""
    shape = plain(input_shape)
    good = isinstance(shape, tuple | list) and len(shape) == 3
    if not good or not all(isinstance(n, int) and n > 0 for n in shape):
        raise ValueError(
            "`input_shape` is the height, width and channels of an image. "
            f"Received: input_shape={input_shape!r}. Try (32, 32, 3)."
        )
    if shape[0] % divisor or shape[1] % divisor:
        near = tuple(divisor * -(-n // divisor) for n in shape[:2])
        raise ValueError(
            "`input_shape` has a height and width that the strides divide: "
            f"multiples of {divisor}, or the reconstruction has another size. "
            f"Received: input_shape={input_shape!r}. Resize or pad the images "
            f"to {near[0]} x {near[1]}."
        )
    return shape
