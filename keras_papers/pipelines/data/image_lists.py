"""Lists of Pascal VOC, which divide a folder of pictures."""

import os
import pathlib

LISTS = ("train", "val", "test")


def listed_roles(folder, files, kind):
    """Returns the part of each picture that the lists of a folder name.

    Args:
        folder: The folder of the user.
        files: All files in it.
        kind: Folder of the lists in `ImageSets`: `"Main"` for boxes,
            `"Segmentation"` for masks.

    Returns:
        Dict of `"train"`, `"val"` or `"test"` by the name of the picture
        without its ending; empty without such lists.
    """
    roles = {}
    for role in LISTS:
        ending = os.path.join("ImageSets", kind, f"{role}.txt")
        for file in files:
            if os.path.relpath(file, folder).endswith(ending):
                text = pathlib.Path(file).read_text("utf-8", "replace")
                for line in text.splitlines():
                    if line.strip():
                        roles.setdefault(line.split()[0], role)
    return roles


def check_listed(roles, found, folder, kind):
    """Raises ValueError if a list names what is not there.

    Args:
        roles: What `listed_roles` returned.
        found: Names that are there.
        folder: The folder of the user.
        kind: As for `listed_roles`.
    """
    missing = sorted(set(roles) - set(found))
    if missing:
        raise ValueError(
            f"`data` must hold the annotations that ImageSets/{kind} lists. "
            f"Received: {str(folder)!r} without {missing[0]!r}, which "
            f"{roles[missing[0]]}.txt lists. Add it, or take it out of the "
            "list."
        )
