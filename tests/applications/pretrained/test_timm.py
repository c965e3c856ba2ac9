"""Files of timm's and torchvision's networks, loaded into ours.

Their networks with random weights and statistics are saved as safetensors.
`make test-timm` runs this where both are installed.
"""

import keras
import numpy as np
import pytest

from keras_papers import applications
from keras_papers.applications.pretrained.recognition import matches
from keras_papers.applications.pretrained.torch_networks import PEERS, PIXELS
from keras_papers.applications.pretrained.torch_weights import torch_entries
from keras_papers.shapes_only import shapes_only
from tests.support.answers import answers, random_images, spread

pytestmark = [
    pytest.mark.slow,
    # The images here are those of no data.
    pytest.mark.filterwarnings("ignore:.*need pixels normalized:UserWarning"),
]
pytest.importorskip("torch")
pytest.importorskip("safetensors")
try:
    from tests.support import torch_networks as theirs
except ModuleNotFoundError as error:
    pytest.skip(f"needs {error.name}", allow_module_level=True)

V1_5 = {"version": 1.5, "use_bias": False}
GAMMA = {"batch_norm_scale": True}
TORCHVISIONS_GOOGLENET = {"batch_normalization": True, "kernels_5x5": False}
# One of each kind at an even size, where paddings differ; and odd maps, where
# those of poolings do.
NETWORKS = [
    ("timm/mobilenetv1_100", "MobileNet", 64, {}),
    ("timm/mobilenetv2_050", "MobileNetV2", 64, {"alpha": 0.5}),
    ("torchvision/mobilenet_v2", "MobileNetV2", 64, {}),
    ("timm/mobilenetv3_small_050", "MobileNetV3Small", 64, {"alpha": 0.5}),
    ("timm/tf_mobilenetv3_small_075", "MobileNetV3Small", 64, {"alpha": 0.75}),
    ("timm/tf_mobilenetv3_large_100", "MobileNetV3Large", 64, {}),
    ("timm/mobilenetv3_large_100", "MobileNetV3Large", 64, {}),
    (
        "timm/tf_mobilenetv3_small_minimal_100",
        "MobileNetV3Small",
        64,
        {"minimalistic": True},
    ),
    ("torchvision/mobilenet_v3_small", "MobileNetV3Small", 64, {}),
    ("torchvision/mobilenet_v3_large", "MobileNetV3Large", 64, {}),
    ("timm/semnasnet_075", "MnasNetA1", 64, {"alpha": 0.75}),
    ("timm/mnasnet_100", "MnasNetB1", 64, {}),
    ("timm/mnasnet_small", "MnasNetSmall", 64, {}),
    ("torchvision/mnasnet0_5", "MnasNetB1", 64, {"alpha": 0.5}),
    ("timm/efficientnet_b0", "EfficientNetB0", 64, {}),
    ("timm/tf_efficientnet_b1", "EfficientNetB1", 64, {}),
    ("torchvision/efficientnet_b0", "EfficientNetB0", 64, {}),
    ("timm/efficientnet_lite0", "EfficientNetLite0", 64, {}),
    ("timm/tf_efficientnet_lite1", "EfficientNetLite1", 64, {}),
    ("timm/resnet18", "ResNet18", 64, {}),
    ("timm/resnet50", "ResNet50", 64, V1_5),
    ("torchvision/resnet34", "ResNet34", 64, {}),
    ("timm/vgg11", "VGG11", 224, {}),
    ("timm/vgg16_bn", "VGG16", 224, {"batch_normalization": True}),
    ("torchvision/vgg11_bn", "VGG11", 224, {"batch_normalization": True}),
    ("timm/inception_v3", "InceptionV3", 96, GAMMA),
    ("timm/inception_v4", "InceptionV4", 96, {}),
    ("timm/inception_resnet_v2", "InceptionResNetV2", 96, GAMMA),
    ("torchvision/googlenet", "GoogLeNet", 64, TORCHVISIONS_GOOGLENET),
    ("torchvision/googlenet", "GoogLeNet", 75, TORCHVISIONS_GOOGLENET),
    ("timm/mobilenetv2_050", "MobileNetV2", 75, {"alpha": 0.5}),
]


@pytest.fixture(autouse=True)
def float64():
    """Computes in double precision: rounding grows through 200 layers."""
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)


def pair(names, ours, size, arguments, folder):
    """Returns outputs of theirs, and a function that builds ours."""
    library, name = names.split("/")
    images = random_images(4, size, size, 3).astype("float64")
    if name.startswith("vgg"):
        network = theirs.create_vgg(f"{library}/{name}".removeprefix("timm/"))
        arguments = {**arguments, "alpha": theirs.WIDTH}
    elif name == "googlenet":
        network = theirs.create(library, name, aux_logits=False)
    else:
        network = theirs.create(library, name)
    network = theirs.draw(network, images)
    # The name of torchvision's file is that of its network, too.
    path = folder / f"{name}.safetensors"
    theirs.save(network, path)

    def build(**others):
        keywords = {**arguments, **others}
        if "include_preprocessing" not in keywords:
            keywords["include_preprocessing"] = False
        return applications.get(ours)(
            input_shape=(size, size, 3),
            weights=path,
            classifier_activation=None,
            **keywords,
        )

    return theirs.scores(network, images), build, images


