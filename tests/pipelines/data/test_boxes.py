"""Boxes of objects from the files of other tools, and what is refused."""

import collections
import json
import os
import pathlib
import shutil

import numpy as np
import pytest
from PIL import Image

from keras_papers.pipelines.data.answered_set import answers_in_a_line
from keras_papers.pipelines.data.boxes.box_folder import (
    check_box_folder,
    load_boxes,
    load_test_boxes,
)
from keras_papers.pipelines.data.masks.mask_pairs import mask_pairs
from keras_papers.pipelines.data.split import divided_as, join, split_of
from tests.support import box_files


def by_name(images):
    """Returns the boxes of each picture by its name."""
    whole = join(images)
    return {
        pathlib.Path(file).stem: answer
        for file, answer in zip(whole.files, whole.answers, strict=True)
    }


@pytest.mark.parametrize("kind", box_files.WRITERS)
def test_each_format_is_recognized_and_gives_the_same_boxes(kind, tmp_path):
    folder = box_files.WRITERS[kind](tmp_path)
    found = load_boxes(folder, seed=0)
    names = {"voc": "Pascal VOC XML", "coco": "COCO JSON", "yolo": "YOLO text"}
    assert found.kind == names[kind]
    assert found.images.names == box_files.NAMES
    answers = by_name(found.images)
    assert set(answers) == set(box_files.SCENES)
    for name, objects in box_files.SCENES.items():
        boxes = [box for _, box in objects]
        classes = [box_files.NAMES.index(label) for label, _ in objects]
        np.testing.assert_allclose(
            answers[name].boxes, np.reshape(boxes, (-1, 4)), atol=1e-4
        )
        np.testing.assert_array_equal(answers[name].classes, classes)
        assert answers[name].size == box_files.SIZE
        assert answers[name].boxes.dtype == np.float32


def test_a_fifth_is_held_out_and_the_seed_draws_it(tmp_path):
    folder = box_files.write_voc(tmp_path)
    images = load_boxes(folder, seed=0).images
    sizes = [len(part) for part in (images.train, images.validation)]
    assert [*sizes, len(images.test)] == [7, 1, 2]
    again = load_boxes(folder, seed=0).images
    assert again.test.files == images.test.files
    others = [load_boxes(folder, seed).images.test.files for seed in range(4)]
    assert len(set(others)) > 1


def test_answers_stay_with_their_pictures_when_a_split_divides_them(tmp_path):
    images = load_boxes(box_files.write_voc(tmp_path), seed=0).images
    split = split_of(images, tmp_path, 0, {})
    moved = load_boxes(tmp_path, seed=5).images
    divided = divided_as(split, moved, with_new=True)
    assert sorted(divided.test.files) == sorted(images.test.files)
    assert by_name(divided)["p4"].classes.tolist() == [0]


@pytest.mark.parametrize("kind", box_files.WRITERS)
def test_folders_of_parts_are_kept(kind, tmp_path):
    write = box_files.WRITERS[kind]
    names = sorted(box_files.SCENES)
    for role, mine in (("train", names[:6]), ("valid", names[6:8])):
        write(tmp_path / role, {n: box_files.SCENES[n] for n in mine})
    write(tmp_path / "test", {"q": [("cat", (1, 1, 9, 9))]}, (50, 70))
    if kind == "yolo":
        for role in ("valid", "test"):
            (tmp_path / role / "data.yaml").unlink()
    images = load_boxes(tmp_path, seed=0).images
    assert [os.path.basename(file) for file in images.test.files] == ["q.png"]
    assert (len(images.train), len(images.validation)) == (6, 2)
    assert {pathlib.Path(f).parts[-3] for f in images.train.files} == {"train"}


def test_lists_of_image_sets_divide_a_folder_of_pascal_voc(tmp_path):
    folder = box_files.write_voc(tmp_path)
    names = sorted(box_files.SCENES)
    lists = folder / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("\n".join(names[:6]))
    (lists / "test.txt").write_text("p7\np8\n")
    (lists / "cat_train.txt").write_text("p9 -1\n")
    with pytest.warns(UserWarning, match="2 annotations are in no list"):
        images = load_boxes(folder, seed=0).images
    assert {pathlib.Path(f).stem for f in images.test.files} == {"p7", "p8"}
    (lists / "test.txt").write_text("p7\nlost\n")
    with pytest.raises(ValueError, match="without 'lost', which test.txt"):
        load_boxes(folder, seed=0)


