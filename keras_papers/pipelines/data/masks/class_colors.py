"""Tables of the colors that stand for classes in masks."""

import pathlib
import re
from typing import NamedTuple

from keras_papers.pipelines.data.class_list import checked_names

# Names of such files; CVAT, CamVid and others write them.
TABLES = (
    "class_dict.csv",
    "classes.csv",
    "labelmap.txt",
    "label_colors.txt",
    "colors.txt",
)
IGNORED = frozenset(("void", "ignore", "ignored"))
COLOR = re.compile(r"\b(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})\b")


class ClassColors(NamedTuple):
    """The colors of a table."""

    names: tuple  # of the classes, in the order of their indices
    # Index of the class, or `IGNORE` of a color that stands for none, by the
    # color as (red, green, blue).
    indices: dict
    file: str


def read_class_colors(folder, ignore):
    """Reads the color table of a folder, a file of one of `TABLES`.

    A line has the name of a class and three numbers, in any order, as
    `car,64,0,128`, `car:64,0,128::` and `64 0 128 car`. Classes that are called
    void or ignore count as no class.

    Args:
        folder: The folder of the user.
        ignore: Index of pixels of no class.

    Returns:
        `ClassColors`, or None without such a file.

    Raises:
        ValueError: If a line is none of this kind, or a color or a name is
            there twice.
    """
    for name in TABLES:
        path = pathlib.Path(folder, name)
        if path.is_file():
            return _parsed(path, ignore)
    return None


def _parsed(path, ignore):
    rows = []
    lines = path.read_text("utf-8", "replace").splitlines()
    for number, line in enumerate(lines, 1):
        line = line.partition("#")[0].strip()
        found = COLOR.search(line)
        if found is None:
            if not line or number == 1:  # the heads of the columns
                continue
            raise _wrong(path, f"line {number}: {line[:60]!r}")
        color = tuple(map(int, found.groups()))
        name = line.replace(found[0], "").strip(" \t:,;")
        if max(color) > 255 or not name:
            raise _wrong(path, f"line {number}: {line[:60]!r}")
        if color in [known for _, known in rows]:
            raise _wrong(path, f"the color {color} twice")
        rows.append((name, color))
    classes = [name for name, _ in rows if name.lower() not in IGNORED]
    names = checked_names(classes, path)
    indices = {
        color: names.index(name) if name in names else ignore
        for name, color in rows
    }
    return ClassColors(names, indices, str(path))


def _wrong(path, what):
    return ValueError(
        "A color table has the name of a class and its color on each line. "
        f"Received: {str(path)!r} with {what}. Write it as: car,64,0,128."
    )
