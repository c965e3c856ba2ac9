"""From noise to pixels through one, two and three levels."""

import keras
import numpy as np
import pytest

from keras_papers.applications.generative import (
    VQVAE,
    VQVAE2,
    GatedPixelCNN,
    condition_of,
    decoder,
    sample,
    sample_images,
)
from keras_papers.applications.generative.codes_above import (
    condition_names,
    map_network,
)
from keras_papers.applications.generative.sampling import generators, gumbel

pytestmark = pytest.mark.contract

CODES = 16


def perturbed(model, seed=1, scale=0.2):
    """Adds noise to the weights, so that the outputs depend on the inputs."""
    generator = np.random.default_rng(seed)
    for weight in model.trainable_variables:
        noise = generator.normal(size=weight.shape, scale=scale)
        weight.assign_add(noise.astype("float32"))
    return model


def small_prior(size, **kwargs):
    return perturbed(
        GatedPixelCNN(size, CODES, filters=8, num_layers=2, **kwargs)
    )


@pytest.fixture(scope="module")
def two_levels():
    """An autoencoder of images of 16 x 24, and its priors."""
    vqvae = perturbed(VQVAE2((16, 24, 1), CODES, 4), scale=0.05)
    top = small_prior((2, 3), num_classes=3)
    bottom = small_prior((4, 6), codes_above=(2, 3, CODES))
    return vqvae, [top, bottom]


def test_two_levels_are_drawn_from_the_top_down(two_levels):
    vqvae, priors = two_levels
    labels = np.array([0, 2, 1, 0])
    images = sample_images(vqvae, priors, 4, labels=labels, seed=3, verbose=0)
    assert images.shape == (4, 16, 24, 1) and images.dtype == "float32"
    assert images.std(axis=0).max() > 1e-3
    seeds = np.random.SeedSequence(3).generate_state(2)
    top = sample(priors[0], 4, labels=labels, seed=int(seeds[0]), verbose=0)
    bottom = sample(priors[1], 4, condition=top, seed=int(seeds[1]), verbose=0)
    expected = decoder(vqvae).predict([top, bottom], verbose=0)
    np.testing.assert_allclose(images, expected, atol=1e-5)


def test_three_levels_and_one_level():
    vqvae = VQVAE2((32, 32, 3), CODES, 4, levels=3)
    priors = [
        small_prior((1, 1)),
        small_prior((2, 2), codes_above=(1, 1, CODES)),
        small_prior((4, 4), codes_above=[(1, 1, CODES), (2, 2, CODES)]),
    ]
    images = sample_images(
        vqvae, priors, 2, seed=0, temperature=[1.0, 0.9, 0.8], verbose=0
    )
    assert images.shape == (2, 32, 32, 3)
    single = VQVAE((8, 8, 1), CODES)
    assert sample_images(single, small_prior((2, 2)), verbose=0).shape == (
        1,
        8,
        8,
        1,
    )


def test_the_codes_above_reach_the_places_that_they_cover(two_levels):
    _, (_, bottom) = two_levels
    above = np.zeros((2, 2, 3), "int32")
    above[1, 0, 2] = 5
    maps = map_network(bottom).predict({"condition": above}, verbose=0)
    # The code covers the last 2 columns; the convolutions add 1 code and 1
    # place to each side.
    changed = np.abs(maps[1] - maps[0]).max(axis=-1) > 1e-6
    np.testing.assert_array_equal(changed, np.tile(np.arange(6) > 0, (4, 1)))
    inputs = {"codes": np.zeros((2, 4, 6), "int32"), "condition": above}
    logits = bottom.predict(inputs, verbose=0)
    assert np.abs(logits[1] - logits[0]).max(axis=-1)[:, 1:].min() > 1e-6


