"""The halves of an autoencoder as layers of Keras alone.

A quantizer finds the nearest code in operations that .tflite files do not
have, and keeps the statistics of its training. Here the codebook is the kernel
of a convolution before the codes, and a table of vectors behind them.
"""

import keras
import numpy as np
from keras import layers, ops

from keras_papers.applications.generative.halves import (
    decoder,
    encoder,
    quantizers,
)
from keras_papers.inlining import redraw
from keras_papers.layers import VectorQuantizer


def portable_encoder(model):
    """Returns the half of an autoencoder before the codes, to be exported.

    The code of the largest `x.e - |e|^2 / 2` is the nearest one. Ties, and
    codes that are as near up to rounding, may be chosen otherwise than by
    `encoder`.

    Args:
        model: What `VQVAE` or `VQVAE2` returned, or such a model that was
            loaded, with quantizers of the class `VectorQuantizer` that have
            one codebook.

    Returns:
        A functional model that outputs what `encoder` does. Its weights are
        copies where they are of a quantizer, and else shared.

    Raises:
        ValueError: If the model has no quantizer, or one of another kind.

    Example:
    >>> from keras_papers.applications.generative import VQVAE
    >>> portable_encoder(VQVAE((28, 28, 1), num_embeddings=64)).output_shape
    (None, 7, 7)
    """
    found = quantizers(model)
    for quantizer in found:
        _check_is_plain(quantizer)
    codes = {}

    def call(layer, *args, **kwargs):
        if layer not in found:
            return layer(*args, **kwargs)
        places = ops.top_k(_scores(layer, args[0]), 1)[1][..., 0]
        nearest = ops.cast(places, "int32")
        codes[layer] = layers.Identity(name=layer.name)(nearest)
        # The levels below see the vectors of these codes.
        return _look_up(layer)(nearest)

    drawn = redraw(model, call)
    outputs = [codes[quantizer] for quantizer in found]
    name = encoder(model).name
    return keras.Model(
        drawn.input, outputs if outputs[1:] else outputs[0], name=name
    )


def portable_decoder(model):
    """Returns the half of an autoencoder behind the codes, to be exported.

    Args:
        model: As for `portable_encoder`, but with quantizers of any kind that
            has one codebook.

    Returns:
        A functional model that takes what `decoder` does, and has copies of
        the vectors of all codes.

    Raises:
        ValueError: If the model has no quantizer, or one of several codebooks.
    """
    found = quantizers(model)
    shapes = [each.shape[1:] for each in decoder(model).inputs]
    codes, vectors = [], []
    for quantizer, shape in zip(found, shapes, strict=True):
        _check_has_one_codebook(quantizer)
        codes.append(keras.Input(shape, dtype="int32", name=quantizer.name))
        vectors.append(_look_up(quantizer)(codes[-1]))
    behind = keras.Model(
        [quantizer.output for quantizer in found], model.output, name="behind"
    )
    return keras.Model(
        codes if codes[1:] else codes[0],
        behind(vectors),
        name=decoder(model).name,
    )


def _look_up(quantizer):
    """Returns the layer from codes to vectors."""
    size = quantizer.num_embeddings
    table = quantizer.decode(ops.arange(size, dtype="int32"))
    look_up = layers.Embedding(
        size, table.shape[-1], name=f"{quantizer.name}_vectors"
    )
    look_up.build()
    look_up.set_weights([ops.convert_to_numpy(table)])
    return look_up


def _scores(quantizer, x):
    """Draws how near each code is: a convolution by the codebook."""
    if quantizer.project_in is not None:
        x = quantizer.project_in(x)
    table = ops.convert_to_numpy(quantizer.codebooks)[0]
    offsets = -np.sum(table**2, axis=-1) / 2
    if quantizer.distance == "cosine":
        table = table / np.linalg.norm(table, axis=-1, keepdims=True)
        offsets = np.zeros(len(table))
    # What all scores have in common does not choose; without it integers
    # have finer steps.
    table = table - table.mean(axis=0)
    offsets = offsets - offsets.mean()
    near = layers.Conv2D(
        len(table),
        1,
        data_format="channels_last",
        name=f"{quantizer.name}_scores",
    )
    near.build(x.shape)
    near.set_weights([table.T[None, None], offsets])
    return near(x)


def _check_is_plain(quantizer):
    if not isinstance(quantizer, VectorQuantizer):
        raise ValueError(
            "`model` has quantizers of the class VectorQuantizer, whose codes "
            "a convolution finds. Received: a layer of the class "
            f"{type(quantizer).__name__}. Use `encoder` in its place."
        )
    _check_has_one_codebook(quantizer)


def _check_has_one_codebook(quantizer):
    number = getattr(quantizer, "num_codebooks", 1)
    if number > 1 or len(quantizer.output.shape) - 1 != len(
        quantizer.compute_codes_shape(quantizer.output.shape)
    ):
        raise ValueError(
            "`model` has quantizers of one codebook each. Received: "
            f"{quantizer.name!r}, which gives several codes for a vector. Use "
            "`encoder` and `decoder` in Python."
        )
