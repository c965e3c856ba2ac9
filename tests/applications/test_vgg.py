"""VGG: its argument for small kernels, its weights, its pre-processing."""

import keras
import numpy as np
import pytest

from keras_papers import applications, cost
from keras_papers.applications.image.sequential import convolution
from keras_papers.shapes_only import shapes_only
from tests.support.answers import answers, perturb, random_images, spread
from tests.support.models import build
from tests.support.same_as_theirs import assert_loads_theirs

CHANNELS = 6


def convolutions(kernel_size, number):
    x = image = keras.Input((15, 15, CHANNELS))
    for index in range(number):
        x = convolution(x, f"block{index}", CHANNELS, kernel_size)
    return keras.Model(image, x)


@pytest.mark.parametrize("wide, number", [(5, 2), (7, 3)])
def test_convolutions_of_3_x_3_see_as_much_as_a_wide_one_with_less(
    wide, number
):
    """Section 2.3: 18 C^2 weights in place of 25 C^2, 27 C^2 for 49 C^2."""
    stack, one = convolutions(3, number), convolutions(wide, 1)
    biases = CHANNELS * number
    assert stack.count_params() - biases == 9 * number * CHANNELS**2
    assert one.count_params() - CHANNELS == wide**2 * CHANNELS**2
    ratio = cost.count(stack).multiply_adds / cost.count(one).multiply_adds
    assert ratio == pytest.approx(9 * number / wide**2)
    point = np.zeros((1, 15, 15, CHANNELS), "float32")
    point[0, 7, 7] = 1
    for model in (stack, one):
        model.set_weights([np.ones(w.shape) for w in model.weights])
        nothing = answers(model, np.zeros_like(point))
        seen = (answers(model, point) != nothing).any(axis=(0, 3))
        assert seen.sum(axis=0).max() == seen.sum(axis=1).max() == wide


@pytest.mark.tensorflow
def test_a_file_of_keras_applications_loads_and_answers_the_same(tmp_path):
    assert_loads_theirs("VGG16", tmp_path, include_top=False)


@pytest.mark.tensorflow
def test_the_dense_layers_are_those_of_keras_applications():
    """With the weights that follow the features, in their order."""
    theirs = keras.applications.VGG16(
        weights=None, input_shape=(32, 32, 3), classes=3
    )
    with shapes_only():
        ours = applications.VGG16(input_shape=(32, 32, 3), classes=3)
    shapes = [tuple(w.shape) for w in theirs.weights]
    assert [tuple(w.shape) for w in ours.weights] == shapes


@pytest.mark.parametrize("channels", [1, 3])
def test_preprocessing_inside_is_preprocess_input(channels):
    arguments = {"alpha": 0.1, "include_top": False, "pooling": "avg"}
    shape = (32, 32, channels)
    plain = perturb(applications.VGG11(input_shape=shape, **arguments))
    inside = applications.VGG11(
        input_shape=shape, include_preprocessing=True, **arguments
    )
    inside.set_weights(plain.get_weights())
    images = random_images(2, *shape, low=0, high=255)
    scaled = images - np.mean((103.939, 116.779, 123.68))
    if channels == 3:
        scaled = applications.vgg.preprocess_input(images.copy())
    expected = answers(plain, scaled)
    assert spread(expected) > 0.02
    difference = np.abs(answers(inside, images) - expected).max()
    assert difference <= 1e-4 * spread(expected)


def test_each_convolution_is_normalized_if_asked():
    model = build("VGG11", alpha=0.1, classes=3, batch_normalization=True)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds.count("BatchNormalization") == kinds.count("Conv2D") == 8
    with pytest.raises(ValueError, match="published.*batch_normalization=True"):
        applications.VGG16(weights="imagenet", batch_normalization=True)


@pytest.mark.parametrize("name", ["AlexNet", "VGG11", "ZFNet"])
def test_a_top_of_dense_layers_needs_a_size(name):
    message = r"height and a width.*Received.*\(None, 64, 3\).*include_top"
    with pytest.raises(ValueError, match=message):
        applications.get(name)(input_shape=(None, 64, 3))
