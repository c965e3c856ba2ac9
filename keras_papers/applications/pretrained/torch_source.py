"""Which network of timm or torchvision weights are of.

A safetensors file has the names of its tensors, and neither the padding nor
the epsilon that they were trained with: these follow from the network's name.
"""

import os
from typing import NamedTuple

from keras_papers.applications.pretrained.evaluation import Evaluation
from keras_papers.applications.pretrained.recognition import matches
from keras_papers.applications.pretrained.safetensors_file import (
    ENDING,
    read_safetensors,
)
from keras_papers.applications.pretrained.torch_labels import (
    config_beside,
    network_name,
    recipe_of,
)
from keras_papers.applications.pretrained.torch_names import NORM, our_names
from keras_papers.applications.pretrained.torch_networks import (
    PEERS,
    Peer,
    Tag,
    calls_of,
)
from keras_papers.applications.pretrained.torch_tags import (
    PREFIX,
    is_timm,
    nearest_tag,
    tagged,
)
from keras_papers.applications.pretrained.torch_weights import (
    AnyBlocks,
    first_tensor,
    layer_kinds,
)

# Arguments that a constructor passes only if they have other values.
LEFT_OUT = {
    "version": 1,
    "use_bias": True,
    "batch_norm_scale": False,
    "batch_normalization": False,
}


class TorchSource(NamedTuple):
    """Weights of another library, and what is known of them."""

    peer: Peer
    evaluation: Evaluation
    file: str | Tag
    assumed: tuple = ()  # what is not known, as pairs of a name and a value
    foreign: str = ""  # which network it is of instead, in words


def is_torch_file(weights):
    """Returns whether `weights` is the path of a safetensors file."""
    return str(weights).endswith(ENDING)


def published_source(weights, family, variant):
    """Returns the source of `"timm"` or `"timm/<tag>"`.

    Args:
        weights: The constructor's argument.
        family: The `Family` of the constructor.
        variant: Its arguments that distinguish the family's networks.

    Raises:
        ValueError: If timm has no weights for this variant, or none of this
            tag.
    """
    there = [peer for peer in family.peers if peer.tags]
    peers = [peer for peer in there if peer.variant == variant]
    if not peers:
        names = {name for peer in there for name in peer.variant}
        left_out = {n: v for n, v in LEFT_OUT.items() if n in names}
        known = "; ".join(dict.fromkeys(peer.arguments for peer in there))
        raise ValueError(
            f"`weights={weights!r}` exists for these arguments only: "
            f"{known}. Received: {_words(variant | left_out | variant)}. Build "
            "one of these, or leave `weights` out."
        )
    tags = [(peer, tag) for peer in peers for tag in peer.tags]
    found = tagged(weights, tags)
    if len(found) != 1:
        names = [f"{PREFIX}/{tag}" for _, tag in tags]
        raise ValueError(
            "`weights` has the tag of weights that timm publishes for this "
            f"network, one of {', '.join(map(repr, names))}. Received: "
            f"weights={weights!r}. {nearest_tag(weights, tags)}"
        )
    ((peer, tag),) = found
    return TorchSource(peer, tag.evaluation, tag)


def at_width(weights, family, alpha):
    """Returns the `Peer` and the `Tag` of weights at a width, or None.

    Of a file the tag is not looked for.
    """
    peers = [peer for peer in family.peers if peer.alpha == alpha]
    if is_timm(weights):
        tags = [(peer, tag) for peer in peers for tag in peer.tags]
        return (*tagged(weights, tags), (None, None))[0]
    if not peers or not is_torch_file(weights):
        return None, None
    path = os.fspath(weights)
    tensors, metadata = read_safetensors(path)
    name = network_name(path, metadata, config_beside(path))[0].partition(".")[
        0
    ]
    shown = _shown(peers, tensors) or peers
    return (*[one for one in shown if one.name == name], shown[0])[0], None


def _words(variant):
    return ", ".join(f"{name}={value!r}" for name, value in variant.items())


def file_source(path, family, variant):
    """Returns the source of a safetensors file.

    Raises:
        ValueError: If the file cannot be read, or is of another network than
            those of the family, or of other arguments.
    """
    path = os.fspath(path)
    tensors, metadata = read_safetensors(path)
    config = config_beside(path)
    name, where = network_name(path, metadata, config)
    network, _, tag = name.partition(".")
    tag = tag or config.get("pretrained_cfg", {}).get("tag", "")
    ours = calls_of(network)
    named = [peer for peer in family.peers if peer.name == network]
    if not named and ours:
        raise _of_another(
            path,
            f"is of {network!r} by {where}",
            f"Build {' or '.join(ours)}, or correct {where}",
        )
    _check_tensors(path, tensors, family, variant)
    peers = _with_these_names(path, tensors, family)
    peers = _shown(peers, tensors) or peers
    peers = [peer for peer in peers if peer.name == network] or peers
    peers = _with_this_variant(path, peers, family, variant)
    source = _known(path, peers, tag, config)
    if network and not ours:
        source = source._replace(
            foreign=f"is of {network!r} by {where}, a network that is not "
            "mapped"
        )
    return source


def _check_tensors(path, tensors, family, variant):
    """Raises ValueError if a file is of a known network of other arguments."""
    if family.peers and family.peers not in PEERS.values():
        return  # of a user's own family
    found = matches(tensors)
    own = of_family(found, family)
    if not found or any(match.peer.variant == variant for match in own):
        return
    raise _of_another_by_tensors(path, own or found)


def check_tensors(path, family, alpha):
    """Raises ValueError if a file is of a known network of other families.

    Or of another width, before anything is known of other arguments.
    """
    found = matches(read_safetensors(path).tensors)
    own = of_family(found, family)
    if found and all(match.peer.alpha != alpha for match in own):
        raise _of_another_by_tensors(os.fspath(path), own or found)


