"""Published weights of the networks, and where they are fetched.

Those of keras.applications are files of its host; those of timm have a `Tag`.
"""

import hashlib
import os
import posixpath
from typing import NamedTuple

import keras

from keras_papers.applications.pretrained.recognition import matches
from keras_papers.applications.pretrained.safetensors_file import (
    ENDING,
    read_safetensors,
)
from keras_papers.applications.pretrained.torch_networks import (
    PEERS,
    Peer,
    Tag,
)
from keras_papers.applications.pretrained.torch_source import (
    at_width,
    check_tensors,
    is_torch_file,
    of_family,
    published_source,
)
from keras_papers.applications.pretrained.torch_tags import is_timm, tagged
from keras_papers.checks import names_weights, unpublished_weights

HOST = "https://storage.googleapis.com"
HUB = "https://huggingface.co"
CLASSES = 1000  # of ImageNet


class Published(NamedTuple):
    """One network whose ImageNet weights can be downloaded."""

    path: str  # in the folder, without the ending
    md5: str | None = None
    folder: str = "tensorflow/keras-applications"  # on the host


class Listed(NamedTuple):
    """Published weights of a constructor, as `WeightsFact` has them."""

    weights: str  # the constructor's argument
    arguments: list  # dicts of its other arguments, one for each file
    in_words: str  # these arguments
    top1: float | None = None  # percent of ImageNet's validation images
    top1_size: int | None = None  # of the images with which it was measured
    is_default: bool = False  # whether "timm" stands for it


class Family(NamedTuple):
    """The published networks of one constructor."""

    variants: str  # in words, for an error
    with_top: dict  # `Published` by the values of `arguments`
    no_top: dict
    sizes: tuple = ()  # image sizes, where each has its own weights
    peers: tuple[Peer, ...] = ()  # networks of timm and torchvision
    arguments: tuple = ("alpha",)  # whose values, and a size, are the keys

    def has_width(self, alpha=None):
        """Returns whether keras.applications has weights of a width.

        Args:
            alpha: The width. Defaults to None: of any.
        """
        return any(alpha in (None, variant[0]) for variant in self.with_top)

    def widths(self, weights):
        """Lists the widths of the networks that published weights are of.

        Args:
            weights: The constructor's argument. Of a tag that timm has not,
                all its widths are listed. Of a file the widths are known if
                it has the tensors of a network of timm or torchvision, or
                the name of a file of keras.applications.
        """
        if weights == "imagenet":
            found = [variant[0] for variant in self.with_top]
        elif is_timm(weights):
            found = self._widths_of_timm(weights) or self._widths_of_timm(
                "timm"
            )
        else:
            found = [match.peer.alpha for match in self._of(weights)]
            found += [variant[0] for variant, _ in self._called(weights)]
        return list(dict.fromkeys(found))

    def _widths_of_timm(self, weights):
        return [
            peer.alpha
            for peer in self.peers
            if tagged(weights, [(peer, tag) for tag in peer.tags])
        ]

    def has_file(self, path):
        """Returns whether a file is of published weights, of ImageNet.

        One of keras.applications is known by its name, and its hash if that
        is published; one of timm and torchvision by its tensors, for the 1000
        classes.
        """
        return any(
            published.md5 in (None, _md5(path))
            for _, published in self._called(path)
        ) or any(match.classes == CLASSES for match in self._of(path))

    def _called(self, path):
        """Lists the variants, and `Published`, that have the name of a file."""
        name = os.path.basename(path)
        return [
            (variant, published)
            for files in (self.with_top, self.no_top)
            for variant, published in files.items()
            if name == f"{posixpath.basename(published.path)}.h5"
        ]

    def _of(self, path):
        """Lists the `Match`es of a file that are of this family."""
        if not is_torch_file(path):
            return []
        return of_family(matches(read_safetensors(path).tensors), self)

    def listed(self):
        """Lists the published weights, as `WeightsFact` of pipelines has them.

        Returns:
            A list of `Listed`.
        """
        rows = []
        if self.with_top:
            files = [self._arguments_of(key) for key in self.with_top]
            rows = [Listed("imagenet", files, self.variants)]
        defaults = []
        for peer in self.peers:
            for tag in peer.tags:
                is_default = peer.variant not in defaults
                defaults += [peer.variant] * is_default
                rows.append(
                    Listed(
                        f"timm/{tag}",
                        arguments=[peer.variant],
                        in_words=peer.arguments,
                        top1=tag.top1,
                        top1_size=tag.top1_size,
                        is_default=is_default,
                    )
                )
        return rows

    def _arguments_of(self, key):
        """Returns the constructor's arguments for a key of `with_top`."""
        if not self.sizes:
            return dict(zip(self.arguments, key, strict=True))
        *values, size = key
        arguments = dict(zip(self.arguments, values, strict=True))
        return {**arguments, "input_shape": (size, size, 3)}

    def arguments_for(self, weights, alpha):
        """Returns the other arguments that weights of timm need, as a dict.

        Args:
            weights: The constructor's argument.
            alpha: The width of the network.
        """
        peer, _ = at_width(weights, self, alpha)
        variant = {} if peer is None else peer.variant
        return {name: variant[name] for name in variant if name != "alpha"}

    def check_host(self, weights, network="this network"):
        """Raises ValueError if the host of `weights` has none of the network.

        Args:
            weights: The constructor's argument, a name.
            network: The name of the network, for the error.
        """
        of_timm = any(peer.tags for peer in self.peers)
        if of_timm if is_timm(weights) else self.with_top:
            return
        others = [("'imagenet'", self.with_top), ("'timm'", of_timm)]
        there = [f"weights={name}" for name, exists in others if exists]
        if any(peer.library == "torchvision" for peer in self.peers):
            there.append("the path of a file of torchvision (docs/WEIGHTS.md)")
        raise unpublished_weights(weights, network, there)

    def check(self, weights, alpha, network):
        """Raises ValueError unless `weights` are of a network at a width.

        Those of `"imagenet"` and of a file are checked again, more closely,
        where the network is built.

        Args:
            weights: The constructor's argument.
            alpha: The width.
            network: The name of the network, for the error.
        """
        if is_torch_file(weights):
            check_tensors(weights, self, alpha)
        elif names_weights(weights):
            self.check_host(weights, network)
        if not is_timm(weights):
            return
        peer, _ = at_width(weights, self, alpha)
        if peer is None:  # of the width, to name its tags
            peer, _ = at_width("timm", self, alpha)
        variant = {"alpha": alpha} if peer is None else peer.variant
        published_source(weights, self, variant)

    def size_of(self, weights, alpha):
        """Returns the size of the images of weights of timm, or None."""
        _, tag = at_width(weights, self, alpha)
        return tag and tag.size


def _md5(path):
    """Returns the MD5 of a file in hexadecimal, or "" if it is not there."""
    if not os.path.isfile(path):
        return ""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


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
        # That of get_file has the address, which is in front of it here.
        why = str(error).replace(f" on {file['origin']}", "")
        name = file.get("fname") or posixpath.basename(file["origin"])
        raise ValueError(
            f"`weights={argument!r}` is fetched from the host of {host}. "
            f"Received: {file['origin']}, which could not be fetched ({why}). "
            f"Try again; or fetch it elsewhere, save it as {name}, and pass "
            "its path."
        ) from error
