"""Small folders of pictures with boxes, in each format, for tests."""

import json
import pathlib

import numpy as np
from PIL import Image

NAMES = ("cat", "dog")
SIZE = (40, 60)  # height and width
# Of each picture: class and x_min, y_min, x_max, y_max.
SCENES = {
    f"p{index}": [
        ("cat", (6.0, 4.0, 30.0, 20.0)),
        ("dog", (12.0, 10.0, 60.0, 40.0)),
    ][: index % 3]
    for index in range(10)
}


def write_pictures(folder, scenes=SCENES, size=SIZE):
    """Writes a picture of noise for each scene; returns their paths."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name in scenes:
        generator = np.random.default_rng([*name.encode()])
        pixels = generator.integers(0, 256, (*size, 3), np.uint8)
        paths[name] = folder / f"{name}.png"
        Image.fromarray(pixels).save(paths[name])
    return paths


def voc_text(objects, size=SIZE, filename="x.png", difficult=0):
    """Returns the XML of the boxes of a picture."""
    boxes = "".join(
        f"<object><name>{name}</name><difficult>{difficult}</difficult>"
        f"<bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}</ymin><xmax>{box[2]}</xmax><ymax>{box[3]}</ymax>"
        "</bndbox></object>"
        for name, box in objects
    )
    return (
        f"<annotation><filename>{filename}</filename><size><width>{size[1]}"
        f"</width><height>{size[0]}</height><depth>3</depth></size>{boxes}"
        "</annotation>"
    )


def write_voc(folder, scenes=SCENES, size=SIZE):
    """Writes a folder of Pascal VOC."""
    folder = pathlib.Path(folder)
    write_pictures(folder / "JPEGImages", scenes, size)
    (folder / "Annotations").mkdir(exist_ok=True)
    for name, objects in scenes.items():
        path = folder / "Annotations" / f"{name}.xml"
        path.write_text(voc_text(objects, size, f"{name}.png"))
    return folder


def coco(scenes=SCENES, size=SIZE, crowds=()):
    """Returns the content of a COCO file."""
    height, width = size
    images, annotations = [], []
    for number, (name, objects) in enumerate(scenes.items(), 7):
        images.append(
            {
                "id": number,
                "file_name": f"{name}.png",
                "height": height,
                "width": width,
            }
        )
        for label, (x_min, y_min, x_max, y_max) in objects:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": {"cat": 17, "dog": 18}[label],
                    "bbox": [x_min, y_min, x_max - x_min, y_max - y_min],
                    "iscrowd": int(name in crowds),
                }
            )
    categories = [{"id": 17, "name": "cat"}, {"id": 18, "name": "dog"}]
    return {
        "images": images,
        "annotations": annotations,
        "categories": categories,
    }


def write_coco(folder, scenes=SCENES, size=SIZE, **more):
    """Writes a folder of pictures with a COCO file."""
    folder = pathlib.Path(folder)
    write_pictures(folder / "images", scenes, size)
    path = folder / "annotations.json"
    path.write_text(json.dumps(coco(scenes, size, **more)))
    return folder


def write_yolo(folder, scenes=SCENES, size=SIZE):
    """Writes a folder of YOLO text files with `data.yaml`."""
    folder = pathlib.Path(folder)
    write_pictures(folder / "images", scenes, size)
    (folder / "labels").mkdir(exist_ok=True)
    height, width = size
    for name, objects in scenes.items():
        lines = [
            f"{NAMES.index(label)} {(x_min + x_max) / 2 / width} "
            f"{(y_min + y_max) / 2 / height} {(x_max - x_min) / width} "
            f"{(y_max - y_min) / height}"
            for label, (x_min, y_min, x_max, y_max) in objects
        ]
        (folder / "labels" / f"{name}.txt").write_text("\n".join(lines))
    (folder / "data.yaml").write_text("nc: 2\nnames: ['cat', 'dog']  # two\n")
    return folder


WRITERS = {"voc": write_voc, "coco": write_coco, "yolo": write_yolo}