def test_samples_on_codes_above_are_those_of_the_whole_network(two_levels):
    _, (_, bottom) = two_levels
    above = np.random.default_rng(0).integers(0, CODES, size=(4, 2, 3))
    noise = np.stack([gumbel(g, (4, 6, CODES)) for g in generators(7, 4)])
    codes = np.zeros((4, 4, 6), "int32")
    for i in range(4):
        for j in range(6):
            logits = bottom.predict_on_batch(
                {"codes": codes, "condition": above}
            )[:, i, j]
            codes[:, i, j] = np.argmax(logits + noise[:, i, j], axis=-1)
    drawn = sample(bottom, 4, condition=above, seed=7, verbose=0)
    assert len(np.unique(codes)) > CODES / 3
    np.testing.assert_array_equal(drawn, codes)


@pytest.mark.parametrize("logits", [True, False])
def test_a_classifier_keeps_the_images_it_is_sure_of(two_levels, logits):
    vqvae, priors = two_levels
    seen = []

    def classifier(images):
        seen.append(len(images))
        # The brighter the image, the surer of class 2; else class 0.
        light = 4 * images.mean(axis=(1, 2, 3))
        scores = np.stack([-light, np.full_like(light, -9.0), light], axis=1)
        if logits:
            return scores
        exp = np.exp(scores)
        return exp / exp.sum(axis=1, keepdims=True)

    options = {"seed": 0, "verbose": 0, "batch_size": 4}
    labels = np.array([2, 0, 2])
    kept = sample_images(
        vqvae,
        priors,
        3,
        labels=labels,
        classifier=classifier,
        keep=0.25,
        **options,
    )
    assert sum(seen) == 12 and kept.shape == (3, 16, 24, 1)
    drawn = sample_images(
        vqvae, priors, 12, labels=np.repeat([0, 2], [4, 8]), **options
    )
    light = drawn.mean(axis=(1, 2, 3))
    brightest = np.sort(light[4:])[::-1][:2]
    np.testing.assert_allclose(
        kept.mean(axis=(1, 2, 3)),
        [brightest[0], light[:4].min(), brightest[1]],
        atol=1e-6,
    )


def test_the_seed_makes_the_images(two_levels):
    vqvae, priors = two_levels
    options = {"labels": 1, "verbose": 0}
    first = sample_images(vqvae, priors, 4, seed=1, **options)
    again = sample_images(vqvae, priors, 4, seed=1, **options)
    other = sample_images(vqvae, priors, 4, seed=2, **options)
    np.testing.assert_allclose(first, again, atol=1e-6)
    assert np.abs(first - other).max() > 1e-3


def test_condition_of_returns_the_nearest_levels(two_levels):
    _, (top, bottom) = two_levels
    assert condition_of([], top) == {}
    assert condition_of(["middle"], bottom) == {"condition": "middle"}
    assert condition_of(["top", "middle"], bottom) == {"condition": "middle"}
    with pytest.raises(ValueError, match="Received: 0 for"):
        condition_of([], bottom)


def test_codes_above_of_one_level_need_no_list(two_levels):
    _, (top, bottom) = two_levels
    codes = np.zeros((5, 2, 3), "int32")
    assert condition_of(codes, bottom)["condition"] is codes
    assert condition_of(codes, top) == {}
    two = small_prior((4, 6), codes_above=[(2, 3, CODES)] * 2)
    with pytest.raises(ValueError, match="needs 2. Received: 1 for"):
        condition_of(codes, two)
    levels = np.zeros((2, 1, 2, 3), "int32")
    assert sample(two, condition=levels, verbose=0).shape == (1, 4, 6)


