"""Pictures with their answers, boxes or masks, divided or as one part."""

import hashlib
import warnings
from typing import NamedTuple

import numpy as np

from keras_papers.pipelines.data.bit_depth import describe_whites
from keras_papers.pipelines.data.division import divide_roles
from keras_papers.pipelines.data.image_set import AnsweredPart, ImageSet

FEWEST = 5  # pictures to train on where they are not divided
VALIDATION_SHARE = 0.1  # there are fewer pictures than of classes, as a rule


class AnsweredSet(NamedTuple):
    """Pictures with answers, divided, and what these are."""

    images: ImageSet  # whose parts are `AnsweredPart`
    kind: str  # of the answers: the format that was recognized
    reader: object = None  # `MaskReader` of paths of masks


def answered_set(
    folder, names, files, answers, answer_hashes, roles, checked, seed
):
    """Divides pictures as their folders or lists do.

    Args:
        folder: The folder of the user, for errors.
        names: Of the classes.
        files: Paths of the pictures.
        answers: What each shows, `Boxes` or the path of a mask.
        answer_hashes: `hash_of` each answer.
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
    whole = _part(files, answers, answer_hashes, checked)
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


def answered_part(folder, files, answers, answer_hashes, checked):
    """Returns the pictures that can be read, undivided.

    Args:
        folder: The folder of the user, for errors.
        files: Paths of the pictures.
        answers: What each shows, `Boxes` or the path of a mask.
        answer_hashes: `hash_of` each answer.
        checked: What `check_pictures` returned of the files.

    Returns:
        An `AnsweredPart`.

    Raises:
        ValueError: If no picture can be read.

    Warns:
        UserWarning: Of pictures with different values for white.
    """
    part = _part(files, answers, answer_hashes, checked)[checked.good]
    if not len(part):
        raise ValueError(
            "`data` must hold pictures that can be read. Received: "
            f"data={str(folder)!r} with none. Check the folder."
        )
    for note in describe_whites(checked.whites):
        warnings.warn(note, UserWarning, stacklevel=3)
    return part


def _part(files, answers, answer_hashes, checked):
    return AnsweredPart(
        np.array(files, object),
        np.zeros(len(files), int),
        checked.hashes,
        as_objects(answers),
        as_objects(answer_hashes),
    )


def hash_of(answer):
    """Returns the SHA-256 of what an answer says, in hexadecimal digits.

    Args:
        answer: `Boxes`, or an array: the indices in a mask.
    """
    arrays = answer if isinstance(answer, tuple) else (answer,)
    hashed = hashlib.sha256()
    for each in map(np.asarray, arrays):
        hashed.update(f"{each.dtype.str} {each.shape}".encode())
        hashed.update(np.ascontiguousarray(each))
    return hashed.hexdigest()


def answers_in_a_line(images):
    """Returns a hash of which boxes or masks the pictures of a set have.

    It changes if one answer does, and not with the names of files.

    Args:
        images: An `ImageSet` of `AnsweredPart`.

    Returns:
        A text such as `"SHA-256 5f2d..."`, for the settings of a training.
    """
    hashed = hashlib.sha256()
    for part in (images.train, images.validation, images.test):
        pairs = zip(part.hashes, part.answer_hashes, strict=True)
        hashed.update("\n".join(sorted(map("".join, pairs))).encode())
    return f"SHA-256 {hashed.hexdigest()[:12]}"


def as_objects(values):
    """Returns an array of objects, which NumPy would take for rows."""
    array = np.empty(len(values), object)
    for index, value in enumerate(values):
        array[index] = value
    return array
