"""GoogLeNet and the Inceptions: against their peers, and what is their own."""

import functools

import keras
import numpy as np
import pytest

from keras_papers import applications, cost, flatten
from keras_papers.applications import googlenet, inception_v3
from keras_papers.applications.image.inception import max_pool
from keras_papers.layers import Inception, InceptionResidual
from keras_papers.shapes_only import shapes_only
from tests.support.answers import answers, images_for, perturb, spread
from tests.support.legacy_files import save_legacy
from tests.support.models import INCEPTIONS

SMALL = {"alpha": 0.25, "depth": 0.1}
LOGITS = {"input_shape": (75, 75, 3), "classifier_activation": None}


def peer(name):
    """Builds a network of keras.applications at the smallest size."""
    model = getattr(keras.applications, name)(weights=None, **LOGITS)
    return perturb(model, images=8)


@pytest.mark.tensorflow
def test_v3_answers_as_theirs_from_their_file(tmp_path):
    theirs = peer("InceptionV3")
    save_legacy(theirs, tmp_path / "theirs.h5")
    options = {"dropout": 0.0, **LOGITS}
    model = applications.InceptionV3(weights=tmp_path / "theirs.h5", **options)
    images = images_for(model, 4)
    for training in (False, True):
        expected = answers(theirs, images, training=training)
        assert spread(expected) > 0.1
        found = answers(model, images, training=training)
        assert np.abs(found - expected).max() <= 1e-5 * spread(expected)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_resnet_v2_answers_as_theirs():
    theirs = peer("InceptionResNetV2")
    model = applications.InceptionResNetV2(**LOGITS)
    model.set_weights(theirs.get_weights())
    images = images_for(model, 4)
    expected = answers(theirs, images)
    assert spread(expected) > 0.1
    found = answers(model, images)
    assert np.abs(found - expected).max() <= 1e-5 * spread(expected)


@pytest.mark.parametrize("name", INCEPTIONS)
def test_images_must_have_the_size_of_the_network(name):
    minimum = applications.registry.get_record(name).minimum
    message = f"at least {minimum} x {minimum} pixels.*{minimum - 1}, 75, 3"
    with pytest.raises(ValueError, match=message):
        applications.get(name)(input_shape=(minimum - 1, 75, 3))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"input_shape": (106, 107, 3)}, r"107 x 107.*\(106, 107\)"),
        ({"input_shape": (None, 299, 3)}, r"107 x 107.*\(None, 299\)"),
        ({"weights": "imagenet"}, "without auxiliary.*auxiliary=True"),
        ({"auxiliary": 1}, "`auxiliary` is whether.*auxiliary=1"),
    ],
)
def test_auxiliary_classifiers_fit_the_other_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        applications.InceptionV3(**{"auxiliary": True, **arguments})


@pytest.mark.parametrize(
    "name", [name for name in INCEPTIONS if name != "InceptionV2"]
)
def test_a_model_without_top_has_no_auxiliary_classifiers(name):
    message = "`auxiliary` adds.*model without top.*include_top=False"
    with pytest.raises(ValueError, match=message):
        applications.get(name)(auxiliary=True, include_top=False)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"batch_normalization": 1}, "`batch_normalization` is whether.*=1"),
        ({"kernels_5x5": 3}, "`kernels_5x5` is whether.*kernels_5x5=3"),
        ({"input_shape": (64, 64, 3), "auxiliary": True}, r"65 x 65.*\(64, 64"),
        ({"weights": "imagenet"}, "none of this.*file of torchvision"),
        ({"dropout": 1.0}, "`dropout`.*dropout=1.0"),
        ({"alpha": 0}, "`alpha`.*alpha=0"),
    ],
)
def test_bad_arguments_of_googlenet_are_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        applications.GoogLeNet(**arguments)


@pytest.mark.parametrize(
    "branches, message",
    [
        ([], r"lists the branches.*branches=\[\]"),
        ([[]], r"at least one step.*branches=\[\[\]\]"),
        ([[(64,)]], r"\(filters, kernel.*step \(64,\)"),
        ([[(64, 0)]], r"step \(64, 0\)"),
        ([[("median", 3)]], r"step \('median', 3\).*Try"),
        ([[(64, 3, 2, "even")]], "'same' or 'valid'.*'even'"),
        ([[(64, (1, 3, 3))]], r"step \(64, \(1, 3, 3\)\)"),
    ],
)
def test_branches_that_are_none_are_explained(branches, message):
    with pytest.raises(ValueError, match=f"`branches`.*{message}"):
        Inception(branches)