def test_masks_of_the_challenge_are_no_pictures(tmp_path):
    folder = box_files.write_voc(tmp_path)
    box_files.write_pictures(folder / "SegmentationClass")
    box_files.write_pictures(folder / "SegmentationObject", ["mask"])
    answers = by_name(load_boxes(folder, seed=0).images)
    assert set(answers) == set(box_files.SCENES)


@pytest.mark.parametrize("kind", box_files.WRITERS)
@pytest.mark.parametrize("ending", ["", "_mask"])
def test_masks_beside_the_boxes_are_no_pictures(ending, kind, tmp_path):
    """`segment` reads them."""
    folder = box_files.WRITERS[kind](tmp_path)
    masks = [f"{name}{ending}" for name in box_files.SCENES]
    box_files.write_pictures(folder / "masks", masks)
    answers = by_name(load_boxes(folder, seed=0).images)
    assert set(answers) == set(box_files.SCENES)
    files = join(load_boxes(folder, seed=0).images).files
    assert folder / "masks" not in {pathlib.Path(f).parent for f in files}
    pairs, notes = mask_pairs(folder)
    assert sorted(picture for picture, *_ in pairs) == sorted(files)
    assert notes == []


def test_data_yaml_names_the_folders_of_the_parts(tmp_path):
    folder = box_files.write_yolo(tmp_path)
    for kind in ("images", "labels"):
        for place in ("one", "two"):
            (folder / kind / place).mkdir()
        for file in (folder / kind).glob("p*"):
            place = "two" if file.stem in ("p7", "p8", "p9") else "one"
            shutil.move(file, folder / kind / place / file.name)
    (folder / "data.yaml").write_text(
        "train: ../images/one\ntest: images/two\nnames:\n  0: cat\n  1: dog\n"
    )
    images = load_boxes(folder, seed=0).images
    assert {pathlib.Path(f).stem for f in images.test.files} == {
        *("p7", "p8", "p9")
    }
    assert images.names == box_files.NAMES


@pytest.mark.parametrize(
    "text",
    [
        "names: [cat, dog]",
        "names: {0: cat, 1: dog}",
        "names:\n- cat\n- 'dog'\nnc: 2",
        'names: ["cat",\n  "dog"]\n',
        "path: ../set\nnames:\n  0: cat\n  1: dog\n",
        "names:\n  1: dog\n  0: cat\n",
        "names: {1: dog, 0: cat}",
    ],
)
def test_names_are_read_from_yaml_as_tools_write_it(text, tmp_path):
    folder = box_files.write_yolo(tmp_path)
    (folder / "data.yaml").write_text(text)
    assert load_boxes(folder, seed=0).images.names == box_files.NAMES


def yolo(text):
    def write(folder):
        box_files.write_yolo(folder)
        (folder / "labels" / "p0.txt").write_text(text)

    return write


def beside(text):
    def write(folder):
        for file in (box_files.write_yolo(folder) / "labels").iterdir():
            file.rename(folder / "images" / file.name)
        (folder / "images" / "p0.txt").write_text(text)

    return write


@pytest.mark.parametrize("write", [yolo, beside])
def test_a_byte_order_mark_and_an_empty_line_may_come_first(write, tmp_path):
    write("\ufeff\n0 .5 .5 .2 .2\n")(tmp_path)
    file = tmp_path / "data.yaml"
    file.write_text("\ufeffnames: [cat, dog]\n", "utf-8")
    images = load_boxes(tmp_path, seed=0).images
    assert images.names == box_files.NAMES
    assert by_name(images)["p0"].classes.tolist() == [0]


def test_an_outline_of_yolo_becomes_its_box(tmp_path):
    folder = box_files.write_yolo(tmp_path)
    (folder / "labels" / "p0.txt").write_text("1 .5 .1 .9 .5 .5 .9 .1 .5\n")
    with pytest.warns(UserWarning, match="1 lines .* taken for outlines"):
        boxes = by_name(load_boxes(folder, seed=0).images)["p0"].boxes
    np.testing.assert_allclose(boxes, [[6, 4, 54, 36]], atol=1e-4)


