"""The networks for segmentation: outputs, arguments, graph, saved files."""

import functools
import inspect
import re

import keras
import numpy as np
import pytest

from keras_papers import applications
from keras_papers.applications.registry import SEGMENTATION
from keras_papers.applications.segmentation import LRASPP, RASPP, DeepLabV3
from keras_papers.applications.segmentation.deeplab_v3 import LOSS_WEIGHTS
from keras_papers.shapes_only import shapes_only
from keras_papers.testing import check_segmenter
from tests.support.answers import answers, perturb, random_images, spread

HEADS = [LRASPP, RASPP, DeepLabV3]
SMALL = "MobileNetV3Small"
# Of the fewest layers, which take most of a test's time.
SHORT, LAST = "MobileNet", "stage5_block2_pointwise_activation"
OF_AN_EXAMPLE = pytest.mark.skipif(
    keras.backend.backend() == "tensorflow",
    reason="the example of check_segmenter",
)
EACH = pytest.mark.parametrize("head", HEADS, ids=lambda head: head.__name__)


def small(head, size=64, **arguments):
    """Builds a head on a narrow backbone of few layers."""
    arguments = {"alpha": 0.25, "classes": 3, "filters": 16, **arguments}
    size = (size, size) if isinstance(size, int) else size
    return head(SHORT, (*size, 3), **arguments)


@pytest.mark.parametrize("name", applications.list_models(task=SEGMENTATION))
def test_each_constructor_has_logits_of_each_pixel(name):
    constructor = applications.get(name)
    with shapes_only():
        model = constructor((64, 96, 3), alpha=0.5, classes=4)
    assert model.output_shape == (None, 64, 96, 4)
    assert model.name == name.lower()
    for layer in model.layers:
        assert type(layer).__module__.startswith("keras.")
    parameters = inspect.signature(constructor).parameters
    assert list(parameters)[:7] == [
        "input_shape",
        "alpha",
        "classes",
        "weights",
        "weights_backbone",
        "input_tensor",
        "name",
    ]
    assert parameters["weights"].default is None