@pytest.mark.parametrize("names, ours, size, arguments", NETWORKS)
def test_same_logits_from_the_same_file(names, ours, size, arguments, tmp_path):
    expected, build, images = pair(names, ours, size, arguments, tmp_path)
    assert spread(expected) > 1e-3
    found = answers(build(), images)
    assert np.abs(found - expected).max() <= 1e-5 * spread(expected)


def test_the_comparison_can_fail(tmp_path):
    """With the padding or the epsilon of other weights."""
    network = ("timm/tf_mobilenetv3_small_075", "MobileNetV3Small", 64)
    expected, build, images = pair(*network, {"alpha": 0.75}, tmp_path)
    for other in ({"padding": "symmetric"}, {"batch_norm_epsilon": 1e-5}):
        found = answers(build(**other), images)
        assert np.abs(found - expected).max() > 1e-3 * spread(expected)


SEGMENTATION = [
    ("lraspp_mobilenet_v3_large", "LRASPPMobileNetV3Large", 64, {}),
    ("lraspp_mobilenet_v3_large", "LRASPPMobileNetV3Large", 75, {}),
    ("deeplabv3_mobilenet_v3_large", "DeepLabV3MobileNetV3Large", 64, {}),
    ("deeplabv3_mobilenet_v3_large", "DeepLabV3MobileNetV3Large", 75, {}),
    ("deeplabv3_resnet50", "DeepLabV3ResNet50", 64, {"output_stride": 8}),
]


def segmentation_pair(name, ours, size, arguments, folder):
    """Returns outputs of theirs, a function that builds ours, and pixels."""
    pixels = random_images(2, size, size, 3, low=0, high=255)
    pixels = pixels.astype("float64")
    mean, std = (np.array(PIXELS["colors"][key]) for key in ("mean", "std"))
    # Keras rounds the constants of its Rescaling to single precision.
    scale, offset = (np.float32(x) for x in (1 / std, -mean / std))
    images = pixels * scale + offset
    network = theirs.draw(theirs.create("torchvision", name), images)
    path = folder / f"{name}.safetensors"
    theirs.save(network, path)
    if "DeepLab" in ours:
        arguments = {"auxiliary": True, **arguments}

    def build(**others):
        return applications.get(ours)(
            (size, size, 3),
            weights=path,
            **{"form": "torchvision", **arguments, **others},
        )

    return theirs.scores(network, images), build, pixels


@pytest.mark.parametrize("name, ours, size, arguments", SEGMENTATION)
def test_same_logits_of_pixels_from_the_same_file(
    name, ours, size, arguments, tmp_path
):
    expected, build, pixels = segmentation_pair(
        name, ours, size, arguments, tmp_path
    )
    found = build()(pixels)
    if not isinstance(found, dict):
        found = {"predictions": found}
    keys = {"out": "predictions", "aux": "auxiliary"}
    assert {keys[key] for key in expected} == set(found)
    for key, theirs_ in expected.items():
        theirs_ = theirs_.transpose(0, 2, 3, 1)
        ours_ = keras.ops.convert_to_numpy(found[keys[key]])
        assert spread(theirs_) > 1e-3
        assert np.abs(ours_ - theirs_).max() <= 1e-4 * spread(theirs_)


def test_the_comparison_of_logits_of_pixels_can_fail(tmp_path):
    """With the padding of other weights, and without what is between them."""
    expected, build, pixels = segmentation_pair(*SEGMENTATION[0], tmp_path)
    theirs_ = expected["out"].transpose(0, 2, 3, 1)
    found = keras.ops.convert_to_numpy(build(padding="same")(pixels))
    assert np.abs(found - theirs_).max() > 1e-2 * spread(theirs_)
    with pytest.raises(ValueError, match="form='torchvision'.*stride=16"):
        build(form="paper")
    with pytest.raises(ValueError, match="form='torchvision'.*stride=16"):
        build(output_stride=32)


@pytest.mark.parametrize("aux_logits", [True, False])
@pytest.mark.parametrize(
    "name, ours", [("inception_v3", "InceptionV3"), ("googlenet", "GoogLeNet")]
)
def test_a_file_is_recognized_with_and_without_auxiliary_classifiers(
    name, ours, aux_logits
):
    tensors = theirs.shapes_of("torchvision", name, aux_logits=aux_logits)
    assert any("aux" in tensor.lower() for tensor in tensors) == aux_logits
    ((found, _, classes),) = matches(tensors)
    assert (found, classes) == (ours, 1000)


@pytest.mark.parametrize("ours", PEERS)
def test_each_network_has_the_layers_of_ours(ours):
    """The shapes of all tensors, of all networks that are mapped."""
    models = {}
    for peer in PEERS[ours]:
        tensors = theirs.shapes_of(peer.library, peer.name)
        assert (ours, peer) in [match[:2] for match in matches(tensors)]
        variant = str(peer.variant)
        if variant not in models:
            with shapes_only():
                models[variant] = applications.get(ours)(**peer.variant)
        model = models[variant]
        entries = torch_entries("a file", tensors, peer, model)
        found = {
            entry.name: sorted(entry.shapes)
            for entry in entries
            if not entry.name.startswith("auxiliary")
        }
        assert found == {
            layer.name: sorted(tuple(weight.shape) for weight in layer.weights)
            for layer in model.layers
            if layer.weights
        }