def with_keypoints(folder, line, shape="[2, 3]"):
    """Writes a YOLO folder whose first picture shows a pose."""
    box_files.write_yolo(folder, {"p0": [], "p3": []})
    names = "names: [cat, dog]\n"
    (folder / "data.yaml").write_text(f"kpt_shape: {shape}\n{names}")
    (folder / "labels" / "p0.txt").write_text(f"{line}\n")
    return folder


@pytest.mark.parametrize("shape", ["[2, 3]", "\n- 2\n- 3"])
def test_the_box_of_a_pose_of_yolo_is_taken_without_its_keypoints(
    shape, tmp_path
):
    pose = "1 .5 .5 .2 .4 .1 .1 2 .9 .9 1"
    folder = with_keypoints(tmp_path, pose, shape)
    part = load_test_boxes(folder, box_files.NAMES)
    np.testing.assert_allclose(
        part.answers[0].boxes, [[24, 12, 36, 28]], atol=1e-4
    )


def test_crowds_of_coco_are_marked_and_reported(tmp_path):
    folder = box_files.write_coco(tmp_path, crowds=("p1",))
    with pytest.warns(UserWarning, match="1 boxes of crowds are not trained"):
        answers = by_name(load_boxes(folder, seed=0).images)
    assert answers["p1"].crowds.all() and not answers["p2"].crowds.any()


def test_difficult_objects_of_pascal_voc_are_as_crowds(tmp_path):
    folder = box_files.write_voc(tmp_path)
    text = box_files.voc_text([("cat", (1, 1, 9, 9))], difficult=1)
    (folder / "Annotations" / "p1.xml").write_text(text)
    with pytest.warns(UserWarning, match="1 objects that are marked as diff"):
        answers = by_name(load_boxes(folder, seed=0).images)
    assert answers["p1"].crowds.all() and not answers["p2"].crowds.any()


def test_the_category_above_all_others_is_no_class(tmp_path):
    folder = box_files.write_coco(tmp_path)
    content = json.loads((folder / "annotations.json").read_text())
    for category in content["categories"]:
        category["supercategory"] = "animals"
    above = {"id": 0, "name": "animals", "supercategory": "none"}
    content["categories"].insert(0, above)
    (folder / "annotations.json").write_text(json.dumps(content))
    assert load_boxes(folder, seed=0).images.names == box_files.NAMES


def test_pictures_without_a_text_file_show_no_object(tmp_path):
    folder = box_files.write_yolo(tmp_path)
    (folder / "labels" / "p1.txt").unlink()
    with pytest.warns(UserWarning, match="1 pictures have no text file"):
        answers = by_name(load_boxes(folder, seed=0).images)
    assert answers["p1"].boxes.shape == (0, 4)


@pytest.mark.parametrize(
    ("kind", "files"), [("voc", "XML file"), ("coco", "COCO JSON file")]
)
def test_pictures_without_an_annotation_are_left_out_with_a_note(
    kind, files, tmp_path
):
    folder = box_files.WRITERS[kind](tmp_path)
    box_files.write_pictures(folder / "more", ["q0", "q1"])
    (folder / "LICENSE").write_text("free\n")
    with pytest.warns(UserWarning, match=f"2 pictures are named by no {files}"):
        answers = by_name(load_boxes(folder, seed=0).images)
    assert set(answers) == set(box_files.SCENES)


def test_boxes_at_the_side_are_cut_by_a_pixel_without_a_word(tmp_path):
    folder = box_files.write_voc(tmp_path)
    text = box_files.voc_text([("cat", (0, 1, 61, 40.5))])
    (folder / "Annotations" / "p0.xml").write_text(text)
    boxes = by_name(load_boxes(folder, seed=0).images)["p0"].boxes
    np.testing.assert_array_equal(boxes, [[0, 1, 60, 40]])


