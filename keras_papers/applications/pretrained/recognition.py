"""Which networks of timm and torchvision have the tensors of a file.

`torch_digests.csv` has a digest of the names and the shapes of the tensors of
each network, without those of the classifier, whose number of classes varies,
and of auxiliary classifiers, which a file has or lacks.
"""

import csv
import functools
import hashlib
import pathlib
from typing import NamedTuple

from keras_papers.applications.pretrained.torch_names import (
    AUXILIARY,
    our_names,
)
from keras_papers.applications.pretrained.torch_networks import PEERS, Peer
from keras_papers.applications.pretrained.torch_weights import (
    COUNTER,
    AnyBlocks,
    layer_kinds,
    layer_of,
)

DIGESTS = pathlib.Path(__file__).with_name("torch_digests.csv")
LENGTH = 16  # of a digest, in hexadecimal
LOGITS = ("logits", "high_logits")  # layers with an output for each class


class Match(NamedTuple):
    """A network whose tensors have the names and shapes of those of a file."""

    ours: str  # name of the constructor
    peer: Peer
    classes: int | None  # of the file; None without a classifier

    @property
    def call(self):
        """The constructor and the arguments that build it, as text."""
        return self.peer.call(self.ours)


def matches(tensors):
    """Lists the `Match`es of the tensors of a file, a dict by name.

    There are none if they are of no network of `PEERS`, or of one with other
    input channels.
    """
    kinds = layer_kinds(tensors)
    known, found, digests = _digests(), [], {}
    for ours, peers in PEERS.items():
        for peer in peers:
            key = id(peer.names)
            if key not in digests:
                digests[key] = digest(tensors, kinds, peer.names)
            known_digest = known.get((peer.library, peer.name))
            if known_digest and digests[key][0] == known_digest:
                found.append(Match(ours, peer, digests[key][1]))
    return found


def digest(tensors, kinds, names):
    """Returns the digest of tensors by a map of names, and their classes.

    Args:
        tensors: Dict of arrays by name.
        kinds: What `layer_kinds` makes of them.
        names: A map that `torch_names` explains.

    Returns:
        The digest, or None if the map lacks a layer or a classifier is no
        array; and the number of classes, or None without a classifier.
    """
    # The first layer excludes most maps, without the others.
    for some in (dict([*kinds.items()][:1]), kinds):
        layers = our_names(names, some, AnyBlocks())
        if None in layers.values():
            return None, None
    classes, rest = None, []
    for name in sorted(tensors):
        layer, part = layer_of(name)
        shape = tuple(tensors[name].shape)
        if part == COUNTER or AUXILIARY.match(layers[layer]):
            continue
        if layers[layer].endswith("logits"):
            if not shape:
                return None, None
            if layers[layer] in LOGITS:
                classes = shape[0]
            continue
        rest.append(f"{name} {shape}")
    text = "\n".join(rest).encode()
    return hashlib.sha256(text).hexdigest()[:LENGTH], classes


@functools.cache
def _digests():
    with DIGESTS.open(encoding="utf-8", newline="") as file:
        return {
            (row["library"], row["network"]): row["digest"]
            for row in csv.DictReader(file)
        }
