"""Safetensors files of timm and torchvision, of which the names are recorded.

test_timm.py compares outputs, where both are installed.
"""

import csv
import hashlib
import inspect
import json
import pickle
import warnings
import zipfile

import keras
import numpy as np
import pytest

from keras_papers import applications
from keras_papers.applications.pretrained import recognition
from keras_papers.applications.pretrained.recognition import matches
from keras_papers.applications.pretrained.safetensors_file import (
    read_safetensors,
)
from keras_papers.applications.pretrained.torch_classifier_names import (
    GOOGLENET,
)
from keras_papers.applications.pretrained.torch_names import our_names
from keras_papers.applications.pretrained.torch_networks import PEERS
from keras_papers.applications.pretrained.torch_source import (
    assumption,
    file_source,
)
from keras_papers.applications.pretrained.torch_weights import torch_entries
from keras_papers.applications.pretrained.weights import check_weights
from keras_papers.applications.registry import get_record
from keras_papers.checks import check_weights_path
from keras_papers.shapes_only import shapes_only
from tests.support.torch_files import RECORDED, content_of, draw_tensors

pytestmark = pytest.mark.tensorflow
# Of networks of another number than 1000; of detectors it is not looked for.
CLASSES = {"lraspp": 21, "ssdlite320": None, "ssd300": None}
SMALL = "timm/mobilenetv3_small_050"
V3 = {"input_shape": (32, 32, 3), "alpha": 0.5, "padding": "symmetric"}
DECIDED = {**V3, "batch_norm_epsilon": 1e-5, "include_preprocessing": False}


@pytest.fixture(scope="module")
def tensors():
    return draw_tensors(SMALL)


def saved(folder, tensors, name="weights.safetensors", **options):
    path = folder / name
    path.write_bytes(content_of(tensors, **options))
    return path


def saved_layers(folder, *names, **options):
    """Saves a file that has these tensors, of no size that matters."""
    there = {name: np.zeros((1, 1, 1, 1), "float32") for name in names}
    return saved(folder, there, **options)


def source_of(path):
    """Returns the source of a file for MobileNetV3Small at width 0.5."""
    family = get_record("MobileNetV3Small").published
    return file_source(path, family, {"alpha": 0.5, "minimalistic": False})


def layers_of(model):
    return {layer.name: layer.get_weights() for layer in model.layers}


@pytest.mark.parametrize("name", RECORDED)
def test_each_tensor_has_a_layer_of_its_shape(name):
    library, network = name.split("/")
    ((ours, peer),) = [
        (ours, peer)
        for ours, peers in PEERS.items()
        for peer in peers
        if (peer.library, peer.name) == (library, network)
    ]
    there = {
        tensor: np.broadcast_to(np.float32(0), shape)
        for tensor, shape in RECORDED[name].items()
    }
    with shapes_only():
        model = applications.get(ours)(**peer.variant)
    found = {
        entry.name: entry.shapes
        for entry in torch_entries("a file", there, peer, model)
    }
    assert found == {
        layer.name: [
            tuple(weight.shape)
            for weight in (
                layer.trainable_weights + layer.non_trainable_weights
            )
        ]
        for layer in model.layers
        if layer.weights
    }


def test_tensors_get_the_axes_of_keras(tensors, tmp_path):
    ours = layers_of(
        applications.MobileNetV3Small(
            weights=saved(tmp_path, tensors), **DECIDED
        )
    )
    equal = np.testing.assert_array_equal
    stem = tensors["conv_stem.weight"]
    equal(ours["stem"][0][1, 2, 0], stem[:, 0, 1, 2])
    depthwise = tensors["blocks.1.0.conv_dw.weight"]
    equal(ours["stage2_block1_depthwise"][0][2, 1, :, 0], depthwise[:, 0, 2, 1])
    kernel, bias = ours["stage1_block1_squeeze_excite_excite"]
    equal(
        kernel[0, 0].T, tensors["blocks.0.0.se.conv_expand.weight"][..., 0, 0]
    )
    equal(bias, tensors["blocks.0.0.se.conv_expand.bias"])
    equal(ours["logits"][0][0, 0].T, tensors["classifier.weight"])
    parts = ("weight", "bias", "running_mean", "running_var")
    for part, array in zip(parts, ours["head_norm"], strict=True):
        equal(array, tensors[f"blocks.5.0.bn1.{part}"])


