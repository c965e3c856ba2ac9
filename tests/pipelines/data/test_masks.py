"""Masks of the classes of pixels from files, and what is refused."""

import pathlib
import shutil

import numpy as np
import pytest
from PIL import Image

from keras_papers.pipelines.data.answered_set import answers_in_a_line
from keras_papers.pipelines.data.masks.mask_folder import (
    check_mask_folder,
    load_masks,
    load_test_masks,
)
from keras_papers.pipelines.data.split import join
from tests.support.box_files import write_pictures

NAMES = [f"p{index}" for index in range(8)]
SIZE = (12, 16)
CLASSES = ("ground", "car", "tree")
COLORS = np.array([(0, 0, 0), (64, 0, 128), (128, 128, 0)], np.uint8)


def mask_of(name):
    """Returns the indices of the classes of a picture's pixels."""
    generator = np.random.default_rng([*name.encode()])
    return generator.integers(0, len(CLASSES), SIZE).astype(np.uint8)


def write_set(
    folder, save, masks="masks", ending=".png", pictures="images", names=NAMES
):
    """Writes pictures and masks; `save` writes indices to a path."""
    write_pictures(folder / pictures, names, SIZE)
    (folder / masks).mkdir(exist_ok=True, parents=True)
    for name in names:
        save(mask_of(name), folder / masks / f"{name}{ending}")
    return folder


def gray(indices, path):
    Image.fromarray(indices).save(path)


def palette(indices, path):
    image = Image.fromarray(indices).convert("L")
    image = Image.fromarray(np.asarray(image), "P")
    image.putpalette(COLORS.ravel().tolist())
    image.save(path)


def colored(indices, path):
    Image.fromarray(COLORS[indices]).save(path)


def three_grays(indices, path):
    Image.fromarray(np.repeat(indices[..., None], 3, -1)).save(path)


def sixteen_bits(indices, path):
    Image.fromarray(indices.astype(np.uint16)).save(path)


def with_classes(folder, names=CLASSES):
    (folder / "classes.txt").write_text("\n".join(names) + "\n")
    return folder


def check_read(found, size=None):
    """Asserts that the masks are those of `mask_of`."""
    whole = join(found.images)
    assert len(whole) == len(NAMES)
    for file, mask in zip(whole.files, whole.answers, strict=True):
        indices = mask_of(pathlib.Path(file).stem)
        np.testing.assert_array_equal(found.reader.read(mask), indices)
    assert found.images.names == CLASSES


@pytest.mark.parametrize("save", [gray, palette, three_grays, sixteen_bits])
def test_indices_are_read_from_every_kind_of_image(save, tmp_path):
    folder = with_classes(write_set(tmp_path, save))
    found = load_masks(folder, seed=0)
    check_read(found)
    assert found.kind == "indices"
    assert len(found.images.test) == 2 and len(found.images.train) == 5


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("class_dict.csv", "{},{},{},{}"),
        ("labelmap.txt", "{}:{},{},{}::"),
        ("label_colors.txt", "{1} {2} {3}\t\t{0}"),
    ],
)
@pytest.mark.parametrize("save", [colored, palette])
def test_colors_are_read_by_the_tables_of_other_tools(
    save, table, line, tmp_path
):
    folder = write_set(tmp_path, save)
    lines = [line.format(n, *c) for n, c in zip(CLASSES, COLORS, strict=True)]
    head = {"class_dict.csv": "name,r,g,b", "labelmap.txt": "# label:rgb::"}
    text = [head.get(table, ""), *lines]
    (folder / table).write_text("\n".join(text))
    found = load_masks(folder, seed=0)
    check_read(found)
    assert found.kind == f"colors of {table}"


