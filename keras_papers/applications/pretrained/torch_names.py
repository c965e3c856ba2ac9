"""The names of layers in PyTorch's networks, and ours: how a map is read.

A map has a line for each kind of layer: the name in timm or torchvision, and
the name in this package. `{s}` is a number in both; ours may be counted from
another, as in `{s+1}`. `{m:letter}` is one of a, b, c... and counts from 0.
`{block[i]}` is the name of a block of our model, counted from 0, where theirs
are counted without stages; `{block[rank]}` counts the names that fit the line.

A line may be for one kind of layer, which the shapes of its tensors show:
`:conv`, `:depthwise` or `:norm`. `<name>_norm` is our name of the layer called
`name` there, and `_norm`. The first line that fits is taken.
"""

import collections
import functools
import re
from typing import NamedTuple

AUXILIARY = re.compile(r"auxiliary\d*_")  # layers of classifiers inside
NORM = "_norm"
FIELD = re.compile(r"\{(block\[)?(\w+?)([+-]\d+)?\]?\}")
KINDS = ("conv", "depthwise", "norm")


class Line(NamedTuple):
    """A line of a map, ready to be compared with names."""

    theirs: re.Pattern
    kind: str  # of the layer; "" is any
    ours: str


@functools.cache
def _lines(names):
    """Returns the `Line`s of the items of a map."""
    return tuple(_line(theirs, ours) for theirs, ours in names)


def _line(theirs, ours):
    name, _, kind = theirs.rpartition(":")
    if kind not in KINDS:
        name, kind = theirs, ""
    pattern = re.sub(
        r"\\\{(\w+)(:letter)?\\\}",
        lambda found: f"(?P<{found[1]}>{'[a-z]' if found[2] else '[0-9]+'})",
        re.escape(name),
    )
    return Line(re.compile(pattern), kind, ours)


def our_names(names, kinds, blocks):
    """Returns the names of our layers by those of theirs.

    Args:
        names: A map of `torch_classifier_names` or `torch_dense_names`.
        kinds: Kind of each layer of theirs by its name, in their order.
        blocks: List of the names of the blocks of our model.

    Returns:
        A dict; a layer that the map lacks is None.
    """
    lines = _lines(tuple(names.items()))
    found, ranks = {}, collections.Counter()
    for theirs, kind in kinds.items():
        found[theirs] = None
        for line in lines:
            match = line.theirs.fullmatch(theirs)
            if match and line.kind in ("", kind):
                fields = {k: _number(v) for k, v in match.groupdict().items()}
                fields["rank"] = ranks[line]
                ranks[line] += 1
                found[theirs] = _filled(line.ours, fields, blocks, found)
                break
    return found


def _number(text):
    return int(text) if text.isdecimal() else ord(text) - ord("a")


def _filled(ours, fields, blocks, found):
    """Returns our name with numbers for the fields, or None."""

    def value(match):
        is_block, name, offset = match.groups()
        number = fields[name] + int(offset or 0)
        if not is_block:
            return str(number)
        return blocks[number] if 0 <= number < len(blocks) else "none"

    name = FIELD.sub(value, ours)
    if name.startswith("<"):  # the normalization of another
        other, _, rest = name[1:].partition(">")
        return found[other] + rest if found.get(other) else None
    return name
