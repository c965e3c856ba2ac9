"""PixelSNAIL: its sizes, what its logits depend on, and how it is sampled."""

import keras
import numpy as np
import pytest

from keras_papers.applications.generative import (
    PixelSNAIL,
    sample,
    sample_images,
)
from keras_papers.applications.generative.pixel_snail import (
    PAPER_BOTTOM,
    PAPER_TOP,
    ROSINALITY_BOTTOM,
    ROSINALITY_TOP,
    SMALL,
    Table,
)
from keras_papers.applications.generative.sampling import generators, gumbel
from keras_papers.applications.generative.vq_vae_2 import VQVAE2
from keras_papers.shapes_only import shapes_only

pytestmark = pytest.mark.contract

HEIGHT, WIDTH, CODES = 4, 6, 12
TINY = Table(8, 6, 3, 2, 1, 2, True, 1, 1, 0.1)


def perturbed(model, seed=1, scale=0.3):
    """Adds noise to the weights, so that the outputs depend on the inputs."""
    generator = np.random.default_rng(seed)
    for weight in model.trainable_variables:
        noise = generator.normal(size=weight.shape, scale=scale)
        weight.assign_add(noise.astype("float32"))
    return model


def tiny(table=TINY, **kwargs):
    return perturbed(PixelSNAIL((HEIGHT, WIDTH), CODES, table, **kwargs))


@pytest.fixture(scope="module")
def prior():
    """A prior with attention, of classes and codes above.

    Its seed is one with which samples at a low temperature differ, too.
    """
    keras.utils.set_random_seed(1)
    return tiny(num_classes=3, codes_above=(2, 3, 5))


@pytest.fixture(scope="module")
def given():
    above = np.random.default_rng(0).integers(0, 5, size=(3, 2, 3))
    return {"labels": np.array([0, 2, 1]), "condition": above}


@pytest.mark.parametrize(
    "table, size, above, parameters",
    [
        (ROSINALITY_TOP, 32, None, 84_873_280),
        (ROSINALITY_BOTTOM, 64, (32, 32, 512), 89_762_816),
        (PAPER_TOP, 32, None, 1_660_763_200),
        (PAPER_BOTTOM, 64, (32, 32, 512), 946_515_968),
    ],
)
def test_the_sizes_are_those_of_the_public_code(table, size, above, parameters):
    """Counted from the shapes: no weight is created."""
    with shapes_only():
        model = PixelSNAIL((size, size), 512, table, codes_above=above)
    assert model.count_params() == parameters


def dependencies(model, inputs, name="codes", codes=CODES):
    """Returns which inputs change which logits: (logits, places of inputs)."""
    first = {key: value[:1] for key, value in inputs.items()}
    places = int(np.prod(first[name].shape[1:]))
    copies = {key: np.repeat(v, 1 + places, 0) for key, v in first.items()}
    flat = copies[name].reshape(1 + places, places)
    for place in range(places):
        flat[1 + place, place] = (flat[1 + place, place] + 1) % codes
    if len(copies) == 1:
        (copies,) = copies.values()
    logits = model.predict(copies, batch_size=1 + places, verbose=0)
    changed = np.abs(logits[1:] - logits[:1]).max(axis=-1)
    return changed.reshape(places, -1).T > 1e-6


def random_inputs(given):
    codes = np.random.default_rng(2).integers(0, CODES, (3, HEIGHT, WIDTH))
    return {"codes": codes.astype("int32"), **given}


@pytest.mark.parametrize("table", [TINY, TINY._replace(kernel_size=5)])
def test_a_place_depends_on_all_before_it_and_on_nothing_else(given, table):
    model = tiny(table, num_classes=3, codes_above=(2, 3, 5))
    np.testing.assert_array_equal(
        dependencies(model, random_inputs(given)),
        np.tri(HEIGHT * WIDTH, k=-1, dtype=bool),
    )


def test_the_public_code_does_not_see_the_end_of_the_row_above():
    """Its keys lack the code of their place, which convolutions see or not."""
    found = dependencies(
        tiny(TINY._replace(codes_in_keys=False)),
        {"codes": random_inputs({})["codes"]},
    )
    expected = np.tri(HEIGHT * WIDTH, k=-1, dtype=bool)
    last = np.arange(1, HEIGHT) * WIDTH - 1
    for place in last:
        expected[place + 1 : place + WIDTH - 1, place] = False
    np.testing.assert_array_equal(found, expected)


