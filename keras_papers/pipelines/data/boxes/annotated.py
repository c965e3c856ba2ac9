"""What every format says of a picture, before it is checked."""

from typing import NamedTuple

import numpy as np


class Annotated(NamedTuple):
    """The boxes of one picture, as a file has them."""

    picture: str  # path
    file: str  # that holds the boxes, for errors
    boxes: list  # (x_min, y_min, x_max, y_max)
    labels: list  # names of the classes
    # Whether a box is neither trained on nor counted: it stands for a group of
    # objects, or for one that is too difficult.
    crowds: list
    role: str | None = None  # "train", "val", "test"; None where not divided
    size: tuple | None = None  # (height, width) that the boxes are made for
    are_shares: bool = False  # of the sides of the picture, and no pixels


class Annotations(NamedTuple):
    """All that a folder holds in one format."""

    pictures: list  # of `Annotated`
    names: tuple | None  # of the classes; None where no file lists them
    notes: tuple = ()  # sentences on what is left out


class Boxes(NamedTuple):
    """The checked boxes of one picture."""

    boxes: np.ndarray  # float32 (n, 4): x_min, y_min, x_max, y_max, in pixels
    classes: np.ndarray  # int32 (n,), indices of the classes
    crowds: np.ndarray  # bool (n,)
    size: tuple  # (height, width) of the picture


def without_annotation(pictures, annotated, kind):
    """Returns the notes on pictures that are left out, none or one.

    Args:
        pictures: Paths of all pictures.
        annotated: Paths of those with an annotation.
        kind: Of the files that could name the others, for people.
    """
    number = len(set(pictures) - set(annotated))
    if not number:
        return ()
    return (f"{number:,} pictures are named by no {kind}, and are left out",)


def missing_picture(file, named, found="no such picture"):
    """Returns the error of an annotation whose picture is not found.

    Args:
        file: The annotation.
        named: The picture that it names.
        found: What lies in the folder in place of it.
    """
    return ValueError(
        "`data` must hold the picture of each annotation. Received: "
        f"{str(file)!r}, which is of {named!r}, and {found} lies in the "
        "folder. Add the picture, or remove the annotation."
    )


def damaged(file, format_name, reason):
    """Returns the error of an annotation that cannot be read."""
    return ValueError(
        f"`data` must hold annotations that can be read. Received: "
        f"{str(file)!r}, which is no whole {format_name} ({reason}). Take it "
        "out, or fetch it again."
    )