@pytest.mark.parametrize("stride", [1, 2, 4, 8])
def test_logits_have_the_size_of_the_image_or_a_part_of_it(stride):
    with shapes_only():
        model = small(LRASPP, (75, 50), logits_stride=stride)
    expected = tuple(-(-side // stride) for side in (75, 50))
    assert model.output_shape == (None, *expected, 3)


@EACH
def test_the_last_map_has_the_output_stride(head):
    with shapes_only():
        model = small(head, output_stride=8)
    assert model.get_layer(LAST).output.shape[1:3] == (8, 8)


@pytest.mark.contract
@pytest.mark.parametrize(
    "head",
    [
        pytest.param(LRASPP, marks=OF_AN_EXAMPLE),
        DeepLabV3,
        pytest.param(RASPP, marks=pytest.mark.slow),
    ],
)
def test_each_head_keeps_the_contract(head):
    keras.utils.set_random_seed(0)
    constructor = applications.get(f"{head.__name__}{SHORT}")
    check_segmenter(constructor, alpha=0.25, filters=16)


def test_files_of_weights_load(tmp_path):
    model = perturb(small(LRASPP))
    images = random_images(1, 64, 64, 3, low=0, high=255)
    path = tmp_path / "model.weights.h5"
    model.save_weights(path)
    loaded = small(LRASPP, weights=path)
    np.testing.assert_array_equal(
        answers(loaded, images), answers(model, images)
    )
    with pytest.warns(UserWarning, match="logits' was left fresh.*3 classes"):
        small(LRASPP, weights=path, classes=5)


def test_a_built_classifier_is_a_backbone_and_shares_its_weights():
    with shapes_only():
        body = applications.MobileNetV2(
            (64, 64, 3), alpha=0.35, output_stride=16
        )
        named = LRASPP("MobileNetV2", (64, 64, 3), alpha=0.35)
        model = LRASPP(body)
    assert model.output_shape == (None, 64, 64, 21)
    assert model.name == f"lraspp_{body.name}"
    assert model.count_params() == named.count_params()
    shared = [layer for layer in model.layers if layer.name.startswith("stage")]
    assert shared and all(
        layer is body.get_layer(layer.name) for layer in shared
    )
    with pytest.raises(ValueError, match="Received: output_stride"):
        LRASPP(body, output_stride=8)


def test_weights_of_the_backbone_are_those_of_its_file(tmp_path):
    body = perturb(applications.MobileNet((64, 64, 3), alpha=0.25))
    path = tmp_path / "classifier.weights.h5"
    body.save_weights(path)
    model = small(LRASPP, weights_backbone=path)
    for layer in model.layers:
        if layer.name.startswith(("stem", "stage")):
            weights = layer.get_weights()
            theirs = body.get_layer(layer.name).get_weights()
            for found, expected in zip(weights, theirs, strict=True):
                np.testing.assert_array_equal(found, expected)


@pytest.mark.tensorflow
def test_both_data_formats_answer_the_same():
    build = functools.partial(
        DeepLabV3, SHORT, alpha=0.25, classes=5, filters=16, padding="symmetric"
    )
    last = perturb(build((48, 48, 3)))
    keras.config.set_image_data_format("channels_first")
    first = build((3, 48, 48))
    first.set_weights(last.get_weights())
    images = random_images(2, 48, 48, 3, low=0, high=255)
    expected = answers(last, images)
    found = answers(first, images.transpose(0, 3, 1, 2))
    np.testing.assert_allclose(
        found.transpose(0, 2, 3, 1), expected, atol=1e-4 * spread(expected)
    )


def test_logits_are_whole_under_a_mixed_policy():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = small(DeepLabV3, auxiliary=True)
    finally:
        keras.config.set_dtype_policy("float32")
    outputs = model(np.zeros((1, 64, 64, 3), "float32"))
    for output in outputs.values():
        assert keras.backend.standardize_dtype(output.dtype) == "float32"
    assert model.get_layer("logits").compute_dtype == "float16"


@EACH
def test_a_call_without_an_argument_is_no_training(head):
    """Keras' Resizing makes one of it for the layers behind."""
    model = small(head, 75)
    before = model.get_weights()
    images = random_images(1, 75, 75, 3, low=0, high=255)
    outputs = keras.ops.convert_to_numpy(model(images))
    for weight, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)
    expected = keras.ops.convert_to_numpy(model(images, training=False))
    np.testing.assert_array_equal(outputs, expected)


def test_the_gate_scales_the_channels_of_the_last_map():
    """Figure 10, in NumPy from the maps of the backbone."""
    model = perturb(small(LRASPP, form="torchvision"))
    taps = {
        name: model.get_layer(name).output
        for name in ("aspp_activation", LAST, "gated")
    }
    images = random_images(2, 64, 64, 3, low=0, high=255)
    maps = {
        name: keras.ops.convert_to_numpy(x)
        for name, x in keras.Model(model.input, taps)(images).items()
    }
    (kernel,) = model.get_layer("gate").get_weights()
    gate = maps[LAST].mean((1, 2)) @ kernel[0, 0]
    gate = 1 / (1 + np.exp(-gate))
    expected = maps["aspp_activation"] * gate[:, None, None]
    assert gate.std() > 0.01
    np.testing.assert_allclose(maps["gated"], expected, atol=1e-5)


def test_the_papers_form_has_a_bias_a_hard_sigmoid_and_a_map_inside_a_block():
    with shapes_only():
        paper = LRASPP(SMALL, (64, 64, 3))
        theirs = LRASPP(SMALL, (64, 64, 3), form="torchvision")
    assert paper.get_layer("gate").use_bias
    assert not theirs.get_layer("gate").use_bias
    activations = [
        model.get_layer("gate_activation").activation.__name__
        for model in (paper, theirs)
    ]
    assert activations == ["hard_sigmoid", "sigmoid"]
    assert paper.get_layer("low_logits").kernel.shape[2] == 88
    assert theirs.get_layer("low_logits").kernel.shape[2] == 24


def test_figure_10_pools_windows_of_49_pixels_of_a_large_image():
    with shapes_only():
        model = LRASPP("MobileNetV3Large", (1024, 2048, 3), pool_size=49)
        small_one = LRASPP(SMALL, (64, 64, 3), pool_size=49)
    pool = model.get_layer("gate_pool")
    assert (pool.pool_size, pool.strides) == ((49, 49), (16, 20))
    assert pool.output.shape[1:3] == (1, 4)
    assert small_one.get_layer("gate_pool").output.shape[1:3] == (1, 1)


@pytest.mark.parametrize(
    "arguments, rates",
    [
        ({}, [6, 12, 18]),
        ({"output_stride": 8}, [12, 24, 36]),
        ({"output_stride": 32}, [3, 6, 9]),
        ({"form": "torchvision"}, [12, 24, 36]),
        ({"form": "torchvision", "output_stride": 8}, [12, 24, 36]),
        ({"rates": (2, 4)}, [2, 4]),
    ],
)
def test_rates_follow_the_output_stride_as_in_the_paper(arguments, rates):
    with shapes_only():
        model = DeepLabV3(SMALL, (65, 65, 3), **arguments)
    found = [
        layer.dilation_rate[0]
        for layer in model.layers
        if re.fullmatch(r"aspp[2-9]", layer.name)
    ]
    assert found == rates


def test_an_auxiliary_head_is_trained_beside_the_other():
    model = small(DeepLabV3, 32, auxiliary=True)
    images = random_images(2, 32, 32, 3, low=0, high=255)
    labels = np.zeros((2, 32, 32), "int32")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        "sgd",
        {name: loss for name in LOSS_WEIGHTS},
        LOSS_WEIGHTS,
        run_eagerly=True,
    )
    logs = model.evaluate(
        images,
        {name: labels for name in LOSS_WEIGHTS},
        verbose=0,
        return_dict=True,
    )
    assert logs["loss"] == pytest.approx(
        logs["predictions_loss"] + 0.5 * logs["auxiliary_loss"], rel=1e-4
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"classes": 0}, "`classes`.*with the background.*classes=0"),
        ({"filters": 1.5}, "`filters`.*filters=1.5"),
        ({"form": "tf"}, "`form`.*'paper', 'torchvision'.*form='tf'"),
        ({"logits_stride": 3}, "1, 2, 4 or 8.*logits_stride=3"),
        ({"logits_stride": True}, "1, 2, 4 or 8.*logits_stride=True"),
        ({"output_stride": 4}, "32, 16 or 8.*output_stride=4"),
        ({"name": "a/b"}, "`name`.*name='a/b'"),
        ({"alpha": 0}, "`alpha`.*alpha=0"),
        ({"input_shape": (None, 64, 3)}, "a height and a width.*None, 64"),
        ({"input_shape": (16, 64, 3)}, r"at least 32 x 32.*\(16, 64, 3\)"),
        ({"weights": "imagenet"}, "`weights`.*weights_backbone='imagenet'"),
        ({"weights": "nowhere.h5"}, "`weights`.*'nowhere.h5'.*Check the path"),
        ({"weights_backbone": "noweights"}, "`weights`.*'noweights'"),
        ({"reduced_tail": "detection"}, "None, 'segmentation'.*'detection'"),
        ({"dropout": 1}, "`dropout`.*dropout=1"),
        ({"rates": 6}, r"`rates`.*rates=6.*\(6, 12, 18\)"),
        ({"rates": ()}, r"`rates`.*rates=\(\)"),
        ({"rates": (6, 0)}, "`rates`.*rates=0"),
        ({"auxiliary": 1}, "`auxiliary`.*auxiliary=1"),
        ({"pool_size": 0}, "`pool_size`.*pool_size=0"),
        ({"backbone": "MobileNetV9"}, "name of a network.*'MobileNetV9'"),
        ({"backbone": "VGG16"}, "'VGG16', which has no"),
        ({"backbone": 3}, "`backbone`.*backbone=3"),
        ({"backbone_arguments": ["depth"]}, "`backbone_arguments`.*'depth'"),
        ({"backbone_arguments": {"alpha": 1}}, "`backbone_arguments`.*'alpha'"),
        ({"backbone_arguments": {"deep": 1}}, "has no deep"),
    ],
)
def test_bad_arguments_are_explained(arguments, message):
    head = next(
        each
        for each in HEADS
        if set(arguments) <= set(inspect.signature(each).parameters)
    )
    with pytest.raises(ValueError, match=message), shapes_only():
        head(**{"backbone": SMALL, "input_shape": (64, 64, 3), **arguments})


def test_arguments_of_a_backbone_that_is_built_are_refused():
    with shapes_only():
        body = applications.MobileNetV3Small((64, 64, 3), include_top=False)
    for arguments, word in (
        ({"alpha": 0.5}, "alpha"),
        ({"weights_backbone": "imagenet"}, "weights_backbone"),
        ({"input_shape": (64, 64, 3)}, "input_shape"),
        ({"reduced_tail": "segmentation"}, "reduced_tail"),
    ):
        with pytest.raises(ValueError, match=f"`backbone` is.*: {word}.*Pass"):
            LRASPP(body, **arguments)
