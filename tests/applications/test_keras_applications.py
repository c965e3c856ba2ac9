"""Our models against keras.applications: signatures, weights, answers."""

import inspect

import keras
import numpy as np
import pytest

from keras_papers import applications
from tests.support.answers import answers, perturb, random_images, spread
from tests.support.models import THERE, build, peer, weights_of

FAMILIES = (
    "efficientnet",
    "inception_resnet_v2",
    "inception_v3",
    "mobilenet",
    "mobilenet_v2",
    "mobilenet_v3",
    "resnet",
    "resnet_v2",
)
ALL_THERE = [
    pytest.param(name, marks=[pytest.mark.slow] * (name not in THERE))
    for name in applications.list_models()
    if hasattr(keras.applications, name)
]

VARIANTS = [
    ("EfficientNetB0", {"stochastic_depth": 0.0, "dropout": 0.0}),
    ("MobileNet", {"alpha": 0.5, "dropout": 0.0}),
    ("MobileNet", {"alpha": 0.25, "depth_multiplier": 2, "dropout": 0.0}),
    ("MobileNetV2", {"alpha": 0.5}),
    ("MobileNetV2", {"alpha": 1.4}),
    ("MobileNetV3Small", {"alpha": 0.75, "dropout_rate": 0.0}),
    ("MobileNetV3Small", {"minimalistic": True, "dropout_rate": 0.0}),
    ("MobileNetV3Large", {"alpha": 0.75, "dropout_rate": 0.0}),
]
SIZES = [
    pytest.param(224, 224, id="224"),
    pytest.param(225, 225, id="odd"),
    pytest.param(None, 224, id="open-even", marks=pytest.mark.slow),
    pytest.param(None, 225, id="open-odd", marks=pytest.mark.slow),
]


def pair(name, arguments, size, **more):
    """Builds ours and theirs with the same weights, drawn to say something."""
    arguments = {"classifier_activation": None, **arguments, **more}
    if size is None and "V3" not in name:  # theirs refuse an open size there
        arguments.update(include_top=False, pooling="avg")
    reference = peer(name, input_shape=(size, size, 3), **arguments)
    model = build(name, size, **arguments)
    model.set_weights(weights_of(reference))
    return model, reference


def images_for(model, size):
    low = 0 if model.layers[1].name == "preprocessing" else -1
    return random_images(2, size, size, 3, low=low, high=255 if low == 0 else 1)


@pytest.mark.parametrize("size, image_size", SIZES)
@pytest.mark.parametrize("name, arguments", VARIANTS)
@pytest.mark.tensorflow
def test_same_answers_with_the_same_weights(name, arguments, size, image_size):
    assert_same_answers(name, arguments, size, image_size)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_deeper_and_wider_efficientnet_answers_the_same():
    arguments = {"stochastic_depth": 0.0, "dropout": 0.0}
    assert_same_answers("EfficientNetB2", arguments, 224, 224)


def assert_same_answers(name, arguments, size, image_size):
    model, reference = pair(name, arguments, size)
    images = images_for(model, image_size)
    for training in (False, True):  # moving, then batch statistics
        expected = answers(reference, images, training=training)
        assert spread(expected) > 0.02
        found = answers(model, images, training=training)
        assert np.abs(found - expected).max() <= 1e-4 * spread(expected)


@pytest.mark.tensorflow
def test_the_comparison_can_fail():
    """An odd map that is padded at the other end answers otherwise."""
    ends = {"include_top": False, "pooling": "avg"}
    closed, reference = pair("MobileNetV2", {"alpha": 0.35}, 225, **ends)
    opened = applications.MobileNetV2((None, None, 3), alpha=0.35, **ends)
    opened.set_weights(closed.get_weights())
    images = images_for(closed, 225)
    expected = answers(reference, images)
    found = answers(opened, images)
    assert np.abs(found - expected).max() > 0.01 * spread(expected)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", THERE)
def test_channels_first_as_theirs(name):
    keras.config.set_image_data_format("channels_first")
    arguments = {"classes": 7, "classifier_activation": None}
    if name.startswith("MobileNet"):  # others have no width there
        arguments["alpha"] = 0.75
    reference = peer(name, input_shape=(3, 64, 64), **arguments)
    model = applications.get(name)(input_shape=(3, 64, 64), **arguments)
    model.set_weights(weights_of(reference))
    images = random_images(2, 3, 64, 64, low=0, high=255)
    expected = answers(reference, images)
    assert spread(expected) > 0.02
    found = answers(model, images)
    assert np.abs(found - expected).max() <= 1e-4 * spread(expected)


@pytest.mark.parametrize("name", ALL_THERE)
def test_signature_is_theirs_but_for_weights(name):
    ours = inspect.signature(applications.get(name)).parameters
    theirs = inspect.signature(getattr(keras.applications, name)).parameters
    shared = [
        parameter
        for parameter in ours.values()
        if parameter.kind is not parameter.KEYWORD_ONLY
    ]
    assert [p.name for p in shared] == list(theirs)
    for parameter in shared:
        if parameter.name == "weights":
            assert parameter.default is None
        else:
            assert parameter.default == theirs[parameter.name].default


@pytest.mark.parametrize("name", THERE)
def test_names_are_theirs(name):
    """A variant whose name is a default of the signature is compared there."""
    reference = getattr(keras.applications, name)(
        input_shape=(96, 96, 3), weights=None
    )
    assert build(name, 96).name == reference.name


@pytest.mark.parametrize("family", FAMILIES)
def test_family_modules_have_their_functions(family):
    ours = getattr(applications, family)
    theirs = getattr(keras.applications, family)
    pixels = np.array([[[[0.0, 100.0, 255.0]]]])
    np.testing.assert_array_equal(
        ours.preprocess_input(pixels.copy()),
        theirs.preprocess_input(pixels.copy()),
    )
    assert inspect.signature(ours.decode_predictions) == inspect.signature(
        theirs.decode_predictions
    )


@pytest.mark.parametrize("name", ["MobileNet", "MobileNetV2"])
def test_preprocessing_inside_is_preprocess_input(name):
    arguments = {"alpha": 0.35, "classes": 4, "classifier_activation": None}
    plain = perturb(applications.get(name)((32, 32, 3), **arguments))
    with_it = applications.get(name)(
        (32, 32, 3), **arguments, include_preprocessing=True
    )
    with_it.set_weights(plain.get_weights())
    images = random_images(2, 32, 32, 3, low=0, high=255)
    scaled = applications.mobilenet.preprocess_input(images.copy())
    expected = answers(plain, scaled)
    assert spread(expected) > 0.02
    difference = np.abs(answers(with_it, images) - expected).max()
    assert difference <= 1e-3 * spread(expected)


def test_fresh_kernels_are_drawn_as_efficientnet_s_are():
    """Each kernel's standard deviation is theirs, within five of its errors."""
    ours, theirs = (
        [
            keras.ops.convert_to_numpy(weight)
            for weight in model.trainable_weights
            if weight.name in ("kernel", "depthwise_kernel")
        ]
        for model in (
            applications.EfficientNetB0(input_shape=(32, 32, 3)),
            keras.applications.EfficientNetB0(
                weights=None, input_shape=(32, 32, 3)
            ),
        )
    )
    assert len(ours) == len(theirs) == 82
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.shape == other.shape
        error = (1 / mine.size) ** 0.5  # of the ratio of two deviations
        assert np.std(mine) / np.std(other) == pytest.approx(1, abs=5 * error)