@pytest.mark.parametrize(
    "size, maxima", [(5, [3, 5]), (6, [3, 5, 6]), (7, [3, 5, 7])]
)
@pytest.mark.parametrize("is_open", [False, True])
def test_windows_behind_begin_with_the_map(size, maxima, is_open):
    """As with PyTorch's ceil_mode; "same" gives an odd map one more window."""
    x = keras.Input((None if is_open else size,) * 2 + (1,))
    model = keras.Model(x, max_pool(x, "pool", "behind"))
    row = np.arange(1.0, size + 1)
    map = np.minimum(row[:, None], row)[None, ..., None]
    found = np.diagonal(answers(model, map)[0, ..., 0])
    np.testing.assert_array_equal(found, maxima)


def test_a_module_is_opened_into_its_branches():
    image = keras.Input((9, 9, 4))
    fork = [[(2, (1, 3))], [(2, (3, 1))]]
    x = InceptionResidual([[(4, 1)], [(4, 1), fork]], name="a")(image)
    x = Inception([[(4, 3, 2, "valid")], [("max", 3, 2, "valid")]], name="b")(x)
    model = perturb(keras.Model(image, x))
    flat = flatten(model)
    names = {layer.name for layer in flat.layers}
    assert {"a_branch2_fork2_branch1_conv1", "a_add", "b_concat"} <= names
    images = images_for(model, 2)
    expected = answers(model, images)
    assert spread(expected) > 0.1
    np.testing.assert_array_equal(answers(flat, images), expected)


@pytest.mark.tensorflow
def test_auxiliary_losses_are_weighted_and_left_out_after_training(tmp_path):
    small = {"input_shape": (65, 65, 3), "classes": 3, **SMALL}
    model = applications.GoogLeNet(auxiliary=True, dropout=0.0, **small)
    loss_weights = googlenet.LOSS_WEIGHTS
    model.compile(
        "sgd",
        {name: "sparse_categorical_crossentropy" for name in loss_weights},
        loss_weights=loss_weights,
        run_eagerly=True,
    )
    images, labels = images_for(model, 4), np.array([0, 1, 2, 0])
    labels = dict.fromkeys(loss_weights, labels)
    before = model.get_layer("auxiliary2_logits").kernel.numpy()
    logs = model.train_on_batch(images, labels, return_dict=True)
    auxiliary = logs["auxiliary1_loss"] + logs["auxiliary2_loss"]
    total = logs["predictions_loss"] + 0.3 * auxiliary
    assert logs["loss"] == pytest.approx(total, rel=1e-5)
    assert np.any(model.get_layer("auxiliary2_logits").kernel != before)
    model.save_weights(tmp_path / "trained.weights.h5")
    alone = applications.GoogLeNet(
        weights=tmp_path / "trained.weights.h5", **small
    )
    expected = model(images)["predictions"].numpy()
    np.testing.assert_array_equal(answers(alone, images), expected)


def multiply_adds(branches, channels=64, size=17):
    """Counts a module's multiply-adds for each pixel of its map."""
    with shapes_only():
        image = keras.Input((size, size, channels))
        model = keras.Model(image, Inception(branches)(image))
        return cost.count(model).multiply_adds / size**2


@pytest.mark.parametrize("n, ratio", [(3, 2 / 3), (7, 2 / 7)])
def test_1xn_and_nx1_cost_two_nths_of_nxn(n, ratio):
    """Section 3.2 of the paper of Inception-v3: 33 % less for n = 3."""
    pair = [[(64, (1, n)), (64, (n, 1))]]
    whole = [[(64, n)]]
    assert multiply_adds(pair) == pytest.approx(ratio * multiply_adds(whole))


def test_figure_6_would_cost_twice_as_much_with_7x7():
    factorized = inception_v3.FIGURES["6"](192)
    whole = [
        [(192, 1)],
        [(192, 1), (192, 7)],
        [(192, 1), (192, 7), (192, 7)],
        [("average", 3), (192, 1)],
    ]
    cost_of = functools.partial(multiply_adds, channels=768)
    with_1x1 = 4 * 768 * 192  # of both
    assert cost_of(factorized) == with_1x1 + 6 * 7 * 192**2
    assert cost_of(whole) == with_1x1 + 3 * 49 * 192**2
    assert cost_of(whole) > 2 * cost_of(factorized)


def test_1x1_reductions_quarter_the_cost_of_googlenet_s_modules():
    """Figure 2: (a) convolves all channels of the map, (b) reduces them."""
    reduced = naive = 0
    channels = 192
    for row in googlenet.TABLE_1:
        reduced += multiply_adds(googlenet._branches(5, row), channels)
        naive += multiply_adds(
            [[(row.conv1, 1)], [(row.conv3, 3)], [(row.conv5, 5)]], channels
        )
        channels = row.conv1 + row.conv3 + row.conv5 + row.pool_proj
    assert channels == 1024
    assert naive / reduced == pytest.approx(4.06, abs=0.01)
