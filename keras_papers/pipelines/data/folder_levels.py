"""Which folders hold the folders of the classes, and what each is for.

Names such as Training, seg_test or valid_images say what the pictures are for.
What can be read in two ways is refused with what was seen, or read in the way
that is likelier, with a note.
"""

import collections
import functools
import pathlib
import re
from typing import NamedTuple

from keras_papers.pipelines.data.folder_hints import look_around
from keras_papers.pipelines.data.folder_walk import (
    folders_in,
    hidden_folders_in,
    holds_pictures,
    pictures_in,
)

ROLES = {
    "train": "train training trn",
    "val": "val valid validation validate validating dev devel development",
    "test": "test testing tst eval evaluation evaluate holdout heldout",
    "unlabelled": "pred predict prediction predictions unlabeled unlabelled "
    "inference",
}
ROLE_OF = {
    word: role for role, words in ROLES.items() for word in words.split()
}
FILLERS = (
    "data dataset datasets set sets split splits seg images image imgs img "
    "photos photo pictures picture pics folder folders dir jpg jpeg png"
).split()
# One of each of these beside each other is data of another task.
INPUTS = frozenset("images image imgs img jpegimages photos pictures".split())
ANSWERS = frozenset(
    "masks mask labels label annotations annotation annots gt groundtruth "
    "segmentations segmentation segmentationclass segmentationobject trimaps "
    "bboxes boxes".split()
)
PICTURES = "a folder of pictures, or of a folder of pictures for each class"
DEEPEST = 4  # folders that hold one folder each, as archives are unpacked


class Levels(NamedTuple):
    """Where the folders of classes lie."""

    roots: dict  # "train", "val", "test": the folder that holds the classes
    notes: tuple  # sentences on what was left out or is read in a likely way


class _Folder:
    """A folder, and what lies in it."""

    def __init__(self, path):
        self.path = path
        self.names = folders_in(path)

    def inside(self, name):
        return _Folder(self.path / name)

    @functools.cached_property
    def direct(self):
        """How many pictures lie in it directly.

        A file without an ending counts in class folders only: beside them it
        is a LICENSE or a Makefile.
        """
        return pictures_in(self.path, with_ending=True)

    @functools.cached_property
    def inner(self):
        """Names of the folders that hold pictures at any depth."""
        return [n for n in self.names if holds_pictures(self.path / n)]


def find_levels(folder, classes=()):
    """Finds the folders that hold a folder for each class.

    Args:
        folder: The user's folder.
        classes: Names of classes, if they are known: a folder that holds one
            of them holds the classes.

    Returns:
        `Levels`. A folder that is not divided is that of `"train"`.

    Raises:
        ValueError: If `folder` is not a folder, or can be read in two ways.
    """
    check_is_folder(folder)
    notes = []
    roots = _roots(_Folder(pathlib.Path(folder)), classes, notes)
    for root in roots.values():
        _note_loose(root, notes)
        _note_hidden(root, notes)
    if "train" in roots and not classes:
        _check_classes(roots["train"], notes)
    return Levels({r: root.path for r, root in roots.items()}, tuple(notes))


def check_is_folder(folder, needs_classes=True):
    """Raises ValueError, with what is near, unless `folder` is one."""
    path = pathlib.Path(folder)
    if not path.is_dir():
        what = "a folder that holds a folder of images for each class"
        raise ValueError(
            f"`data` is {what if needs_classes else PICTURES}. "
            f"Received: data={str(path)!r}, which is no folder. "
            f"{look_around(path, needs_classes)}Check the path, or leave it "
            "out for the bundled digits."
        )


def role_of(name, fillers=()):
    """Returns what the pictures of a folder are for by its name, or None.

    Args:
        name: Name of the folder, such as `02_Training_Images`.
        fillers: Words to ignore, in addition to `FILLERS`.
    """
    fillers = _any_of([*FILLERS, *fillers])
    roles = _any_of(ROLE_OF)
    word = "".join(_words(name))
    found = re.fullmatch(f"{fillers}*({roles}){fillers}*", word)
    return found and ROLE_OF[found[1]]


def _words(name):
    return re.findall(r"[^\W\d_]+", name.lower())


def _any_of(words):
    """Returns a pattern of any of these words, the longest first."""
    longest_first = sorted(words, key=len, reverse=True)
    return f"(?:{'|'.join(map(re.escape, longest_first))})"


def _roles(names):
    """Returns the roles of folders beside each other, by their names."""
    counts = collections.Counter(
        word for name in names for word in set(_words(name)) - set(ROLE_OF)
    )
    # As `flowers` in flowers_train and flowers_test.
    shared = [word for word, count in counts.items() if count > 1]
    roles = {name: role_of(name, shared) for name in names}
    return {name: role for name, role in roles.items() if role}


def _roots(folder, classes, notes, depth=0):
    """Returns the folders of classes by their roles."""
    if any(name in classes for name in folder.names):
        return {"train": folder}
    roles = _roles(folder.names)
    divided = {role for n, role in roles.items() if folder.inside(n).inner}
    if "train" in divided or (divided and set(folder.inner) <= set(roles)):
        _note_loose(folder, notes)
        return _division(folder, roles, notes)
    _refuse_other_tasks(folder)
    if set(folder.inner) <= set(roles) and len(folder.inner) > 1:
        raise _refusal(
            folder,
            f"{_listed(folder.inner)}, in which pictures lie and no class "
            "folders",
            "Sort the pictures of each into folders of the classes. If these "
            "are the classes, rename them.",
        )
    if len(folder.names) == 1 and not folder.direct and depth < DEEPEST:
        only = folder.inside(folder.names[0])
        if only.inner and not only.direct:
            roots = _roots(only, classes, notes, depth + 1)
            if roots.get("train") is only:
                notes.append(
                    f"the classes are the folders in {str(only.path)!r}, the "
                    f"only folder in {str(folder.path)!r}"
                )
            return roots
    return {"train": folder}


