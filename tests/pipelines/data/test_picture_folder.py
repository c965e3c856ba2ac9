"""Folders of pictures: what is found, divided, left out, refused."""

import hashlib
import shutil
import struct
import warnings

import numpy as np
import pytest
from PIL import Image

from keras_papers.pipelines.data.image_set import Part, divide
from keras_papers.pipelines.data.picture_folder import (
    check_folder,
    load_folder,
    load_test_folder,
)
from tests.support.photos import paint


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
    paint(tmp_path, ["rare"], 5, seed=1)
    found = load_folder(tmp_path, seed=0)
    parts = (found.train, found.validation, found.test)
    counts = [np.bincount(part.labels).tolist() for part in parts]
    assert counts == [[36, 3], [2, 1], [10, 1]]


def test_folders_that_are_divided_stay_so(tmp_path):
    for seed, split in enumerate(("train", "val", "test")):
        paint(tmp_path / split, ["a", "b"], 3, seed)
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
    paint(tmp_path / "test", ["a", "b"], 3, seed=1)
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
    paint(tmp_path / "b", ["more"], 5, seed=1)
    with pytest.warns(UserWarning, match="within a class.*'more'"):
        found = load_folder(tmp_path, seed=0)
    assert sum(map(len, sets(found))) == 15


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


def test_what_an_editor_copies_of_test_pictures_is_not_trained_on(tmp_path):
    paint(tmp_path, ["a", "b"], 6)
    for folder in ("a/.ipynb_checkpoints", "b/@eaDir/1.png", "__MACOSX/a"):
        (tmp_path / folder).mkdir(parents=True)
        shutil.copy(tmp_path / "a" / "0.png", tmp_path / folder)
    found = load_folder(tmp_path, seed=0)
    assert found.names == ("a", "b")
    assert sum(map(len, sets(found))) == 12
    assert not found.duplicates.groups


def test_a_link_to_nothing_is_named_and_left_out(tmp_path):
    paint(tmp_path, ["a", "b"], 6)
    (tmp_path / "a" / "gone.png").symlink_to(tmp_path / "nothing")
    with pytest.warns(UserWarning, match="gone.png .No such file"):
        load_folder(tmp_path, seed=0)


def test_pictures_of_test_that_are_in_train_are_counted_and_named(tmp_path):
    for seed, split in enumerate(["train", "val", "test"]):
        paint(tmp_path / split, ["a", "b"], 4, seed)
    for place in ("val/a/copy.png", "test/b/one.png", "test/b/two.png"):
        label = place.split("/")[1]
        shutil.copy(tmp_path / "train" / label / "0.png", tmp_path / place)
    shutil.copy(tmp_path / "val" / "a" / "1.png", tmp_path / "test" / "a")
    (tmp_path / "test" / "a" / "1.png").rename(tmp_path / "test" / "a" / "v")
    with pytest.warns(UserWarning) as warned:
        found = load_folder(tmp_path, seed=0)
    val, test = [str(warning.message) for warning in warned]
    assert "1 of the 9 pictures to watch are among those to train on" in val
    assert f"{tmp_path}/val/a/copy.png is {tmp_path}/train/a/0.png" in val
    assert (
        "3 of the 10 pictures held out are among those to train on or" in test
    )
    assert len(found.duplicates.leaks) == 4
    assert found.duplicates.copies == 4
    assert not found.duplicates.conflicts
    # They are left out.
    assert [len(part) for part in sets(found)] == [8, 8, 7]
    train, watched, held_out = (
        set(part.hashes) for part in (found.train, found.validation, found.test)
    )
    assert not train & watched and not (train | watched) & held_out
    shutil.rmtree(tmp_path / "test")
    shutil.copytree(tmp_path / "train", tmp_path / "test")
    with pytest.raises(ValueError, match="all 8 pictures held out are copies"):
        load_folder(tmp_path, seed=0)