def test_without_attention_nothing_leaks_either(given):
    model = tiny(TINY._replace(num_heads=0), num_classes=3)
    inputs = random_inputs({"labels": given["labels"]})
    found = dependencies(model, inputs)
    assert not np.triu(found).any()
    # The start and two layers of two convolutions reach so far at least.
    row, column = np.divmod(np.arange(HEIGHT * WIDTH), WIDTH)
    near = (row[:, None] - row == 1) & (np.abs(column[:, None] - column) < 2)
    assert found[near].all()


def test_the_conditions_reach_all_places(prior, given):
    inputs = random_inputs(given)
    found = dependencies(prior, inputs, "condition", codes=5)
    covered = np.zeros((HEIGHT, WIDTH, 2, 3), bool)
    for row in range(HEIGHT):
        for column in range(WIDTH):
            covered[row, column, row // 2, column // 2] = True
    assert found[covered.reshape(HEIGHT * WIDTH, 6)].all()
    other = {**inputs, "labels": (inputs["labels"] + 1) % 3}
    difference = prior.predict(other, verbose=0) - prior.predict(
        inputs, verbose=0
    )
    assert np.abs(difference).max(axis=-1).min() > 1e-6


def drawn_naively(prior, number, seed, given, temperature=1.0):
    """Draws each code from the logits of the whole map."""
    noise = np.stack(
        [gumbel(g, prior.output_shape[1:]) for g in generators(seed, number)]
    )
    codes = np.zeros((number, HEIGHT, WIDTH), "int32")
    for i in range(HEIGHT):
        for j in range(WIDTH):
            inputs = {"codes": codes, **given} if given else codes
            logits = prior.predict_on_batch(inputs)[:, i, j]
            codes[:, i, j] = np.argmax(
                logits / temperature + noise[:, i, j], axis=-1
            )
    return codes


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_samples_are_those_of_the_whole_network_to_the_bit(
    prior, given, temperature
):
    fast = sample(prior, 3, temperature=temperature, seed=0, verbose=0, **given)
    naive = drawn_naively(prior, 3, 0, given, temperature)
    assert len(np.unique(naive)) > CODES / 3
    np.testing.assert_array_equal(fast, naive)


@pytest.mark.parametrize(
    "table",
    [
        TINY._replace(num_heads=0, output_residuals=0, num_blocks=1),
        TINY._replace(kernel_size=5, num_blocks=1, codes_in_keys=False),
    ],
)
def test_other_tables_are_sampled_to_the_bit(table):
    model = tiny(table)
    naive = drawn_naively(model, 3, 1, {})
    assert len(np.unique(naive)) > CODES / 3
    np.testing.assert_array_equal(sample(model, 3, seed=1, verbose=0), naive)


@pytest.mark.slow
def test_a_loaded_prior_draws_the_same(prior, given, tmp_path):
    prior.save(tmp_path / "prior.keras")
    loaded = keras.models.load_model(tmp_path / "prior.keras")
    assert [layer.name for layer in loaded.layers] == [
        layer.name for layer in prior.layers
    ]
    np.testing.assert_array_equal(
        sample(loaded, 3, seed=0, verbose=0, **given),
        sample(prior, 3, seed=0, verbose=0, **given),
    )


@pytest.mark.slow
def test_images_are_drawn_through_both_levels():
    vqvae = VQVAE2((16, 24, 1), CODES, 4)
    top = PixelSNAIL((2, 3), CODES, TINY)
    bottom = tiny(TINY._replace(num_heads=0), codes_above=(2, 3, CODES))
    images = sample_images(vqvae, [top, bottom], 2, seed=0, verbose=0)
    assert images.shape == (2, 16, 24, 1)


@pytest.mark.slow
def test_mixed_precision_computes_finite_logits():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = tiny()
    finally:
        keras.config.set_dtype_policy("float32")
    codes = random_inputs({})["codes"]
    assert np.isfinite(model.predict(codes, verbose=0)).all()
    drawn = sample(model, 2, seed=0, verbose=0)
    assert drawn.min() >= 0 and drawn.max() < CODES


@pytest.mark.parametrize(
    "arguments, named",
    [
        ({"table": "small"}, "table='small'"),
        ({"table": SMALL._replace(kernel_size=4)}, "kernel_size=4"),
        ({"table": SMALL._replace(num_heads=5)}, "num_heads=5"),
        ({"table": SMALL._replace(num_blocks=0)}, "num_blocks=0"),
        ({"table": SMALL._replace(num_residuals=0)}, "num_residuals=0"),
        ({"num_classes": 0}, "num_classes=0"),
        ({"num_embeddings": 0}, "num_embeddings=0"),
        ({"codes_above": (3, 3, 8)}, "a level of 3 x 3"),
    ],
)
def test_wrong_arguments_are_named(arguments, named):
    with pytest.raises(ValueError, match=f"Received: {named}"):
        PixelSNAIL((4, 4), **arguments)
