"""Names and levels of folders: what is recognized, noted, refused."""

import itertools

import pytest

from keras_papers.pipelines.data.folder_levels import find_levels, role_of


def plant(root, *places):
    """Makes empty files; find_levels reads their names only.

    A place is `train,test/cat,dog`: a picture in each of these four folders.
    One that ends in / is an empty folder.
    """
    for place in places:
        parts = [part.split(",") for part in place.split("/")]
        for path in itertools.product(*parts):
            folder = root.joinpath(*path)
            folder.mkdir(parents=True, exist_ok=True)
            if not place.endswith("/"):
                (folder / "1.jpg").touch()
    return root


def roles(folder, **keywords):
    """Returns the folders of the classes below `folder`, by their role."""
    levels = find_levels(folder, **keywords)
    return {
        role: root.relative_to(folder).as_posix()
        for role, root in levels.roots.items()
    }


@pytest.mark.parametrize(
    "name, role",
    [
        ("Training", "train"),
        ("seg_train", "train"),
        ("TRAIN", "train"),
        ("01_train_images", "train"),
        ("trainset", "train"),
        ("Validation", "val"),
        ("valid", "val"),
        ("dev", "val"),
        ("Testing", "test"),
        ("test-data", "test"),
        ("evaluation", "test"),
        ("seg_pred", "unlabelled"),
        ("val_old", None),
        ("train_station", None),
        ("contest", None),
        ("latest", None),
        ("devil", None),
        ("rose", None),
        ("0", None),
    ],
)
def test_a_name_says_what_pictures_are_for(name, role):
    assert role_of(name) == role


@pytest.mark.parametrize(
    "names",
    [
        {"train": "Training", "test": "Testing"},
        {"train": "seg_train", "test": "seg_test"},
        {"train": "TRAIN", "val": "DEV", "test": "TEST"},
        {"train": "train", "val": "validation"},
        {"train": "train_set", "val": "valid_set", "test": "test_set"},
        {"train": "flowers_train", "test": "flowers_test"},
        {"train": "2019-train", "test": "2020-test"},
    ],
)
def test_parts_are_recognized_by_many_names(names, tmp_path):
    plant(tmp_path, f"{','.join(names.values())}/cat,dog")
    assert roles(tmp_path) == names


def test_folders_of_programs_beside_train_are_not_seen(tmp_path):
    plant(tmp_path, "train,test/cat,dog", "__MACOSX/train/cat", ".git/cat,dog")
    plant(tmp_path, "train/@eaDir/cat", "$RECYCLE.BIN/1", "test/.thumbnails")
    assert roles(tmp_path) == {"train": "train", "test": "test"}
    assert find_levels(tmp_path).notes == ()


def test_files_and_folders_without_pictures_beside_train_do_no_harm(tmp_path):
    plant(tmp_path, "train,val/cat,dog", "docs/")
    (tmp_path / "README.md").touch()
    (tmp_path / "docs" / "labels.csv").touch()
    assert roles(tmp_path) == {"train": "train", "val": "val"}
    assert find_levels(tmp_path).notes == ()


def test_an_archive_within_an_archive_is_looked_into_with_a_note(tmp_path):
    plant(tmp_path, "flowers/flowers/rose,tulip")
    assert roles(tmp_path) == {"train": "flowers/flowers"}
    (note,) = find_levels(tmp_path).notes
    assert "flowers/flowers" in note and "the only folder" in note


def test_each_part_may_lie_one_level_deeper(tmp_path):
    plant(tmp_path, "data/seg_train/seg_train/cat,dog")
    plant(tmp_path, "data/seg_test/images/cat,dog", "data/seg_pred/seg_pred")
    assert roles(tmp_path) == {
        "train": "data/seg_train/seg_train",
        "test": "data/seg_test/images",
    }
    (note,) = find_levels(tmp_path).notes
    assert "seg_pred" in note and "left out" in note


def test_train_alone_holds_the_classes(tmp_path):
    plant(tmp_path, "train/cat,dog")
    assert roles(tmp_path) == {"train": "train"}


