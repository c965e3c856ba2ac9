"""VQ-VAE (van den Oord et al., 2017, https://arxiv.org/abs/1711.00937)."""

import keras
from keras import layers, ops

from keras_papers.applications import registry
from keras_papers.applications.generative.rows import (
    Row,
    Table,
    check_rows,
    draw,
    from_pixels,
    image_shape,
    reduction,
    to_pixels,
)
from keras_papers.applications.generative.vq_vae_paper import PAPER as PAPER
from keras_papers.checks import (
    check_name,
    check_positive,
    check_positive_int,
    plain,
    plain_numbers,
)
from keras_papers.layers import VectorQuantizer

# fmt: off
# Section 4.1, as it can be read: 256 hidden units everywhere.
SECTION_4_1 = Table(
    encoder=(
        #   layer    kernel s filters relu
        Row("conv",       4, 2,  256, True),
        Row("conv",       4, 2,  256, False),
        Row("residual",   3, 1,  256, False),
        Row("residual",   3, 1,  256, False),
    ),
    decoder=(
        Row("residual",   3, 1,  256, False),
        Row("residual",   3, 1,  256, False),
        Row("transposed", 4, 2,  256, True),
        Row("transposed", 4, 2, None, False),
    ),
)
# DeepMind's example in Sonnet, which most public code follows.
SONNET = Table(
    encoder=(
        Row("conv",       4, 2,   64, True),
        Row("conv",       4, 2,  128, True),
        Row("conv",       3, 1,  128, False),
        Row("residual",   3, 1,   32, False),
        Row("residual",   3, 1,   32, True),
    ),
    decoder=(
        Row("conv",       3, 1,  128, False),
        Row("residual",   3, 1,   32, False),
        Row("residual",   3, 1,   32, True),
        Row("transposed", 4, 2,   64, True),
        Row("transposed", 4, 2, None, False),
    ),
)
# fmt: on


@registry.network(
    PAPER,
    SONNET.encoder + SONNET.decoder,
    size=32,
    task=registry.IMAGE_AUTOENCODING,
)
@plain_numbers
def VQVAE(
    input_shape=(32, 32, 3),
    num_embeddings=512,
    embedding_dim=64,
    *,
    quantizer=None,
    table=SONNET,
    include_preprocessing=False,
    name="vq_vae",
):
    """Builds a VQ-VAE for images.

    The quantizer adds its losses by itself. Train the model by `fit` on images
    as inputs and as labels, with `ReconstructionLoss(images.var())`; the logs
    then have the usage and the perplexity of the codebook.

    Args:
        input_shape: Height, width and channels of an image. The size is
            divided by 4.
        num_embeddings: Positive int. Codes. Defaults to 512.
        embedding_dim: Length of the codes, to which a 1 x 1 convolution
            brings the encoder's output. Defaults to 64; None leaves it as
            long as it is, as in section 4.1 of the paper.
        quantizer: Layer with `encode` and `decode`, such as
            `VectorQuantizer(512, num_codebooks=10)` or
            `FiniteScalarQuantizer((8, 5, 5, 5))`. Defaults to None: a
            `VectorQuantizer` of `num_embeddings` codes.
        table: A `Table`: `SONNET` (default), 662,723 parameters for images
            with 3 channels, or `SECTION_4_1`, 4,745,987 without
            `embedding_dim`.
        include_preprocessing: Whether images and reconstructions are pixels
            in [0, 255]; the network inside then computes with [-0.5, 0.5].
            Defaults to False.
        name: Name of the model.

    Returns:
        A functional model: images to reconstructions. `encoder` and `decoder`
        are its halves.

    Raises:
        ValueError: If an argument is out of its range, or the size of the
            images cannot be divided.

    Example:
    >>> model = VQVAE((28, 28, 1), num_embeddings=64)
    >>> model.output_shape
    (None, 28, 28, 1)
    """
    check_name(name)
    if quantizer is not None and num_embeddings != 512:
        raise ValueError(
            "`num_embeddings` is the number of codes of the quantizer that is "
            f"made where none is passed. Received: num_embeddings="
            f"{num_embeddings} and a quantizer. Pass one of them."
        )
    check_positive_int("num_embeddings", num_embeddings, "codes", "Try 512.")
    if embedding_dim is not None:
        check_positive_int("embedding_dim", embedding_dim, "a size", "Try 64.")
    check_rows(table, "vq_vae.SONNET")
    height, width, channels = image_shape(input_shape, reduction(table.encoder))
    images = keras.Input((height, width, channels), name="image")
    x = from_pixels(images) if include_preprocessing else images
    x = draw(x, table.encoder, channels, "encoder")
    if embedding_dim is not None:
        x = layers.Conv2D(
            embedding_dim, 1, data_format="channels_last", name="to_codes"
        )(x)
    quantizer = quantizer or VectorQuantizer(num_embeddings, name="codes")
    x = quantizer(x)
    x = draw(x, table.decoder, channels, "decoder")
    if include_preprocessing:
        x = to_pixels(x)
    return keras.Model(images, x, name=name)


@keras.saving.register_keras_serializable(package="keras_papers")
class ReconstructionLoss(keras.losses.Loss):
    """The mean squared error, divided by the variance of the images.

    As in DeepMind's example: a loss of 1 is that of the mean image, whatever
    the range of the pixels is, so that the commitment loss beside it has the
    same weight for all images.

    Args:
        variance: Positive number: `images.var()` of the training images.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Example:
    >>> images = ops.array([[0.0, 4.0]])
    >>> float(ReconstructionLoss(variance=4.0)(images, images + 2.0))
    1.0
    """

    def __init__(self, variance, name="reconstruction_loss", **kwargs):
        super().__init__(name=name, **kwargs)
        check_positive(
            "variance", plain(variance), "that of the images", "Try 0.06."
        )
        self.variance = float(variance)

    def call(self, y_true, y_pred):
        y_true = ops.cast(y_true, y_pred.dtype)
        return ops.mean(ops.square(y_true - y_pred), axis=-1) / self.variance

    def get_config(self):
        return {**super().get_config(), "variance": self.variance}
