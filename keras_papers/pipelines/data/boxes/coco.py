"""COCO: one JSON file for a folder of pictures, or for each part of it."""

import collections
import itertools
import json
import os
import re

from keras_papers.pipelines.data.boxes.annotated import (
    Annotated,
    Annotations,
    damaged,
    missing_picture,
    without_annotation,
)
from keras_papers.pipelines.data.class_list import checked_names
from keras_papers.pipelines.data.folder_levels import role_of
from keras_papers.pipelines.data.folder_walk import is_picture_name
from keras_papers.pipelines.data.pairing import key_of, role_of_key

NAME = "COCO JSON"
KEYS = ("images", "annotations", "categories")
FILLERS = ("instances", "annotations", "annotation", "coco", "person", "bbox")


def annotation_files(files):
    """Returns the files of this format among others."""
    return [
        file
        for file in files
        if file.lower().endswith(".json") and _is_annotation(file)
    ]


def _is_annotation(file):
    if os.path.getsize(file) == 0:
        return True  # is read, so that the error names it
    with open(file, "rb") as opened:
        start = opened.read(2**16)
    # The keys of a large file may be anywhere; one is at its beginning.
    return any(f'"{key}"'.encode() in start for key in (*KEYS, "licenses"))


def read(folder, files):
    """Reads the boxes of a folder; see `pascal_voc.read`."""
    pictures = collections.defaultdict(list)
    for file in filter(is_picture_name, files):
        pictures[os.path.basename(file)].append(file)
    found, names, roles, crowds = [], None, {}, 0
    for file in annotation_files(files):
        content = _parsed(file)
        if content is None:
            continue  # of captions or keypoints alone
        key = key_of(file, folder)
        stem = re.sub(r"\d+", "", os.path.basename(key))
        role = role_of(stem, FILLERS) or role_of_key(key)
        if role in roles:
            raise ValueError(
                "`data` must hold one COCO JSON file for each part. Received: "
                f"{roles[role]!r} and {file!r}, both for "
                f"{role or 'all pictures'}. Move one of them away, or put "
                "'train', 'val' or 'test' into their names."
            )
        roles[role] = file
        labels = _names(content["categories"], file)
        here = tuple(labels.values())
        if names is not None and set(here) != set(names):
            raise ValueError(
                "`data` must hold the same classes in all parts. Received: "
                f"{file!r} with {list(here)}, and another file with "
                f"{list(names)}. Write the same categories into both."
            )
        names = names or here
        boxes = _boxes(content, labels, file)
        for image in content["images"]:
            picture = _picture(image, pictures, file)
            mine = boxes.pop(image["id"], [])
            crowds += sum(crowd for *_, crowd in mine)
            size = image.get("height"), image.get("width")
            found.append(
                Annotated(
                    picture,
                    file,
                    [box for box, _, _ in mine],
                    [label for _, label, _ in mine],
                    [crowd for *_, crowd in mine],
                    role,
                    size if all(size) else None,
                )
            )
        if boxes:
            raise damaged(
                file, NAME, f"boxes of the unknown image {next(iter(boxes))!r}"
            )
    notes = without_annotation(
        [
            path
            for path in itertools.chain(*pictures.values())
            if os.path.splitext(path)[1]  # without one it is, say, a LICENSE
        ],
        [each.picture for each in found],
        "COCO JSON file",
    )
    if crowds:
        notes += (
            f"{crowds:,} boxes of crowds are not trained on, and what is found "
            "in them is neither right nor wrong",
        )
    return Annotations(found, names, notes)


def _parsed(file):
    """Returns a file's object, or None if it is of another task."""
    try:
        with open(file, encoding="utf-8") as opened:
            content = json.load(opened)
        if not isinstance(content, dict):
            raise ValueError("no object of images, annotations and categories")
        if "annotations" not in content:
            return None  # image_info_test: pictures without answers
        rows = content["annotations"]
        if isinstance(rows, list) and rows and "bbox" not in rows[0]:
            return None
        wrong = [key for key in KEYS if not isinstance(content.get(key), list)]
        if wrong:
            raise ValueError(f"no list {wrong[0]!r}")
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise damaged(file, NAME, error) from error
    return content


def _names(categories, file):
    """Returns the name of each category by its number.

    Roboflow's files begin with a category that stands above all others, and
    of which there are no boxes; it is no class.
    """
    try:
        above = {each.get("supercategory") for each in categories[1:]}
        first = categories[:1]
        if len(categories) > 1 and above == {first[0]["name"]}:
            categories = categories[1:]
        labels = {each["id"]: str(each["name"]) for each in categories}
    except (AttributeError, KeyError, TypeError) as error:
        raise damaged(file, NAME, f"a category without {error}") from error
    checked_names(labels.values(), file)
    return labels


def _boxes(content, labels, file):
    """Returns boxes, labels and whether they are crowds, by the image."""
    boxes = collections.defaultdict(list)
    for each in content["annotations"]:
        try:
            x, y, width, height = map(float, each["bbox"])
            image, category = each["image_id"], each["category_id"]
            crowd = bool(each.get("iscrowd", 0))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise damaged(file, NAME, f"an annotation: {error!r}") from error
        if category not in labels:
            raise ValueError(
                "`data` must hold boxes of the classes that are listed. "
                f"Received: {str(file)!r} with a box of category "
                f"{category!r}, and the categories are {labels}. Add the "
                "category, or remove the box."
            )
        box = (x, y, x + width, y + height)
        boxes[image].append((box, labels[category], crowd))
    return boxes


def _picture(image, pictures, file):
    """Returns the path of the picture of an image of the file."""
    try:
        named = str(image["file_name"]).replace("\\", "/")
        image["id"]
    except (KeyError, TypeError) as error:
        raise damaged(file, NAME, f"an image without {error}") from error
    candidates = pictures.get(os.path.basename(named), [])
    # Parts may hold pictures of the same names.
    ending, beside = f"/{named.lstrip('./')}", os.path.dirname(file)
    for fits in (
        lambda path: path.replace(os.sep, "/").endswith(ending),
        lambda path: os.path.dirname(path).startswith(beside),
    ):
        candidates = [*filter(fits, candidates)] or candidates
    if not candidates:
        raise missing_picture(file, named)
    if len(candidates) > 1:
        raise missing_picture(file, named, "more than one of this name")
    return candidates[0]
