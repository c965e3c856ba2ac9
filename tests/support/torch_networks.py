"""Networks of timm and torchvision with random weights, and their files.

To be imported behind `pytest.importorskip("timm")`. As a program it writes
`torch_digests.csv`: python -m tests.support.torch_networks, after a change of
`PEERS`, where timm and torchvision are installed.
"""

import csv

import numpy as np
import torch
from safetensors.torch import save_file

from keras_papers.applications.pretrained import recognition
from keras_papers.applications.pretrained.torch_networks import PEERS
from keras_papers.applications.pretrained.torch_weights import layer_kinds

# torchvision's wheels for CUDA do not load their operators beside a PyTorch
# for the CPU, and its import fails without these names.
if not hasattr(torch.ops.torchvision, "nms"):
    OPERATORS = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        OPERATORS.define(f"{operator}(Tensor b, Tensor s, float t) -> Tensor")

import timm  # noqa: E402
import torchvision  # noqa: E402
from timm.layers import DropPath  # noqa: E402
from timm.models import vgg  # noqa: E402

WIDTH = 1 / 8  # of the VGGs, whose dense layers are large


def create(library, name, **arguments):
    """Creates a network that drops nothing."""
    torch.manual_seed(0)
    if library == "torchvision":
        if name in ("googlenet", "inception_v3"):
            arguments |= {"init_weights": False, "transform_input": False}
        if name.startswith(("lraspp", "deeplab", "ssd")):
            arguments["weights_backbone"] = None
        if name.startswith("deeplab"):
            arguments["aux_loss"] = True
        return torchvision.models.get_model(name, weights=None, **arguments)
    network = timm.create_model(name, **arguments)
    for module in network.modules():
        if isinstance(module, DropPath):
            module.drop_prob = 0.0
    return network


def create_vgg(name):
    """Creates a VGG of timm, or of torchvision, with few channels."""
    torch.manual_seed(0)
    library, _, name = name.rpartition("/")
    cfg = [
        part if part == "M" else int(part * WIDTH)
        for part in vgg.cfgs[name.removesuffix("_bn")]
    ]
    hidden, last = int(4096 * WIDTH), int(512 * WIDTH)
    if library:
        make = torchvision.models.vgg.make_layers
        network = torchvision.models.VGG(make(cfg, name.endswith("_bn")))
        sizes = (49 * last, hidden), (hidden, hidden), (hidden, 1000)
        for number, size in zip((0, 3, 6), sizes, strict=True):
            network.classifier[number] = torch.nn.Linear(*size)
        return network
    norm = torch.nn.BatchNorm2d if name.endswith("_bn") else None
    network = vgg.VGG(cfg, norm_layer=norm)
    network.pre_logits = vgg.ConvMlp(last, hidden)
    network.head.fc = torch.nn.Linear(hidden, 1000)
    return network


def draw(network, images):
    """Draws weights with which the outputs for two images differ.

    The statistics are those of the images.
    """
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.2)
            module.momentum = 1.0
        elif isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        elif getattr(module, "bias", None) is not None:
            module.bias.data.normal_(0, 0.1)
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.normal_(module.weight, std=module.in_features**-0.5)
    network.double().train()
    if hasattr(network, "drop_rate"):  # of timm's functional dropouts
        network.drop_rate = 0.0
    scores(network, images)
    return network.eval()


def scores(network, images):
    """Returns the outputs of a network for a batch with channels last.

    Of a network with several outputs by name they are a dict.
    """
    with torch.no_grad():
        found = network(torch.tensor(images.transpose(0, 3, 1, 2).copy()))
    if isinstance(found, dict):
        return {name: np.asarray(output) for name, output in found.items()}
    return np.asarray(found[0] if isinstance(found, tuple) else found)


def save(network, path, metadata=None):
    """Saves the tensors of a network as timm does."""
    state = {k: v.contiguous() for k, v in network.state_dict().items()}
    save_file(state, path, metadata={"format": "pt"} | (metadata or {}))


def shapes_of(library, name, **arguments):
    """Returns the tensors of a network, of its shapes and without memory."""
    with torch.device("meta"):
        network = create(library, name, **arguments)
    return {
        name: np.broadcast_to(np.float32(0), tuple(tensor.shape))
        for name, tensor in network.state_dict().items()
    }


def write_digests():
    """Writes the digest of each network of `PEERS`."""
    peers = {
        (peer.library, peer.name): peer
        for each in PEERS.values()
        for peer in each
    }
    with recognition.DIGESTS.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["library", "network", "digest"])
        for (library, name), peer in peers.items():
            tensors = shapes_of(library, name)
            kinds = layer_kinds(tensors)
            found, _ = recognition.digest(tensors, kinds, peer.names)
            rows.writerow([library, name, found])


if __name__ == "__main__":
    write_digests()
