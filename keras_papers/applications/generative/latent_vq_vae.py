"""VQ-VAE (van den Oord et al., 2017, https://arxiv.org/abs/1711.00937).

The second stage of its section 4.2: an autoencoder of the codes of another.
"""

import math

import keras
from keras import layers

from keras_papers.applications import registry
from keras_papers.applications.generative.codes_above import MAP, map_size
from keras_papers.applications.generative.gated_stack import (
    new_stack,
    stack_of,
)
from keras_papers.applications.generative.halves import draw_vectors, quantizers
from keras_papers.applications.generative.rows import (
    Row,
    Table,
    check_rows,
    draw,
    reduction,
)
from keras_papers.applications.generative.vq_vae_paper import PAPER as PAPER
from keras_papers.checks import (
    check_name,
    check_positive_int,
    plain_numbers,
)
from keras_papers.layers import VectorQuantizer

# fmt: off
TABLE = Table(  # the paper gives the codes only: three of 512 each, 27 bits
    encoder=(
        #   layer    kernel s filters relu
        Row("conv",       4, 2,  128, True),
        Row("conv",       4, 2,  128, True),
        Row("conv",       3, 1,  128, True),
    ),
    decoder=(
        Row("transposed", 4, 2,  128, True),
        Row("transposed", 4, 2,   64, True),
    ),
)
# fmt: on
CONDITION = "condition_map"  # the layer whose output the PixelCNN sees


@registry.network(
    PAPER,
    TABLE.encoder + TABLE.decoder,
    size=21,
    task=registry.LATENT_AUTOENCODING,
)
@plain_numbers
def LatentVQVAE(
    input_shape=(21, 21),
    num_embeddings=512,
    num_latents=3,
    latent_embeddings=512,
    embedding_dim=64,
    *,
    filters=64,
    num_layers=15,
    kernel_size=3,
    table=TABLE,
    name="latent_vq_vae",
):
    """Builds a VQ-VAE over maps of codes, with a PixelCNN as its decoder.

    Section 4.2 of the paper. The images of DeepMind Lab, 84 x 84 x 3, are
    codes of 21 x 21 in a first VQ-VAE, and those are three codes in this
    second one: 27 bits for an image. As the decoder can model the details by
    itself, the few codes hold what is common to the whole image.

    Train it by `fit` on the codes of the first VQ-VAE as inputs and as labels,
    with `SparseCategoricalCrossentropy(from_logits=True)`; the quantizer adds
    its losses by itself. `encoder` gives the few codes, and `latent_decoder`
    the prior from which `sample` draws what they stand for.

    Args:
        input_shape: Height and width of a map of codes. Defaults to 21 x 21.
        num_embeddings: Positive int. Codes of the maps. Defaults to 512.
        num_latents: Positive int. Codes for a whole map, each of a codebook of
            its own. Defaults to 3.
        latent_embeddings: Positive int. Codes of each of these codebooks.
            Defaults to 512.
        embedding_dim: Positive int. Length of a code. Defaults to 64.
        filters: Positive int. Channels of the PixelCNN. Defaults to 64.
        num_layers: Positive int. Layers of the PixelCNN. Defaults to 15.
        kernel_size: Positive odd int. Of all these layers but the first, which
            has 7. Defaults to 3.
        table: A `Table` of the layers before the codes, and between them and
            the PixelCNN, whose last row has the channels of the condition.
        name: Name of the model.

    Returns:
        A functional model: codes of shape `(batch, height, width)` to logits
        of shape `(batch, height, width, num_embeddings)`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> model = LatentVQVAE((6, 6), num_embeddings=16, num_layers=2)
    >>> model.output_shape
    (None, 6, 6, 16)
    """
    check_name(name)
    height, width = map_size(input_shape)
    for argument, value, advice in (
        ("num_embeddings", num_embeddings, "Try 512."),
        ("num_latents", num_latents, "Try 3."),
        ("latent_embeddings", latent_embeddings, "Try 512."),
        ("embedding_dim", embedding_dim, "Try 64."),
        ("filters", filters, "Try 64."),
        ("num_layers", num_layers, "Try 15."),
    ):
        check_positive_int(argument, value, "a number", advice)
    check_rows(table, "latent_vq_vae.TABLE")
    codes = keras.Input((height, width), dtype="int32", name="codes")
    x = layers.Embedding(num_embeddings, filters, name="encoder_embed")(codes)
    x = draw(x, table.encoder, filters, "encoder")
    x = layers.Flatten(data_format="channels_last", name="flatten")(x)
    x = layers.Dense(num_latents * embedding_dim, name="to_latents")(x)
    x = VectorQuantizer(
        latent_embeddings, num_codebooks=num_latents, name="latents"
    )(x)
    x = _draw_condition(x, table, height, width, filters)
    stack = new_stack(num_embeddings, filters, num_layers, kernel_size)
    return keras.Model(codes, stack.draw(codes, condition=x), name=name)


def _draw_condition(x, table, height, width, filters):
    """Draws the layers from the few codes to a map that the PixelCNN sees."""
    times = reduction(table.decoder)
    small = (math.ceil(height / times), math.ceil(width / times))
    shape = (*small, table.encoder[-1].filters or filters)
    x = layers.Dense(math.prod(shape), "relu", name="from_latents")(x)
    x = layers.Reshape(shape, name="from_latents_map")(x)
    x = draw(x, table.decoder, filters, "decoder")
    more = (small[0] * times - height, small[1] * times - width)
    return layers.Cropping2D(
        ((0, more[0]), (0, more[1])),
        data_format="channels_last",
        name=CONDITION,
    )(x)


def latent_decoder(model):
    """Returns the decoder of a `LatentVQVAE`, a prior that `sample` takes.

    Args:
        model: What `LatentVQVAE` returned, or such a model that was loaded.

    Returns:
        A functional model of a dict of `codes`, the map, and `condition`, ints
        of shape `(batch, num_latents)`, to logits. It shares the weights.

    Raises:
        ValueError: If the model is none of `LatentVQVAE`.

    Example:
    >>> from keras_papers.applications.generative import encoder, sample
    >>> model = LatentVQVAE((6, 6), num_embeddings=16, num_layers=2)
    >>> few = encoder(model).predict(keras.ops.zeros((2, 6, 6)), verbose=0)
    >>> few.shape
    (2, 3)
    >>> sample(latent_decoder(model), 2, condition=few, verbose=0).shape
    (2, 6, 6)
    """
    if not any(layer.name == CONDITION for layer in model.layers):
        raise ValueError(
            "`model` is an autoencoder of codes. Received: "
            f"{model.name!r}, which has no layer {CONDITION!r}. Pass what "
            "LatentVQVAE returned; `decoder` is for the others."
        )
    (quantizer,) = quantizers(model)
    number = quantizer.num_codebooks
    # One code has no axis of codebooks.
    shape = (number,) if number > 1 else ()
    latents = keras.Input(shape, dtype="int32", name="condition")
    codes = keras.Input(model.input_shape[1:], dtype="int32", name="codes")
    to_map = keras.Model(
        quantizer.output, model.get_layer(CONDITION).output, name="map_of_codes"
    )
    x = to_map(draw_vectors(quantizer, latents))
    x = layers.Identity(name=MAP)(x)  # where samplers look for it
    logits = stack_of(model).draw(codes, condition=x)
    return keras.Model(
        {"codes": codes, "condition": latents},
        logits,
        name=f"{model.name}_decoder",
    )
