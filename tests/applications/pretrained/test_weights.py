"""Weights files: ours in each format, keras.applications', and bad ones."""

import functools

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from keras_papers import applications
from tests.support.answers import (
    answers,
    images_for,
    perturb,
    random_images,
    spread,
)
from tests.support.legacy_files import save_legacy
from tests.support.models import (
    MEAN,
    STD,
    THERE,
    build,
    normalizations,
    peer,
    weights_of,
)

SHAPE = (32, 32, 3)
FORMATS = ("keras", "h5")  # by names or classes of layers, and by their order


@pytest.fixture(autouse=True)
def same_weights_each_time():
    keras.utils.set_random_seed(0)


def small(name="MobileNetV3Small", **arguments):
    small_ones = {"input_shape": SHAPE, "alpha": 0.35, "classes": 5}
    return applications.get(name)(**{**small_ones, **arguments})


def assert_same_weights(ours, theirs):
    for our, their in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_array_equal(our.numpy(), their.numpy())


@pytest.mark.contract
@pytest.mark.parametrize("ending", ["weights.h5", "keras"])
def test_our_own_files_load(ending, tmp_path):
    trained = perturb(small())
    path = tmp_path / f"trained.{ending}"
    save = trained.save if ending == "keras" else trained.save_weights
    save(path)
    images = random_images(2, *SHAPE, low=0, high=255)
    expected = answers(trained, images)
    assert spread(expected) > 1e-3
    np.testing.assert_array_equal(
        answers(small(weights=path), images), expected
    )


def test_optimizer_state_in_a_file_is_passed_over(tmp_path):
    trained = perturb(small())
    trained.compile("adam", "sparse_categorical_crossentropy")
    trained.optimizer.build(trained.trainable_variables)
    trained.save(tmp_path / "trained.keras")
    assert_same_weights(small(weights=tmp_path / "trained.keras"), trained)


@functools.cache
def narrow_peer(name):
    """Returns arguments and the network of theirs, which tests only save."""
    arguments = {"classes": 5, "classifier_activation": None}
    if name.startswith("MobileNet"):  # others have no width there
        arguments["alpha"] = 0.5
    return arguments, peer(name, input_shape=SHAPE, **arguments)


@pytest.mark.parametrize(
    "name, ending",
    # test_resnet.py loads the legacy file of ResNet.
    [
        (name, end)
        for name in THERE
        for end in FORMATS
        if (name, end) != ("ResNet50V2", "h5")
    ]
    + [("MobileNetV2", "weights.h5"), ("MobileNetV2", "whole.h5")],
)
def test_files_of_keras_applications_load(name, ending, tmp_path):
    arguments, theirs = narrow_peer(name)
    path = tmp_path / f"theirs.{ending}"
    if ending == "h5":
        save_legacy(theirs, path)
    elif ending == "weights.h5":
        theirs.save_weights(path)
    else:
        theirs.save(path)
    ours = build(name, weights=path, **arguments)
    images = images_for(ours, 2)
    expected = answers(theirs, images)
    assert spread(expected) > 1e-3
    np.testing.assert_allclose(
        answers(ours, images), expected, atol=1e-4 * spread(expected)
    )


@pytest.mark.parametrize("ending", FORMATS)
def test_their_efficientnet_as_published_loads(ending, tmp_path):
    """Its file has the deviation for the variance; a layer mends that."""
    ends = {"include_top": False, "pooling": "avg"}
    theirs = peer("EfficientNetB0", input_shape=(96, 96, 3), **ends)
    (normalization,) = normalizations(theirs)
    normalization.set_weights([MEAN, STD, np.array(0, "int32")])
    path = tmp_path / f"theirs.{ending}"
    theirs.save(path)
    ours = build("EfficientNetB0", 96, weights=path, **ends)
    mended = keras.layers.Rescaling((STD**-0.5).tolist())
    inner = keras.Model(theirs.layers[3].input, theirs.output)
    images = images_for(ours, 2)
    expected = answers(
        inner, mended((images / 255 - MEAN) / np.sqrt(STD).astype("float32"))
    )
    assert spread(expected) > 1e-3
    difference = np.abs(answers(ours, images) - expected).max()
    assert difference <= 1e-4 * spread(expected)