def _division(folder, roles, notes):
    """Returns the folders of classes in folders of different roles."""
    others = [name for name in folder.inner if name not in roles]
    if others:
        raise _refusal(
            folder,
            f"{_listed(roles)}, and pictures beside them in {_listed(others)}",
            f"Move {_listed(others)} away, or name the folders train, val and "
            "test.",
        )
    roots = {}
    for role in ROLES:
        # An empty folder counts if it is the only one of its role.
        names = [name for name, this in roles.items() if this == role]
        names = [name for name in names if name in folder.inner] or names[:1]
        if len(names) > 1:
            raise _refusal(
                folder,
                f"{_listed(names)}, which are all for the part {role!r}",
                "Put their pictures together, or move all but one away.",
            )
        for name in names:
            roots[role] = folder.inside(name)
    unlabelled = roots.pop("unlabelled", None)
    if not roots:
        raise _refusal(
            folder,
            f"only {unlabelled.path.name!r}, which by its name holds pictures "
            "whose classes are not known",
            f"Pass {str(unlabelled.path)!r} if the folders in it are the "
            "classes.",
        )
    if unlabelled and unlabelled.path.name in folder.inner:
        notes.append(
            f"the pictures in {str(unlabelled.path)!r} are left out, for their "
            "classes are not known"
        )
    for role, root in roots.items():
        roots[role] = root = _unwrapped(root, role)
        if root.direct and not root.inner:
            raise _refusal(
                folder,
                f"{str(root.path)!r}, which has no class folder (number of "
                f"pictures: {root.direct:,})",
                "Sort them into folders of the classes, or move the folder "
                "away.",
            )
    return roots


def _unwrapped(root, role):
    """Returns the folder of classes in, say, train/train or train/images."""
    while len(root.names) == 1 and not root.direct:
        (name,) = root.names
        fillers = f"{_any_of(FILLERS)}+"
        named = role_of(name) == role or name == root.path.name
        named = named or re.fullmatch(fillers, "".join(_words(name)))
        inside = root.inside(name)
        if not named or not (inside.inner or inside.direct):
            break
        root = inside
    return root


def _refuse_other_tasks(folder):
    """Raises ValueError for images beside masks, boxes or the like."""
    kinds = set()
    for name in folder.names:
        words = set(_words(name)) - set(ROLE_OF)
        if not words or words - INPUTS - ANSWERS - set(FILLERS):
            return
        kinds.add("answer" if words & ANSWERS else "input")
    if len(kinds) > 1:
        raise _refusal(
            folder,
            f"{_listed(folder.names)}, as for finding or outlining things in "
            "pictures",
            "Pass the folder that holds folders of the classes, or rename "
            "these if they are classes.",
        )


def _check_classes(root, notes):
    """Looks at the folders that lie in the folders of classes."""
    inner = {name: root.inside(name).inner for name in root.names}
    inner = {name: names for name, names in inner.items() if names}
    seen = {}
    for name, names in inner.items():
        roles = set(_roles(names).values())
        if "train" in roles and roles & {"val", "test"}:
            raise _refusal(
                root,
                f"{name!r}, which holds {_listed(names)}",
                "Turn the levels round: train and test hold the folders of the "
                "classes.",
            )
        for other, others in seen.items():
            same = [n for n in names if n in others and _words(n)]
            if len(same) > 1:
                raise _refusal(
                    root,
                    f"{other!r} and {name!r}, which both hold folders called "
                    f"{_listed(same)}",
                    "If these are the classes, put the pictures of each into "
                    "one folder, or pass one of the folders that hold them.",
                )
        seen[name] = set(names)
    if inner:
        first = next(iter(inner))
        notes.append(
            "pictures in folders within a class count for it: "
            f"{str(root.path / first)!r} holds {_listed(inner[first])}"
            + (f", and {len(inner) - 1:,} more classes hold folders")
            * (len(inner) > 1)
        )


def _note_loose(root, notes):
    if root.direct and root.inner:
        are = "pictures lie" if root.direct > 1 else "picture lies"
        notes.append(
            f"{root.direct:,} {are} directly in {str(root.path)!r} and in no "
            "class, and will not be read"
        )


def _note_hidden(root, notes):
    hidden = hidden_folders_in(root.path)
    if hidden:
        notes.append(
            f"pictures in {_listed(hidden)} in {str(root.path)!r} will not be "
            "read, for the name begins with a dot; rename what is a class"
        )


def _refusal(folder, seen, advice):
    return ValueError(
        "`data` must hold a folder of pictures for each class, or folders "
        "train, val and test that do. "
        f"Received: data={str(folder.path)!r} with {seen}. {advice}"
    )


def _listed(names, most=6):
    names = [repr(name) for name in names]
    if len(names) > most:
        names = [*names[:most], f"{len(names) - most:,} more"]
    return " and ".join([", ".join(names[:-1]), names[-1]][len(names) < 2 :])
