"""Lists of the names of classes that lie beside annotations."""

import pathlib

LISTS = ("classes.txt", "labels.txt", "obj.names")


def read_class_list(folder):
    """Returns the names of the classes that a file of a folder lists.

    Args:
        folder: The folder of the user. The file is one of `LISTS`, with a name
            on each line.

    Returns:
        A tuple of names, or None without such a file.

    Raises:
        ValueError: If a name is there twice, or there is none.
    """
    for name in LISTS:
        path = pathlib.Path(folder, name)
        if path.is_file():
            return checked_names(
                path.read_text("utf-8-sig", "replace").splitlines(), path
            )
    return None


def checked_names(names, path):
    """Returns names of classes as a tuple, without empty lines at the end.

    Raises:
        ValueError: If there is none, one is empty, or one is there twice.
    """
    names = [str(name).strip() for name in names]
    while names and not names[-1]:
        names.pop()
    twice = [name for name in names if names.count(name) > 1]
    wrong = None
    if not names:
        wrong = "which lists none"
    elif "" in names:
        wrong = f"whose line {names.index('') + 1} is empty"
    elif twice:
        wrong = f"which lists {twice[0]!r} twice"
    if wrong:
        raise ValueError(
            "The list of classes has a name for each class. Received: "
            f"{str(path)!r}, {wrong}. Write each name once, in the order of "
            "the indices."
        )
    return tuple(names)
