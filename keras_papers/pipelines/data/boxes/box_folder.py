"""Folders of pictures with boxes of objects: which format, and what is wrong.

The format is recognized by the files. What is wrong in them is an error with
the name of the file; nothing is left out silently.
"""

import math
import pathlib
import warnings

import numpy as np

from keras_papers.pipelines.data.answered_set import (
    AnsweredSet,
    answered_part,
    answered_set,
    hash_of,
    of_test,
)
from keras_papers.pipelines.data.boxes import coco, pascal_voc, yolo
from keras_papers.pipelines.data.boxes.annotated import Boxes
from keras_papers.pipelines.data.checked_pictures import check_pictures
from keras_papers.pipelines.data.folder_hints import look_around
from keras_papers.pipelines.data.folder_walk import files_below
from keras_papers.pipelines.data.pairing import without_masks

FORMATS = (pascal_voc, coco, yolo)
KNOWN = ", ".join(each.NAME for each in FORMATS)
# Pixels that a box may reach out of the picture, and is cut: of coordinates
# that count from 1, or are rounded.
SLACK = 1.0
PIXELS = 4.0  # coordinates beyond it are no shares of a picture
BOXES = f"a folder of pictures with boxes ({KNOWN})"


def load_boxes(folder, seed, *, names=None, repair=False, strict=False):
    """Finds the pictures of a folder and their boxes, and checks both.

    Args:
        folder: Holds pictures, and boxes as Pascal VOC XML, COCO JSON or YOLO
            text. Folders `train`, `val` and `test`, lists in `ImageSets/Main`,
            or a COCO file for each of these divide it; else a fifth is held
            out.
        seed: Draws what is held out.
        names: Names of the classes that are known; others are an error.
            Defaults to None: those that the folder lists.
        repair: Whether boxes are cut at the sides of the picture, and those
            of no size left out, with a note. Else they are an error.
        strict: Whether a picture that cannot be read is an error.

    Returns:
        An `AnsweredSet` of `Boxes`.

    Raises:
        ValueError: If there is no such folder, it holds no boxes or those of
            two formats, or a file in it cannot be used. The error names it.

    Warns:
        UserWarning: Of what is left out or was repaired.
    """
    found, format_ = _read(folder)
    known, answers, checked = _checked_all(
        found, format_, folder, names, repair, strict
    )
    files = [each.picture for each in found.pictures]
    roles = [each.role for each in found.pictures]
    images = answered_set(
        folder, known, files, answers, _hashes(answers), roles, checked, seed
    )
    return AnsweredSet(images, format_.NAME)


def load_test_boxes(folder, names, *, repair=False):
    """Finds the pictures that a finished model is tested on, and their boxes.

    They are those of the part `test`; without it, of `val`; without either,
    all. Copies stay, and one picture is enough.

    Args:
        folder: As for `load_boxes`.
        names: Of the classes of the model.
        repair: As for `load_boxes`.

    Returns:
        An `AnsweredPart` of `Boxes`.

    Raises:
        ValueError: As `load_boxes` does. Of the other parts annotations are
            read, but no pictures.

    Warns:
        UserWarning: Of what is left out or was repaired.
    """
    found, format_ = _read(folder)
    roles = [each.role for each in found.pictures]
    found = found._replace(pictures=of_test(found.pictures, roles))
    _, answers, checked = _checked_all(found, format_, folder, names, repair)
    files = [each.picture for each in found.pictures]
    return answered_part(folder, files, answers, _hashes(answers), checked)


def _hashes(answers):
    return [None if each is None else hash_of(each) for each in answers]


def _checked_all(found, format_, folder, names, repair, strict=False):
    """Returns the names of the classes, `Boxes` of each picture, `Checked`."""
    if not any(each.boxes for each in found.pictures):
        raise ValueError(
            f"`data` is {BOXES}. Received: data={str(folder)!r}, with "
            f"{format_.NAME} of {len(found.pictures):,} pictures and without a "
            "box. Add boxes."
        )
    known = _names(found, names)
    files = [each.picture for each in found.pictures]
    _check_once(files, found)
    checked = check_pictures(files, strict)
    answers, repaired = [], []
    for each, size in zip(found.pictures, checked.sizes, strict=True):
        boxes = _checked(each, size, known, repair, repaired) if size else None
        answers.append(boxes)
    notes = list(found.notes)
    if repaired:
        left = sum(not is_kept for _, is_kept in repaired)
        notes.append(
            f"boxes that did not fit: {len(repaired) - left:,} cut at the "
            f"side of the picture and {left:,} left out, the first in "
            f"{repaired[0][0]}"
        )
        if not any(len(each.classes) for each in answers if each is not None):
            raise ValueError(
                f"`data` is {BOXES}. Received: data={str(folder)!r}, of whose "
                f"boxes none is inside of a picture: {notes[-1]}. Check the "
                "units of the boxes."
            )
    for note in notes:
        warnings.warn(note, UserWarning, stacklevel=3)
    return known, answers, checked


def check_box_folder(folder):
    """Raises ValueError unless a folder holds boxes of one format.

    No annotation is read, and no picture.
    """
    _format(folder)


