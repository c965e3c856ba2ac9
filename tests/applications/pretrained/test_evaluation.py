"""The evaluation recipes, compared with keras.applications."""

import keras
import numpy as np
import pytest

from keras_papers import applications
from tests.support.answers import answers, random_images

IMAGES = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3))


def normalized(evaluation):
    return (IMAGES - evaluation.mean) / evaluation.std


@pytest.mark.parametrize(
    "family",
    ["inception_resnet_v2", "inception_v3", "mobilenet", "mobilenet_v2"],
)
def test_mean_and_std_are_what_preprocess_input_does(family):
    theirs = getattr(keras.applications, family).preprocess_input(IMAGES.copy())
    assert np.ptp(theirs) > 1.9
    ours = normalized(getattr(applications, family).EVALUATION)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("name", applications.list_models("Mobile*V3*"))
def test_mean_and_std_are_what_v3_does_itself(name):
    """Its `preprocess_input` does nothing; the model's first layer does it."""
    untouched = keras.applications.mobilenet_v3.preprocess_input(IMAGES.copy())
    np.testing.assert_array_equal(untouched, IMAGES)
    theirs = getattr(keras.applications, name)((32, 32, 3), weights=None)
    ours = applications.get(name)((32, 32, 3))
    expected = normalized(applications.mobilenet_v3.EVALUATION)
    for model in (theirs, ours):
        rescaled = answers(model.layers[1], IMAGES)
        np.testing.assert_allclose(rescaled, expected, atol=1e-6)


@pytest.mark.parametrize(
    "family", ["mobilenet", "mobilenet_v2", "mobilenet_v3"]
)
def test_the_recipe_makes_a_models_images(family):
    """Of the layers that it names, as a user would."""
    recipe = getattr(applications, family).EVALUATION
    photo = random_images(1, 64, 80, 3, low=0, high=255)
    cut = [round(recipe.crop * side) for side in photo.shape[1:3]]
    images = keras.Sequential(
        [
            keras.layers.CenterCrop(*cut),
            keras.layers.Resizing(32, 32, interpolation=recipe.interpolation),
            keras.layers.Normalization(
                mean=recipe.mean, variance=np.square(recipe.std)
            ),
        ]
    )
    prepared = answers(images, photo)
    assert cut == [56, 70]
    assert prepared.shape == (1, 32, 32, 3)
    assert -1 <= prepared.min() < -0.5 and 0.5 < prepared.max() <= 1
