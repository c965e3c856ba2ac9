"""Pictures that are the same file, to the byte, as another.

A picture that was saved again has other bytes, and is not found.
"""

import collections
from typing import NamedTuple

NAMED = 3  # of each kind in a sentence


class Duplicates(NamedTuple):
    """Files of the same bytes in a set of pictures."""

    groups: tuple = ()  # of two paths or more: all that are the same
    # (part, path, path that a model is trained or chosen by); the part is
    # without them.
    leaks: tuple = ()
    conflicts: tuple = ()  # those of the groups that lie in two classes

    @property
    def copies(self):
        """How many of the files could be left out without a loss."""
        return sum(len(group) - 1 for group in self.groups)


def find_duplicates(train, validation, test):
    """Finds the pictures of a set, or of its parts, that are the same.

    Args:
        train: The `Part` to train on, of files.
        validation: The `Part` that is watched.
        test: The `Part` to measure on.
    """
    parts = {"train": train, "validation": validation, "test": test}
    same, leaks = collections.defaultdict(list), []
    for name, part in parts.items():
        files = zip(part.files, part.labels, part.hashes, strict=True)
        for file, label, digest in files:
            before = [found for found in same[digest] if found[0] != name]
            if before:
                leaks.append((name, file, before[0][1]))
            same[digest].append((name, file, label))
    groups = [found for found in same.values() if len(found) > 1]
    return Duplicates(
        tuple(tuple(file for _, file, _ in group) for group in groups),
        tuple(leaks),
        tuple(
            tuple(file for _, file, _ in group)
            for group in groups
            if len({label for *_, label in group}) > 1
        ),
    )


def describe(duplicates, validation, test):
    """Returns sentences on duplicates in a set.

    Args:
        duplicates: `Duplicates` of the set.
        validation: The `Part` that is watched, with what is left out of it.
        test: The `Part` to measure on, with what is left out of it.
    """
    sentences = []
    for part, size, what, where in (
        ("validation", len(validation), "to watch", "to train on"),
        ("test", len(test), "held out", "to train on or to watch"),
    ):
        pairs = [pair for name, *pair in duplicates.leaks if name == part]
        if pairs:
            named = [f"{file} is {other}" for file, other in pairs]
            sentences.append(
                f"{len(pairs):,} of the {size:,} pictures {what} are among "
                f"those {where}, and are left out, for the accuracy on them "
                f"would be too high: {_some(named)}"
            )
    if duplicates.conflicts:
        named = [" is ".join(group) for group in duplicates.conflicts]
        sentences.append(
            f"the same picture lies in folders of several classes, "
            f"{len(named):,} times: {_some(named)}"
        )
    if not duplicates.leaks and duplicates.groups:
        copies = duplicates.copies
        are = "pictures are copies" if copies > 1 else "picture is a copy"
        named = [" is ".join(group) for group in duplicates.groups]
        sentences.append(
            f"{copies:,} {are} of others, and all copies of a picture are in "
            f"the same part: {_some(named)}"
        )
    return sentences


def _some(named):
    more = len(named) - NAMED
    return "; ".join(named[:NAMED]) + f"; and {more:,} more" * (more > 0)