@pytest.mark.parametrize("channels", [1, 4])
def test_their_efficientnet_serves_images_of_other_channels(channels, tmp_path):
    theirs = peer("EfficientNetB0", input_shape=SHAPE, include_top=False)
    theirs.save(tmp_path / "theirs.h5")
    with pytest.warns(UserWarning, match=f"'stem' was adapted.*{channels}"):
        ours = applications.EfficientNetB0(
            input_shape=(32, 32, channels),
            include_top=False,
            weights=tmp_path / "theirs.h5",
        )
    found, expected = ours.weights, weights_of(theirs)
    for our, their in zip(found[1:], expected[1:], strict=True):
        np.testing.assert_array_equal(our.numpy(), their)


@pytest.mark.parametrize("name", ["MobileNetV2", "MnasNetA1"])
def test_the_warning_points_at_the_caller_of_the_constructor(name, tmp_path):
    small(name).save(tmp_path / "five.keras")
    with pytest.warns(UserWarning, match="'logits' was left fresh") as caught:
        small(name, classes=7, weights=tmp_path / "five.keras")
    (warning,) = caught
    assert warning.filename == __file__


@pytest.mark.parametrize("ending", FORMATS)
def test_another_normalization_in_the_file_is_an_error(ending, tmp_path):
    """As keras.applications gives one without weights: mean 0, variance 1."""
    theirs = keras.applications.EfficientNetB0(
        input_shape=SHAPE, include_top=False, weights=None
    )
    path = tmp_path / f"theirs.{ending}"
    theirs.save(path)
    arguments = {"include_top": False, "weights": path}
    message = r"mean=\[0.0.*variance=\[1.0.*include_preprocessing=False"
    with pytest.raises(ValueError, match=message):
        build("EfficientNetB0", **arguments)
    ours = build("EfficientNetB0", **arguments, include_preprocessing=False)
    images = random_images(2, *SHAPE, low=0, high=255)
    difference = answers(ours, images / 255) - answers(theirs, images)
    assert np.abs(difference).max() <= 1e-6


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", ["MobileNetV2", "MobileNetV3Small"])
def test_their_file_with_top_serves_a_model_without(name, ending, tmp_path):
    theirs = getattr(keras.applications, name)(
        SHAPE, alpha=0.5, classes=5, weights=None
    )
    perturb(theirs)
    theirs.save(tmp_path / f"theirs.{ending}")
    ours = applications.get(name)(
        SHAPE,
        alpha=0.5,
        include_top=False,
        weights=tmp_path / f"theirs.{ending}",
    )
    ours = ours.weights
    for our, their in zip(ours, theirs.weights[: len(ours)], strict=True):
        np.testing.assert_array_equal(our.numpy(), their.numpy())


def test_their_file_of_another_network_is_refused(tmp_path):
    """In it layers of one class are counted, and the classes differ first."""
    theirs = keras.applications.MobileNet(SHAPE, alpha=0.5, weights=None)
    theirs.save(tmp_path / "theirs.keras")
    with pytest.raises(ValueError, match="layer 'stage1_block1_project'.*pw_1"):
        small("MobileNetV2", alpha=0.5, weights=tmp_path / "theirs.keras")


def test_their_file_without_names_loads(tmp_path):
    """As Keras 3 wrote it at first."""
    theirs = keras.applications.MobileNet(
        SHAPE, alpha=0.25, classes=5, weights=None
    )
    perturb(theirs).save_weights(tmp_path / "theirs.weights.h5")
    with h5py.File(tmp_path / "theirs.weights.h5", "a") as file:
        for group in file["layers"].values():
            del group["vars"].attrs["name"]
    ours = small(
        "MobileNet", alpha=0.25, weights=tmp_path / "theirs.weights.h5"
    )
    assert_same_weights(ours, theirs)