def test_the_first_dense_layer_of_vgg_takes_the_channels_last():
    """PyTorch flattens channels first, and timm has a convolution instead."""
    from keras_papers.applications.pretrained.torch_weights import (
        _in_our_layout,
    )

    model = applications.VGG11(input_shape=(64, 64, 3), alpha=1 / 64)
    (layer,) = [one for one in model.layers if one.name == "hidden1"]
    kernel = np.arange(64 * 32.0).reshape(64, 8, 2, 2)
    expected = np.stack(
        [kernel[:, c, i, j] for i in (0, 1) for j in (0, 1) for c in range(8)]
    )
    for theirs in (kernel, kernel.reshape(64, 32)):
        found = _in_our_layout(theirs, layer, model)
        np.testing.assert_array_equal(found, expected)


def googlenet_tensors(model):
    """Returns the weights of a GoogLeNet as torchvision's file has them."""
    convolutions = ["conv1", "conv2", "conv3", "aux1.conv", "aux2.conv"]
    for module in "3a 3b 4a 4b 4c 4d 4e 5a 5b".split():
        for branch in ("1", "2.0", "2.1", "3.0", "3.1", "4.1"):
            convolutions.append(f"inception{module}.branch{branch}")
    kinds = {"fc": ""}
    kinds |= {f"aux{n}.fc{k}": "" for n in (1, 2) for k in (1, 2)}
    for name in convolutions:
        kinds |= {f"{name}.conv": "conv", f"{name}.bn": "norm"}
    tensors = {}
    for theirs, ours in our_names(GOOGLENET, kinds, ()).items():
        kernel, *rest = model.get_layer(ours).get_weights()
        parts = ("weight", "bias", "running_mean", "running_var")
        for part, array in zip(parts, [kernel.T, *rest], strict=False):
            tensors[f"{theirs}.{part}"] = array
        if kernel.ndim == 4:
            tensors[f"{theirs}.weight"] = kernel.transpose(3, 2, 0, 1)
    return tensors


def test_auxiliary_classifiers_are_left_fresh(tmp_path):
    """torchvision's pool other windows in front of the same shapes."""
    arguments = {"input_shape": (224, 224, 3), "alpha": 0.125}
    arguments |= {"batch_normalization": True, "kernels_5x5": False}
    model = applications.GoogLeNet(auxiliary=True, **arguments)
    path = saved(tmp_path, googlenet_tensors(model), "googlenet.safetensors")
    with pytest.warns(UserWarning, match="auxiliary classifiers were left fre"):
        other = applications.GoogLeNet(
            auxiliary=True, weights=path, **arguments
        )
    same = {
        layer.name: np.array_equal(
            layer.get_weights()[0], other.get_layer(layer.name).get_weights()[0]
        )
        for layer in model.layers
        if layer.weights and "_norm" not in layer.name
    }
    assert {name for name, is_same in same.items() if not is_same} == {
        f"auxiliary{n}_{layer}"
        for n in (1, 2)
        for layer in ("branch1_conv1", "hidden", "logits")
    }


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_other_types_of_numbers_load(dtype, tensors, tmp_path):
    stored = {name: tensor.astype(dtype) for name, tensor in tensors.items()}
    path = saved(tmp_path, stored)
    ours = layers_of(applications.MobileNetV3Small(weights=path, **DECIDED))
    expected = stored["conv_stem.weight"].transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(ours["stem"][0], expected.astype("float32"))


def test_bfloat16_is_the_upper_half_of_float32(tmp_path):
    halves = np.array([0x3F80, 0xC000, 0x3E20], "<u2")  # 1, -2, 0.15625
    path = saved(tmp_path, {"x": halves}, code="BF16")
    found = read_safetensors(path).tensors["x"]
    np.testing.assert_array_equal(found, np.float32([1, -2, 0.15625]))


