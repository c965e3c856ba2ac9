"""Encoders with codes: the look-up in int8 files, and what is compared."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_papers import export
from keras_papers.applications.generative import VQVAE, encoder
from keras_papers.applications.generative.portable_halves import (
    portable_decoder,
    portable_encoder,
)
from keras_papers.export import conversion
from keras_papers.export.integer_file import float_tensors
from keras_papers.export.interpreter import VerificationError

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3))
IMAGES = IMAGES.astype("float32")


def autoencoder(seed):
    """Returns one whose codes lie on vectors of the images."""
    keras.utils.set_random_seed(seed)
    model = VQVAE((16, 16, 3), 200, 4, include_preprocessing=True)
    model(IMAGES, training=True)
    return model


@pytest.fixture(scope="module")
def model():
    return autoencoder(seed=0)


@pytest.fixture(scope="module")
def other():
    return autoencoder(seed=1)


def equal_codes(model, path):
    """Returns the share of the codes of a file that are those of Keras."""
    expected = ops.convert_to_numpy(encoder(model)(IMAGES))
    assert len(np.unique(expected)) > 50
    return np.mean(export.predict(path, IMAGES) == expected)


@pytest.mark.tensorflow
def test_int8_files_choose_codes_by_scores_in_floats(
    model, other, tmp_path, monkeypatch
):
    half = portable_encoder(model)
    common = {"representative_data": IMAGES, "images": IMAGES, "runs": 1}
    file = export.to_tflite(
        half, tmp_path / "e.tflite", quantize="int8", **common
    )
    assert float_tensors(file.path.read_bytes()) == []
    assert file.partitions == 1
    share = equal_codes(model, file.path)
    assert file.parity == pytest.approx(1 - share, abs=0.01)
    with pytest.warns(UserWarning, match="outputs other codes"):
        export.verify(
            file.path, portable_encoder(other), "int8", images=IMAGES, runs=1
        )
    monkeypatch.setattr(conversion, "names_of_scores", lambda data: set())
    file = export.to_tflite(
        half, tmp_path / "i.tflite", quantize="int8", **common
    )
    in_integers = equal_codes(model, file.path)
    assert share > 0.9 and in_integers < share - 0.05


@pytest.mark.tensorflow
def test_a_float_file_with_other_codes_is_refused(model, other, tmp_path):
    file = export.to_tflite(
        portable_encoder(model), tmp_path / "e.tflite", images=IMAGES, runs=1
    )
    assert file.parity < 0.01 and equal_codes(model, file.path) > 0.99
    with pytest.raises(VerificationError, match="outputs other codes"):
        export.verify(file.path, portable_encoder(other), images=IMAGES, runs=1)


@pytest.mark.tensorflow
def test_scores_that_no_look_up_reads_stay_integers(tmp_path):
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3)(layers.Rescaling(1 / 255)(image))
    model = keras.Model(image, layers.Conv2D(4, 3)(x))
    images = IMAGES[:, :8, :8]
    file = export.to_tflite(
        model,
        tmp_path / "m.tflite",
        quantize="int8",
        representative_data=images,
        runs=1,
    )
    assert float_tensors(file.path.read_bytes()) == []
    assert "TOPK_V2" not in file.ops


@pytest.mark.tensorflow
def test_a_decoder_whose_biases_are_zeros_answers_as_keras_does(tmp_path):
    # The converter drops a bias of zeros; of a scalar that is added behind it,
    # it made a bias of one number for three channels.
    model = VQVAE((8, 8, 3), 8, 4, include_preprocessing=True)
    half = portable_decoder(model)
    file = export.to_tflite(half, tmp_path / "d.tflite", runs=1)
    assert file.parity < 1e-4
