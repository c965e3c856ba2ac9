"""WaveNet: its sizes, what its outputs depend on, and how it is sampled."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers.applications.generative import (
    LogisticMixtureLoss,
    WaveNet,
    mu_law_decode,
    mu_law_encode,
    receptive_field,
    sample,
)
from keras_papers.applications.generative.logistic_mixture import (
    drawn_amplitude,
)
from keras_papers.applications.generative.sampling import generators
from keras_papers.applications.generative.wavenet import IBAB, R9Y9, Table
from keras_papers.applications.generative.wavenet_sampler import WaveNetSampler

pytestmark = pytest.mark.contract

TIME, LEVELS, HOP = 24, 12, 8
TINY = Table(2, False, 2, (1, 2, 4), residual=8, gate=6, skip=10, scaled=False)
TINY_R9Y9 = Table(
    1, True, 3, (1, 2, 1), residual=6, gate=6, skip=6, scaled=True
)


def perturbed(model):
    """Returns the model with weights that are not near zero.

    They are the same in each run: of a few channels all could be dead.
    """
    generator = np.random.default_rng(1)
    model.set_weights(
        [
            generator.normal(size=weight.shape, scale=0.4)
            for weight in model.get_weights()
        ]
    )
    return model


def conditioned(table=TINY, num_mixtures=None, length=TIME):
    return perturbed(
        WaveNet(
            (length,),
            LEVELS,
            num_mixtures=num_mixtures,
            num_classes=3,
            condition_channels=2,
            upsampling=(2, 4),
            table=table,
        )
    )


@pytest.fixture(scope="module")
def prior():
    return conditioned()


@pytest.fixture(scope="module")
def given():
    condition = np.random.default_rng(0).normal(size=(3, TIME // HOP, 2))
    return {
        "labels": np.array([0, 2, 1]),
        "condition": condition.astype("float32"),
    }


def test_ibab_is_the_published_size_but_for_weights_without_a_use():
    """The residual of the last layer, 32 x 32 + 32, leads nowhere."""
    assert WaveNet().count_params() == 1_515_968 - (32 * 32 + 32)


def test_r9y9_is_the_published_size_but_for_weights_without_a_use():
    """The published count has a gain for each filter of the convolutions.

    These gains of the weight normalization, of all but the first layer of the
    upsampling, change how the network is trained, not what it can compute.
    """
    model = WaveNet(
        num_mixtures=10,
        condition_channels=80,
        upsampling=(4, 4, 4, 4),
        table=R9Y9,
    )
    last_residual = 128 * 128 + 128
    kernels = [weight for weight in model.weights if weight.name == "kernel"]
    gains = sum(kernel.shape[-1] for kernel in kernels) - 80
    gains += 128  # of the last residual
    assert model.count_params() + last_residual + gains == 3_695_332


def places_that_are_seen(model):
    """Returns which samples change which outputs: (outputs, places).

    A rectifier can hide a change, so that several sounds are changed.
    """
    time = model.output_shape[1]
    seen = np.zeros((time, time), bool)
    for seed in range(4):
        generator = np.random.default_rng(seed)
        codes = np.tile(generator.integers(0, LEVELS, time), (time + 1, 1))
        place = np.arange(time)
        codes[place + 1, place] = (codes[0] + LEVELS // 2) % LEVELS
        if model.get_layer("previous").num_embeddings is None:
            codes = codes / LEVELS
        outputs = model.predict(codes, verbose=0)
        seen |= np.abs(outputs[1:] - outputs[:1]).max(-1).T > 1e-6
    return seen


@pytest.mark.parametrize("table", [TINY, TINY_R9Y9])
@pytest.mark.parametrize("num_mixtures", [None, 2])
def test_an_output_depends_on_all_samples_of_the_receptive_field_before(
    table, num_mixtures
):
    model = perturbed(
        WaveNet((TIME,), LEVELS, num_mixtures=num_mixtures, table=table)
    )
    place = np.arange(TIME)
    before = place[:, None] - place
    expected = (before >= 1) & (before <= receptive_field(table))
    assert receptive_field(table) < TIME - 1
    np.testing.assert_array_equal(places_that_are_seen(model), expected)


def test_the_receptive_fields_are_those_of_the_public_code():
    assert receptive_field(IBAB) == 5117
    assert receptive_field(R9Y9) == 505


def test_labels_and_conditions_change_the_outputs(prior, given):
    codes = np.ones((3, TIME), "int32")
    outputs = prior.predict({"codes": codes, **given}, verbose=0)
    labels = prior.predict(
        {"codes": codes, **given, "labels": np.array([0, 2, 2])}, verbose=0
    )
    np.testing.assert_array_equal(labels[:2], outputs[:2])
    assert np.all(np.abs(labels[2] - outputs[2]).max(-1) > 1e-4)
    condition = given["condition"].copy()
    condition[:, -1] += 1
    later = prior.predict(
        {"codes": codes, **given, "condition": condition}, verbose=0
    )
    changed = np.abs(later - outputs).max((0, 2)) > 1e-5
    # The filters behind the repetition by 2 and by 4 reach 2 x 4 + 4 samples.
    assert not changed[: TIME - HOP - 12].any() and changed[-HOP:].all()


def drawn_naively(prior, number, seed, given, temperature=1.0):
    """Draws each sample from the outputs of the whole network."""
    sampler = WaveNetSampler(prior)
    length = prior.output_shape[1]
    blocks = -(-length // sampler.places)
    noise = np.stack(
        [
            np.concatenate(
                [
                    sampler.noise(
                        generator, (sampler.places, prior.output_shape[2])
                    )
                    for _ in range(blocks)
                ]
            )[:length]
            for generator in generators(seed, number)
        ]
    )
    levels = prior.get_layer("previous").num_embeddings
    codes = np.zeros((number, length), "int32" if levels else "float32")
    for t in range(length):
        inputs = {"codes": codes, **given} if given else codes
        outputs = prior.predict_on_batch(inputs)[:, t]
        if levels:
            codes[:, t] = np.argmax(outputs / temperature + noise[:, t], -1)
        else:
            codes[:, t] = ops.convert_to_numpy(
                drawn_amplitude(outputs, noise[:, t], 1 / temperature)
            )
    return codes


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_samples_are_those_of_the_whole_network_to_the_bit(
    prior, given, temperature
):
    fast = sample(prior, 3, temperature=temperature, seed=0, verbose=0, **given)
    naive = drawn_naively(prior, 3, 0, given, temperature)
    assert len(np.unique(naive)) > LEVELS / 2
    np.testing.assert_array_equal(fast, naive)


def test_amplitudes_are_those_of_the_whole_network(given):
    prior = conditioned(TINY_R9Y9, num_mixtures=2)
    fast = sample(prior, 3, seed=0, verbose=0, **given)
    naive = drawn_naively(prior, 3, 0, given)
    assert fast.dtype == np.float32 and naive.std() > 0.1
    # The sums are in another order.
    np.testing.assert_allclose(fast, naive, atol=1e-5)


@pytest.mark.parametrize("log_scale_min", [-7.0, -12.0])
def test_the_least_scale_of_the_network_is_that_of_its_samples(log_scale_min):
    prior = WaveNet(
        (TIME,), num_mixtures=1, log_scale_min=log_scale_min, table=TINY
    )
    logits = prior.get_layer("logits")
    kernel, _ = logits.get_weights()
    logits.set_weights([0 * kernel, np.array([0.0, 0.25, -20.0])])
    assert prior.predict(np.zeros((1, TIME)), verbose=0)[0, 0, 2] == (
        log_scale_min
    )
    drawn = sample(prior, 64, seed=0, batch_size=64, verbose=0)
    sd = math.exp(log_scale_min) * math.pi / math.sqrt(3)
    # 1,536 draws, whose kurtosis is 4.2.
    assert np.std(drawn - 0.25) == pytest.approx(sd, rel=0.1)


def test_rings_are_kept_from_block_to_block(monkeypatch):
    monkeypatch.setattr(WaveNetSampler, "places", 10)
    prior = perturbed(WaveNet((TIME,), LEVELS, table=TINY_R9Y9))
    fast = sample(prior, 2, seed=3, verbose=0)
    naive = drawn_naively(prior, 2, 3, {})
    assert fast.shape == (2, TIME)
    np.testing.assert_array_equal(fast, naive)


def test_a_saved_network_is_sampled_as_before(prior, given, tmp_path):
    prior.save(tmp_path / "wavenet.keras")
    loaded = keras.saving.load_model(tmp_path / "wavenet.keras")
    np.testing.assert_array_equal(
        sample(loaded, 3, seed=4, verbose=0, **given),
        sample(prior, 3, seed=4, verbose=0, **given),
    )


def test_the_length_is_that_of_the_condition_or_the_one_passed(prior, given):
    open_prior = conditioned(length=None)
    open_prior.set_weights(prior.get_weights())
    np.testing.assert_array_equal(
        sample(open_prior, 3, seed=4, verbose=0, **given),
        sample(prior, 3, seed=4, verbose=0, **given),
    )
    open_prior = WaveNet(num_embeddings=LEVELS, table=TINY_R9Y9)
    assert sample(open_prior, 2, length=7, verbose=0).shape == (2, 7)


@pytest.mark.slow
@pytest.mark.parametrize("num_mixtures", [None, 3])
def test_a_network_learns_tones_and_draws_them(num_mixtures):
    # A period of 8 or of 16 samples, by class, from a random phase.
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 256)
    phase = generator.uniform(size=(256, 1))
    cycles = np.arange(48) / np.where(labels, 16, 8)[:, None]
    sounds = 0.9 * np.sin(2 * np.pi * (cycles + phase))
    codes = sounds.astype("float32")
    if num_mixtures is None:
        codes = mu_law_encode(sounds, 16)
    model = WaveNet(
        (48,), 16, num_mixtures=num_mixtures, num_classes=2, table=TINY
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    if num_mixtures:
        loss = LogisticMixtureLoss(16)
    # With a constant rate it depends on the processor what has been learned.
    rate = keras.optimizers.schedules.CosineDecay(6e-3, 40 * 16)
    model.compile(keras.optimizers.Adam(rate), loss)
    inputs = {"codes": codes, "labels": labels}
    model.fit(inputs, codes, epochs=40, batch_size=16, verbose=0)
    assert model.evaluate(inputs, codes, verbose=0) < math.log(16) / 3
    drawn = sample(
        model, 128, labels=np.repeat([0, 1], 64), temperature=0.5, verbose=0
    )
    if num_mixtures is None:
        drawn = mu_law_decode(drawn, 16)
    strength = np.abs(np.fft.rfft(drawn))
    loudest = strength.argmax(axis=1)  # cycles in 48 samples
    assert np.mean(loudest[:64] == 6) > 0.9
    assert np.mean(loudest[64:] == 3) > 0.9


@pytest.mark.parametrize(
    "change, named",
    [
        ({"labels": None}, "labels=None"),
        ({"condition": None}, "condition=None"),
        (
            {"labels": np.array([0, 3, 1])},
            "labels from 0 to 3. Pass ints from 0 to 2",
        ),
        ({"labels": -1}, "labels from -1 to -1"),
        ({"labels": [0.5, 1.2, 0.0]}, "labels of float64"),
        (
            {"condition": np.full((3, 3, 2), np.nan)},
            "condition with 18 values that are not finite",
        ),
        ({"condition": np.zeros((3, 5, 2))}, "condition of shape"),
        ({"length": 30}, "length=30 for 24 samples"),
        ({"length": 0}, "length=0"),
    ],
)
def test_arguments_of_sample_that_do_not_fit_are_named(
    prior, given, change, named
):
    with pytest.raises(ValueError, match=f"Received: {named}"):
        sample(prior, 3, verbose=0, **{**given, **change})


def test_an_open_network_needs_a_length():
    prior = WaveNet(num_embeddings=LEVELS, table=TINY)
    with pytest.raises(ValueError, match="Received: length=None"):
        sample(prior, verbose=0)


@pytest.mark.parametrize(
    "arguments, named",
    [
        ({"input_shape": 24}, "input_shape=24"),
        ({"input_shape": (0,)}, r"input_shape=\(0,\)"),
        (
            {
                "input_shape": (100,),
                "condition_channels": 2,
                "upsampling": (4, 4, 4),
            },
            "100 samples. Crop the sounds to 64 or pad them to 128",
        ),
        ({"num_embeddings": 0}, "num_embeddings=0"),
        ({"num_mixtures": 0}, "num_mixtures=0"),
        ({"num_classes": 0}, "num_classes=0"),
        ({"log_scale_min": None}, "log_scale_min=None"),
        ({"upsampling": (4, 0)}, r"upsampling=\(4, 0\)"),
        (
            {"upsampling": (4,)},
            r"upsampling=\(4,\) for condition_channels=None",
        ),
    ],
)
def test_wrong_arguments_are_named(arguments, named):
    with pytest.raises(ValueError, match=f"Received: {named}"):
        WaveNet(**arguments, table=TINY)
