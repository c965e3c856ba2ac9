"""Walking a folder: what programs leave there, links, loops."""

import os

import pytest

from keras_papers.pipelines.data.folder_walk import (
    files_below,
    folders_in,
    holds_pictures,
    pictures_in,
)


def touch(root, *files):
    """Makes empty files and the folders that they need."""
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()


def below(folder):
    """Returns the files below a folder, relative to it."""
    return [os.path.relpath(file, folder) for file in files_below(folder)]


def test_what_programs_leave_is_never_data_at_any_depth(tmp_path):
    touch(
        tmp_path,
        "1.jpg",
        "more/2.jpg",
        "more/.ipynb_checkpoints/2-checkpoint.jpg",
        "more/@eaDir/2.jpg/SYNOPHOTO_THUMB.jpg",
        "__MACOSX/._1.jpg",
        "__MACOSX/1.jpg",
        ".thumbnails/large/1.png",
        ".git/objects/1",
        "$RECYCLE.BIN/3.jpg",
        "System Volume Information/3.jpg",
        "lost+found/3.jpg",
        "._1.jpg",
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
        "1.kpc",
    )
    assert below(tmp_path) == ["1.jpg", "more/2.jpg"]
    assert folders_in(tmp_path) == ["more"]
    assert pictures_in(tmp_path) == 1


def test_a_folder_of_data_may_lie_in_a_hidden_one(tmp_path):
    touch(tmp_path, ".cache/photos/1.jpg")
    assert below(tmp_path / ".cache" / "photos") == ["1.jpg"]


def test_links_to_pictures_and_folders_are_followed(tmp_path):
    touch(tmp_path, "store/1.jpg", "store/deep/2.jpg", "rose/3.jpg")
    (tmp_path / "rose" / "linked").symlink_to(tmp_path / "store")
    (tmp_path / "rose" / "4.jpg").symlink_to(tmp_path / "store" / "1.jpg")
    (tmp_path / "rose" / "5.jpg").symlink_to(tmp_path / "6.jpg")
    touch(tmp_path, "6.jpg")
    assert below(tmp_path / "rose") == [
        "3.jpg",
        "5.jpg",
        "linked/1.jpg",  # which is 4.jpg, too
        "linked/deep/2.jpg",
    ]
    (tmp_path / "tulip").symlink_to(tmp_path / "store")
    assert folders_in(tmp_path) == ["rose", "store", "tulip"]
    assert below(tmp_path / "tulip") == ["1.jpg", "deep/2.jpg"]


def test_loops_of_links_end_and_count_nothing_twice(tmp_path):
    touch(tmp_path, "rose/1.jpg", "rose/deep/2.jpg", "tulip/3.jpg")
    (tmp_path / "rose" / "all").symlink_to(tmp_path)
    (tmp_path / "rose" / "deep" / "up").symlink_to(tmp_path / "rose")
    (tmp_path / "rose" / "again").symlink_to(tmp_path / "rose" / "deep")
    (tmp_path / "rose" / "0.jpg").symlink_to(tmp_path / "rose" / "1.jpg")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert folders_in(tmp_path) == ["rose", "tulip"]
    assert below(tmp_path / "rose") == ["1.jpg", "deep/2.jpg"]
    assert below(tmp_path) == ["rose/1.jpg", "rose/deep/2.jpg", "tulip/3.jpg"]


def test_a_loop_by_way_of_another_folder_ends(tmp_path):
    touch(tmp_path, "data/rose/1.jpg", "data/tulip/3.jpg", "store/2.jpg")
    (tmp_path / "data" / "rose" / "store").symlink_to(tmp_path / "store")
    (tmp_path / "store" / "back").symlink_to(tmp_path / "data")
    assert below(tmp_path / "data" / "rose") == ["1.jpg", "store/2.jpg"]


def test_a_link_to_nothing_is_listed_and_a_pipe_is_not(tmp_path):
    touch(tmp_path, "1.jpg")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nothing")
    (tmp_path / "self.jpg").symlink_to(tmp_path / "self.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert below(tmp_path) == ["1.jpg", "gone.jpg", "self.jpg"]


def test_pictures_are_known_by_their_names(tmp_path):
    touch(tmp_path, "notes/readme.txt", "deep/er/photo.JPEG")
    assert not holds_pictures(tmp_path / "notes")
    assert holds_pictures(tmp_path)
    assert pictures_in(tmp_path) == 0


def test_a_folder_that_goes_away_is_named(tmp_path):
    with pytest.raises(ValueError, match="`data`.*Received.*gone.*No such"):
        files_below(tmp_path / "gone")