def test_a_color_called_void_is_ignored(tmp_path):
    folder = write_set(tmp_path, colored)
    rows = ["Void,0,0,0", "car,64,0,128", "tree,128,128,0"]
    (folder / "class_dict.csv").write_text("\n".join(rows))
    found = load_masks(folder, seed=0)
    assert found.images.names == ("car", "tree")
    mask = join(found.images).answers[0]
    expected = np.array([255, 0, 1])[mask_of(pathlib.Path(mask).stem)]
    np.testing.assert_array_equal(found.reader.read(mask), expected)


@pytest.mark.parametrize(
    ("pictures", "masks", "ending"),
    [
        ("JPEGImages", "SegmentationClass", ".png"),
        ("imgs", "masks", "_mask.png"),
        (".", ".", "_mask.png"),
        ("img", "labels", "_L.png"),
        ("set_images", "set_masks", ".png"),
        ("street/images", "street/gt", "_gt.png"),
    ],
)
def test_masks_are_found_by_folder_and_name(pictures, masks, ending, tmp_path):
    write_set(tmp_path, gray, masks, ending, pictures)
    check_read(load_masks(with_classes(tmp_path), seed=0))


def test_masks_may_lie_in_the_folder_of_the_pictures_with_a_note(tmp_path):
    write_set(tmp_path, gray, "images", "_mask.png")
    with pytest.warns(UserWarning, match="8 files .* names, such as .*_mask"):
        check_read(load_masks(with_classes(tmp_path), seed=0))


@pytest.mark.parametrize("name", ["road_l", "road_gt", "road_label"])
def test_a_picture_may_be_called_as_a_mask_is(name, tmp_path):
    names = ["road", name, *NAMES]
    beside, apart = tmp_path / "beside", tmp_path / "apart"
    write_set(beside, gray, ".", "_mask.png", ".", names)
    write_set(apart, gray, names=names)
    for folder in (beside, apart):
        whole = join(load_masks(with_classes(folder), seed=0).images)
        masks = {
            pathlib.Path(file).stem: pathlib.Path(mask).stem
            for file, mask in zip(whole.files, whole.answers, strict=True)
        }
        ending = "_mask" if folder == beside else ""
        assert masks == {each: f"{each}{ending}" for each in names}
    (apart / "masks" / f"{name}.png").unlink()
    with pytest.warns(UserWarning, match="1 pictures without a mask are left"):
        found = load_masks(apart, seed=0)
    assert len(join(found.images)) == len(names) - 1


def test_folders_and_lists_divide_the_pictures(tmp_path):
    for role, names in (("train", NAMES[:4]), ("val", NAMES[4:6])):
        write_set(tmp_path / role, gray, names=names)
    write_set(tmp_path / "test", gray, names=NAMES[6:])
    images = load_masks(with_classes(tmp_path), seed=0).images
    parts = images.train, images.validation, images.test
    assert [len(part) for part in parts] == [4, 2, 2]

    other = tmp_path / "other"
    write_set(other, palette, "SegmentationClass", pictures="JPEGImages")
    shutil.copytree(other / "SegmentationClass", other / "SegmentationObject")
    lists = other / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("\n".join(NAMES[:5]))
    (lists / "val.txt").write_text("p6\n")
    with pytest.warns(UserWarning, match="2 pictures without a mask"):
        images = load_masks(with_classes(other), seed=0).images
    assert [pathlib.Path(file).stem for file in images.test.files] == ["p6"]


def test_the_nearest_pixels_are_taken_for_another_size(tmp_path):
    found = load_masks(with_classes(write_set(tmp_path, gray)), seed=0)
    mask = join(found.images).answers[0]
    whole = found.reader.read(mask)
    np.testing.assert_array_equal(
        found.reader.read(mask, (24, 32)), whole.repeat(2, 0).repeat(2, 1)
    )


def test_an_index_may_be_ignored(tmp_path):
    folder = with_classes(write_set(tmp_path, gray), CLASSES[:2])
    with pytest.raises(ValueError, match="with 2 in .* pixels"):
        load_masks(folder, seed=0)
    found = load_masks(folder, seed=0, ignore=2)
    mask = join(found.images).answers[0]
    assert set(np.unique(found.reader.read(mask))) == {0, 1, 255}