def test_copies_of_a_picture_are_in_one_part(tmp_path):
    paint(tmp_path, ["a", "b"], 20)
    for label in ("a", "b"):
        for index in range(10):
            name = f"copy{index}.png"
            picture = tmp_path / label / f"{index}.png"
            shutil.copy(picture, tmp_path / label / name)
    with pytest.warns(UserWarning, match="20 pictures are copies of others"):
        found = load_folder(tmp_path, seed=0)
    parts = [set(p.hashes) for p in (found.train, found.validation, found.test)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 40
    assert len(parts[2]) == 8  # a fifth of the different pictures
    assert sum(map(len, sets(found))) == 60
    assert len(found.duplicates.groups) == 20
    assert not found.duplicates.leaks


def test_the_same_picture_in_two_classes_is_named_and_in_one_part(tmp_path):
    paint(tmp_path, ["a", "b"], 8)
    for index in range(4):
        picture = tmp_path / "a" / f"{index}.png"
        shutil.copy(picture, tmp_path / "b" / f"other{index}.png")
    with pytest.warns(UserWarning) as warned:
        found = load_folder(tmp_path, seed=0)
    assert "in folders of several classes, 4 times" in str(warned[0].message)
    parts = [set(p.hashes) for p in (found.train, found.validation, found.test)]
    assert sum(map(len, parts)) == 16
    assert len(found.duplicates.conflicts) == 4


def test_copies_do_not_make_enough_pictures(tmp_path):
    paint(tmp_path, ["a", "b"], 5)
    for index in range(1, 5):
        shutil.copy(tmp_path / "a" / "0.png", tmp_path / "a" / f"{index}.png")
    with pytest.raises(ValueError, match=r"fewer in \['a'\]; 4 are copies"):
        load_folder(tmp_path, seed=0)


def test_without_copies_the_same_pictures_are_drawn_as_without_hashes():
    labels = np.repeat([0, 1], 20)
    digests = np.array([f"{index:02}" for index in range(40)], object)
    plain = Part(np.arange(40), labels)
    hashed = Part(np.arange(40), labels, digests)
    for mine, other in zip(
        divide(plain, 0.2, 3), divide(hashed, 0.2, 3), strict=True
    ):
        np.testing.assert_array_equal(mine.sources, other.sources)


def test_a_class_that_a_part_lacks_is_named(tmp_path):
    paint(tmp_path / "train", ["a", "b", "c"], 5)
    paint(tmp_path / "test", ["a", "b"], 3, seed=1)
    with pytest.warns(UserWarning, match="test holds no pictures of 'c'"):
        load_folder(tmp_path, seed=0)


def test_a_part_without_train_is_refused_and_evaluated(tmp_path):
    paint(tmp_path / "Testing", ["a", "b"], 5)
    with pytest.raises(ValueError, match="hold a folder train.*Testing"):
        load_folder(tmp_path, seed=0)
    part, skipped = load_test_folder(tmp_path, ("a", "b"))
    assert len(part) == len(part.hashes) == 10 and not skipped


@pytest.mark.parametrize("names", [("Training", "Testing"), ("Train", "DEV")])
def test_a_model_is_measured_on_the_part_held_out(names, tmp_path):
    for seed, name in enumerate(names):
        paint(tmp_path / name, ["a", "b"], 3, seed)
    part, _ = load_test_folder(tmp_path, ("a", "b"))
    assert all(f"/{names[1]}/" in file for file in part.files)


def test_pictures_without_class_folders_are_counted(tmp_path):
    paint(tmp_path / "garden", ["rose", "tulip"], 3)
    match = "3 pictures lie directly here. Did you mean '.*garden'"
    with pytest.raises(ValueError, match=match):
        load_folder(tmp_path / "garden" / "rose", seed=0)
    with pytest.raises(ValueError, match="3 pictures lie directly here"):
        load_test_folder(tmp_path / "garden" / "rose", ("rose", "tulip"))


def test_the_folder_that_was_meant_is_offered(tmp_path):
    paint(tmp_path / "garden", ["rose", "tulip"], 5)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="Did you mean '.*garden'"):
        load_folder(tmp_path, seed=0)


def test_files_with_different_values_for_white_are_named(tmp_path):
    def write(name, values):
        for index in range(5):
            (tmp_path / name).mkdir(exist_ok=True)
            picture = np.full((8, 8), values, "uint16")
            picture[0, 0] -= index
            path = tmp_path / name / f"{index}.png"
            Image.fromarray(picture).save(path)

    write("night", 3000)
    write("day", 60000)
    match = "4095 of 5 .*night/0.png.* 2 more.*65535 of 5.*8 bits"
    with pytest.warns(UserWarning, match=match):
        load_folder(tmp_path, seed=0)
    with pytest.warns(UserWarning, match=match):
        load_test_folder(tmp_path, ("day", "night"))
    write("night", 5000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_folder(tmp_path, seed=0)


def test_an_ordinary_folder_gives_no_warning(photos):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        images = load_folder(photos, seed=0)
    assert (len(images.train), images.skipped) == (14, ())


@pytest.mark.parametrize(
    "name, words",
    [
        ("", "which is empty. Check the path"),
        ("notes", "no file has the ending of a picture, such as .jpg"),
        ("notes/a.txt", "which is no folder. Check the path"),
        ("photos/class/0.png", "pass the folder that it lies in. Check"),
        ("elsewhere", "which is no folder. Check the path"),
    ],
)
def test_where_pictures_need_no_classes_none_are_asked_for(
    name, words, tmp_path
):
    if name:
        paint(tmp_path / "photos", ["class"], 1)
        (tmp_path / "notes").mkdir()
        (tmp_path / "notes" / "a.txt").write_text("no picture")
    for check in (
        lambda folder: check_folder(folder, needs_classes=False),
        lambda folder: load_folder(folder, 0, needs_classes=False),
    ):
        with pytest.raises(ValueError, match=words) as error:
            check(tmp_path / name)
        assert "`data` is a folder of pictures, or of" in str(error.value)
        assert "Sort" not in str(error.value)
