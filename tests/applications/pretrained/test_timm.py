"""MnasNet and EfficientNet-Lite, which Keras lacks, against timm's networks."""

import keras
import numpy as np
import pytest

from tests.support.answers import answers, spread
from tests.support.models import build

pytestmark = [pytest.mark.slow, pytest.mark.tensorflow]
torch = pytest.importorskip("torch")
timm = pytest.importorskip("timm")

# timm's MnasNets pad as PyTorch does, which is as we do where all maps are odd.
NETWORKS = [
    ("semnasnet_100", "MnasNetA1", 225),
    ("mnasnet_100", "MnasNetB1", 225),
    ("mnasnet_small", "MnasNetSmall", 225),
    ("tf_efficientnet_lite0", "EfficientNetLite0", 224),
    ("tf_efficientnet_b0", "EfficientNetB0", 224),
]
KINDS = (torch.nn.Conv2d, torch.nn.BatchNorm2d, torch.nn.Linear)


def drawn(name, images):
    """Draws a network of timm whose statistics are those of the images."""
    torch.manual_seed(0)
    network = timm.create_model(name, drop_path_rate=0.0)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.2)
            module.eps, module.momentum = 1e-3, 1.0
    scores(network.train(), images)
    return network.eval()


def scores(network, images):
    with torch.no_grad():
        channels_first = images.transpose(0, 3, 1, 2).copy()
        return network(torch.tensor(channels_first)).numpy()


def copy_weights(network, model):
    theirs = [one for one in network.modules() if isinstance(one, KINDS)]
    ours = [layer for layer in model.layers if layer.weights]
    for module, layer in zip(theirs, ours, strict=True):
        state = {
            key: value.numpy() for key, value in module.state_dict().items()
        }
        kernel = state.pop("weight")
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            kernel = kernel.transpose(2, 3, 0, 1)
        elif isinstance(layer, keras.layers.Conv2D):
            kernel = kernel.transpose(2, 3, 1, 0)
        elif isinstance(layer, keras.layers.Dense):
            kernel = kernel.T
        state.pop("num_batches_tracked", None)
        layer.set_weights([kernel, *state.values()])


def pair(theirs, ours, size):
    generator = np.random.default_rng(0)
    images = generator.normal(size=(4, size, size, 3)).astype("float32")
    network = drawn(theirs, images)
    model = build(
        ours, size, include_preprocessing=False, classifier_activation=None
    )
    copy_weights(network, model)
    return network, model, images


@pytest.mark.parametrize("theirs, ours, size", NETWORKS)
def test_same_answers_with_the_same_weights(theirs, ours, size):
    network, model, images = pair(theirs, ours, size)
    expected = scores(network, images)
    assert spread(expected) > 0.02
    assert np.abs(answers(model, images) - expected).max() <= 1e-5


def test_the_comparison_can_fail():
    """At an even size the two pad at other ends."""
    network, model, images = pair("semnasnet_100", "MnasNetA1", 224)
    expected = scores(network, images)
    assert np.abs(answers(model, images) - expected).max() > spread(expected)