def test_a_legacy_file_with_names_in_parts_loads(tmp_path, monkeypatch):
    """Keras divides lists of names that are too long for HDF5."""
    monkeypatch.setattr(legacy_h5_format, "HDF5_OBJECT_HEADER_LIMIT", 60)
    theirs = perturb(
        keras.applications.MobileNet(SHAPE, alpha=0.25, classes=5, weights=None)
    )
    save_legacy(theirs, tmp_path / "parts.h5")
    with h5py.File(tmp_path / "parts.h5") as file:
        assert "layer_names9" in file.attrs and "layer_names" not in file.attrs
        assert "weight_names1" in file["conv1_bn"].attrs
    ours = small("MobileNet", alpha=0.25, weights=tmp_path / "parts.h5")
    assert_same_weights(ours, theirs)


def test_another_architecture_is_refused_by_its_first_layer(tmp_path):
    path = tmp_path / "other.weights.h5"
    small("MobileNetV2").save_weights(path)
    # Up to the first squeeze both have the same layers.
    squeeze = "'stage1_block1_squeeze_excite_squeeze'"
    with pytest.raises(ValueError, match=f"first difference.*layer {squeeze}"):
        small(weights=path)


def test_another_width_is_refused_by_its_first_layer(tmp_path):
    path = tmp_path / "wider.weights.h5"
    small(alpha=0.5).save_weights(path)
    with pytest.raises(ValueError, match="layer 'stage2_block1_project'"):
        small(weights=path)


def test_a_legacy_file_of_another_architecture_is_refused(tmp_path):
    theirs = keras.applications.MobileNet(SHAPE, alpha=0.25, weights=None)
    save_legacy(theirs, tmp_path / "legacy.h5")
    with pytest.raises(ValueError, match="layer 'stem'.*as 'conv1'"):
        small("MobileNetV2", weights=tmp_path / "legacy.h5")


@pytest.mark.contract
@pytest.mark.parametrize("name", ["MobileNetV2", "MobileNetV3Small"])
def test_other_classes_leave_the_classifier_fresh(name, tmp_path):
    trained = perturb(small(name))
    trained.save_weights(tmp_path / "five.weights.h5")
    with pytest.warns(
        UserWarning,
        match="five.*'logits' was left fresh, .* 5 classes and the model 6.$",
    ) as caught:
        ours = small(name, classes=6, weights=tmp_path / "five.weights.h5")
    assert len(caught) == 1
    for our, their in zip(ours.layers, trained.layers, strict=True):
        if our.name == "logits":
            assert np.all(keras.ops.convert_to_numpy(our.bias) == 0)
            continue
        assert_same_weights(our, their)


@pytest.mark.parametrize("ending", FORMATS)
def test_other_classes_in_a_file_of_theirs_leave_logits_fresh(ending, tmp_path):
    theirs = keras.applications.MobileNetV3Small(
        SHAPE, alpha=0.5, classes=5, weights=None
    )
    perturb(theirs).save(tmp_path / f"five.{ending}")
    with pytest.warns(UserWarning, match="'logits' was left fresh") as caught:
        ours = small(alpha=0.5, classes=6, weights=tmp_path / f"five.{ending}")
    assert len(caught) == 1
    our, their = ours.weights, theirs.weights
    for ours_now, theirs_now in zip(our[:-2], their[:-2], strict=True):
        np.testing.assert_array_equal(ours_now.numpy(), theirs_now.numpy())