@pytest.mark.parametrize(
    "change, named",
    [
        ({"labels": None}, "labels=None"),
        ({"labels": 3}, "labels from 3 to 3"),
        ({"labels": [0.5, 1.5]}, "float64 of shape"),
        ({"temperature": [1.0]}, r"temperature=\[1.0\] for 2 levels"),
        ({"temperature": None}, "temperature=None"),
        ({"priors": None}, "priors=None"),
        ({"priors": ["a", "b"]}, r"priors=\['a', 'b'\]"),
        ({"number": 0}, "number=0"),
        ({"classifier": len, "labels": None}, "labels=None"),
        ({"classifier": len, "keep": 0}, "keep=0"),
    ],
)
def test_wrong_arguments_are_named(two_levels, change, named):
    vqvae, priors = two_levels
    arguments = {
        "priors": priors,
        "number": 2,
        "labels": 0,
        "verbose": 0,
        **change,
    }
    with pytest.raises(ValueError, match=f"Received: {named}"):
        sample_images(vqvae, **arguments)


def test_a_classifier_of_fewer_classes_is_named(two_levels):
    vqvae, priors = two_levels
    with pytest.raises(ValueError, match=r"scores of shape \(4, 2\)"):
        sample_images(
            vqvae,
            priors,
            labels=2,
            verbose=0,
            classifier=lambda images: np.zeros((len(images), 2)),
        )


def test_priors_of_another_autoencoder_are_named(two_levels):
    vqvae, (top, bottom) = two_levels
    with pytest.raises(ValueError, match="Received: 1 for 2 levels"):
        sample_images(vqvae, [top], labels=0)
    with pytest.raises(ValueError, match="where level 0 has 2 x 3"):
        sample_images(vqvae, [bottom, top], labels=0)
    more = GatedPixelCNN((2, 3), 32, num_layers=1)
    with pytest.raises(ValueError, match="2 x 3 and 32 codes"):
        sample_images(vqvae, [more, bottom])
    other = GatedPixelCNN((4, 6), CODES, num_layers=1, codes_above=(2, 3, 32))
    with pytest.raises(ValueError, match="built with the codes_above"):
        sample_images(vqvae, [top, other], labels=0)


def test_codes_above_that_the_prior_does_not_know_are_named(two_levels):
    _, (_, bottom) = two_levels
    above = np.full((2, 3), CODES)
    with pytest.raises(ValueError, match="condition from 16 to 16"):
        sample(bottom, condition=above, verbose=0)
    with pytest.raises(ValueError, match="condition of float64"):
        sample(bottom, condition=np.zeros((2, 3)), verbose=0)
    levels = [(1, 1, CODES), (2, 2, CODES)]
    lowest = GatedPixelCNN((4, 4), CODES, num_layers=1, codes_above=levels)
    with pytest.raises(ValueError, match="Received: condition=3 for"):
        sample(lowest, condition=3, verbose=0)


@pytest.mark.parametrize(
    "codes_above", [(2, 3), [(2, 3, 0)], 5, [], [(3, 3, 8)]]
)
def test_wrong_levels_above_are_named(codes_above):
    with pytest.raises(ValueError, match="`codes_above` "):
        GatedPixelCNN((4, 6), codes_above=codes_above)


def test_codes_above_and_a_map_exclude_each_other():
    with pytest.raises(ValueError, match="Pass one of them"):
        GatedPixelCNN((4, 4), codes_above=(2, 2, 8), condition_channels=3)


def test_a_loaded_prior_knows_the_levels_above(two_levels, tmp_path):
    vqvae, (top, bottom) = two_levels
    bottom.save(tmp_path / "bottom.keras")
    loaded = keras.models.load_model(tmp_path / "bottom.keras")
    options = {"labels": 0, "seed": 0, "verbose": 0}
    np.testing.assert_allclose(
        sample_images(vqvae, [top, loaded], 4, **options),
        sample_images(vqvae, [top, bottom], 4, **options),
        atol=1e-6,
    )


def test_ten_levels_above_are_in_order():
    prior = GatedPixelCNN(
        (2, 2), 3, filters=2, num_layers=1, codes_above=[(1, 1, 3)] * 11
    )
    assert condition_names(prior) == [f"condition{n}" for n in range(1, 12)]
