"""Pictures divided by their folders, and by lot where there are none."""

from typing import NamedTuple

import numpy as np

from keras_papers.pipelines.data.duplicates import (
    Duplicates,
    describe,
    find_duplicates,
)
from keras_papers.pipelines.data.image_set import TEST_SHARE, Part, divide


class Division(NamedTuple):
    """The parts of a set of pictures."""

    train: Part
    validation: Part
    test: Part
    duplicates: Duplicates
    notes: list  # sentences on copies
    test_is_val: bool  # whether the folder `val` is tested on


def divide_roles(parts, folder, seed, validation_share):
    """Divides pictures as their folders are, and draws what is missing.

    Args:
        parts: Dict of a `Part` of files by its role: `"train"`, and perhaps
            `"val"` and `"test"`.
        folder: The folder of the user, for errors.
        seed: Draws what is held out.
        validation_share: Float in (0, 1). What is watched of each class where
            there are not both `val` and `test`.

    Returns:
        A `Division`, in which no picture to watch or held out is a copy of
        one in an earlier part.

    Raises:
        ValueError: If a part is empty.
    """
    train = parts["train"]
    # The watched pictures choose the model. So a `val` alone is what it is
    # tested on in the end, and others are watched.
    test = parts.get("test", parts.get("val"))
    if test is None:
        train, test = divide(train, TEST_SHARE, seed)
    if len(parts) == 3:
        validation = parts["val"]
    else:
        train, validation = divide(train, validation_share, seed)
    for name, part in (("val", validation), ("test", test)):
        if not len(part):
            raise ValueError(
                f"`data` must hold pictures in {name}, where there is such a "
                f"folder. Received: data={str(folder)!r} without one that can "
                "be read. Add pictures, or remove the folder."
            )
    duplicates = find_duplicates(train, validation, test)
    copies = describe(duplicates, validation, test)
    watched, held_out = validation, test
    validation = _without(watched, [train], folder, "to watch")
    test = _without(held_out, [train, watched], folder, "held out")
    return Division(
        train, validation, test, duplicates, copies, "test" not in parts
    )


def _without(part, others, folder, purpose):
    """Returns a part without the pictures that are in other parts, too."""
    seen = {digest for other in others for digest in other.hashes}
    is_new = np.array([digest not in seen for digest in part.hashes], bool)
    if not is_new.any():
        raise ValueError(
            f"`data` must hold pictures {purpose} that are not copies of those "
            f"of the other parts. Received: data={str(folder)!r}, where all "
            f"{len(part):,} pictures {purpose} are copies. Add others, or "
            "remove the folder, so that some of train are taken."
        )
    return part[is_new]