def test_repair_cuts_and_leaves_out_with_a_warning(tmp_path):
    folder = box_files.write_voc(tmp_path)
    objects = [("cat", (20, 5, 90, 30)), ("dog", (7, 7, 7, 9))]
    objects.append(("dog", (1, 2, 3, 4)))
    text = box_files.voc_text(objects)
    (folder / "Annotations" / "p0.xml").write_text(text)
    with pytest.warns(UserWarning, match="1 cut .* and 1 left .*p0.xml"):
        answer = by_name(load_boxes(folder, seed=0, repair=True).images)["p0"]
    np.testing.assert_array_equal(answer.boxes, [[20, 5, 60, 30], [1, 2, 3, 4]])
    np.testing.assert_array_equal(answer.classes, [0, 1])


def test_a_repair_that_leaves_no_box_is_refused(tmp_path):
    folder = box_files.write_coco(tmp_path)
    (path,) = folder.rglob("*.json")
    text = path.read_text()
    known = json.loads(text)
    for each in known["annotations"]:
        each["bbox"][0] += 1000
    path.write_text(json.dumps(known))
    with pytest.raises(ValueError, match="none is inside .* 0 cut at"):
        load_boxes(folder, seed=0, repair=True)


@pytest.mark.parametrize("repair", [False, True])
def test_pixels_in_place_of_yolos_shares_are_refused(repair, tmp_path):
    folder = box_files.write_yolo(tmp_path)
    (path,) = folder.rglob("p0.txt")
    path.write_text("0 40 40 30 30\n")
    with pytest.raises(ValueError, match="in shares .*p0.txt' with .* 55"):
        load_boxes(folder, seed=0, repair=repair)


def test_a_picture_turned_by_its_camera_has_the_size_that_people_see(tmp_path):
    folder = box_files.write_voc(tmp_path)
    exif = Image.Exif()
    exif[274] = 6
    path = folder / "JPEGImages" / "p0.png"
    Image.open(path).save(path, exif=exif)
    with pytest.raises(ValueError, match=r"60 x 40 pixels, .* has 40 x 60"):
        load_boxes(folder, seed=0)
    text = box_files.voc_text([("cat", (1, 2, 30, 55))], (60, 40))
    (folder / "Annotations" / "p0.xml").write_text(text)
    assert by_name(load_boxes(folder, seed=0).images)["p0"].size == (60, 40)


def voc(text):
    def write(folder):
        box_files.write_voc(folder)
        (folder / "Annotations" / "p0.xml").write_text(text)

    return write


def a_cat(*box):
    return voc(box_files.voc_text([("cat", box)]))


def edited(change):
    """Returns a function that writes a COCO file with a change."""

    def write(folder):
        box_files.write_coco(folder)
        content = box_files.coco()
        change(content)
        (folder / "annotations.json").write_text(json.dumps(content))

    return write


def without_a_picture(folder):
    box_files.write_voc(folder)
    (folder / "JPEGImages" / "p0.png").unlink()


def with_two_formats(folder):
    box_files.write_voc(folder)
    (folder / "set.json").write_text(json.dumps(box_files.coco()))


def with_two_pictures(folder):
    box_files.write_voc(folder)
    shutil.copy(folder / "JPEGImages/p0.png", folder / "JPEGImages/p0.jpg")


def without_names(folder):
    box_files.write_yolo(folder)
    (folder / "data.yaml").unlink()


def with_no_annotation(folder):
    box_files.write_pictures(folder)


def named(text):
    def write(folder):
        box_files.write_yolo(folder)
        (folder / "data.yaml").write_text(f"names:\n{text}\n")

    return write


def with_an_empty_list(folder):
    box_files.write_yolo(folder)
    (folder / "data.yaml").unlink()
    (folder / "classes.txt").write_text("\n")


def without_boxes(folder):
    box_files.write_voc(folder, {f"p{index}": [] for index in range(8)})


def a_bomb(folder):
    entity = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]>'
    voc(f"{entity}<annotation>&c;</annotation>")(folder)


def change_category(content):
    content["annotations"][0]["category_id"] = 99


def change_image(content):
    content["annotations"][0]["image_id"] = 99