@pytest.mark.parametrize(
    "name, padding, epsilon",
    [
        ("mobilenetv3_small_050.lamb_in1k", "symmetric", 1e-5),
        ("tf_mobilenetv3_small_075.in1k", "same", 1e-3),
    ],
)
@pytest.mark.parametrize("place", ["name", "metadata", "config", "folder"])
def test_the_networks_name_decides_padding_and_epsilon(
    name, padding, epsilon, place, tensors, tmp_path
):
    """One file serves for both: their tensors have the same names."""
    options, file = {}, "model.safetensors"
    if place == "name":
        file = f"{name}.safetensors"
    elif place == "metadata":
        options["metadata"] = {"architecture": name}
    elif place == "config":
        network, _, tag = name.partition(".")
        config = {"architecture": network, "pretrained_cfg": {"tag": tag}}
        (tmp_path / "config.json").write_text(json.dumps(config))
    else:
        file = f"models--timm--{name}/model.safetensors"
        (tmp_path / file).parent.mkdir()
    path = saved(tmp_path, tensors, file, **options)
    model = applications.MobileNetV3Small((32, 32, 3), 0.5, weights=path)
    assert model.get_layer("stem_norm").epsilon == epsilon
    has_pad = any(layer.name == "stem_pad" for layer in model.layers)
    assert has_pad == (padding == "symmetric")


def test_the_config_beside_a_file_has_its_recipe(tensors, tmp_path):
    config = {
        "architecture": "mobilenetv3_small_050",
        "pretrained_cfg": {
            "crop_pct": 0.9,
            "interpolation": "bicubic",
            "mean": [0.1, 0.2, 0.3],
            "std": [0.5, 0.5, 0.5],
        },
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    path = saved(tmp_path, tensors)
    model = applications.MobileNetV3Small((32, 32, 3), 0.5, weights=path)
    layer = model.get_layer("preprocessing")
    np.testing.assert_allclose(
        -np.ravel(layer.offset) / layer.scale, np.multiply((0.1, 0.2, 0.3), 255)
    )


@pytest.mark.parametrize("recipe", [None, [], "a recipe"])
def test_a_config_without_a_recipe_has_the_name_alone(
    recipe, tensors, tmp_path
):
    config = {
        "architecture": "tf_mobilenetv3_small_075",
        "pretrained_cfg": recipe,
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    source = source_of(saved(tmp_path, tensors))
    assert source.peer.name == "tf_mobilenetv3_small_075"


def test_a_folder_called_like_another_network_is_no_name(tensors, tmp_path):
    folder = tmp_path / "resnet18"
    folder.mkdir()
    source = source_of(saved(folder, tensors))
    assert source.peer.name == "mobilenetv3_small_050"


def test_a_network_that_is_not_mapped_is_said_to_be_assumed(tensors, tmp_path):
    """Networks such as timm's resnetblur18 have the tensors of resnet18."""
    path = saved(tmp_path, tensors, metadata={"architecture": "v3_blurred"})
    assert (
        "is of 'v3_blurred' by its metadata, a network that is not mapped; "
        "assumed is timm's mobilenetv3_small_050. "
    ) in assumption(source_of(path), {"include_preprocessing": True})
    (tmp_path / "config.json").write_text('{"architecture": "v3_blurred"}')
    by_config = source_of(saved(tmp_path, tensors))
    assert "by the config.json" in by_config.foreign


def test_a_name_that_is_not_mapped_gives_way_to_that_of_the_file(
    tensors, tmp_path
):
    (tmp_path / "config.json").write_text('{"architecture": "my_network"}')
    name = "tf_mobilenetv3_small_075.in1k.safetensors"
    source = source_of(saved(tmp_path, tensors, name))
    assert source.peer.name == "tf_mobilenetv3_small_075"
    assert not source.foreign


def test_what_is_assumed_of_a_file_is_said_in_one_warning(tensors, tmp_path):
    # With four channels it is not known by the shapes of its tensors.
    stem = np.zeros((16, 4, 3, 3), "float32")
    path = saved(tmp_path, tensors | {"conv_stem.weight": stem})
    with pytest.warns(UserWarning) as caught:
        model = build_unnamed(path)
    (warning,) = caught
    text = str(warning.message)
    assert warning.filename == __file__
    assert "padding='symmetric' and batch_norm_epsilon=1e-05" in text
    assert "timm's mobilenetv3_small_0" in text and "Pass other" in text
    assert model.get_layer("stem_norm").epsilon == 1e-5


@pytest.mark.parametrize(
    "network, preprocesses, warns",
    [
        ("mobilenetv2_050", False, True),
        ("mobilenetv2_050", True, False),
        ("mobilenetv1_100", False, False),  # has those of preprocess_input
        ("resnet50", False, True),
    ],
)
def test_other_pixels_than_those_of_preprocess_input_are_said(
    network, preprocesses, warns
):
    """Weights of timm gave wrong scores behind it, without a word."""
    ((ours, peer),) = [
        (ours, peer)
        for ours, peers in PEERS.items()
        for peer in peers
        if (peer.library, peer.name) == ("timm", network)
    ]
    record = get_record(ours)
    module = inspect.getmodule(record.constructor)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_weights(
            "timm",
            True,
            keras.Input((224, 224, 3)),
            record.published,
            evaluation=module.EVALUATION,
            normalizes=preprocesses,
            **peer.variant,
        )
    texts = [str(warning.message) for warning in caught]
    assert bool(texts) == warns
    assert all("Pass include_preprocessing=True" in text for text in texts)


def build_unnamed(path):
    # No peer has this width, so that all are possible.
    arguments = {"include_preprocessing": False, "alpha": 0.5000001}
    return applications.MobileNetV3Small((32, 32, 4), weights=path, **arguments)


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("MobileNetV3Small", {"alpha": 0.75}),
        ("MobileNetV3Small", {"alpha": 0.5, "minimalistic": True}),
        ("MobileNetV3Large", {"alpha": 0.5}),
        ("ResNet18", {}),
        ("ZFNet", {}),
    ],
)
def test_a_file_of_other_arguments_names_those_that_it_is_of(
    name, arguments, tensors, tmp_path
):
    """By its tensors alone, also with other classes."""
    there = tensors | {
        "classifier.weight": np.zeros((3, 1024), "float32"),
        "classifier.bias": np.zeros(3, "float32"),
    }
    message = (
        "which has the tensors of mobilenetv3_small_050. Build "
        r"MobileNetV3Small\(alpha=0.5, minimalistic=False\)."
    )
    with pytest.raises(ValueError, match=message):
        applications.get(name)(weights=saved(tmp_path, there), **arguments)


