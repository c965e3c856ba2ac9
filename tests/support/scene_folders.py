"""Folders of drawn scenes, as people have pictures with masks or boxes."""

from keras_papers.pipelines.data.scenes import BACKGROUND, SHAPES, draw_scenes
from keras_papers.pipelines.report.picture_file import (
    write_mask,
    write_picture,
)
from tests.support.box_files import voc_text

SIZE = 64


def write_masks(folder, number, size=SIZE, seed=0):
    """Writes pictures of shapes with masks, and `classes.txt`."""
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for index, scene in enumerate(draw_scenes(number, size, seed, "shapes")):
        write_picture(folder / "images" / f"s{index}.png", scene.pixels)
        write_mask(folder / "masks" / f"s{index}.png", scene.mask)
    names = "\n".join([BACKGROUND, *SHAPES])
    (folder / "classes.txt").write_text(f"{names}\n")
    return folder


def write_boxes(folder, number, size=SIZE, seed=0):
    """Writes pictures of shapes with boxes, as Pascal VOC."""
    for kind in ("JPEGImages", "Annotations"):
        (folder / kind).mkdir(parents=True)
    for index, scene in enumerate(draw_scenes(number, size, seed, "shapes")):
        write_picture(folder / "JPEGImages" / f"s{index}.png", scene.pixels)
        objects = [
            (SHAPES[label], box.tolist())
            for label, box in zip(scene.classes, scene.boxes, strict=True)
        ]
        text = voc_text(objects, (size, size), f"s{index}.png")
        (folder / "Annotations" / f"s{index}.xml").write_text(text)
    return folder
