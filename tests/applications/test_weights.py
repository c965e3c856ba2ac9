"""Weights files: ours in each format, keras.applications', and bad ones."""

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from keras_papers import applications, flatten
from keras_papers.applications import _weights
from tests.answers import answers, perturb, random_images

SHAPE = (32, 32, 3)


def small(name="MobileNetV3Small", **arguments):
    return applications.get(name)(
        SHAPE, **{"alpha": 0.35, "classes": 5, **arguments}
    )


def save_legacy(model, path):
    """Writes a file of the format in which keras.applications publishes."""
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)


@pytest.mark.contract
@pytest.mark.parametrize("ending", ["weights.h5", "keras"])
def test_our_own_files_load(ending, tmp_path):
    trained = perturb(small())
    path = tmp_path / f"trained.{ending}"
    save = trained.save if ending == "keras" else trained.save_weights
    save(path)
    images = random_images(2, *SHAPE, low=0, high=255)
    expected = answers(trained, images)
    assert np.ptp(expected) > 1e-3
    np.testing.assert_array_equal(
        answers(small(weights=path), images), expected
    )


def test_a_flattened_models_file_loads(tmp_path):
    trained = perturb(small())
    flatten(trained).save_weights(tmp_path / "flat.weights.h5")
    again = small(weights=tmp_path / "flat.weights.h5")
    for ours, theirs in zip(again.weights, trained.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("name", applications.list_models())
def test_legacy_files_of_keras_applications_load(name, whole, tmp_path):
    theirs = getattr(keras.applications, name)(
        SHAPE, alpha=0.5, classes=5, weights=None
    )
    perturb(theirs)
    path = tmp_path / "legacy.h5"
    if whole:
        theirs.save(path)
    else:
        save_legacy(theirs, path)
    ours = applications.get(name)(SHAPE, alpha=0.5, classes=5, weights=path)
    images = random_images(2, *SHAPE, low=0, high=255)
    expected = answers(theirs, images)
    assert np.ptp(expected) > 1e-3
    np.testing.assert_allclose(answers(ours, images), expected, atol=1e-5)


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


@pytest.mark.parametrize("format", ["weights.h5", "h5"])
def test_other_classes_are_refused_with_advice(format, tmp_path):
    path = tmp_path / f"five.{format}"
    if format == "h5":
        save_legacy(flatten(small()), path)
    else:
        small().save_weights(path)
    with pytest.raises(ValueError, match="'logits'.*number of classes, or"):
        small(classes=6, weights=path)


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


@pytest.mark.parametrize(
    "name, arguments, variants",
    [
        ("MobileNet", {"alpha": 0.35}, "0.25.*: alpha=0.35, size=224"),
        ("MobileNet", {"shallow": True}, "224.*shallow=True"),
        ("MobileNetV2", {"input_shape": (100, 100, 3)}, "1.4.*size=100"),
        ("MobileNetV3Small", {"alpha": 0.5}, "0.75.*: alpha=0.5"),
        (
            "MobileNetV3Large",
            {"alpha": 0.75, "minimalistic": True},
            "1.0 where minimalistic.*: alpha=0.75, minimalistic=True",
        ),
    ],
)
def test_imagenet_names_the_variants_that_exist(name, arguments, variants):
    with pytest.raises(ValueError, match=f"published variants.*{variants}"):
        applications.get(name)(**{"weights": "imagenet", **arguments})


def test_imagenet_has_1000_classes():
    with pytest.raises(ValueError, match="`classes`.*1000.*classes=10"):
        applications.MobileNetV2(weights="imagenet", classes=10)


@pytest.mark.parametrize("include_top", [True, False])
def test_imagenet_fetches_the_published_file(
    include_top, tmp_path, monkeypatch
):
    """From a folder in place of the host, by the code that downloads."""
    theirs = keras.applications.MobileNet(
        (128, 128, 3), alpha=0.25, weights=None, include_top=include_top
    )
    perturb(theirs)
    ending = "" if include_top else "_no_top"
    folder, cache = tmp_path / "mobilenet", tmp_path / "cache"
    folder.mkdir()
    cache.mkdir()  # or Keras takes another
    save_legacy(theirs, folder / f"mobilenet_2_5_128_tf{ending}.h5")
    monkeypatch.setattr(_weights, "HOST", tmp_path.as_uri())
    monkeypatch.setattr(
        "keras.src.utils.file_utils.config.keras_home", lambda: str(cache)
    )
    ours = applications.MobileNet(
        (128, 128, 3),
        alpha=0.25,
        weights="imagenet",
        include_top=include_top,
        name="my_own_name",
    )
    for our, their in zip(flatten(ours).weights, theirs.weights, strict=True):
        np.testing.assert_array_equal(our.numpy(), their.numpy())
    assert len(list((cache / "models").iterdir())) == 1


@pytest.mark.parametrize("kind", ["large", "small"])
def test_published_hashes_are_those_of_keras_applications(kind):
    from keras.src.applications import mobilenet_v3 as theirs

    family = getattr(applications.mobilenet_v3, f"PUBLISHED_{kind.upper()}")
    ours = {
        f"{kind}{'_minimalistic' * minimalistic}_224_{alpha}_float": (
            family.with_top[alpha, minimalistic].md5,
            family.no_top[alpha, minimalistic].md5,
        )
        for alpha, minimalistic in family.with_top
    }
    assert family.with_top.keys() == family.no_top.keys()
    assert ours == {
        name: hashes
        for name, hashes in theirs.WEIGHTS_HASHES.items()
        if name.startswith(kind)
    }
    assert theirs.BASE_WEIGHT_PATH.startswith(_weights.HOST)


def test_a_legacy_file_of_ours_loads(tmp_path):
    trained = perturb(small())
    trained.save(tmp_path / "ours.h5")
    again = small(weights=tmp_path / "ours.h5")
    for ours, theirs in zip(again.weights, trained.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("ending", ["weights.h5", "h5"])
def test_a_file_with_more_layers_is_refused(ending, tmp_path):
    whole = small("MobileNet", shallow=False)
    path = tmp_path / f"whole.{ending}"
    if ending == "h5":
        save_legacy(flatten(whole), path)
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


def test_bits_that_rotted_in_a_keras_file_are_told(tmp_path):
    path = tmp_path / "rotten.keras"
    small().save(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    with pytest.raises(ValueError, match="rotten.keras.*cannot be read"):
        small(weights=path)


@pytest.mark.parametrize("size", [(300, 300), (None, None), (96, 128)])
def test_without_top_other_sizes_take_the_weights_of_224(size):
    from keras_papers.applications._image_input import image_size

    images = keras.Input((*size, 3))
    assert image_size(images) == size
    published = _weights.published_size(images, False, (96, 128, 224))
    assert published == 224
    square = keras.Input((96, 96, 3))
    assert _weights.published_size(square, False, (96, 128, 224)) == 96