def test_the_index_of_a_color_may_be_ignored(tmp_path):
    folder = write_set(tmp_path, colored)
    rows = ["Void,0,0,0", "car,64,0,128", "tree,128,128,0"]
    (folder / "class_dict.csv").write_text("\n".join(rows))
    found = load_masks(folder, seed=0, ignore=1)
    mask = join(found.images).answers[0]
    expected = np.array([255, 0, 255])[mask_of(pathlib.Path(mask).stem)]
    np.testing.assert_array_equal(found.reader.read(mask), expected)


def test_masks_of_black_and_white_have_a_foreground(tmp_path):
    def binary(indices, path):
        gray(np.where(indices == 1, 255, 0).astype(np.uint8), path)

    folder = write_set(tmp_path, binary)
    with pytest.warns(UserWarning, match="0 and 255 alone.*'foreground'"):
        found = load_masks(folder, seed=0)
    assert found.images.names == ("background", "foreground")
    mask = join(found.images).answers[0]
    expected = mask_of(pathlib.Path(mask).stem) == 1
    np.testing.assert_array_equal(found.reader.read(mask), expected)
    with_classes(folder, ("road", "car"))
    with pytest.warns(UserWarning, match="taken for 'car'"):
        load_masks(folder, seed=0)


def test_classes_without_a_list_are_called_by_their_indices(tmp_path):
    with pytest.warns(UserWarning, match="no file lists the 3 classes"):
        images = load_masks(write_set(tmp_path, gray), seed=0).images
    assert images.names == ("class 0", "class 1", "class 2")


def test_classes_in_another_order_than_the_models_are_refused(tmp_path):
    folder = with_classes(write_set(tmp_path, gray))
    assert load_masks(folder, seed=0, names=CLASSES).images.names == CLASSES
    other = CLASSES[::-1]
    with pytest.raises(
        ValueError, match="tree, car, ground. Received.*has ground, car, tree"
    ):
        load_masks(folder, seed=0, names=other)
    (folder / "classes.txt").unlink()
    assert load_masks(folder, seed=0, names=other).images.names == other


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
        write_set(tmp_path / part, gray, names=[f"in {part}"])
    found, reader = load_test_masks(with_classes(tmp_path), CLASSES)
    assert [pathlib.Path(f).stem for f in found.files] == [f"in {tested}"]
    np.testing.assert_array_equal(
        reader.read(found.answers[0]), mask_of(f"in {tested}")
    )
    # A copy counts, too; a mask of another part is not read.
    for kind in ("images", "masks"):
        for part in parts:
            for file in (tmp_path / part / kind).iterdir():
                if part == tested:
                    shutil.copy(file, file.with_stem("copy"))
                elif kind == "masks":
                    file.write_bytes(b"no mask")
    assert len(load_test_masks(tmp_path, CLASSES)[0]) == 2


def test_a_folder_to_test_on_holds_a_picture_that_can_be_read(tmp_path):
    folder = with_classes(write_set(tmp_path, gray, names=["a"]))
    (folder / "images" / "a.png").write_bytes(b"no picture")
    with (
        pytest.warns(UserWarning, match="1 file cannot be read"),
        pytest.raises(ValueError, match="pictures that can be read. Received"),
    ):
        load_test_masks(folder, CLASSES)


def replaced(mask):
    """Returns a function that writes a set with another first mask."""

    def write(folder):
        with_classes(write_set(folder, gray))
        Image.fromarray(mask).save(folder / "masks" / "p0.png")

    return write


def with_a_broken_mask(folder):
    with_classes(write_set(folder, gray))
    (folder / "masks" / "p0.png").write_bytes(b"no image")


def without_a_picture(folder):
    with_classes(write_set(folder, gray))
    (folder / "images" / "p0.png").unlink()


