"""Folders of pictures: what is found, divided, left out, refused."""

import hashlib
import struct

import numpy as np
import pytest
from PIL import Image

from keras_papers.pipelines.picture_folder import load_folder
from tests.pipelines.conftest import paint


def sets(found):
    return [
        set(part.files) for part in (found.train, found.validation, found.test)
    ]


def test_no_picture_has_two_purposes(photos):
    found = load_folder(photos, seed=0)
    train, validation, test = sets(found)
    assert (len(train), len(validation), len(test)) == (14, 2, 4)
    assert len(train | validation | test) == 20
    assert found.names == ("bright", "dark")
    for part in (found.train, found.validation, found.test):
        for file, label in zip(part.files, part.labels, strict=True):
            assert f"/{found.names[label]}/" in file


def test_the_seed_draws_what_is_held_out(photos):
    assert sets(load_folder(photos, 1)) == sets(load_folder(photos, 1))
    assert sets(load_folder(photos, 1)) != sets(load_folder(photos, 2))


def test_a_rare_class_is_held_out_too(tmp_path):
    paint(tmp_path, ["often"], 48)
    paint(tmp_path, ["rare"], 5)
    found = load_folder(tmp_path, seed=0)
    parts = (found.train, found.validation, found.test)
    counts = [np.bincount(part.labels).tolist() for part in parts]
    assert counts == [[36, 3], [2, 1], [10, 1]]


def test_folders_that_are_divided_stay_so(tmp_path):
    for split in ("train", "val", "test"):
        paint(tmp_path / split, ["a", "b"], 3)
    found = load_folder(tmp_path, seed=0)
    for part, split in (
        (found.train, "train"),
        (found.validation, "val"),
        (found.test, "test"),
    ):
        assert len(part) == 6
        assert all(f"/{split}/" in file for file in part.files)


def test_without_val_a_twentieth_of_train_is_watched(tmp_path):
    paint(tmp_path / "train", ["a", "b"], 10)
    paint(tmp_path / "test", ["a", "b"], 3)
    train, validation, test = sets(load_folder(tmp_path, seed=0))
    assert (len(train), len(validation), len(test)) == (18, 2, 6)
    assert not train & validation


def test_classes_may_be_called_train_and_test(tmp_path):
    paint(tmp_path, ["train", "plane"], 5)
    assert load_folder(tmp_path, seed=0).names == ("plane", "train")


def test_what_cannot_be_read_is_named_and_left_out(tmp_path):
    paint(tmp_path, ["a", "b"], 6)
    good = (tmp_path / "a" / "0.png").read_bytes()
    (tmp_path / "a" / "cut.png").write_bytes(good[:99])
    (tmp_path / "b" / "notes.txt").write_text("milk")
    (tmp_path / "b" / ".DS_Store").write_text("the file manager's")
    with pytest.warns(UserWarning, match="2 files.*cut.png.*notes.txt"):
        found = load_folder(tmp_path, seed=0)
    assert [file.rpartition("/")[2] for file, _ in found.skipped] == [
        "cut.png",
        "notes.txt",
    ]
    assert all(reason for _, reason in found.skipped)
    assert sum(map(len, sets(found))) == 12
    with pytest.raises(ValueError, match="strict.*2 files.*cut.png"):
        load_folder(tmp_path, seed=0, strict=True)


def test_a_reader_of_pillows_may_fail_as_it_likes(tmp_path):
    """Of a .dds file whose pixels have no format with a NotImplementedError."""
    paint(tmp_path, ["a", "b"], 6)
    sizes = (124, 4103, 4, 4, 0, 0, 0)
    head = struct.pack("<4s7I44x8I20x", b"DDS ", *sizes, 32, *[0] * 7)
    (tmp_path / "a" / "odd.dds").write_bytes(head)
    with pytest.warns(UserWarning, match="odd.dds .*pixel format"):
        load_folder(tmp_path, seed=0)


def test_many_files_that_cannot_be_read_are_named_in_part(tmp_path):
    paint(tmp_path, ["a", "b"], 6)
    for index in range(7):
        (tmp_path / "a" / f"note{index}.txt").write_text("milk")
    with pytest.warns(UserWarning, match=r"7 files.*note4.txt \(.*, 2 more$"):
        load_folder(tmp_path, seed=0)


def test_a_folder_within_a_class_belongs_to_it(tmp_path):
    paint(tmp_path, ["a", "b"], 5)
    paint(tmp_path / "b", ["more"], 5)
    assert sum(map(len, sets(load_folder(tmp_path, seed=0)))) == 15


@pytest.mark.parametrize(
    "classes, message",
    [
        ({}, "two classes or more.*folders \\[\\]"),
        ({"only": 9}, "two classes or more.*'only'"),
        ({"a": 9, "empty": 0}, "5 pictures or more.*'empty'"),
        ({"a": 9, "few": 4}, "5 pictures or more.*'few'"),
    ],
)
def test_too_little_is_refused(classes, message, tmp_path):
    for name, number in classes.items():
        paint(tmp_path, [name], number)
    with pytest.raises(ValueError, match=f"`data`.*{message}"):
        load_folder(tmp_path, seed=0)


def test_another_class_in_val_is_refused(tmp_path):
    paint(tmp_path / "train", ["a", "b"], 5)
    paint(tmp_path / "val", ["a", "c"], 5)
    with pytest.raises(ValueError, match=r"same classes.*\['c'\]"):
        load_folder(tmp_path, seed=0)


def test_a_broken_picture_among_photos_is_one_of_pillow(tmp_path):
    """A JPEG that breaks off late: the head alone would pass."""
    paint(tmp_path, ["a", "b"], 6)
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    path = tmp_path / "a" / "late.jpg"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.warns(UserWarning, match="1 file cannot be read"):
        ((file, reason),) = load_folder(tmp_path, seed=0).skipped
    assert file == str(path) and "truncated" in reason


def test_each_picture_comes_with_the_hash_of_its_file(photos):
    found = load_folder(photos, seed=0)
    for part in (found.train, found.validation, found.test, found.train[3:5]):
        assert len(part.hashes) == len(part)
        for file, digest in zip(part.files, part.hashes, strict=True):
            with open(file, "rb") as picture:
                content = picture.read()
            assert digest == hashlib.sha256(content).hexdigest()