def _format(folder):
    """Returns the module of the format of a folder, and the files in it."""
    path = pathlib.Path(folder)
    if not path.is_dir():
        raise ValueError(
            f"`data` is {BOXES}. Received: data={str(folder)!r}, which is no "
            f"folder. {look_around(path, needs_classes=False)}Check the path."
        )
    files = files_below(folder)
    found = {format_: format_.annotation_files(files) for format_ in FORMATS}
    there = [format_ for format_ in FORMATS if found[format_]]
    if not there:
        raise ValueError(
            f"`data` is {BOXES}. Received: data={str(folder)!r}, in which "
            "there is no such file of boxes. Check the path, or export the "
            "boxes from your tool in one of these formats."
        )
    if len(there) > 1:
        seen = " and ".join(
            f"{each.NAME} ({found[each][0]!r})" for each in there
        )
        raise ValueError(
            "`data` must hold boxes of one format. Received: "
            f"data={str(folder)!r} with {seen}. Move the files of the others "
            "away."
        )
    return there[0], files


def _read(folder):
    format_, files = _format(folder)
    return format_.read(folder, without_masks(files, folder)), format_


def _names(found, names):
    """Returns the names of the classes, and checks that all are known."""
    labels = {label: each for each in found.pictures for label in each.labels}
    known = names or found.names or tuple(sorted(labels))
    unknown = [label for label in labels if label not in known]
    if unknown:
        raise ValueError(
            "`data` must hold boxes of the classes that are "
            f"{'known to the model' if names else 'listed'}. Received: "
            f"{labels[unknown[0]].file!r} with a box of {unknown[0]!r}, and "
            f"the {len(known):,} classes are {list(known)}. Add the class, or "
            "remove its boxes."
        )
    return tuple(known)


def _check_once(files, found):
    seen = {}
    for file, each in zip(files, found.pictures, strict=True):
        if file in seen:
            raise ValueError(
                "`data` must hold one annotation for each picture. Received: "
                f"{seen[file]!r} and {each.file!r}, both of {file!r}. Remove "
                "one of them."
            )
        seen[file] = each.file


def _checked(each, size, names, repair, repaired):
    """Returns the `Boxes` of a picture.

    Args:
        each: The `Annotated`.
        size: `(height, width)` of the picture.
        names: Of the classes.
        repair: Whether boxes that do not fit are changed.
        repaired: List to which pairs are added of the file of each that was
            and whether some of the box is left.
    """
    height, width = size
    if each.size is not None and tuple(each.size) != size:
        raise ValueError(
            "`data` must hold boxes that were made for the pictures. "
            f"Received: {each.file!r}, which is for {each.size[1]} x "
            f"{each.size[0]} pixels, and {each.picture!r} has {width} x "
            f"{height}. Put the picture that the boxes were made for into its "
            "place."
        )
    boxes = np.array(each.boxes, float).reshape(-1, 4)
    sides = np.array([width, height, width, height], float)
    if each.are_shares:
        _check_shares(each, boxes)
        boxes = boxes * sides
    kept = np.ones(len(boxes), bool)
    for index, box in enumerate(boxes):
        wrong = _wrong(box, sides)
        if wrong and not repair:
            shown = ", ".join(f"{value:g}" for value in box)
            raise ValueError(
                "`data` must hold boxes of some size inside the picture. "
                f"Received: {each.file!r} with {each.labels[index]!r} from "
                f"x_min, y_min to x_max, y_max = ({shown}), {wrong}. Correct "
                "it, or pass repair=True (--repair) to cut or leave out such "
                "boxes."
            )
        boxes[index] = box = np.clip(np.nan_to_num(box), 0, sides)
        kept[index] = box[0] < box[2] and box[1] < box[3]
        if wrong:
            repaired.append((each.file, bool(kept[index])))
    indices = np.array([names.index(label) for label in each.labels], np.int32)
    return Boxes(
        boxes[kept].astype(np.float32),
        indices[kept],
        np.array(each.crowds, bool)[kept],
        size,
    )


def _check_shares(each, boxes):
    """Raises ValueError if boxes of shares look like pixels."""
    most = boxes.max(initial=0)
    if PIXELS < most < math.inf:
        raise ValueError(
            "`data` with YOLO text must hold boxes in shares of the picture, "
            f"from 0 to 1. Received: {each.file!r} with a side at {most:g}, as "
            "of pixels. Divide x and width by the width of the picture, y and "
            "height by its height."
        )


def _wrong(box, sides):
    """Describes what is wrong with a box, or returns None."""
    if not np.isfinite(box).all():
        return "which are no finite numbers"
    if box[0] >= box[2] or box[1] >= box[3]:
        return "which has no size"
    if (box < -SLACK).any() or (box > sides + SLACK).any():
        return f"outside of its {sides[0]:g} x {sides[1]:g} pixels"
    inside = np.clip(box, 0, sides)
    if inside[0] >= inside[2] or inside[1] >= inside[3]:
        return "which has no size inside the picture"
    return None
