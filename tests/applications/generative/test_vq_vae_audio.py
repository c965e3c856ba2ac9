"""VQ-VAE for sound: its shapes, training, saving, and another voice."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers.applications.generative import (
    VQVAE,
    LogisticMixtureLoss,
    VQVAEAudio,
    convert_voice,
    decoder,
    encoder,
    extract_latents,
    mu_law_decode,
    mu_law_encode,
    sample,
)
from keras_papers.applications.generative.vq_vae_audio import Row
from keras_papers.applications.generative.wavenet import Table
from keras_papers.layers import FiniteScalarQuantizer

pytestmark = pytest.mark.contract

TIME, HOP, SPEAKERS, LEVELS = 64, 16, 3, 32
# A few small steps take less time than TensorFlow's compiler.
JIT = keras.config.backend() == "jax"
ENCODER = (Row(4, 2, 12),) * 4
DECODER = Table(
    2, False, 2, (1, 2, 4), residual=8, gate=8, skip=10, scaled=False
)


def built(**arguments):
    return VQVAEAudio(
        **{
            "input_shape": (TIME,),
            "num_embeddings": 8,
            "embedding_dim": 6,
            "num_classes": SPEAKERS,
            "num_levels": LEVELS,
            "table": ENCODER,
            "decoder": DECODER,
            **arguments,
        }
    )


def tones(number):
    """Returns tones of random pitch and loudness, and labels."""
    generator = np.random.default_rng(0)
    pitch = generator.uniform(0.02, 0.2, (number, 1))
    sounds = np.sin(2 * np.pi * pitch * np.arange(TIME)).astype("float32")
    return 0.9 * sounds, generator.integers(0, SPEAKERS, number)


@pytest.fixture(scope="module")
def model():
    """A model that has been trained a little, with a codebook of its own."""
    keras.utils.set_random_seed(0)
    model = built(jitter=0.12)
    model.compile(
        keras.optimizers.Adam(1e-2),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=JIT,
    )
    sounds, labels = tones(64)
    inputs = {"audio": sounds, "labels": labels}
    levels = mu_law_encode(sounds, LEVELS)
    history = model.fit(inputs, levels, batch_size=16, epochs=3, verbose=0)
    losses = history.history["loss"]
    assert losses[-1] < losses[0]
    assert 0 < history.history["codes_usage"][-1] <= 1
    # So few steps hardly separate the speakers.
    speakers = model.get_layer("wavenet").get_layer("classes")
    (vectors,) = speakers.get_weights()
    generator = np.random.default_rng(0)
    speakers.set_weights([generator.normal(size=vectors.shape)])
    return model


def test_the_paper_has_a_code_for_64_samples():
    model = VQVAEAudio(num_classes=109)
    assert encoder(model).output_shape == (None, 120)
    assert model.output_shape == (None, 7680, 256)
    convolutions = 4 * 256 + 256 + 5 * (4 * 256 * 256 + 256)
    assert encoder(model).count_params() == (
        convolutions + 256 * 64 + 64 + codebook_size(512, 64)
    )


def codebook_size(number, length):
    """Codes, sums, two counts of each code, and the count of the steps."""
    return number * (2 * length + 2) + 1


def test_codes_depend_on_sounds_and_not_on_speakers(model):
    sounds, _ = tones(4)
    half = encoder(model)
    assert half.input_shape == (None, TIME)
    codes = half.predict(sounds, verbose=0)
    assert codes.shape == (4, TIME // HOP) and codes.dtype == np.int32
    assert len(np.unique(codes)) > 1
    latents = extract_latents(model, sounds)
    np.testing.assert_array_equal(latents.codes[0], codes)


def test_a_prediction_depends_on_samples_before_and_on_codes(model):
    """The code of a place may see samples behind it, the decoder may not."""
    wavenet = model.get_layer("wavenet")
    levels = np.ones((2, TIME), "int32")
    levels[1, 20] = 9
    given = {
        "condition": np.ones((2, TIME // HOP, 6), "float32"),
        "labels": np.zeros(2, "int32"),
    }
    outputs = wavenet.predict({"codes": levels, **given}, verbose=0)
    changed = np.abs(outputs[0] - outputs[1]).max(-1) > 1e-6
    assert not changed[:21].any() and changed[21:].any()
    given["condition"][1] += 1
    levels[1, 20] = 1
    outputs = wavenet.predict({"codes": levels, **given}, verbose=0)
    assert np.all(np.abs(outputs[0] - outputs[1]).max(-1) > 1e-6)


def test_a_converted_voice_is_the_decoder_with_another_speaker(model):
    sounds, _ = tones(3)
    converted = convert_voice(model, sounds, 1, seed=5, verbose=0)
    codes = encoder(model).predict(sounds, verbose=0)
    drawn = sample(
        model.get_layer("wavenet"),
        3,
        labels=1,
        condition=ops.convert_to_numpy(model.get_layer("codes").decode(codes)),
        seed=5,
        verbose=0,
    )
    assert converted.dtype == np.float32 and len(np.unique(drawn)) > 3
    np.testing.assert_array_equal(converted, mu_law_decode(drawn, LEVELS))
    speakers = convert_voice(model, sounds, [0, 2, 1], seed=5, verbose=0)
    assert np.any(speakers != converted)
    np.testing.assert_array_equal(speakers[2], converted[2])


def test_one_sound_gives_one_sound(model):
    sounds, _ = tones(1)
    one = convert_voice(model, sounds[0], 1, seed=5, verbose=0)
    assert one.shape == (TIME,)
    many = convert_voice(model, sounds, 1, seed=5, verbose=0)
    np.testing.assert_array_equal(one, many[0])


def test_a_loaded_model_converts_as_before(model, tmp_path):
    sounds, _ = tones(2)
    model.save(tmp_path / "audio.keras")
    loaded = keras.saving.load_model(tmp_path / "audio.keras")
    np.testing.assert_array_equal(
        convert_voice(loaded, sounds, 2, seed=1, verbose=0),
        convert_voice(model, sounds, 2, seed=1, verbose=0),
    )


def test_any_length_amplitudes_and_another_quantizer():
    model = built(
        input_shape=(None,),
        num_embeddings=512,
        embedding_dim=3,
        quantizer=FiniteScalarQuantizer((4, 3, 3)),
        num_classes=None,
        num_mixtures=2,
    )
    sounds, _ = tones(4)
    model.compile("adam", LogisticMixtureLoss(LEVELS), jit_compile=JIT)
    model.fit(sounds, sounds, verbose=0)
    drawn = convert_voice(model, sounds[:2, :32], verbose=0)
    assert drawn.shape == (2, 32) and np.abs(drawn).max() <= 1


@pytest.mark.parametrize(
    "sounds, speaker, named",
    [
        (np.zeros((2, 50)), 0, "50 samples. Crop the sounds to 48 or pad"),
        (np.zeros((2, 64)), 3, "speaker=3 for 'vq_vae_audio', which has 3"),
        (np.zeros((2, 64)), [0, -1], r"speaker=\[0, -1\]"),
        (np.zeros((2, 64)), 1.5, "speaker=1.5"),
        (np.zeros((2, 64)), None, "speaker=None"),
        (np.full((2, 64), np.nan), 0, "values that are not finite"),
        (np.zeros((2, 64), "int16"), 0, "audio of int16. Divide"),
        (np.full((2, 64), 300.0), 0, "audio with amplitudes up to 300"),
        (np.zeros((0, 64)), 0, r"audio of shape \(0, 64\)"),
        ([], 0, r"audio of shape \(1, 0\)"),
        (np.zeros((2, 64, 1)), 0, r"audio of shape \(2, 64, 1\)"),
    ],
)
def test_what_cannot_be_converted_is_named(model, sounds, speaker, named):
    with pytest.raises(ValueError, match=f"Received: .*{named}"):
        convert_voice(model, sounds, speaker, verbose=0)


def test_other_models_are_named(model):
    images = VQVAE((8, 8, 1))
    with pytest.raises(ValueError, match="Received: model='vq_vae'"):
        convert_voice(images, np.zeros((1, 64)))
    with pytest.raises(ValueError, match="Received: 'vq_vae_audio', whose"):
        decoder(model)


@pytest.mark.parametrize("strides", [(2, 4), (4, 2, 5)])
def test_a_code_covers_the_product_of_unequal_strides(strides):
    hop = int(np.prod(strides))
    table = [Row(2 * each, each, 4) for each in strides]
    model = built(input_shape=(3 * hop,), table=table, num_classes=None)
    assert encoder(model).output_shape == (None, 3)
    assert model.output_shape == (None, 3 * hop, LEVELS)


def test_sounds_that_codes_do_not_divide_are_named_in_training_too():
    model = built(input_shape=(None,))
    with pytest.raises(ValueError, match="Received: 50 samples"):
        model({"audio": np.zeros((2, 50)), "labels": np.zeros(2, "int32")})


@pytest.mark.parametrize(
    "arguments, named",
    [
        ({"input_shape": (100,)}, "100 samples. Crop the sounds to 96"),
        ({"input_shape": 64}, "input_shape=64"),
        ({"embedding_dim": 0}, "embedding_dim=0"),
        ({"jitter": 1}, "rate=1"),
        ({"num_levels": 1}, "num_levels=1"),
        ({"num_classes": 0}, "num_classes=0"),
        (
            {"quantizer": FiniteScalarQuantizer((4, 3)), "embedding_dim": 2},
            "num_embeddings=8 and a quantizer",
        ),
    ],
)
def test_wrong_arguments_are_named(arguments, named):
    with pytest.raises(ValueError, match=f"Received: .*{named}"):
        built(**arguments)
