"""Pictures with their answers, boxes or masks, divided or as one part."""

import warnings

import numpy as np

from keras_papers.pipelines.data.bit_depth import describe_whites
from keras_papers.pipelines.data.division import divide_roles
from keras_papers.pipelines.data.image_set import AnsweredPart, ImageSet

FEWEST = 5  # pictures to train on where they are not divided
VALIDATION_SHARE = 0.1  # there are fewer pictures than of classes, as a rule


def answered_set(folder, names, files, answers, roles, checked, seed):
    """Divides pictures as their folders or lists do.

    Args:
        folder: The folder of the user, for errors.
        names: Of the classes.
        files: Paths of the pictures.
        answers: What each shows, `Boxes` or a mask.
        roles: `"train"`, `"val"`, `"test"` or None of each.
        checked: What `check_pictures` returned of the files.
        seed: Draws what is held out where there are not all three roles.

    Returns:
        An `ImageSet` of `AnsweredPart`.

    Raises:
        ValueError: If there are too few pictures, or some are in no part.

    Warns:
        UserWarning: Of copies that are left out, and of pictures with
            different values for white.
    """
    roles = np.array([role or "" for role in roles], object)
    known = sorted(set(roles) - {""})
    if known and "train" not in known:
        roles[roles == ""] = "train"  # beside, say, a folder `test`
    elif known and "" in roles:
        lost = files[int(np.argmax(roles == ""))]
        raise ValueError(
            "`data` must hold its pictures in the parts that it is divided "
            f"into. Received: data={str(folder)!r} with {', '.join(known)}, "
            f"and {lost!r} in none of them. Move it into one, or away."
        )
    elif not known:
        roles[:] = "train"
    if "unlabelled" in roles:
        raise ValueError(
            "`data` must hold answers for pictures to train on and to test. "
            f"Received: data={str(folder)!r} with "
            f"{files[int(np.argmax(roles == 'unlabelled'))]!r}, whose folder "
            "is called as one without answers. Rename or remove it."
        )
    whole = _part(files, answers, checked)
    parts = {
        role: whole[checked.good & (roles == role)]
        for role in ("train", "val", "test")
        if role in roles
    }
    train = parts.get("train", ())
    fewest = FEWEST if len(parts) == 1 else 2
    if not len(train) or train.is_first().sum() < fewest:
        raise ValueError(
            f"`data` must hold {fewest} pictures to train on or more that "
            f"differ, to hold some of them out. Received: data={str(folder)!r} "
            f"with {len(train)} that can be read. Add pictures."
        )
    division = divide_roles(parts, folder, seed, VALIDATION_SHARE)
    for note in [*division.notes, *describe_whites(checked.whites)]:
        warnings.warn(note, UserWarning, stacklevel=3)
    return ImageSet(
        tuple(names),
        *division[:3],
        tuple(checked.skipped),
        division.duplicates,
    )


def of_test(found, roles):
    """Returns those that a finished model is tested on, of a folder's pictures.

    They are those of `"test"`; without such, of `"val"`; without either, all.

    Args:
        found: A list of what stands for a picture.
        roles: The role of each, or None.
    """
    for role in ("test", "val"):
        if role in roles:
            return [
                each
                for each, its in zip(found, roles, strict=True)
                if its == role
            ]
    return found


def answered_part(folder, files, answers, checked):
    """Returns the pictures that can be read, undivided.

    Args:
        folder: The folder of the user, for errors.
        files: Paths of the pictures.
        answers: What each shows, `Boxes` or a mask.
        checked: What `check_pictures` returned of the files.

    Returns:
        An `AnsweredPart`.

    Raises:
        ValueError: If no picture can be read.

    Warns:
        UserWarning: Of pictures with different values for white.
    """
    part = _part(files, answers, checked)[checked.good]
    if not len(part):
        raise ValueError(
            "`data` must hold pictures that can be read. Received: "
            f"data={str(folder)!r} with none. Check the folder."
        )
    for note in describe_whites(checked.whites):
        warnings.warn(note, UserWarning, stacklevel=3)
    return part


def _part(files, answers, checked):
    return AnsweredPart(
        np.array(files, object),
        np.zeros(len(files), int),
        checked.hashes,
        as_objects(answers),
    )


def as_objects(values):
    """Returns an array of objects, which NumPy would take for rows."""
    array = np.empty(len(values), object)
    for index, value in enumerate(values):
        array[index] = value
    return array
