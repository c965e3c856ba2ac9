"""The split manifest: which pictures a model was trained on.

It lies beside the models of a training or a search, and lists these, too. A
picture or a model is known by the hash of its content: a copy in another
folder is the same, and another model of the same name is not.
"""

import dataclasses
import hashlib
import json
import os
import pathlib
import warnings
from typing import NamedTuple

import numpy as np

from keras_papers.files.drafts import draft_of
from keras_papers.pipelines.data.duplicates import find_duplicates

SPLIT = "split.json"
PARTS = ("train", "validation", "test")  # of a picture in two the first counts
NEW = "new"  # of pictures that are in none


class Split(NamedTuple):
    """How the pictures of a training or a search were divided."""

    data: str | None  # the folder; None for the bundled digits
    seed: int
    run: dict  # command, arguments and versions of the job that drew it
    # Of each of `PARTS`: dict of hashes by their paths in the folder, or a
    # list of hashes for images that are no files.
    parts: dict
    models: list = []  # hashes of the model files that it holds for

    def part_of(self):
        """Returns a dict of the part by the hash of a picture."""
        return {
            digest: name
            for name in reversed(PARTS)
            for digest in _hashes(self.parts[name])
        }

    def in_a_line(self):
        """Returns the numbers of pictures, and a hash of which these are."""
        listed = [sorted(_hashes(self.parts[name])) for name in PARTS]
        digest = hashlib.sha256(json.dumps(listed).encode()).hexdigest()
        return "{} to train on, {} to watch, {} held out, SHA-256 {}".format(
            *map(len, listed), digest[:12]
        )

    def with_pictures_of(self, other):
        """Returns the split with the pictures added that only another lists."""
        known = self.part_of()
        parts = {}
        for name in PARTS:
            more = other.parts[name]
            if isinstance(more, dict):
                more = {
                    os.path.join(other.data or "", path): digest
                    for path, digest in more.items()
                    if digest not in known
                }
            parts[name] = _merged(self.parts[name], more)
        return self._replace(parts=parts, models=[])

    def save_for(self, files, path):
        """Writes it for model files, beside those that it already holds for.

        Args:
            files: Paths of the model files.
            path: Where to write. What it lists there of other pictures is
                replaced.
        """
        was = load_split(path) if path.is_file() else None
        known = was.models if was and was.parts == self.parts else []
        hashes = map(_hash_of, files)
        split = self._replace(models=list(dict.fromkeys([*known, *hashes])))
        split.save(path)

    def save(self, path):
        """Writes it as JSON, whole or not at all."""
        fields = {**self._asdict(), **self.parts}
        del fields["parts"]
        with draft_of(path) as draft:
            draft.write_text(json.dumps(fields, indent=1) + "\n")


class Seen(NamedTuple):
    """How many pictures of a folder a model has seen, and how."""

    held_out: int  # neither trained on nor chosen by, and tested on
    new: int  # that its training did not have
    trained_on: int
    watched: int  # while it was trained, or to choose it among others

    @property
    def are_all(self):
        """Whether the model has seen every one."""
        return not self.held_out + self.new


def described(counts):
    """Returns which examples are counted, and which are left out, as texts.

    Either is empty where there is nothing to add.

    Args:
        counts: `Seen`, or None if it is not known.
    """
    if counts is None:
        return "", ""
    if counts.are_all:
        return " that it was trained on or chosen by", ""
    left_out = {
        "that it was trained on": counts.trained_on,
        "that it was watched by": counts.watched,
    }
    parts = [f"{n:,} {what}" for what, n in left_out.items() if n]
    return "", f"without {' and '.join(parts)}" if parts else ""


def split_of(images, data, seed, run):
    """Returns the `Split` of an `ImageSet`.

    Args:
        images: An `ImageSet`.
        data: The folder of its files, to which their paths are relative; None
            for images that are no files.
        seed: That drew it.
        run: What `run_record` returned.
    """
    parts = {name: _listed(getattr(images, name), data) for name in PARTS}
    data = None if data is None else os.path.abspath(data)
    return Split(data, int(seed), run, parts)


def pass_on(split, output, model, images=None):
    """Lists beside a file what it was trained on.

    The list of its folder gets the file where it is of the same pictures; else
    the file gets a list of its own.

    Args:
        split: The `Split` of the model that the file was made of, or None.
        output: Path of the file.
        model: Path of the model's file.
        images: An `ImageSet` that it was trained on since, or None.
    """
    if split is None:
        return  # no list that lies there holds for a new file
    output = pathlib.Path(output).resolve()
    own, shared = _places(output)
    if images is not None:
        more = split_of(images, None, split.seed, split.run)
        split = split.with_pictures_of(more)
    beside = output.parent == pathlib.Path(model).resolve().parent
    if beside and shared.is_file() and load_split(shared).parts == split.parts:
        split.save_for([output], shared)
    else:
        split.save_for([output], own)