BAD = {
    "no size": (a_cat(5, 5, 5, 9), r"p0.xml' with 'cat' .*no size\. Correct"),
    "swapped": (a_cat(30, 5, 10, 9), "p0.xml.*which has no size"),
    "outside": (a_cat(5, 5, 63, 9), "p0.xml.*outside of its 60 x 40 pixels"),
    "far away": (a_cat(70, 70, 80, 90), "p0.xml.*outside of its"),
    "not finite": (a_cat("nan", 5, 9, 9), "p0.xml.*no finite numbers"),
    "no numbers": (a_cat("a", 5, 9, 9), "p0.xml.*without a bndbox of numbers"),
    "no name": (
        voc(box_files.voc_text([("", (1, 1, 9, 9))])),
        "p0.xml.*an object without a name",
    ),
    "empty xml": (voc(""), "p0.xml', which is no whole XML file"),
    "cut xml": (voc("<annotation><object>"), "p0.xml', which is no whole XML"),
    "entities": (a_bomb, "p0.xml.*declares a document type"),
    "other size": (
        voc(box_files.voc_text([], (41, 60))),
        "p0.xml', which is for 60 x 41 pixels, and .*p0.png' has 60 x 40",
    ),
    "no picture": (without_a_picture, "p0.xml', which is of 'p0.png', and no"),
    "two formats": (with_two_formats, "Pascal VOC XML .* and COCO JSON .*set"),
    "two pictures": (with_two_pictures, "p0.jpg' and '.*p0.png'"),
    "no annotation": (with_no_annotation, "there is no such file of boxes"),
    "no boxes": (without_boxes, "8 pictures and without a box"),
    "unknown class": (
        yolo("2 .5 .5 .1 .1"),
        "p0.txt', line 1, with class 2, and the 2 classes are",
    ),
    "words": (yolo("0 .5 .5 .1 .1\n0 1 2"), "p0.txt', line 2: '0 1 2'"),
    "confidence": (yolo("0 .5 .5 .1 .1 .9"), "p0.txt', line 1"),
    "four words": (yolo("0 .5 .5 .2"), "p0.txt', line 1: '0 .5 .5 .2'"),
    "name": (yolo("dog .5 .5 .2 .2"), "p0.txt', line 1: 'dog .5 .5"),
    "commas": (yolo("0,.5,.5,.2,.2"), "p0.txt', line 1: '0,.5,.5"),
    "negative": (yolo("-1 .5 .5 .2 .2"), "p0.txt', line 1, with class -1"),
    "nan": (yolo("0 nan .5 .2 .2"), "p0.txt' with 'cat'.*no finite numbers"),
    "a text beside its picture": (
        beside("dog .5 .5 .2 .2"),
        "p0.txt', line 1: 'dog .5 .5",
    ),
    "keypoints": (
        lambda folder: with_keypoints(folder, "1 .5 .5 .2 .4 .1 .1 2"),
        "four numbers and 6 of keypoints on each line. .*p0.txt', line 1",
    ),
    "keypoints' shape": (
        lambda folder: with_keypoints(folder, "1 .5 .5 .2 .4", "17"),
        "data.yaml' with kpt_shape: '17'. Write",
    ),
    "keypoints without a shape": (
        yolo("0 .5 .5 .2 .4 .4 .4 2 0 0 0\n1 .5 .5 .2 .4 .5 .4 1 .6 .5 2"),
        r"p0.txt', line 1, of a box and .* 2 keypoints.*kpt_shape: \[2, 3\]",
    ),
    "an odd keypoint": (
        yolo("0 .5 .5 .2 .4 .4 .4 2"),
        "p0.txt', line 1.*; if keypoints follow, write kpt_shape",
    ),
    "boxes and outlines": (
        yolo("0 .5 .5 .1 .1\n0 .1 .1 .5 .1 .5 .5"),
        "p0.txt', line 2, with 6 numbers behind the class, after 4",
    ),
    "no names": (without_names, "without data.yaml and classes.txt"),
    "gap": (named("  0: cat\n  2: dog"), "data.yaml', which has 0, 2. Write"),
    "number twice": (named("  0: cat\n  0: dog"), "which has 0, 0. Write"),
    "half numbered": (named("  0: cat\n  - dog"), "which has 0. Write a name"),
    "empty list": (with_an_empty_list, "classes.txt', which lists none"),
    "category": (edited(change_category), "with a box of category 99"),
    "image": (edited(change_image), "boxes of the unknown image 99"),
    "no bbox": (
        edited(lambda content: content["annotations"][1].pop("bbox")),
        "annotations.json'.*'bbox'",
    ),
    "no categories": (
        edited(lambda content: content.pop("categories")),
        "annotations.json'.*no list 'categories'",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_named_with_its_file(case, tmp_path):
    write, message = BAD[case]
    write(tmp_path)
    with pytest.raises(ValueError, match=message) as caught:
        load_boxes(tmp_path, seed=0)
    assert "Received:" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_empty_and_damaged_json_is_named(tmp_path):
    folder = box_files.write_coco(tmp_path)
    (folder / "annotations.json").write_text("")
    with pytest.raises(
        ValueError, match="annotations.json', which is no whole"
    ):
        load_boxes(folder, seed=0)


def test_classes_that_the_model_does_not_know_are_named(tmp_path):
    folder = box_files.write_voc(tmp_path)
    with pytest.raises(ValueError, match=r"with a box of 'dog', and the 1"):
        load_boxes(folder, seed=0, names=("cat",))
    images = load_boxes(folder, seed=0, names=("dog", "cow", "cat")).images
    assert by_name(images)["p1"].classes.tolist() == [2]


def test_a_folder_that_is_none_is_checked_before_pictures_are_read(tmp_path):
    with pytest.raises(ValueError, match="which is no folder"):
        check_box_folder(tmp_path / "nothing")
    check_box_folder(box_files.write_yolo(tmp_path))


def test_pictures_that_cannot_be_read_are_left_out_or_refused(tmp_path):
    folder = box_files.write_voc(tmp_path)
    (folder / "JPEGImages" / "p3.png").write_bytes(b"no picture")
    with pytest.warns(UserWarning, match="1 file cannot be read"):
        images = load_boxes(folder, seed=0).images
    assert "p3" not in by_name(images) and len(images.skipped) == 1
    with pytest.raises(ValueError, match="pictures only, with strict=True"):
        load_boxes(folder, seed=0, strict=True)


@pytest.mark.parametrize(
    ("parts", "tested"),
    [
        (["test"], "test"),
        (["train", "valid", "test"], "test"),
        (["train", "valid"], "valid"),
        (["train"], "train"),
        (["."], "."),
    ],
)
def test_a_model_is_tested_on_one_picture_or_more_of_its_part(
    parts, tested, tmp_path
):
    for part in parts:
        scenes = {f"in {part}": [("cat", (1, 1, 9, 9))]}
        box_files.write_voc(tmp_path / part, scenes)
    found = load_test_boxes(tmp_path, box_files.NAMES)
    assert [pathlib.Path(f).stem for f in found.files] == [f"in {tested}"]
    assert found.answers[0].classes.tolist() == [0]
    # A copy counts, too.
    for kind in ("JPEGImages", "Annotations"):
        for file in (tmp_path / tested / kind).iterdir():
            shutil.copy(file, file.with_stem("copy"))
    assert len(load_test_boxes(tmp_path, box_files.NAMES)) == 2


def test_each_picture_is_opened_once(tmp_path, monkeypatch):
    folder = box_files.write_voc(tmp_path)
    opened = collections.Counter()

    def counted(path, *args, real=open, **kwargs):
        opened[pathlib.Path(path).suffix] += 1
        return real(path, *args, **kwargs)

    monkeypatch.setattr("builtins.open", counted)
    load_boxes(folder, seed=0)
    assert opened[".png"] == len(box_files.SCENES)


def test_the_hash_of_the_answers_changes_with_a_box(tmp_path):
    def line():
        return answers_in_a_line(load_boxes(tmp_path, seed=0).images)

    box_files.write_voc(tmp_path)
    before = line()
    path = tmp_path / "Annotations" / "p1.xml"
    (path.parent / "p1.xml").write_text(f"<!-- saved -->{path.read_text()}")
    assert line() == before
    path.write_text(box_files.voc_text([("cat", (6, 4, 30, 21))]))
    moved = line()
    path.write_text(box_files.voc_text([("dog", (6, 4, 30, 21))]))
    assert len({before, moved, line()}) == 3