@pytest.mark.parametrize("name", RECORDED)
def test_the_tensors_of_a_file_show_its_network(name):
    library, network = name.split("/")
    there = {
        tensor: np.broadcast_to(np.float32(0), shape)
        for tensor, shape in RECORDED[name].items()
    }
    ((_, peer, classes),) = matches(there)
    assert (peer.library, peer.name) == (library, network)
    assert classes == CLASSES.get(network.partition("_")[0], 1000)
    (first, tensor), *others = there.items()
    for changed in ({**there, "more.weight": tensor}, dict(others)):
        assert not matches(changed)


def test_each_network_that_is_mapped_has_one_digest():
    """Without one, a file of it would be of no network."""
    with recognition.DIGESTS.open(encoding="utf-8", newline="") as file:
        rows = [
            (row["library"], row["network"]) for row in csv.DictReader(file)
        ]
    assert len(rows) == len(set(rows))
    assert set(rows) == {
        (peer.library, peer.name) for peers in PEERS.values() for peer in peers
    }


def test_a_network_without_a_digest_is_not_recognized(monkeypatch):
    monkeypatch.setattr(recognition, "_digests", dict)
    assert matches({"fc.weight": np.zeros((2, 2))}) == []


def test_a_classifier_that_is_no_array_is_of_no_network(tensors):
    scalar = np.array(1.0, "float32")
    assert matches(tensors)
    assert matches(tensors | {"classifier.weight": scalar}) == []


