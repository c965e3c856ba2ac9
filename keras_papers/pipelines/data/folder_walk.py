"""What lies in a folder of the user's, without what programs leave there."""

import os
import re

# Of file managers, network drives and archivers. Names that begin with a dot
# are left out in any case.
FOREIGN = frozenset(
    (
        "__macosx",
        "__pycache__",
        "@eadir",
        "@recycle",
        "@tmp",
        "#recycle",
        "#snapshot",
        "$recycle.bin",
        "recycler",
        "system volume information",
        "lost+found",
        "network trash folder",
        "temporary items",
        "desktop.ini",
        "thumbs.db",
        "ehthumbs.db",
        "icon\r",
    )
)
CODES_FILE = ".kpc"  # ending of what `compress` writes, beside the picture
# Folders of programs that may hold pictures, with a dot.
HIDDEN = frozenset(
    ".appledouble .cache .config .dropbox.cache .dvc .fseventsd .git .github "
    ".hg .huggingface .idea .ipynb_checkpoints .local .picasaoriginals "
    ".pytest_cache .ruff_cache .snapshot .snapshots .spotlight-v100 .stfolder "
    ".stversions .svn .temporaryitems .thumbnails .thumbs .tmp .tox .trash "
    ".trashes .venv .vscode .@__thumb".split()
)
ENDINGS = frozenset(  # of pictures; "" since some have none
    " .avif .bmp .dib .gif .heic .heif .j2k .jfif .jp2 .jpe .jpeg .jpg .pbm "
    ".pfm .pgm .png .pnm .ppm .tga .tif .tiff .webp".split(" ")
)


def is_foreign(name):
    """Returns whether a file or folder is of a program, and not the user's."""
    name = name.lower()
    is_program = name.startswith((".", "~$")) or name in FOREIGN
    return is_program or name.endswith(CODES_FILE)


def is_picture_name(name):
    """Returns whether the name of a file is that of a picture."""
    return os.path.splitext(name)[1].lower() in ENDINGS


def folders_in(folder):
    """Returns the sorted names of the folders that lie in a folder."""
    return sorted(entry.name for entry in _entries(folder) if _is_dir(entry))


def hidden_folders_in(folder):
    """Returns the sorted names of folders of pictures that begin with a dot.

    Those that programs are known to leave are not among them.
    """
    with os.scandir(folder) as found:
        hidden = [
            entry
            for entry in found
            if re.match(r"\.[^.~_]", entry.name)
            and not entry.name.lower().startswith(".trash-")
            and entry.name.lower() not in HIDDEN
            and _is_dir(entry)
            and os.access(entry.path, os.R_OK | os.X_OK)
        ]
    return sorted(
        entry.name
        for entry in hidden
        if pictures_in(entry.path, with_ending=True)
    )


def pictures_in(folder, with_ending=False):
    """Returns how many files in a folder have names of pictures.

    Args:
        folder: The folder.
        with_ending: Whether to leave out files whose names have no ending.
    """
    return sum(
        is_picture_name(entry.name)
        and not _is_dir(entry)
        and (not with_ending or os.path.splitext(entry.name)[1] != "")
        for entry in _entries(folder)
    )


def holds_pictures(folder):
    """Returns whether a file with the name of a picture lies at any depth."""
    return any(is_picture_name(entry.name) for entry in _files(folder))


def files_below(folder):
    """Returns the sorted paths of the files at any depth.

    Links are followed, but for those to `folder` and what holds it. Each file
    is listed once, under its own name or, if that is elsewhere, that of a link.
    A link to nothing is listed, a pipe or a device is not.
    """
    own, linked = [], {}
    for entry in _files(folder):
        if entry.is_symlink():
            linked.setdefault(os.path.realpath(entry.path), entry.path)
        else:
            own.append(entry.path)
    if linked:
        for path in own:
            linked.pop(os.path.realpath(path), None)
    return sorted([*own, *linked.values()])


def _files(folder):
    """Yields the entries of files, the folders behind links last."""
    own, links, seen = [os.fspath(folder)], [], set()
    root = os.path.realpath(folder)
    while own or links:
        here = (own or links).pop(0)
        real = os.path.realpath(here)
        if real in seen or (real != root and _lies_in(root, real)):
            continue
        seen.add(real)
        for entry in sorted(_entries(here), key=lambda entry: entry.name):
            if _is_dir(entry):
                (links if entry.is_symlink() else own).append(entry.path)
            elif _is_file(entry):
                yield entry


def _entries(folder):
    """Returns the entries of a folder, without links to what holds it."""
    try:
        with os.scandir(folder) as found:
            entries = [entry for entry in found if not is_foreign(entry.name)]
    except OSError as error:
        raise ValueError(
            "`data` must be a folder that can be read, with all that is in it. "
            f"Received: {str(folder)!r} ({error.strerror}). Check who may read "
            "it, or remove it."
        ) from error
    return [entry for entry in entries if not _leads_back(entry)]


def _leads_back(entry):
    """Returns whether an entry is a link to a folder in which it lies."""
    if not entry.is_symlink():
        return False
    holder = os.path.realpath(os.path.dirname(entry.path))
    return _lies_in(holder, os.path.realpath(entry.path))


def _lies_in(path, folder):
    return os.path.join(path, "").startswith(os.path.join(folder, ""))


def _is_dir(entry):
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_file(entry):
    try:
        # Reading a link to nothing gives the reason.
        return entry.is_file() or not os.path.exists(entry.path)
    except OSError:
        return True
