"""Published weights of the networks, and where they are fetched.

Those of keras.applications are files of its host; those of timm have a `Tag`.
"""

import os
from typing import NamedTuple

import keras

from keras_papers.applications.pretrained.safetensors_file import ENDING
from keras_papers.applications.pretrained.torch_networks import (
    PEERS,
    Peer,
    Tag,
)
from keras_papers.applications.pretrained.torch_source import (
    at_width,
    published_source,
)

HOST = "https://storage.googleapis.com"
HUB = "https://huggingface.co"


class Published(NamedTuple):
    """One network whose ImageNet weights can be downloaded."""

    path: str  # in the folder, without the ending
    md5: str | None = None
    folder: str = "tensorflow/keras-applications"  # on the host


class Family(NamedTuple):
    """The published networks of one constructor."""

    variants: str  # in words, for an error
    with_top: dict  # `Published` by the values of `check_weights`' variant
    no_top: dict
    sizes: tuple = ()  # image sizes, where each has its own weights
    peers: tuple[Peer, ...] = ()  # networks of timm and torchvision

    def has_width(self, alpha):
        """Returns whether weights of a network of width `alpha` exist."""
        return any(variant[0] == alpha for variant in self.with_top)

    def listed(self):
        """Lists the published weights, as `WeightsFact` of pipelines has them.

        Returns:
            A list of tuples: the argument `weights`, the other arguments in
            words, the top-1 accuracy in percent or None, and the size of the
            images with which it was measured.
        """
        rows = [("imagenet", self.variants, None, None)] * bool(self.with_top)
        for peer in self.peers:
            words = ", ".join(f"{k}={v!r}" for k, v in peer.variant.items())
            rows += [
                (f"timm/{tag}", words, tag.top1, tag.top1_size)
                for tag in peer.tags
            ]
        return rows

    def arguments_for(self, weights, alpha):
        """Returns the other arguments that weights of timm need, as a dict.

        Args:
            weights: The constructor's argument.
            alpha: The width of the network.
        """
        peer, _ = at_width(weights, self, alpha)
        variant = {} if peer is None else peer.variant
        return {name: variant[name] for name in variant if name != "alpha"}

    def check_timm(self, weights, alpha):
        """Raises ValueError unless timm has such weights at this width."""
        peer, _ = at_width(weights, self, alpha)
        if peer is None:  # of the width, to name its tags
            peer, _ = at_width("timm", self, alpha)
        variant = {"alpha": alpha} if peer is None else peer.variant
        published_source(weights, self, variant)

    def size_of(self, weights, alpha):
        """Returns the size of the images of weights of timm, or None."""
        _, tag = at_width(weights, self, alpha)
        return tag and tag.size


UNPUBLISHED = Family("none for Keras", {}, {})


def of_torch(name):
    """Returns the `Family` of a constructor that keras.applications lacks."""
    return Family("none for Keras", {}, {}, peers=PEERS[name])


def download(published):
    file, host, argument = {}, "keras.applications", "imagenet"
    md5 = None  # timm publishes none
    if isinstance(published, Tag):
        host, argument = "timm", f"timm/{published}"
        # All files there have the same name.
        file["fname"] = f"{published}{ENDING}"
        file["origin"] = f"{HUB}/timm/{published}/resolve/main/model{ENDING}"
    else:
        path = f"{published.folder}/{published.path}"
        file["origin"] = f"{HOST}/{path}.h5"
        md5 = published.md5
    file["cache_subdir"] = "models"
    try:
        return keras.utils.get_file(**file, file_hash=md5)
    except Exception as error:  # get_file raises bare ones
        if isinstance(error, ValueError):
            # The hash differs, and the file is in the cache: this call
            # fetches nothing and returns its path.
            os.remove(keras.utils.get_file(**file))
        raise ValueError(
            f"`weights={argument!r}` is fetched from the host of {host}. "
            f"Received: {file['origin']}, which could not be fetched whole "
            f"({error}). Try again, or pass the path of a file that was "
            "fetched elsewhere."
        ) from error
