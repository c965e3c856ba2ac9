"""ResNet and ResNetV2: shortcuts, versions, depths, published weights."""

import inspect

import keras
import numpy as np
import pytest

from keras_papers import applications, cost, layers
from keras_papers.applications.registry import get_record
from keras_papers.shapes_only import shapes_only
from tests.support.answers import answers
from tests.support.models import blocks_of, build
from tests.support.same_as_theirs import assert_loads_theirs

LOGITS = {"classes": 5, "classifier_activation": None}


@pytest.mark.parametrize("name", ["ResNet50", "ResNet50V2"])
@pytest.mark.tensorflow
def test_a_file_of_keras_applications_loads_and_answers_the_same(
    name, tmp_path
):
    assert_loads_theirs(name, tmp_path, **LOGITS)


@pytest.mark.contract
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_option_a_adds_the_input_and_channels_of_zeros(data_format):
    maps = np.random.default_rng(0).normal(size=(2, 5, 6, 3))
    block = layers.BasicResidual(5, 2, shortcut="A", data_format=data_format)
    first = data_format == "channels_first"
    images = maps.transpose(0, 3, 1, 2) if first else maps
    block.build(images.shape)
    block.set_weights([np.zeros(w.shape) for w in block.weights])
    found = answers(block, images.astype("float32"))
    found = found.transpose(0, 2, 3, 1) if first else found
    expected = np.maximum(maps[:, ::2, ::2], 0)
    np.testing.assert_allclose(found[..., :3], expected, rtol=1e-6)
    np.testing.assert_array_equal(found[..., 3:], 0)


def parameters(name, **arguments):
    with shapes_only():
        return cost.count(applications.get(name)(**arguments)).parameters


def test_the_options_differ_by_the_projections_of_the_shortcuts():
    a, b, c, plain = (
        parameters("ResNet34", shortcut=option)
        for option in ("A", "B", "C", None)
    )
    # A convolution of 1 x 1, and the scales and offsets behind it.
    increasing = sum(m * n + 2 * n for m, n in [(64, 128), (128, 256)])
    increasing += 256 * 512 + 2 * 512
    equal = sum(
        number * (n * n + 2 * n)
        for number, n in [(3, 64), (3, 128), (5, 256), (2, 512)]
    )
    assert plain == a
    assert b - a == increasing
    assert c - b == equal


def test_a_plain_network_adds_nothing():
    plain = build("ResNet20", shortcut=None, alpha=0.5)
    kinds = {type(layer).__name__ for layer in plain.layers}
    assert "Conv2D" in kinds and "Add" not in kinds


@pytest.mark.parametrize("layers", [20, 32, 44, 56, 110])
def test_the_networks_of_section_4_2_have_as_many_layers_as_they_say(layers):
    with shapes_only():
        model = applications.get(f"ResNet{layers}")()
    assert model.input_shape == (None, 32, 32, 3)
    assert model.output_shape == (None, 10)
    kernels = [w for w in model.trainable_weights if w.name == "kernel"]
    assert len(kernels) == layers  # option A has no others


@pytest.mark.parametrize("version, strides", [(1, [2, 1]), (1.5, [1, 2])])
def test_the_version_says_which_convolution_has_the_strides(version, strides):
    with shapes_only():
        model = build("ResNet50", version=version)
    blocks = blocks_of(model)
    for stage in (2, 3, 4):
        block = blocks[f"stage{stage}_block1"]
        found = [block[name].strides[0] for name in ("conv1", "conv2")]
        assert found == strides and block["project"].strides == (2, 2)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"version": 2}, "`version`.*1.5.*version=2"),
        ({"shortcut": "D"}, "`shortcut`.*'A', 'B', 'C', None.*'D'"),
        ({"use_bias": None}, "`use_bias`.*use_bias=None"),
    ],
)
def test_bad_options_are_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        applications.ResNet50(**arguments)


@pytest.mark.parametrize(
    "option, text",
    [
        ({"version": 1.5}, "version=1.5"),
        ({"shortcut": "A"}, "shortcut='A'"),
        ({"use_bias": False}, "use_bias=False"),
    ],
)
def test_published_weights_are_of_the_options_of_keras_applications(
    option, text
):
    with pytest.raises(ValueError, match=f"published variants.*{text}"):
        applications.ResNet50(weights="imagenet", **option)


def test_urls_and_hashes_are_those_of_keras_applications():
    from keras.src.applications import resnet as reference
    from keras.src.applications import vgg16, vgg19

    for depth in (50, 101, 152):
        for name in (f"ResNet{depth}", f"ResNet{depth}V2"):
            family = get_record(name).published
            files = family.with_top[1.0,], family.no_top[1.0,]
            key = name.lower()
            assert (files[0].md5, files[1].md5) == reference.WEIGHTS_HASHES[key]
            for file, ending in zip(files, ("", "_notop"), strict=True):
                assert file.path == (
                    f"resnet/{key}_weights_tf_dim_ordering_tf_kernels{ending}"
                )
    for module in (vgg16, vgg19):
        source = inspect.getsource(module)
        family = get_record(module.__name__[-5:].upper()).published
        for file in (family.with_top[1.0,], family.no_top[1.0,]):
            assert f'file_hash="{file.md5}"' in source
            assert f'{file.path.rpartition("/")[2]}.h5"' in source


def kernels(seed):
    keras.utils.set_random_seed(seed)
    model = applications.ResNet18(input_shape=(32, 32, 3), alpha=0.5)
    return {
        layer.name: layer.get_weights()[0]
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D) and layer.name != "logits"
    }


def test_fresh_kernels_are_normal_of_variance_2_by_their_inputs():
    """Not truncated, as `he_normal` of Keras is, at 2.27 deviations."""
    drawn = kernels(0)
    for kernel in drawn.values():
        scaled = kernel / np.sqrt(2 / np.prod(kernel.shape[:3]))
        assert abs(scaled.std() - 1) < 8 / np.sqrt(2 * scaled.size)
        assert abs(scaled.mean()) < 5 / np.sqrt(scaled.size)
    # Of the largest kernel 4.55 % lie beyond two deviations.
    assert np.mean(np.abs(scaled) > 2) == pytest.approx(0.0455, abs=0.002)
    assert np.abs(scaled).max() > 4


def test_fresh_kernels_are_those_of_the_seed_and_differ():
    first, again, other = kernels(0), kernels(0), kernels(1)
    for name, kernel in first.items():
        np.testing.assert_array_equal(kernel, again[name])
        assert not np.array_equal(kernel, other[name])
    alike = [k for k in first.values() if k.shape == (3, 3, 32, 32)]
    assert len(alike) > 1 and not np.array_equal(*alike[:2])


@pytest.mark.parametrize(
    "block",
    [
        layers.BasicResidual(128),
        layers.BottleneckResidual(128, 128),
        layers.PreactivationResidual(128, 128),
    ],
    ids=lambda block: type(block).__name__,
)
def test_a_block_by_itself_draws_as_those_of_the_networks(block):
    keras.utils.set_random_seed(0)
    block.build((1, 7, 7, 128))
    kernel = max(block.get_weights(), key=np.size)
    scaled = kernel / np.sqrt(2 / np.prod(kernel.shape[:3]))
    assert np.mean(np.abs(scaled) > 2.28) == pytest.approx(0.0226, abs=0.002)


def test_a_saved_block_keeps_the_initializer_it_was_saved_with():
    saved = layers.BasicResidual(8, kernel_initializer="he_normal").get_config()
    again = layers.BasicResidual.from_config(saved).kernel_initializer
    assert isinstance(again, keras.initializers.HeNormal)
