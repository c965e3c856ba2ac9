"""YOLO: a text file for each picture, in `labels` or beside the picture.

A line has the index of the class and the box as shares of the sides of the
picture: the middle's x and y, width and height. Where data.yaml has a
`kpt_shape`, keypoints follow, and are left out. Else longer lines are outlines,
whose boxes are taken. A picture without a file shows no object.
"""

import os
import pathlib
import re

from keras_papers.pipelines.data.boxes.annotated import (
    Annotated,
    Annotations,
    missing_picture,
)
from keras_papers.pipelines.data.class_list import (
    LISTS,
    checked_names,
    read_class_list,
)
from keras_papers.pipelines.data.folder_levels import role_of
from keras_papers.pipelines.data.pairing import (
    key_of,
    pictures_by_key,
    role_of_key,
    words_of_folders,
)

NAME = "YOLO text"
YAMLS = (".yaml", ".yml")
LINE = re.compile(r"\s*\d+(\s+[-+.\deE]+){4,}\s*")


def annotation_files(files):
    """Returns the files of this format among others."""
    return [
        file
        for file in files
        if _may_be_annotation(file) and _is_annotation(file)
    ]


def _may_be_annotation(file):
    return file.lower().endswith(".txt") and os.path.basename(file) not in LISTS


def _is_annotation(file):
    with open(file, encoding="utf-8-sig", errors="replace") as opened:
        first = next((line for line in opened if line.strip()), None)
    if first is None:  # a picture without an object
        return "labels" in map(str.lower, pathlib.PurePath(file).parts[:-1])
    return LINE.fullmatch(first) is not None


def _answers(files, folder, pictures):
    """Returns the text files of a folder in this format, by their keys.

    One with a picture, or in a folder of labels, is of this format whatever is
    in it: what is wrong there is an error.

    Args:
        files: Paths.
        folder: The folder of the user.
        pictures: Dict of the pictures by their keys.
    """
    answers = {}
    for file in files:
        if not _may_be_annotation(file):
            continue
        key = key_of(file, folder)
        if key in pictures:
            answers[key] = file
        elif "labels" in words_of_folders(file, folder) or _is_annotation(file):
            raise missing_picture(file, f"{key}.jpg")
    return answers


def read(folder, files):
    """Reads the boxes of a folder; see `pascal_voc.read`."""
    settings = _settings(files)
    names = settings.names or read_class_list(folder)
    if names is None:
        raise ValueError(
            "`data` must list the names of the classes of YOLO text files. "
            f"Received: {str(folder)!r} without data.yaml and classes.txt. "
            "Write classes.txt, with a name on each line in the order of the "
            "indices."
        )
    pictures = pictures_by_key(files, folder)
    answers = _answers(files, folder, pictures)
    lines_of = {
        key: _lines(file, settings.keypoints) for key, file in answers.items()
    }
    outlines = [
        line
        for lines in lines_of.values()
        for line in lines
        if len(line[-1]) > 4
    ]
    _check_outlines(outlines)
    found = []
    for key, picture in pictures.items():
        file, lines = answers.get(key), lines_of.get(key, [])
        boxes = [_box(*line) for line in lines]
        found.append(
            Annotated(
                picture,
                file or picture,
                boxes,
                [_label(line, names) for line in lines],
                [False] * len(lines),
                settings.role_of(picture, folder) or role_of_key(key),
                are_shares=True,
            )
        )
    notes = ()
    if outlines:
        notes += (
            f"{len(outlines):,} lines of the text files have more numbers than "
            "a box and are taken for outlines, around which the boxes are; if "
            "these are keypoints, write their kpt_shape into data.yaml",
        )
    without = len(pictures) - len(answers)
    if without:
        notes += (
            f"{without:,} pictures have no text file, and count as pictures "
            "without objects",
        )
    return Annotations(found, names, notes)


def _lines(file, keypoints):
    """Returns file, number, class and numbers of the lines of a file.

    Args:
        file: The path.
        keypoints: How many numbers follow each box; they are left out.
    """
    text = pathlib.Path(file).read_text("utf-8-sig", "replace")
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        is_outline = not keypoints and len(words) >= 7 and len(words) % 2 == 1
        try:
            if len(words) != 5 + keypoints and not is_outline:
                raise ValueError
            numbers = [*map(float, words[1:])]
            label = int(words[0])
        except ValueError:
            more = f" and {keypoints} of keypoints" if keypoints else ""
            hint = ""
            if len(words) > 6 and not keypoints:
                hint = " if keypoints follow, write kpt_shape into data.yaml."
            raise ValueError(
                f"A YOLO text file has a class and four numbers{more} on each "
                f"line. Received: {str(file)!r}, line {number}: "
                f"{line[:60]!r}. Correct the line{';' if hint else '.'}{hint}"
            ) from None
        if keypoints:
            numbers = numbers[:4]
        elif lines and (len(numbers) == 4) != (len(lines[0][-1]) == 4):
            raise ValueError(
                "A YOLO text file has boxes or outlines, and not both. "
                f"Received: {str(file)!r}, line {number}, with {len(numbers)} "
                f"numbers behind the class, after {len(lines[0][-1])}. Write "
                "all as boxes; if the longer lines have keypoints, write their "
                "kpt_shape into data.yaml."
            )
        lines.append((file, number, label, numbers))
    return lines