def _of_another_by_tensors(path, found):
    names = dict.fromkeys(match.peer.name for match in found)
    calls = dict.fromkeys(match.call for match in found)
    return _of_another(
        path,
        f"has the tensors of {' and '.join(names)}",
        f"Build {' or '.join(calls)}",
    )


def _of_another(path, what, remedy):
    """Returns the error on a file of another network."""
    return ValueError(
        "`weights` must be a file of the network that is built. Received: "
        f"weights={path!r}, which {what}. {remedy}."
    )


def of_family(found, family):
    """Lists those of the `Match`es that are of networks of a family."""
    own = {(peer.library, peer.name) for peer in family.peers}
    return [
        match for match in found if (match.peer.library, match.peer.name) in own
    ]


def _shown(peers, tensors):
    """Lists those of `peers` that have the layers of a file.

    Networks of one map may differ in whether they have layers of a kind.
    """
    kinds = layer_kinds(tensors)
    varied = {name for peer in peers for name in peer.variant}
    found = []
    for peer in peers:
        ours = list(our_names(peer.names, kinds, AnyBlocks()).values())
        if None in ours:
            continue
        shows = {
            "batch_normalization": any(name.endswith(NORM) for name in ours),
            "minimalistic": not any("squeeze_excite" in name for name in ours),
        }
        if all(
            peer.variant.get(name, False) == shows[name]
            for name in varied.intersection(shows)
        ):
            found.append(peer)
    return found


def _with_this_variant(path, peers, family, variant):
    """Lists the peers of the arguments that are passed, widths aside.

    Some arguments, such as `version`, change no shape: a file of others would
    load, and the network would compute something else.
    """
    exact = [peer for peer in peers if peer.variant == variant]
    if exact:
        return exact
    names = {name: None for peer in family.peers for name in peer.variant}
    names.pop("alpha", None)
    differing = {
        id(peer): [
            f"{name}={peer.variant[name]!r}"
            if name in peer.variant
            else f"no {name}"
            for name in names
            if peer.variant.get(name) != variant.get(name)
        ]
        for peer in peers
    }
    able = [peer for peer in peers if not differing[id(peer)]]
    if not able:
        needed = ", ".join(differing[id(peers[0])])
        raise ValueError(
            "`weights` must be a file of the network that is built. Received: "
            f"weights={path!r}, which is of a network with {needed}, as "
            f"{peers[0].library}'s {peers[0].name}. Build it with {needed}."
        )
    return able


def _known(path, peers, tag, config):
    """Returns the source of a file, with what had to be assumed."""
    peer = peers[0]
    recipe = recipe_of(config)
    if recipe is None:
        found = [one for one in peer.tags if one.tag == tag]
        recipe = found[0].evaluation if found else None
    assumed = []
    if len({each.padding for each in peers}) > 1:
        assumed.append(("padding", peer.padding))
    if len({each.epsilon for each in peers}) > 1:
        assumed.append(("batch_norm_epsilon", peer.epsilon))
    if recipe is None:
        recipe = peer.evaluation
        others = {
            (one.evaluation.mean, one.evaluation.std)
            for each in peers
            for one in (*each.tags, each)
        }
        if len(others) > 1:
            assumed.append(("include_preprocessing", recipe))
    return TorchSource(peer, recipe, path, tuple(assumed))


def assumption(source, received):
    """Returns in a sentence what is not known of a file, or "".

    Args:
        source: A `TorchSource`.
        received: The constructor's arguments that decide it, as a dict: what
            is in it is known.
    """
    left = [pair for pair in source.assumed if pair[0] not in received]
    if not left and not source.foreign:
        return ""
    words = []
    for name, value in left:
        if name == "include_preprocessing":
            mean = ", ".join(f"{number:.5g}" for number in value.mean)
            std = ", ".join(f"{number:.5g}" for number in value.std)
            words.append(f"pixels normalized by mean ({mean}) and std ({std})")
        else:
            words.append(f"{name}={value!r}")
    what = source.foreign or (
        "does not say which network of timm or torchvision it is of"
    )
    assumed = f"are {' and '.join(words)}, as of" if words else "is"
    return (
        f"weights={source.file!r} {what}; assumed {assumed} "
        f"{source.peer.library}'s {source.peer.name}. Pass other arguments, "
        "or name the file <network>.<tag>.safetensors as timm does."
    )


def _with_these_names(path, tensors, family):
    """Lists the peers whose map has all names of a file."""
    if not family.peers:
        raise ValueError(
            "`weights` of timm and torchvision load into the networks of "
            f"docs/WEIGHTS.md. Received: weights={path!r} for another, to "
            "which no names of theirs are mapped. Pass a file of this package."
        )
    kinds = layer_kinds(tensors)
    maps = {id(peer.names): peer.names for peer in family.peers}
    unknown = {
        key: [
            theirs
            for theirs, ours in our_names(names, kinds, AnyBlocks()).items()
            if ours is None
        ]
        for key, names in maps.items()
    }
    best = min(unknown, key=lambda key: len(unknown[key]))
    if unknown[best]:
        peer = next(one for one in family.peers if id(one.names) == best)
        first = first_tensor(unknown[best][0], tensors)
        raise ValueError(
            "`weights` must be a safetensors file of timm or torchvision. "
            f"Received: weights={path!r}, which has {first!r}; "
            f"{peer.library}'s {peer.name} has no such tensor. Build the "
            "model that the file is of, or leave the tensor out of the file."
        )
    fitting = [key for key in maps if not unknown[key]]
    return [peer for peer in family.peers if id(peer.names) in fitting]
