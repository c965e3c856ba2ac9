"""Codes of an int8 encoder: the look-up in floats, compared with integers.

    keras-papers generate train --output my_generator
    python benchmarks/bench_look_up.py my_generator

The encoder is that of a generator of scikit-learn's digits with one map of
codes. Exported to int8, it keeps the scores of its codes in floats. The peer is
the same network without its last operation, the choice of a code: its scores
are integers, and the largest is chosen here.
"""

import argparse
import pathlib
import tempfile

import keras
import numpy as np

from keras_papers import export
from keras_papers.applications.generative import decoder, encoder
from keras_papers.applications.generative.halves import quantizers
from keras_papers.applications.generative.portable_halves import (
    portable_encoder,
)
from keras_papers.pipelines.data.images import load_digits
from keras_papers.pipelines.generation.measures import reconstruction

RANGES = 300  # training images on which the ranges are measured


def exported(half, folder, images):
    """Writes a half as an int8 file; returns the path."""
    file = export.to_tflite(
        half,
        folder / f"{half.name}.tflite",
        quantize="int8",
        representative_data=images,
        images=images[:32],
    )
    return file.path


def main():
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="of generate train, of the digits")
    folder = pathlib.Path(parser.parse_args().folder)
    model = keras.saving.load_model(folder / "autoencoder.keras")
    (quantizer,) = quantizers(model)
    size = model.input_shape[1]
    parts = load_digits(size, seed=0)
    train = parts.train.sources[:RANGES].astype("float32")
    test = parts.test.sources.astype("float32")
    half = portable_encoder(model)
    scores = keras.Model(
        half.input,
        half.get_layer(f"{quantizer.name}_scores").output,
        name="scores",
    )
    expected = encoder(model).predict(test, verbose=0)
    codes = {"Keras": expected}
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        path = exported(half, place, train)
        codes["int8, scores in floats"] = export.predict(path, test)
        path = exported(scores, place, train)
        codes["int8, scores in integers"] = export.predict(path, test).argmax(
            axis=-1
        )
    print(f"{len(test)} held-out images, {quantizer.num_embeddings} codes")
    print("| look-up | equal codes | PSNR of the chain |\n|---|---|---|")
    errors = []
    for name, each in codes.items():
        each = each.astype("int32")
        made = decoder(model).predict(each, verbose=0)
        found = reconstruction(lambda _, made=made: made, [test])
        errors.append(np.mean(each != expected))
        print(f"| {name} | {1 - errors[-1]:.2%} | {found.psnr:.2f} dB |")
    ratio = errors[1] / errors[2]
    print(f"ratio of other codes, in floats to in integers: **{ratio:.3f}**")


if __name__ == "__main__":
    main()