def _check_outlines(lines):
    """Raises ValueError if all are boxes with keypoints and their visibility.

    The numbers of a visibility are 0, 1 or 2; a point of an outline may have
    them, too, but not each.
    """
    if lines and all(
        len(numbers) % 3 == 1 and set(numbers[6::3]) <= {0, 1, 2}
        for *_, numbers in lines
    ):
        file, number, _, numbers = lines[0]
        raise ValueError(
            "data.yaml has the kpt_shape of YOLO text files with keypoints. "
            f"Received: {str(file)!r}, line {number}, of a box and what looks "
            f"like {len(numbers) // 3 - 1} keypoints, without it. Write "
            f"kpt_shape: [{len(numbers) // 3 - 1}, 3]."
        )


def _box(file, number, label, numbers):
    if len(numbers) > 4:
        across, down = numbers[::2], numbers[1::2]
        return min(across), min(down), max(across), max(down)
    x, y, width, height = numbers
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _label(line, names):
    file, number, label, _ = line
    if not 0 <= label < len(names):
        raise ValueError(
            "`data` must hold boxes of the classes that are listed. Received: "
            f"{str(file)!r}, line {number}, with class {label}, and the "
            f"{len(names):,} classes are {list(names)}. Add the class, or "
            "correct the line."
        )
    return names[label]


class _Settings:
    """What data.yaml says of classes, folders of the parts, and keypoints."""

    def __init__(self, names=None, folders=(), keypoints=0):
        self.names = names  # of the classes
        self.folders = folders  # pairs of a folder in that of the user and role
        self.keypoints = keypoints  # numbers behind each box

    def role_of(self, picture, folder):
        """Returns the part that a picture is in by data.yaml, or None."""
        place = f"/{os.path.relpath(picture, folder)}".replace(os.sep, "/")
        for below, role in self.folders:
            if f"/{below}/" in place:
                return role
        return None


def _settings(files):
    """Reads the YAML file that lists the classes.

    Of YAML it takes what these files are made of: a key with a text, with a
    list in brackets or by dashes, or with numbered lines.
    """
    found = []
    for file in files:
        if file.lower().endswith(YAMLS):
            values = _yaml(pathlib.Path(file).read_text("utf-8-sig", "replace"))
            if "names" in values:
                found.append((file, values))
    if len(found) > 1:
        raise ValueError(
            "`data` must hold one YAML file that lists the classes. Received: "
            f"{found[0][0]!r} and {found[1][0]!r}. Move one of them away."
        )
    if not found:
        return _Settings()
    ((file, values),) = found
    names = checked_names(_in_order(values["names"], file), file)
    folders = []
    for key, value in values.items():
        role = role_of(key)
        for place in [value] if isinstance(value, str) else value:
            if not role or not place or not isinstance(place, str):
                continue
            if place.endswith(".txt"):
                raise ValueError(
                    "`data` must hold the pictures of each part in a folder. "
                    f"Received: {str(file)!r} with the list {key}: {place}. "
                    "Sort the pictures into folders train, val and test."
                )
            below = re.sub(r"^(\.{0,2}/)+", "", place.replace("\\", "/"))
            folders.append((below.strip("/"), role))
    return _Settings(names, folders, _keypoints(values, file))


def _keypoints(values, file):
    """Returns how many numbers of keypoints follow each box."""
    shape = values.get("kpt_shape")
    if shape is None:
        return 0
    try:
        points, numbers = map(int, [shape] if isinstance(shape, str) else shape)
    except (TypeError, ValueError):
        raise ValueError(
            "kpt_shape is the number of keypoints and that of the numbers of "
            f"each. Received: {str(file)!r} with kpt_shape: {shape!r}. Write "
            "it as: kpt_shape: [17, 3]."
        ) from None
    return points * numbers


def _in_order(names, file):
    """Returns names in the order of their numbers, if they are numbered."""
    if isinstance(names, str):
        return [names]
    numbers = [name[0] for name in names if isinstance(name, tuple)]
    if not numbers:
        return names
    if sorted(numbers) != sorted(map(str, range(len(names)))):
        raise ValueError(
            "The numbers of the names of classes are 0, 1 and so on, each "
            f"once. Received: {str(file)!r}, which has {', '.join(numbers)}. "
            "Write a name for each number."
        )
    return [name for _, name in sorted(names, key=lambda each: int(each[0]))]


def _yaml(text):
    """Returns the keys of a simple YAML file with texts or lists of texts.

    In a list, a text with a number or a key is a pair of both.
    """
    values, key = {}, None
    # A list in brackets may take several lines.
    text = re.sub(r"\[[^]]*\]", lambda found: " ".join(found[0].split()), text)
    for line in text.splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).rstrip()
        if not line:
            continue
        inner = re.fullmatch(r"\s*-\s+(.*)|\s+(\d+)\s*:\s*(.*)", line)
        if inner and key is not None:
            if not isinstance(values[key], list):
                values[key] = []
            number, item = inner[2], _plain(inner[1] or inner[3])
            values[key].append((number, item) if number else item)
            continue
        outer = re.fullmatch(r"(\w+)\s*:\s*(.*)", line)
        if not outer:
            continue
        key, value = outer[1], outer[2].strip()
        if value.startswith("{"):
            items = value.strip("{}").split(",")
            pairs = [each.partition(":") for each in items if each.strip()]
            values[key] = [(_plain(n), _plain(text)) for n, _, text in pairs]
        elif value.startswith("["):
            items = value.strip("[]").split(",")
            values[key] = [_plain(each) for each in items if each.strip()]
        else:
            values[key] = _plain(value)
    return values


def _plain(text):
    return text.strip().strip("'\"")