def test_auxiliary_classifiers_change_no_digest():
    """A file of GoogLeNet has them or not, and is recognized either way."""
    convolution = np.zeros((8, 3, 7, 7), "float32")
    without = {"conv1.conv.weight": convolution}
    kinds = {"conv1.conv": "conv"}
    digest, classes = recognition.digest(without, kinds, GOOGLENET)
    assert digest and classes is None
    with_one = without | {"aux1.fc1.weight": np.zeros((1024, 8), "float32")}
    kinds = kinds | {"aux1.fc1": ""}
    assert recognition.digest(with_one, kinds, GOOGLENET) == (digest, None)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"blocks.9.0.conv.weight": (8, 8, 1, 1)}, "'blocks.9.0.conv.weight'"),
        ({"transformer.weight": (8, 8)}, "has 'transformer.weight'"),
        ({"bn1.weight_mask": (16,)}, "has 'bn1.weight_mask'"),
        ({"classifier.extra": (3,)}, "has 'classifier.extra'"),
        ({"classifier": (3,)}, "has 'classifier'"),
        (
            {
                "conv_stem.weight": None,
                "conv_stem.weight_orig": (16, 3, 3, 3),
            },
            "has 'conv_stem.weight_orig'",
        ),
        ({"bn1.running_var": None}, "'stem_norm' has weights.*as 'bn1'"),
        (
            {"blocks.3.1.conv_pw.weight": None},
            "'stage4_block2_expand' has weights.*the file has none",
        ),
        (
            {"conv_stem.weight": (16, 3, 5, 5)},
            r"'stem' has weights.*\(5, 5, 3, 16\).*as 'conv_stem'",
        ),
    ],
)
def test_the_first_tensor_that_differs_is_named(
    change, message, tensors, tmp_path
):
    changed = dict(tensors)
    for name, shape in change.items():
        changed.pop(name, None)
        if shape is not None:
            changed[name] = np.zeros(shape, "float32")
    with pytest.raises(ValueError, match=f"`weights` must be.*{message}"):
        applications.MobileNetV3Small(
            weights=saved(tmp_path, changed), **DECIDED
        )


def test_a_file_of_another_network_is_refused_by_its_name(tensors, tmp_path):
    named = saved(
        tmp_path, tensors, metadata={"architecture": "mobilenetv3_large_100"}
    )
    with pytest.raises(ValueError, match="of 'mobilenetv3_large_100' by its m"):
        applications.MobileNetV3Small(weights=named, **DECIDED)
    named = saved(tmp_path, tensors, "resnet18.a1_in1k.safetensors")
    message = "'resnet18' by its path. Build ResNet18.* or correct its path"
    with pytest.raises(ValueError, match=message):
        applications.MobileNetV3Small(weights=named, **DECIDED)


NORMALIZED = ("features.0.weight", "features.1.running_mean")


@pytest.mark.parametrize(
    "name, arguments, layers, needed",
    [
        ("ResNet50", {}, ["fc.weight"], "version=1.5, use_bias=False"),
        ("ResNet50", {"use_bias": False}, ["fc.weight"], "version=1.5"),
        ("ResNet50", {"version": 1.5}, ["fc.weight"], "use_bias=False"),
        ("ResNet18", {"use_bias": True}, ["fc.weight"], "use_bias=False"),
        ("InceptionV3", {}, ["fc.weight"], "batch_norm_scale=True"),
        ("VGG16", {}, NORMALIZED, "batch_normalization=True"),
        (
            "VGG16",
            {"batch_normalization": True},
            NORMALIZED[:1],
            "no batch_normalization",
        ),
        ("MobileNetV3Small", {}, ["bn1.weight"], "minimalistic=True"),
    ],
)
def test_a_file_of_other_arguments_is_refused_by_what_it_needs(
    name, arguments, layers, needed, tmp_path
):
    """Not by the shapes of its layers, which `version` does not change."""
    path = saved_layers(tmp_path, *layers)
    with pytest.raises(ValueError, match=f"Build it with {needed}\\."):
        applications.get(name)(weights=path, **arguments)


def test_a_file_of_another_family_is_refused(tmp_path):
    path = saved(tmp_path, {"layer1.0.conv1.weight": np.ones((4, 4, 3, 3))})
    with pytest.raises(ValueError, match="has 'layer1.0.conv1.weight'; timm's"):
        applications.MobileNetV3Small(weights=path)
    with pytest.raises(ValueError, match="no names of theirs are mapped"):
        applications.ZFNet(weights=path)


@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda content: content[:5], "its header would have"),
        (lambda content: content[:2000], "its header would have"),
        (lambda content: content[:-1], "ends at byte .* the file at"),
        (
            lambda content: content.replace(b'"F32"', b'"C64"'),
            "is of type C64",
        ),
    ],
)
def test_a_damaged_file_is_refused(damage, message, tensors, tmp_path):
    path = tmp_path / "mobilenetv3_small_050.safetensors"
    path.write_bytes(damage(content_of(tensors)))
    with pytest.raises(ValueError, match=f"that is whole.*{message}"):
        applications.MobileNetV3Small(weights=path, **DECIDED)


