"""GoogLeNet and the Inceptions against timm's and torchvision's networks."""

import re

import keras
import numpy as np
import pytest

from tests.support.answers import answers, spread
from tests.support.models import build

pytestmark = [pytest.mark.slow, pytest.mark.tensorflow]
torch = pytest.importorskip("torch")
timm = pytest.importorskip("timm")
torchvision = pytest.importorskip("torchvision")

KINDS = (torch.nn.Conv2d, torch.nn.BatchNorm2d, torch.nn.Linear)
AS_TORCHVISION = {"batch_normalization": True, "kernels_5x5": False}
GAMMA = {"batch_norm_scale": True}
NETWORKS = [
    ("googlenet", "GoogLeNet", 224, AS_TORCHVISION),
    ("inception_v3", "InceptionV3", 299, GAMMA),
    ("inception_v4", "InceptionV4", 299, GAMMA),
    ("inception_resnet_v2", "InceptionResNetV2", 299, GAMMA),
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


@pytest.fixture(autouse=True)
def averages_of_the_map_alone(monkeypatch):
    """Makes torch average as Keras does.

    PyTorch's Inception-v3 averages over the zeros around the map, too.
    """
    theirs = torch.nn.functional.avg_pool2d

    def average(maps, kernel_size, stride=None, padding=0, *_):
        return theirs(
            maps, kernel_size, stride, padding, count_include_pad=False
        )

    monkeypatch.setattr(torch.nn.functional, "avg_pool2d", average)


def drawn(name, images):
    """Draws a network of theirs whose statistics are those of the images."""
    torch.manual_seed(0)
    if name == "googlenet":
        network = torchvision.models.googlenet(
            weights=None, aux_logits=False, init_weights=False
        )
    else:
        network = timm.create_model(name)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.2)
            module.momentum = 1.0
            assert module.eps == 1e-3
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    scores(network.double().train(), images)
    return network.eval()


def scores(network, images):
    with torch.no_grad():
        channels_first = images.transpose(0, 3, 1, 2).copy()
        return network(torch.tensor(channels_first)).numpy()


def place(layer):
    """Returns where a layer stands in the source, as a key to sort by.

    The layers of a model are in the order of their depths.
    """
    name = layer.name.removesuffix("_norm")
    order = ("stem", "stage", "head", "logits")
    (kind,) = [kind for kind in order if name.startswith(kind)]
    numbers = [int(number) for number in re.findall(r"\d+", name)]
    if name.endswith("_project"):
        numbers.append(99)  # behind the branches of its block
    return order.index(kind), numbers, layer.name


def copy_weights(network, model):
    theirs = [one for one in network.modules() if isinstance(one, KINDS)]
    ours = sorted((one for one in model.layers if one.weights), key=place)
    for module, layer in zip(theirs, ours, strict=True):
        state = {
            key: value.numpy() for key, value in module.state_dict().items()
        }
        kernel = state.pop("weight")
        if isinstance(layer, keras.layers.Conv2D):
            kernel = kernel.transpose(2, 3, 1, 0)
        elif isinstance(layer, keras.layers.Dense):
            kernel = kernel.T
        state.pop("num_batches_tracked", None)
        layer.set_weights([kernel, *state.values()])


@pytest.mark.parametrize("theirs, ours, size, arguments", NETWORKS)
def test_same_answers_with_the_same_weights(theirs, ours, size, arguments):
    generator = np.random.default_rng(0)
    images = generator.normal(size=(4, size, size, 3))
    network = drawn(theirs, images)
    model = build(ours, size, classifier_activation=None, **arguments)
    copy_weights(network, model)
    expected = scores(network, images)
    assert spread(expected) > 0.02
    found = answers(model, images)
    assert np.abs(found - expected).max() <= 1e-6 * spread(expected)