@pytest.mark.parametrize(
    "places, seen",
    [
        (["train,test,val_old/cat,dog"], "beside them in 'val_old'"),
        (["train/cat,dog", "rose,tulip"], "beside them in 'rose' and 'tulip'"),
        (["train,chest/cat,dog", "val/cat,dog"], "beside them in 'chest'"),
        (["train,training/cat,dog"], "'train' and 'training'.*'train'"),
        (["train1,train2/cat,dog"], "'train1' and 'train2'"),
        (["train/cat,dog", "test"], "test', which has no class folder"),
        (["train,val,test"], "'test', 'train' and 'val', in which pictures"),
        (["train,test1"], "'test1' and 'train', in which pictures lie and no"),
        (["predictions/cat,dog"], "only 'predictions'.*Pass '.*predictions'"),
        (["images,masks"], "'images' and 'masks', as for finding"),
        (["images,masks/cat,dog"], "'images' and 'masks', as for finding"),
        (["train_images,train_masks,test_images"], "as for finding"),
        (["images", "Annotations/"], "as for finding"),
        (["cat,dog/train,test"], "'cat', which holds 'test' and 'train'"),
        (["site_a,site_b/cat,dog"], "both hold folders called 'cat' and"),
        (["fold1,fold2/cat,dog"], "both hold folders called 'cat' and"),
        (["images,labels/train,val"], "as for finding"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(places, seen, tmp_path):
    plant(tmp_path, *places)
    with pytest.raises(ValueError, match=f"`data` must.*Received.*{seen}.*\\."):
        find_levels(tmp_path)


@pytest.mark.parametrize(
    "places",
    [
        ["train,plane"],
        ["cat,dog"],
        ["rose,tulip/2024,2025"],
        ["with_mask,without_mask"],
        ["photo,drawing"],
        ["test,dog", "cat/"],
    ],
)
def test_classes_may_be_called_so(places, tmp_path):
    plant(tmp_path, *places)
    assert roles(tmp_path) == {"train": "."}


def test_a_class_folder_whose_name_begins_with_a_dot_is_named(tmp_path):
    plant(tmp_path, "train/.net,java,python", "train/.ipynb_checkpoints")
    (note,) = find_levels(tmp_path).notes
    assert "'.net'" in note and "begins with a dot" in note
    assert "checkpoints" not in note


def test_a_file_without_an_ending_is_no_picture_beside_a_folder(tmp_path):
    plant(tmp_path, "flowers/rose,tulip")
    (tmp_path / "LICENSE").touch()
    assert roles(tmp_path) == {"train": "flowers"}
    for name in "rose", "tulip":
        (tmp_path / "flowers" / name / "1.jpg").rename(
            tmp_path / "flowers" / name / "1"
        )
    assert roles(tmp_path) == {"train": "flowers"}


def test_folders_within_classes_are_named(tmp_path):
    plant(tmp_path, "animals/cat,dog", "plants/rose", "stones")
    assert roles(tmp_path) == {"train": "."}
    (note,) = find_levels(tmp_path).notes
    assert "animals' holds 'cat' and 'dog', and 1 more" in note


def test_pictures_beside_the_classes_are_counted(tmp_path):
    plant(tmp_path, "train,test/cat,dog", "train")
    (note,) = find_levels(tmp_path).notes
    assert "1 picture lies directly in" in note and "train'" in note


def test_known_classes_decide_what_is_a_class(tmp_path):
    plant(tmp_path, "train,plane/old")
    assert roles(tmp_path, classes=["plane", "train"]) == {"train": "."}
    plant(tmp_path / "more", "data/rose")
    found = roles(tmp_path / "more", classes=["rose", "tulip"])
    assert found == {"train": "data"}


def test_a_test_folder_alone_is_found(tmp_path):
    plant(tmp_path, "Testing/cat,dog")
    assert roles(tmp_path) == {"test": "Testing"}


@pytest.mark.parametrize(
    "given, meant",
    [
        ("photos/gardn", "photos/garden"),
        ("Photos/garden/none", "photos"),
        ("photos/garden.zip", "Unpack the archive"),
        ("photos/garden/rose/1.jpg", "one picture"),
        ("photos/garden/rose/1.jpg/x", ""),
        ("nothing/like/it", ""),
    ],
)
def test_a_path_that_is_no_folder_is_answered_with_what_is_near(
    given, meant, tmp_path
):
    plant(tmp_path, "photos/garden/rose,tulip")
    (tmp_path / "photos" / "garden.zip").touch()
    with pytest.raises(ValueError, match=f"no folder.*{meant}.*Check"):
        find_levels(tmp_path / given)
