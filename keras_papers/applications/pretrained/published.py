"""Published weights of the networks, and where they are fetched.

Those of keras.applications are files of its host; those of timm have a `Tag`.
"""

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
    is_timm,
    is_torch_file,
    of_family,
    published_source,
    tagged,
)

HOST = "https://storage.googleapis.com"
HUB = "https://huggingface.co"
CLASSES = 1000  # of ImageNet


class Published(NamedTuple):
    """One network whose ImageNet weights can be downloaded."""

    path: str  # in the folder, without the ending
    md5: str | None = None
    folder: str = "tensorflow/keras-applications"  # on the host


class Family(NamedTuple):
    """The published networks of one constructor."""

    variants: str  # in words, for an error
    with_top: dict  # `Published` by the values of `arguments`
    no_top: dict
    sizes: tuple = ()  # image sizes, where each has its own weights
    peers: tuple[Peer, ...] = ()  # networks of timm and torchvision
    arguments: tuple = ("alpha",)  # whose values, and a size, are the keys

    def has_width(self, alpha):
        """Returns whether weights of a network of width `alpha` exist."""
        return any(variant[0] == alpha for variant in self.with_top)

    def widths(self, weights):
        """Lists the widths of the networks that published weights are of.

        Args:
            weights: The constructor's argument. Of a file the widths are
                known where it has the tensors of a network of timm or
                torchvision.
        """
        if weights == "imagenet":
            found = [variant[0] for variant in self.with_top]
        elif is_timm(weights):
            found = [
                peer.variant.get("alpha", 1.0)
                for peer in self.peers
                if tagged(weights, [(peer, tag) for tag in peer.tags])
            ]
        else:
            found = [
                match.peer.variant.get("alpha", 1.0)
                for match in self._of(weights)
            ]
        return list(dict.fromkeys(found))

    def has_file(self, path):
        """Returns whether a file is of published weights, of ImageNet.

        One of keras.applications is known by its name, one of timm and
        torchvision by its tensors, for the 1000 classes.
        """
        names = {
            f"{posixpath.basename(published.path)}.h5"
            for published in [*self.with_top.values(), *self.no_top.values()]
        }
        return os.path.basename(path) in names or any(
            match.classes == CLASSES for match in self._of(path)
        )

    def _of(self, path):
        """Lists the `Match`es of a file that are of this family."""
        if not is_torch_file(path):
            return []
        return of_family(matches(read_safetensors(path).tensors), self)

    def listed(self):
        """Lists the published weights, as `WeightsFact` of pipelines has them.

        Returns:
            A list of tuples: the argument `weights`, a list of the other
            arguments for each file, these in words, the top-1 accuracy in
            percent or None, the size of the images with which it was
            measured, and whether it is the default, `"timm"`.
        """
        rows = []
        if self.with_top:
            files = [self._arguments_of(key) for key in self.with_top]
            rows = [("imagenet", files, self.variants, None, None, False)]
        defaults = []
        for peer in self.peers:
            for tag in peer.tags:
                is_default = peer.variant not in defaults
                defaults += [peer.variant] * is_default
                measured = (tag.top1, tag.top1_size)
                rows.append(
                    (
                        f"timm/{tag}",
                        [peer.variant],
                        peer.arguments,
                        *measured,
                        is_default,
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