def with_a_picture_without_an_ending(folder):
    with_classes(write_set(folder, gray))
    (folder / "images" / "p0.png").rename(folder / "images" / "p0")


def with_two_masks(folder):
    with_classes(write_set(folder, gray))
    gray(mask_of("p0"), folder / "masks" / "p0_mask.png")


def without_masks(folder):
    write_pictures(folder / "images", NAMES, SIZE)


def without_a_table(folder):
    with_classes(write_set(folder, colored))


def with_a_lossy_mask(folder):
    with_classes(write_set(folder, gray, ending=".jpg"))


def table(*rows):
    def write(folder):
        write_set(folder, colored)
        (folder / "class_dict.csv").write_text("\n".join(rows))

    return write


ROWS = "ground,0,0,0", "car,64,0,128"
BAD = {
    "size": (
        replaced(np.zeros((12, 17), np.uint8)),
        "masks/p0.png' of 17 x 12 pixels, and .*images/p0.png' of 16 x 12",
    ),
    "index": (
        replaced(np.full(SIZE, 3, np.uint8)),
        "of the 3 classes, .*masks/p0.png' with 3 in 192 pixels",
    ),
    "large": (
        replaced(np.full(SIZE, 300, np.uint16)),
        "masks/p0.png' with 300 in 192 pixels",
    ),
    "broken": (with_a_broken_mask, "masks/p0.png' .*no format that is known"),
    "no picture": (without_a_picture, "masks/p0.png', and no picture called"),
    "no ending": (
        with_a_picture_without_an_ending,
        "masks/p0.png', and no picture called 'p0'",
    ),
    "two masks": (with_two_masks, "p0.png' and .*p0_mask.png', both of"),
    "no masks": (without_masks, "8 pictures lie and no masks"),
    "no table": (without_a_table, "masks/p.*' in color, without a table"),
    "lossy": (with_a_lossy_mask, "masks/p0.jpg', in which classes are mixed"),
    "no such color": (table(*ROWS), r"masks/p.*\(128, 128, 0\) in \d+ pixels"),
    "color twice": (table(*ROWS, "tree,0,0,0"), "the color .* twice"),
    "name twice": (table(*ROWS, "car,1,2,3"), "lists 'car' twice"),
    "no color": (table(*ROWS, "tree,1,2"), "line 3: 'tree,1,2'"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_named_with_its_file(case, tmp_path):
    write, message = BAD[case]
    write(tmp_path)
    with pytest.raises(ValueError, match=message) as caught:
        load_masks(tmp_path, seed=0)
    assert "Received:" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_is_checked_before_it_is_read(tmp_path):
    with pytest.raises(ValueError, match="which is no folder"):
        check_mask_folder(tmp_path / "nothing")
    check_mask_folder(write_set(tmp_path, gray))


def test_the_hash_of_the_answers_is_of_the_indices_and_not_of_the_file(
    tmp_path,
):
    def line():
        return answers_in_a_line(load_masks(tmp_path, seed=0).images)

    with_classes(write_set(tmp_path, gray))
    before = line()
    path, mask = tmp_path / "masks" / "p0.png", mask_of("p0")
    Image.fromarray(mask).save(path, compress_level=0)
    assert line() == before
    mask[0, 0] = (mask[0, 0] + 1) % 3
    gray(mask, path)
    assert line() != before


def test_each_mask_of_colors_is_opened_once(tmp_path, monkeypatch):
    folder = write_set(tmp_path, colored)
    rows = ["ground,0,0,0", "car,64,0,128", "tree,128,128,0"]
    (folder / "class_dict.csv").write_text("\n".join(rows))
    opened = []

    def counted(path, *args, real=open, **kwargs):
        opened.append(str(path))
        return real(path, *args, **kwargs)

    monkeypatch.setattr("builtins.open", counted)
    load_masks(folder, seed=0)
    masks = [path for path in opened if "masks" in path]
    assert len(masks) == len(set(masks)) == len(NAMES)