@pytest.mark.parametrize(
    "content, message",
    [
        (b"PK\x03\x04", "is a zip archive, as .keras.*Call it .keras"),
        (b"\x89HDF\r\n", "is an HDF5 file. Call it .weights.h5"),
        (b"<!DOCTYPE html>", "is a page of HTML. Fetch the file"),
        (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS"),
    ],
)
def test_a_file_of_another_format_is_called_what_it_is(
    content, message, tmp_path
):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(content + b"\0" * 100)
    with pytest.raises(ValueError, match=message):
        applications.ResNet18(weights=path)


def test_a_header_may_begin_as_another_format_does(tmp_path):
    """Its length ends in 60, and "<" is the character with this number."""
    text = json.dumps({"x": ENTRY}).encode().ljust(256 + ord("<"))
    path = tmp_path / "weights.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"\0" * 4)
    assert path.read_bytes()[:1] == b"<"
    assert list(read_safetensors(path).tensors) == ["x"]


ENTRY = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    "header, message",
    [
        ([], "its header is not a JSON object"),
        ({"__metadata__": [], "x": ENTRY}, "the metadata in its header is not"),
        ({}, "it has no tensor"),
        ({"__metadata__": {"format": "pt"}}, "it has no tensor"),
        ({"x": 1}, "no type, shape and place of tensor 'x'"),
        ({"x": ENTRY | {"data_offsets": [0]}}, "place of tensor 'x'"),
        ({"x": ENTRY | {"data_offsets": [-4, 0]}}, "place of tensor 'x'"),
        ({"x": ENTRY | {"shape": 1}}, "place of tensor 'x'"),
        ({"x": {"shape": [1], "data_offsets": [0, 4]}}, "of tensor 'x'"),
    ],
)
def test_a_header_of_another_kind_is_refused(header, message, tmp_path):
    text = json.dumps(header).encode()
    path = tmp_path / "weights.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"\0" * 4)
    with pytest.raises(ValueError, match=rf"read as one \(.*{message}"):
        read_safetensors(path)


@pytest.mark.parametrize("ending", ["pth", "pt", "bin"])
def test_pickled_files_are_refused_with_a_conversion(ending, tmp_path):
    path = tmp_path / f"resnet18.{ending}"
    path.write_bytes(b"PK")
    with pytest.raises(ValueError, match="runs the code.*import save_file"):
        applications.ResNet18(weights=path)


@pytest.mark.parametrize("is_zip", [True, False])
def test_pickled_files_with_another_ending_are_refused_alike(is_zip, tmp_path):
    path = tmp_path / "resnet18.safetensors"
    if is_zip:  # since PyTorch 1.6
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", b"")
    else:
        path.write_bytes(pickle.dumps({"fc.weight": [1.0]}, protocol=2))
    with pytest.raises(ValueError, match="runs the code.*import save_file"):
        applications.ResNet18(weights=path)


def test_a_damaged_archive_is_left_to_what_reads_it(tmp_path):
    """It has the end of an archive, and files without the mark of one."""
    path = tmp_path / "resnet18.safetensors"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data", b"0" * 64)
    content = path.read_bytes()
    path.write_bytes(b"PK" + content.replace(b"PK\x01\x02", b"PK\x09\x09"))
    assert zipfile.is_zipfile(path)
    check_weights_path(path)
    with pytest.raises(ValueError, match="is a zip archive"):
        applications.ResNet18(weights=path)


def test_a_header_as_long_as_a_pickle_begins_is_none(tmp_path):
    """0x280 bytes: those of a pickle of protocol 2 are 80 and 02."""
    text = json.dumps({"conv1.weight": ENTRY}).encode().ljust(0x280)
    path = tmp_path / "resnet18.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"\0" * 4)
    check_weights_path(path)


def test_other_classes_leave_the_classifier_fresh(tensors, tmp_path):
    path = saved(tmp_path, tensors)
    with pytest.warns(UserWarning, match="'logits' was left.*1000 classes"):
        model = applications.MobileNetV3Small(
            weights=path, classes=3, **DECIDED
        )
    assert model.output_shape == (None, 3)


