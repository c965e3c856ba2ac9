"""Every constructor keeps the contract, on every backend."""

import functools

import keras
import numpy as np
import pytest

from keras_papers import applications
from keras_papers.applications.efficientnet import TABLE_1
from keras_papers.applications.registry import get_record
from keras_papers.testing import check_application
from tests.support.answers import (
    answers,
    images_for,
    perturb,
    random_images,
    spread,
)
from tests.support.models import (
    INCEPTIONS,
    OF_ONE_SIZE,
    ONE_OF_EACH_THE_REST_SLOW,
    build,
)

pytestmark = pytest.mark.contract


@pytest.mark.parametrize("name", ONE_OF_EACH_THE_REST_SLOW)
def test_constructor_keeps_the_contract(name):
    keras.utils.set_random_seed(0)
    check_application(
        applications.get(name),
        max(32, get_record(name).minimum),
        name not in OF_ONE_SIZE,
        alpha=0.25,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, arguments",
    [
        ("MobileNet", {"shallow": True}),
        ("MobileNet", {"full_convolution": True}),
        ("MobileNetV3Small", {"minimalistic": True}),
        # Their shortcuts are convolutions, which those of ResNet20 are not.
        ("ResNet18", {"depth": 0.5}),
        ("ResNet50", {"depth": 0.3}),
    ],
)
def test_variants_keep_the_contract(name, arguments):
    keras.utils.set_random_seed(0)
    check_application(applications.get(name), alpha=0.25, **arguments)


@pytest.mark.slow
@pytest.mark.parametrize("name", INCEPTIONS)
def test_inceptions_of_few_modules_keep_the_contract(name):
    keras.utils.set_random_seed(0)
    smallest = get_record(name).minimum
    check_application(applications.get(name), smallest, alpha=0.1, depth=0.1)


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "name, arguments",
    [
        ("AlexNet", {}),
        ("VGG11", {"depth": 0.5}),
        ("ZFNet", {}),
        ("ResNet18", {"depth": 0.5, "shortcut": "A"}),
        ("ResNet50", {"depth": 0.3}),
        ("ResNet50V2", {"depth": 0.3}),
        *((name, {"depth": 0.1}) for name in INCEPTIONS),
    ],
)
def test_both_data_formats_answer_the_same(name, arguments):
    # Keras on TensorFlow adds biases to the columns of a map, in the place of
    # its channels, if there are as many; with 36 pixels there are not.
    size = max(36, get_record(name).minimum)
    options = {"classes": 3, "classifier_activation": None, "alpha": 0.1}
    constructor = functools.partial(
        applications.get(name), **options, **arguments
    )
    last = perturb(constructor(input_shape=(size, size, 3)), images=8)
    keras.config.set_image_data_format("channels_first")
    first = constructor(input_shape=(3, size, size))
    first.set_weights(last.get_weights())
    images = images_for(last, 2)
    expected = answers(last, images)
    assert spread(expected) > 1e-4
    found = answers(first, images.transpose(0, 3, 1, 2))
    # Without normalizations the scores are alike, up to rounding.
    assert np.abs(found - expected).max() <= 1e-4 * spread(expected) + 1e-6


@pytest.mark.tensorflow
def test_channels_first_keeps_the_contract():
    keras.utils.set_random_seed(0)
    keras.config.set_image_data_format("channels_first")
    check_application(applications.MobileNetV3Small, alpha=0.25)


def test_scores_are_whole_under_a_mixed_policy():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = build("EfficientNetB0", classes=5, rows=TABLE_1[:2])
    finally:
        keras.config.set_dtype_policy("float32")
    scores = model(np.zeros((1, 32, 32, 3), "float32"))
    assert keras.backend.standardize_dtype(scores.dtype) == "float32"
    assert model.get_layer("logits").compute_dtype == "float16"
    kernel = model.get_layer("stage2_block1_expand").kernel
    assert keras.backend.standardize_dtype(kernel.dtype) == "float32"


@pytest.mark.slow
@pytest.mark.parametrize("momentum, accuracy", [(None, 1.0), (0.999, 0.5)])
def test_a_short_training_shows_in_inference(momentum, accuracy):
    """With 0.999 the moving statistics would still be those of the start."""
    keras.utils.set_random_seed(0)
    labels = np.arange(128) % 2
    images = random_images(128, 32, 32, 3, low=0, high=60)
    images[labels == 1, :, ::2] += 180  # stripes
    norm = {"batch_norm_momentum": momentum} if momentum else {}
    model = applications.MobileNetV2(
        (32, 32, 3), alpha=0.35, classes=2, include_preprocessing=True, **norm
    )
    rate = keras.optimizers.schedules.CosineDecay(3e-3, decay_steps=160)
    model.compile(
        keras.optimizers.Adam(rate),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.optimizer.build(model.trainable_variables)
    history = model.fit(images, labels, epochs=20, batch_size=16, verbose=0)
    assert history.history["accuracy"][-1] > 0.9
    guessed = model.predict(images, verbose=0).argmax(axis=1)
    assert (guessed == labels).mean() == pytest.approx(accuracy, abs=0.05)


def test_the_papers_momentum_stays_within_reach():
    model = applications.MobileNetV3Small(
        (32, 32, 3), alpha=0.35, batch_norm_momentum=0.99
    )
    norm = model.get_layer("stage2_block1_expand_norm")
    assert model.get_layer("stem_norm").momentum == norm.momentum == 0.99
