"""The names of published weights of timm: `"timm"` and `"timm/<tag>"`."""

from keras_papers.applications.pretrained.torch_networks import (
    calls_of,
    networks_of,
)
from keras_papers.checks import nearest

PREFIX = "timm"


def is_timm(weights):
    """Returns whether `weights` names published weights of timm."""
    return isinstance(weights, str) and (
        weights == PREFIX or weights.startswith(f"{PREFIX}/")
    )


def tagged(weights, tags):
    """Lists the pairs of a `Peer` and a `Tag` that `weights` names.

    Without a tag, it is the first: of all, or of the network that it names.
    """
    if weights == PREFIX:
        return tags[:1]
    wanted = _wanted(weights)
    of_network = [pair for pair in tags if pair[0].name == wanted]
    return of_network[:1] or [
        (peer, tag) for peer, tag in tags if wanted in (tag.tag, str(tag))
    ]


def nearest_tag(weights, tags):
    """Returns a sentence that offers a tag in place of an unknown one.

    The name of a network before the tag is not compared with tags.
    """
    wanted = _wanted(weights)
    network, _, rest = wanted.partition(".")
    of_network = [pair for pair in tags if pair[0].name == network]
    if networks_of(network) and not of_network:
        calls = " or ".join(calls_of(network))
        return f"For that of {network!r} build {calls}."
    tags = of_network or tags
    names = {tag.tag: f"{PREFIX}/{tag}" for _, tag in reversed(tags)}
    near = nearest(rest if of_network else wanted, names)
    return f"Did you mean {names[near]!r}?" if near else "Choose one of these."


def _wanted(weights):
    """Returns the tag in `"timm/<tag>"`."""
    return weights.removeprefix(f"{PREFIX}/")