@pytest.mark.contract
@pytest.mark.parametrize("channels", [1, 6])
def test_other_channels_adapt_the_first_convolution(channels, tmp_path):
    """So that what shows the same in other channels is answered the same."""
    trained = perturb(small())
    trained.save_weights(tmp_path / "colour.weights.h5")
    with pytest.warns(
        UserWarning,
        match=f"'stem' was adapted.* 3 input channels and the model {channels}",
    ) as caught:
        ours = applications.MobileNetV3Small(
            (32, 32, channels),
            alpha=0.35,
            classes=5,
            weights=tmp_path / "colour.weights.h5",
        )
    assert len(caught) == 1
    shown = {1: 1, 6: 3}[channels]
    images = random_images(2, 32, 32, shown, low=0, high=255)
    expected = answers(trained, np.broadcast_to(images, (2, *SHAPE)))
    assert spread(expected) > 1e-3
    again = np.concatenate([images] * (channels // shown), axis=-1)
    np.testing.assert_allclose(
        answers(ours, again), expected, atol=1e-3 * spread(expected)
    )


def test_four_channels_take_the_first_again_and_less_of_each(tmp_path):
    trained = perturb(small())
    trained.save_weights(tmp_path / "colour.weights.h5")
    with pytest.warns(UserWarning, match="'stem' was adapted"):
        ours = small(
            input_shape=(32, 32, 4), weights=tmp_path / "colour.weights.h5"
        )
    (kernel,) = trained.get_layer("stem").get_weights()
    np.testing.assert_allclose(
        ours.get_layer("stem").get_weights()[0],
        kernel[:, :, [0, 1, 2, 0]] * 0.75,
        rtol=1e-6,
    )


def test_one_warning_reports_classes_and_channels(tmp_path):
    small().save_weights(tmp_path / "five.weights.h5")
    with pytest.warns(UserWarning, match="'stem'.* 1; .*'logits'") as caught:
        small(
            input_shape=(32, 32, 1),
            classes=6,
            weights=tmp_path / "five.weights.h5",
        )
    assert len(caught) == 1


@pytest.mark.parametrize(
    "name, layer", [("MobileNetV2", "logits"), ("MobileNetV3Small", "hidden")]
)
def test_a_file_without_top_is_refused_with_advice(name, layer, tmp_path):
    small(name, include_top=False).save_weights(tmp_path / "map.weights.h5")
    with pytest.raises(ValueError, match=f"'{layer}'.*has none.*include_top=F"):
        small(name, weights=tmp_path / "map.weights.h5")


def test_the_graph_is_the_same_whatever_the_weights_are(tmp_path):
    fresh = small()
    fresh.save_weights(tmp_path / "ours.weights.h5")
    assert small(weights=tmp_path / "ours.weights.h5").get_config() == (
        fresh.get_config()
    )


def test_a_file_that_was_cut_off_is_refused(tmp_path):
    path = tmp_path / "cut.weights.h5"
    small().save_weights(path)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(ValueError, match="cut.weights.h5.*cannot be read"):
        small(weights=path)
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="cannot be read"):
        small(weights=path)


def test_trained_weights_keep_their_activation(tmp_path):
    path = tmp_path / "softmax.weights.h5"
    small().save_weights(path)
    assert small(weights=path, classifier_activation=None).built
    with pytest.raises(ValueError, match="`classifier_activation`.*sigmoid"):
        small(weights=path, classifier_activation="sigmoid")


@pytest.mark.parametrize("include_top", [True, False])
def test_a_legacy_file_of_ours_loads(include_top, tmp_path):
    trained = perturb(small())
    trained.save(tmp_path / "ours.h5")
    again = small(weights=tmp_path / "ours.h5", include_top=include_top)
    weights = trained.weights[: len(again.weights)]
    for ours, theirs in zip(again.weights, weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("ending", ["weights.h5", "h5"])
def test_a_file_with_more_layers_is_refused(ending, tmp_path):
    whole = small("MobileNet", shallow=False)
    path = tmp_path / f"whole.{ending}"
    if ending == "h5":
        save_legacy(whole, path)
    else:
        whole.save_weights(path)
    with pytest.raises(ValueError, match="first difference"):
        small("MobileNet", shallow=True, weights=path)


def test_a_file_with_top_serves_a_model_without(tmp_path):
    trained = perturb(small())
    trained.save_weights(tmp_path / "top.weights.h5")
    headless = small(weights=tmp_path / "top.weights.h5", include_top=False)
    expected = trained.get_layer("stem").get_weights()
    for ours, theirs in zip(
        headless.get_layer("stem").get_weights(), expected, strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_a_keras_file_with_flipped_bits_is_an_error(tmp_path):
    path = tmp_path / "rotten.keras"
    small().save(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    with pytest.raises(ValueError, match="rotten.keras.*cannot be read"):
        small(weights=path)


@pytest.mark.parametrize("ending", ["weights.h5", "h5"])
def test_a_damaged_index_of_an_h5_file_is_an_error(ending, tmp_path):
    path = tmp_path / f"damaged.{ending}"
    if ending == "h5":
        save_legacy(small(), path)
    else:
        small().save_weights(path)
    path.write_bytes(path.read_bytes().replace(b"SNOD", b"DONS"))
    with pytest.raises(ValueError, match="damaged.*cannot be read.*save or"):
        small(weights=path)