def split_beside(model):
    """Returns the `Split` of a model's file, or None where none lists it.

    Raises:
        ValueError: If it cannot be read.
    """
    splits = [load_split(path) for path in _places(model) if path.is_file()]
    digest = _hash_of(model) if splits else None
    return next((each for each in splits if digest in each.models), None)


def load_split(path):
    """Reads a `Split`; raises ValueError if it cannot be."""
    try:
        fields = json.loads(path.read_text())
        parts = {name: fields.pop(name) for name in PARTS}
        for part in (*parts.values(), fields["models"]):
            _hashes(part)
        return Split(**fields, parts=parts)
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise ValueError(
            f"A {SPLIT} lists the examples that a model was trained on. "
            f"Received: {str(path)!r}, which is damaged ({error!r}). Put the "
            "file back, or remove it; then it is not known which they are."
        ) from None


def parts_of(split, hashes):
    """Returns the part of each picture; `NEW` for those not listed."""
    part_of = split.part_of()
    return np.array([part_of.get(digest, NEW) for digest in hashes], object)


def seen(parts):
    """Counts as `Seen` what `parts_of` returned."""
    names = "test", NEW, "train", "validation"
    return Seen(*(int(np.sum(parts == name)) for name in names))


def unseen(part, split, model):
    """Returns the pictures that a model may be judged by, and the counts.

    Args:
        part: A `Part`.
        split: The `Split` beside the model, or None.
        model: Path of the model's file.

    Returns:
        A `Part`, all of it where the model has seen every picture or that is
        not known; and the `Seen` of the whole, None if it is not known.

    Warns:
        UserWarning: If it has, or it is not known.
    """
    parts = None if split is None else parts_of(split, part.hashes)
    judges, counts = judging(parts, model)
    return (part if judges is None else part[judges]), counts


def judging(parts, model, what="pictures"):
    """Returns which examples a model may be judged by, and the counts.

    Args:
        parts: What `parts_of` returned, or None without a split.
        model: Path of the model's file.
        what: What the examples are, in the plural.

    Returns:
        An array of bools, None for all where the model has seen every one or
        that is not known; and the `Seen` of all, None if it is not known.

    Warns:
        UserWarning: If it has, or it is not known.
    """
    if parts is None:
        warn_of_unknown(model, what)
        return None, None
    judges = (parts == "test") | (parts == NEW)
    if not judges.any():
        warn_of_seen(model, what)
        return None, seen(parts)
    return judges, seen(parts)


def warn_of_unknown(model, what="pictures"):
    warnings.warn(
        f"no {SPLIT} beside {model} lists it, so it is not known whether it "
        f"was trained on these {what}; its figures on those it was trained "
        "on are no estimate of those on new ones",
        UserWarning,
        stacklevel=3,
    )


def warn_of_seen(model, what="pictures"):
    warnings.warn(
        f"{model} was trained on all of these {what} or chosen by them, as "
        f"the {SPLIT} beside it lists; its figures on them are no estimate of "
        "those on new ones",
        UserWarning,
        stacklevel=3,
    )


def join(images):
    """Returns all images of an `ImageSet` as one `Part`."""
    first, *others = (getattr(images, name) for name in PARTS)
    return first.joined(*others)


def divided_as(split, images, with_new):
    """Divides pictures as the split of an earlier job did.

    Args:
        split: A `Split`.
        images: An `ImageSet`, as it would be divided without that.
        with_new: Whether pictures that the split does not list are kept, in
            the part where they are; else they are left out.

    Returns:
        An `ImageSet`.
    """
    whole = join(images)
    parts = parts_of(split, whole.hashes)
    if with_new:
        sizes = [len(getattr(images, name)) for name in PARTS]
        was = np.repeat(np.array(PARTS, object), sizes)
        parts = np.where(parts == NEW, was, parts)
    divided = {name: whole[parts == name] for name in PARTS}
    if whole.files is not None:
        divided["duplicates"] = find_duplicates(**divided)
    return dataclasses.replace(images, **divided)


def _listed(part, data):
    if part.files is None:
        return part.hashes.tolist()
    paths = map(os.path.abspath, part.files)
    if data is not None:
        paths = (os.path.relpath(file, data) for file in part.files)
    return dict(zip(paths, part.hashes.tolist(), strict=True))


def _places(model):
    """Returns where a model's own list and that of its folder may lie."""
    model = pathlib.Path(model)
    return model.with_suffix(f".{SPLIT}"), model.with_name(SPLIT)


def _hash_of(file):
    return hashlib.sha256(pathlib.Path(file).read_bytes()).hexdigest()


def _hashes(part):
    return list(part.values() if isinstance(part, dict) else part)


def _merged(part, more):
    if isinstance(part, dict) and isinstance(more, dict):
        return {**more, **part}
    return list(dict.fromkeys([*_hashes(part), *_hashes(more)]))
