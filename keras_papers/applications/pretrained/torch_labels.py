"""Which network a file of timm or torchvision says that it is of.

It is looked for in the file's metadata, in timm's config.json beside it, and
in the path.
"""

import functools
import json
import os
import re

from keras_papers.applications.pretrained.evaluation import Evaluation
from keras_papers.applications.pretrained.safetensors_file import ENDING
from keras_papers.applications.pretrained.torch_networks import (
    PEERS,
    networks_of,
)

CACHED = "models--timm--"  # begins folders of the cache of Hugging Face


def config_beside(path):
    """Returns timm's config.json beside a file, or an empty dict.

    `pretrained_cfg` in it is left out if it is no dict, such as null.
    """
    try:
        with open(
            os.path.join(os.path.dirname(path), "config.json"), encoding="utf-8"
        ) as file:
            config = json.load(file)
    except (OSError, ValueError):
        return {}
    if not isinstance(config, dict):
        return {}
    if not isinstance(config.get("pretrained_cfg"), dict):
        config.pop("pretrained_cfg", None)
    return config


def recipe_of(config):
    """Returns the `Evaluation` that a config.json has, or None."""
    recipe = config.get("pretrained_cfg", {})
    try:
        return Evaluation(
            float(recipe["crop_pct"]),
            str(recipe["interpolation"]),
            tuple(255 * float(value) for value in recipe["mean"]),
            tuple(255 * float(value) for value in recipe["std"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def network_name(path, metadata, config):
    """Returns the name of a file's network, and what has it, in words."""
    if isinstance(metadata.get("architecture"), str):
        return metadata["architecture"], "its metadata"
    there, configured = _name_in_path(path), config.get("architecture")
    if isinstance(configured, str) and (
        not there or networks_of(configured.partition(".")[0])
    ):
        return configured, "the config.json beside it"
    return there, "its path"


def _name_in_path(path):
    """Returns the name that a file has, or a folder as timm names them."""
    *folders, file = path.split(os.sep)
    stem = file.removesuffix(ENDING)
    name = _leading_name(stem)
    if name:
        return name + _tag_behind(stem, name)
    for folder in reversed(folders):
        if folder.startswith(CACHED):
            return folder.removeprefix(CACHED)
        name = _leading_name(folder)
        if name and _tag_behind(folder, name):
            return folder
    return ""


def _tag_behind(part, name):
    rest = part[len(name) :]
    return rest if rest.startswith(".") else ""


@functools.cache
def _all_names():
    names = {peer.name for peers in PEERS.values() for peer in peers}
    return sorted(names, key=len, reverse=True)


def _leading_name(text):
    """Returns the longest name of a network that `text` begins with."""
    for name in _all_names():
        if re.match(rf"{re.escape(name)}([.\-_]|$)", text):
            return name
    return ""