def test_a_model_without_top_takes_the_file_of_one_with(tensors, tmp_path):
    path = saved(tmp_path, tensors)
    model = applications.MobileNetV3Small(
        weights=path, include_top=False, **DECIDED
    )
    stem = tensors["conv_stem.weight"].transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(
        model.get_layer("stem").get_weights()[0], stem
    )


@pytest.mark.parametrize(
    "name, arguments, message",
    [
        (
            "ResNet18",
            {"weights": "timm/a1_in2k"},
            "mean 'timm/resnet18.a1_in1k'",
        ),
        ("ResNet18", {"weights": "timm/a2"}, "mean 'timm/resnet18.a2_in1k'"),
        (
            "ResNet18",
            {"weights": "timm/fb_ssl"},
            "mean 'timm/resnet18.fb_ssl_yfcc",
        ),
        ("ResNet18", {"weights": "timm/zzz"}, "Choose one of these"),
        ("ResNet18", {"weights": "timm/resnet18.a3"}, "18.a3_in1k'"),
        (
            "ResNet18",
            {"weights": "timm/resnet34.a1_in1k"},
            r"For that of 'resnet34' build ResNet34\(alpha=1.0, use_bias=False",
        ),
        ("ResNet18", {"weights": "timm/"}, "Received: weights='timm/'"),
        ("ResNet50", {"weights": "timm"}, "alpha=1.0, version=1.5, use_bias=F"),
        (
            "MobileNetV2",
            {"weights": "timm", "alpha": 1.3},
            "alpha=0.5; alpha=1",
        ),
        ("MobileNetV2", {"weights": "timm", "depth": 2.0}, "depth=2.0"),
        (
            "ResNet50",
            {"weights": "timm"},
            "Received: alpha=1.0, version=1, use_bias=True. Build",
        ),
        ("ZFNet", {"weights": "timm"}, "timm publishes, .*Leave `weights` out"),
        ("GoogLeNet", {"weights": "timm"}, "Pass the path of a file of torchv"),
        (
            "ResNet50V2",
            {"weights": "timm"},
            "Pass weights='imagenet', or leave",
        ),
        (
            "ResNet18",
            {"weights": "imagenet"},
            "Pass weights='timm', or leave",
        ),
        ("ResNet20", {"weights": "imagenet"}, "Leave `weights` out"),
        ("InceptionV3", {"weights": "timm"}, "batch_norm_scale=True. Rec"),
        ("InceptionV3", {"weights": "timm"}, "batch_norm_scale=False. Build"),
        ("MobileNet", {"weights": "tim"}, "'imagenet', 'timm', 'timm/<tag>'"),
    ],
)
def test_what_timm_has_not_is_an_error_that_names_what_it_has(
    name, arguments, message
):
    with pytest.raises(ValueError, match=f"`weights.*{message}"):
        applications.get(name)(**arguments)


def test_all_tags_are_of_a_network_of_ours_and_clear_by_themselves():
    for name, peers in PEERS.items():
        family = get_record(name).published
        assert family.peers == peers
        for peer in peers:
            short = [
                tag.tag
                for one in peers
                if one.variant == peer.variant
                for tag in one.tags
            ]
            assert len(short) == len(set(short)), (name, peer.variant)
            for tag in peer.tags:
                assert tag.network == peer.name
                assert tag.top1 is None or 55 < tag.top1 < 90
                assert 0.8 < tag.evaluation.crop <= 1
                assert max(tag.evaluation.std) > 1


def test_weights_that_need_other_arguments_say_so():
    family = get_record("ResNet50").published
    assert family.arguments_for("timm", 1.0) == {
        "version": 1.5,
        "use_bias": False,
    }
    assert family.arguments_for("imagenet", 1.0) == {}
    assert family.size_of("timm/a3_in1k", 1.0) == 160
    small = get_record("MobileNetV3Small").published
    minimal = "timm/tf_mobilenetv3_small_minimal_100.in1k"
    assert small.arguments_for(minimal, 1.0) == {"minimalistic": True}


