"""VQ-VAE-2 (Razavi et al., 2019, https://arxiv.org/abs/1906.00446)."""

from typing import NamedTuple

import keras
from keras import layers

from keras_papers.applications import registry
from keras_papers.applications.generative.rows import (
    Row,
    draw,
    from_pixels,
    image_shape,
    to_pixels,
)
from keras_papers.checks import (
    check_name,
    check_positive_int,
    plain_numbers,
)
from keras_papers.layers import VectorQuantizer

PAPER = registry.Paper(
    "VQ-VAE-2",
    "Generating Diverse High-Fidelity Images with VQ-VAE-2",
    "Razavi et al.",
    2019,
    "https://arxiv.org/abs/1906.00446",
)


class Setting(NamedTuple):
    """A column of the table of appendix A, the autoencoders' settings."""

    size: int  # height and width of the images
    latents: tuple  # heights and widths of the maps of codes
    hidden: int  # units of the maps between the codes
    residual: int  # units inside the residual units
    residuals: int  # number of these in each part ("residual layers")
    codes: int  # of each codebook
    dim: int  # length of the codes
    encoder_kernel: int
    upsampling_kernel: int


# fmt: off
APPENDIX_A = (
    #        size  latents      hidden residual residuals codes dim kernels
    Setting( 256, (32, 64),        128,      64,        2,  512, 64, 3, 4),
    Setting(1024, (32, 64, 128),   128,      64,        2,  512, 64, 3, 4),
)
# fmt: on
HIDDEN = APPENDIX_A[0].hidden


@registry.network(PAPER, APPENDIX_A, size=256, task=registry.IMAGE_AUTOENCODING)
@plain_numbers
def VQVAE2(
    input_shape=(256, 256, 3),
    num_embeddings=512,
    embedding_dim=64,
    *,
    levels=2,
    residual_filters=64,
    num_residuals=2,
    include_preprocessing=False,
    name="vq_vae_2",
):
    """Builds a VQ-VAE-2: a hierarchy of maps of codes.

    Figure 2 and appendix A of the paper. The codes of the top level see the
    whole image; those of a level below see what was decoded from the level
    above, and add detail. The images are decoded from all levels.

    With 2 levels the codes are a quarter and an eighth of the image each way,
    with 3 an eighth, a 16th and a 32nd. The paper does not fix two choices for
    3 levels: here the vectors of a level are decoded for the level below from
    its own codes alone, and each level reaches the decoder of the images by
    one transposed convolution for each doubling.

    Train it as a `VQVAE`; the losses of the levels are summed.

    Args:
        input_shape: Height, width and channels of an image.
        num_embeddings: Positive int. Codes of each level. Defaults to 512.
        embedding_dim: Positive int. Length of the codes. Defaults to 64.
        levels: 2 (default) or 3.
        residual_filters: Positive int. Channels inside the residual units.
            Defaults to 64, the paper's: 1,716,803 parameters for images of
            3 channels. With the 32 of rosinality/vq-vae-2-pytorch they are
            1,388,867.
        num_residuals: Positive int. Residual units of each part. Defaults
            to 2.
        include_preprocessing: Whether images and reconstructions are pixels
            in [0, 255]; the network inside then computes with [-0.5, 0.5].
            Defaults to False.
        name: Name of the model.

    Returns:
        A functional model: images to reconstructions. `encoder` and `decoder`
        are its halves, with the codes of the top level first.

    Raises:
        ValueError: If an argument is out of its range, or the size of the
            images cannot be divided.

    Example:
    >>> model = VQVAE2((32, 32, 3), num_embeddings=64)
    >>> model.output_shape
    (None, 32, 32, 3)
    """
    check_name(name)
    if levels not in (2, 3):
        raise ValueError(
            "`levels` is the number of maps of codes: 2 or 3. "
            f"Received: levels={levels!r}. Try 2."
        )
    for argument, value, advice in (
        ("num_embeddings", num_embeddings, "Try 512."),
        ("embedding_dim", embedding_dim, "Try 64."),
        ("residual_filters", residual_filters, "Try 64."),
        ("num_residuals", num_residuals, "Try 2."),
    ):
        check_positive_int(argument, value, "a number", advice)
    # The bottom level halves the image as often as there are levels.
    height, width, channels = image_shape(input_shape, 2 ** (2 * levels - 1))
    residuals = [
        Row("residual", 3, 1, residual_filters, relu=each == num_residuals)
        for each in range(1, num_residuals + 1)
    ]
    to_map = [Row("conv", 3, 1, HIDDEN, False), *residuals]
    half = [Row("conv", 4, 2, HIDDEN // 2, True)]
    halves = [Row("conv", 4, 2, HIDDEN, True)] * (levels - 1)
    double = [Row("transposed", 4, 2, embedding_dim, False)]

    images = keras.Input((height, width, channels), name="image")
    x = from_pixels(images) if include_preprocessing else images
    maps = [draw(x, half + halves + to_map, channels, "encoder1_")]
    for level in range(2, levels + 1):
        rows = half + to_map
        maps.append(draw(maps[-1], rows, channels, f"encoder{level}_"))

    decoded, quantized = None, []
    for level in range(levels, 0, -1):
        x = maps[level - 1]
        if decoded is not None:
            x = _concatenate([decoded, x], f"above{level}")
        x = layers.Conv2D(
            embedding_dim,
            1,
            data_format="channels_last",
            name=f"to_codes{level}",
        )(x)
        x = VectorQuantizer(num_embeddings, name=f"codes{level}")(x)
        if level > 1:
            decoded = draw(x, to_map + double, channels, f"decoder{level}_")
        doublings = double * (level - 1)
        quantized.append(draw(x, doublings, channels, f"upsample{level}_"))
    # The widths of the encoder in reverse, the last being the image's.
    widths = [HIDDEN] * (levels - 2) + [HIDDEN // 2]
    to_image = [Row("transposed", 4, 2, each, True) for each in widths]
    to_image.append(Row("transposed", 4, 2, None, False))
    x = draw(
        _concatenate(quantized, "levels"),
        to_map + to_image,
        channels,
        "decoder1_",
    )
    if include_preprocessing:
        x = to_pixels(x)
    return keras.Model(images, x, name=name)


def _concatenate(maps, name):
    return layers.Concatenate(axis=-1, name=name)(maps)
