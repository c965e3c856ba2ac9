"""The .tflite files of an autoencoder's halves, written and measured."""

import keras
import numpy as np

from keras_papers import export
from keras_papers.applications.generative import decoder, encoder
from keras_papers.applications.generative.portable_halves import (
    portable_decoder,
    portable_encoder,
)
from keras_papers.pipelines.generation.measures import reconstruction
from keras_papers.pipelines.generation.report import Half

# Images of each class in turn.
RANGES = 300  # training images on which the ranges of integers are measured
COMPARED = 32  # of them, on which a file is compared with Keras
MEASURED = 300  # held-out images, of which LiteRT runs one at a time


def write_halves(autoencoder, pictures, folder, options):
    """Writes the encoder and the decoder as .tflite files.

    Args:
        autoencoder: The autoencoder, of pixels in [0, 255].
        pictures: The `Pictures` of its training.
        folder: Where to write.
        options: The `GenerateOptions`.

    Returns:
        List of `Half`.
    """
    images = pictures.some(pictures.images.train, RANGES)
    tested = pictures.some(pictures.images.test, MEASURED)
    encode, decode = encoder(autoencoder), decoder(autoencoder)
    found = []
    for quantize in dict.fromkeys((None, options.quantize)):
        ending = f".{quantize}.tflite" if quantize else ".tflite"
        file = _write(
            portable_encoder(autoencoder),
            folder / f"encoder{ending}",
            quantize,
            images,
            images[:COMPARED],
        )
        ours = _by_name(encode, _codes(encode, tested))
        theirs = _by_name(encode, export.predict(file.path, tested))
        equal = [np.mean(theirs[name] == ours[name]) for name in ours]
        decoded = decode.predict(_as_inputs(decode, theirs), verbose=0)
        of_chain = _measured(decoded, tested)
        found.append(
            _half(file, of_chain, len(tested), equal=float(np.mean(equal)))
        )
        codes = _by_name(encode, _codes(encode, images))
        file = _write(
            portable_decoder(autoencoder),
            folder / f"decoder{ending}",
            quantize,
            codes,
            {name: each[:COMPARED] for name, each in codes.items()},
        )
        given = ours if len(ours) > 1 else next(iter(ours.values()))
        of_chain = _measured(export.predict(file.path, given), tested)
        found.append(_half(file, of_chain, len(tested)))
    return found


def _write(half, path, quantize, examples, compared):
    return export.to_tflite(
        half,
        path,
        quantize=quantize,
        representative_data=examples if quantize == "int8" else None,
        images=compared,
    )


def _half(file, chain, images, equal=None):
    return Half(
        file.path.name,
        file.bytes,
        file.latency_ms,
        file.partitions,
        equal,
        None if equal is not None else file.parity,
        chain.mse,
        chain.psnr,
        images,
    )


def _codes(encode, images):
    codes = encode.predict(images, verbose=0)
    return [keras.ops.convert_to_numpy(x) for x in keras.tree.flatten(codes)]


def _by_name(encode, codes):
    """Returns codes by the names of their quantizers, as ints."""
    if isinstance(codes, np.ndarray):
        codes = [codes]
    names = [
        output._keras_history[0].name.removeprefix("encode_")
        for output in encode.outputs
    ]
    if isinstance(codes, dict):
        codes = [codes[name] for name in names]
    return {
        name: each.astype("int32")
        for name, each in zip(names, codes, strict=True)
    }


def _as_inputs(decode, codes):
    values = [codes[tensor.name] for tensor in decode.inputs]
    return values if len(values) > 1 else values[0]


def _measured(made, images):
    return reconstruction(lambda _: made, [images])