@pytest.mark.parametrize(
    "name, layers, needed",
    [
        ("VGG16", NORMALIZED, {"batch_normalization": True}),
        ("VGG16", NORMALIZED[:1], {}),
        ("MobileNetV3Small", ["bn1.weight"], {"minimalistic": True}),
        (
            "MobileNetV3Small",
            ["blocks.0.0.se.conv_reduce.weight"],
            {"minimalistic": False},
        ),
        ("ResNet50", ["fc.weight"], {"version": 1.5, "use_bias": False}),
    ],
)
def test_a_file_without_a_name_shows_its_arguments_by_its_layers(
    name, layers, needed, tmp_path
):
    path = saved_layers(tmp_path, *layers)
    family = get_record(name).published
    assert family.arguments_for(path, 1.0) == needed


def test_the_widths_of_published_weights_are_known(tensors, tmp_path):
    small = get_record("MobileNetV3Small").published
    assert small.widths("imagenet") == [1.0, 0.75]
    assert small.widths("timm") == [0.5, 0.75, 1.0]
    assert small.widths("timm/tf_mobilenetv3_small_075.in1k") == [0.75]
    assert small.widths(saved(tmp_path, tensors)) == [0.5]
    assert small.widths("my_model.weights.h5") == []
    name = "weights_mobilenet_v3_small_224_0.75_float_no_top_v2.h5"
    assert small.widths(tmp_path / name) == [0.75]
    name = "resnet50_weights_tf_dim_ordering_tf_kernels.h5"
    assert get_record("ResNet50").published.widths(name) == [1.0]


def test_a_tag_that_timm_has_not_leaves_all_its_widths():
    assert get_record("ResNet18").published.widths("timm/typo") == [1.0]


def test_whether_there_are_weights_for_keras_at_a_width_or_any():
    """ResNet50 has them at 1 only, and a training without a width takes 1."""
    fifty = get_record("ResNet50").published
    assert fifty.has_width() and fifty.has_width(1.0)
    assert not fifty.has_width(0.75)
    assert not get_record("ResNet18").published.has_width()


@pytest.mark.parametrize(
    "file, is_published",
    [
        ("weights_mobilenet_v3_small_224_0.75_float.h5", True),
        ("weights_mobilenet_v3_small_224_0.75_float_no_top_v2.h5", True),
        ("model.weights.h5", False),
        ("model.keras", False),
    ],
)
def test_files_of_keras_applications_are_known_by_their_names_and_hashes(
    file, is_published, tmp_path
):
    """A person's own file may have the name."""
    family, path = get_record("MobileNetV3Small").published, tmp_path / file
    path.write_bytes(b"weights")
    assert not family.has_file(path)
    md5 = hashlib.md5(b"weights").hexdigest()
    family = family._replace(
        with_top={k: v._replace(md5=md5) for k, v in family.with_top.items()},
        no_top={k: v._replace(md5=md5) for k, v in family.no_top.items()},
    )
    assert family.has_file(path) == is_published


def test_a_name_is_enough_where_no_hash_is_published(tmp_path):
    family = get_record("MobileNet").published
    assert family.has_file(tmp_path / "mobilenet_2_5_128_tf.h5")


def test_files_of_timm_are_known_by_their_tensors(tensors, tmp_path):
    family = get_record("MobileNetV3Small").published
    assert family.has_file(saved(tmp_path, tensors))
    tuned = {
        "classifier.weight": np.zeros((3, 1024), "float32"),
        "classifier.bias": np.zeros(3, "float32"),
    }
    assert not family.has_file(saved(tmp_path, tensors | tuned))
    assert not get_record("ResNet18").published.has_file(
        saved(tmp_path, tensors)
    )


def test_padding_and_epsilon_are_checked():
    for argument in ({"padding": "valid"}, {"batch_norm_epsilon": 0}):
        (name,) = argument
        with pytest.raises(ValueError, match=f"`{name}`"):
            applications.MobileNetV2(**argument)


def test_images_of_one_channel_take_the_sum_of_three(tensors, tmp_path):
    path = saved(tmp_path, tensors)
    with pytest.warns(UserWarning, match="'stem' was adapted"):
        model = applications.MobileNetV3Small(
            weights=path, **{**DECIDED, "input_shape": (32, 32, 1)}
        )
    stem = tensors["conv_stem.weight"].transpose(2, 3, 1, 0)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(model.get_layer("stem").kernel),
        stem.sum(axis=2, keepdims=True),
        rtol=1e-6,
    )
