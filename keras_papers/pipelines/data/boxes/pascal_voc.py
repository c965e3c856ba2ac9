"""Pascal VOC: an XML file beside each picture, or in `Annotations`.

The coordinates are taken as they are. Those of the challenge count pixels from
1; most tools since then count edges from 0, and a file does not record which.
"""

import os
import pathlib
import xml.etree.ElementTree
import xml.parsers.expat

from keras_papers.pipelines.data.boxes.annotated import (
    Annotated,
    Annotations,
    damaged,
    missing_picture,
    without_annotation,
)
from keras_papers.pipelines.data.class_list import read_class_list
from keras_papers.pipelines.data.image_lists import check_listed, listed_roles
from keras_papers.pipelines.data.pairing import (
    key_of,
    pictures_by_key,
    role_of_key,
)

NAME = "Pascal VOC XML"
# Folders of the challenge for another task, which hold no pictures.
MASKS = frozenset(("SegmentationClass", "SegmentationObject"))
SIDES = ("xmin", "ymin", "xmax", "ymax")


def annotation_files(files):
    """Returns the files of this format among others."""
    return [
        file
        for file in files
        if file.lower().endswith(".xml") and _is_annotation(file)
    ]


def _is_annotation(file):
    with open(file, "rb") as opened:
        start = opened.read(4096)
    # What is empty or damaged is read, so that the error names it.
    return b"<annotation" in start or b"<" not in start


def read(folder, files):
    """Reads the boxes of a folder.

    Args:
        folder: The folder of the user.
        files: All files in it.

    Returns:
        `Annotations`.

    Raises:
        ValueError: With the file's name, if one cannot be read or its picture
            is missing.
    """
    files = [
        file
        for file in files
        if MASKS.isdisjoint(os.path.relpath(file, folder).split(os.sep))
    ]
    pictures = pictures_by_key(files, folder)
    by_name = {os.path.basename(file): file for file in files}
    roles = listed_roles(folder, files, "Main")
    found, unlisted = [], []
    for file in annotation_files(files):
        key = key_of(file, folder)
        stem = pathlib.PurePath(file).stem
        if roles and stem not in roles:
            unlisted.append(pictures.get(key))
            continue
        root = _parsed(file)
        named = root.findtext("filename") or stem
        picture = pictures.get(key) or by_name.get(os.path.basename(named))
        if picture is None:
            raise missing_picture(file, named)
        objects = root.findall("object")
        found.append(
            Annotated(
                picture,
                file,
                [_box(each, file) for each in objects],
                [_label(each, file) for each in objects],
                [_is_difficult(each) for each in objects],
                roles[stem] if roles else role_of_key(key),
                _size(root),
            )
        )
    names = [pathlib.PurePath(each.file).stem for each in found]
    check_listed(roles, names, folder, "Main")
    annotated = [*(each.picture for each in found), *unlisted]
    notes = without_annotation(pictures.values(), annotated, "XML file")
    difficult = sum(sum(each.crowds) for each in found)
    if difficult:
        notes += (
            f"{difficult:,} objects that are marked as difficult are not "
            "trained on, and what is found in them is neither right nor wrong",
        )
    if unlisted:
        notes += (
            f"{len(unlisted):,} annotations are in no list of ImageSets/Main, "
            "and are left out",
        )
    return Annotations(found, read_class_list(folder), notes)


def _parsed(file):
    """Returns the root of an XML file, in which nothing is expanded."""
    builder = xml.etree.ElementTree.TreeBuilder()
    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse_type
    try:
        with open(file, "rb") as opened:
            parser.Parse(opened.read(), True)
        root = builder.close()
    except (OSError, ValueError, xml.parsers.expat.ExpatError) as error:
        raise damaged(file, "XML file", error) from error
    if root.tag != "annotation":
        raise damaged(file, NAME, f"its root is {root.tag!r}")
    return root


def _refuse_type(*declaration):
    # A document type can define entities that grow without a limit.
    raise ValueError("it declares a document type")


def _size(root):
    height, width = (
        _number(root.findtext(f"size/{side}")) for side in ("height", "width")
    )
    # Some tools write zeros.
    return (int(height), int(width)) if height and width else None


def _number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def _box(element, file):
    box = [_number(element.findtext(f"bndbox/{side}")) for side in SIDES]
    if None in box:
        raise damaged(file, NAME, "an object without a bndbox of numbers")
    return tuple(box)


def _is_difficult(element):
    text = element.findtext("difficult") or ""
    return text.strip().lower() in ("1", "true")


def _label(element, file):
    label = (element.findtext("name") or "").strip()
    if not label:
        raise damaged(file, NAME, "an object without a name")
    return label
