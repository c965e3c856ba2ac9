"""Scenes that are drawn, with exact boxes and masks.

Digits as people wrote them, or circles, squares and triangles, at random sizes
on textured canvases: what the jobs train on without a folder.
"""

import functools
import hashlib
from typing import NamedTuple

import numpy as np

from keras_papers.extras import require
from keras_papers.pipelines.data.answered_set import as_objects, hash_of
from keras_papers.pipelines.data.boxes.annotated import Boxes
from keras_papers.pipelines.data.image_set import AnsweredPart, ImageSet

SHAPES = ("circle", "square", "triangle")
BACKGROUND = "background"
SCENES = {"train": 480, "validation": 40, "test": 120}
SMALLEST, LARGEST = 0.2, 0.45  # of an object, as shares of the canvas
MOST = 4  # objects of a scene
VISIBLE = 0.8  # of an object, at least
CONTRAST = 80  # of the mean color of an object, in levels of 255
TRIES = 20  # places and colors for an object
AT_ONCE = 8  # scenes that are drawn again


class Scene(NamedTuple):
    """A drawn picture, and the truth about it."""

    pixels: np.ndarray  # uint8 (size, size, 3)
    boxes: np.ndarray  # float32 (n, 4), around the visible pixels
    classes: np.ndarray  # int32 (n,)
    objects: np.ndarray  # uint8 (size, size): 0, or the object's number from 1

    @property
    def mask(self):
        """The class of each pixel, uint8: 0 is the background."""
        return np.append(0, self.classes + 1)[self.objects].astype(np.uint8)


def draw_scenes(number, image_size, seed, kind="digits", part="train"):
    """Draws scenes; the same arguments give the same pixels.

    Args:
        number: How many.
        image_size: Height and width.
        seed: Int.
        kind: `"digits"` or `"shapes"`.
        part: One of `SCENES`. The digits of a part are in no other one, with
            any seed.

    Returns:
        A list of `Scene`.

    Example:
    >>> scene = draw_scenes(1, 64, seed=0, kind="shapes")[0]
    >>> scene.pixels.shape, len(scene.boxes) == int(scene.objects.max())
    ((64, 64, 3), True)
    """
    index = list(SCENES).index(part)
    generator = np.random.default_rng([seed, index])
    draw = _drawing(kind, part)
    return [_scene(generator, image_size, draw) for _ in range(number)]


def load_scenes(image_size, seed, answers, kind="digits", sizes=None):
    """Draws a set of scenes, divided.

    Args:
        image_size: Height and width.
        seed: Int.
        answers: `"boxes"` or `"masks"`. In masks the background is class 0.
        kind: `"digits"` or `"shapes"`.
        sizes: Dict of the number of scenes of each part. Defaults to `SCENES`.

    Returns:
        An `ImageSet` of `AnsweredPart` in memory: the answers are `Boxes`, or
        uint8 masks. Its `redraw` draws other scenes to train on.
    """
    names = SHAPES if kind == "shapes" else tuple("0123456789")
    if answers == "masks":
        names = (BACKGROUND, *names)
    sizes = sizes or SCENES
    parts = {
        part: _part(draw_scenes(number, image_size, seed, kind, part), answers)
        for part, number in sizes.items()
    }
    redraw = functools.partial(
        _redrawn, sizes["train"], image_size, seed, answers, kind
    )
    return ImageSet(names, **parts, redraw=redraw)


def _redrawn(number, image_size, seed, answers, kind, again):
    """Yields parts of scenes to train on, others for each number `again`."""
    generator = np.random.default_rng([seed, len(SCENES), again])
    draw = _drawing(kind, "train")
    for start in range(0, number, AT_ONCE):
        few = range(start, min(start + AT_ONCE, number))
        yield _part([_scene(generator, image_size, draw) for _ in few], answers)


def _part(scenes, answers):
    pixels = np.stack([scene.pixels for scene in scenes])
    truths = [_answer(scene, answers) for scene in scenes]
    return AnsweredPart(
        pixels,
        np.zeros(len(scenes), int),
        as_objects([_hash(each) for each in pixels]),
        as_objects(truths),
        as_objects([*map(hash_of, truths)]),
    )


def _answer(scene, answers):
    if answers == "masks":
        return scene.mask
    crowds = np.zeros(len(scene.boxes), bool)
    return Boxes(scene.boxes, scene.classes, crowds, scene.pixels.shape[:2])


def _hash(pixels):
    return hashlib.sha256(pixels.tobytes()).hexdigest()


def _scene(generator, size, draw):
    canvas = _texture(generator, size)
    objects = np.zeros((size, size), np.uint8)
    classes = []
    for _ in range(generator.integers(1, MOST + 1)):
        placed = _placed(generator, canvas, objects, draw)
        if placed is not None:
            visible, color, label = placed
            classes.append(label)
            objects[visible] = len(classes)
            noise = generator.normal(0, 8, (visible.sum(), 3))
            canvas[visible] = color + noise
    boxes = [_box(objects == index + 1) for index in range(len(classes))]
    return Scene(
        np.clip(canvas, 0, 255).astype(np.uint8),
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(classes, np.int32),
        objects,
    )


def _texture(generator, size):
    """Returns a canvas of coarse spots under fine noise, as floats."""
    coarse = generator.integers(40, 216, (4, 4, 3)).astype(np.uint8)
    image = _image_module().fromarray(coarse)
    bilinear = _image_module().Resampling.BILINEAR
    canvas = np.asarray(image.resize((size, size), bilinear), float)
    return canvas + generator.normal(0, 10, (size, size, 1))


def _placed(generator, canvas, objects, draw):
    """Returns pixels, color and class of a new object, or None without room.

    It lies on the background alone, so that those before it stay whole.
    """
    size = len(canvas)
    side = round(generator.uniform(SMALLEST, LARGEST) * size)
    shape, label = draw(generator, side)
    for _ in range(TRIES):
        top, left = generator.integers(0, size - side + 1, 2)
        pixels = np.zeros((size, size), bool)
        pixels[top : top + side, left : left + side] = shape
        visible = pixels & (objects == 0)
        color = generator.integers(0, 256, 3)
        if visible.sum() < VISIBLE * pixels.sum():
            continue
        if abs(color - canvas[visible].mean(0)).mean() >= CONTRAST:
            return visible, color, label
    return None


def _box(pixels):
    rows, columns = np.nonzero(pixels)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def digits_of(part):
    """Returns the indices of scikit-learn's digits that a part draws.

    They are the same with each seed of the scenes, so that those of several
    seeds can be trained on.
    """
    digits = require("sklearn.datasets", "mobile").load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    return np.array_split(order, len(SCENES))[list(SCENES).index(part)]


def _drawing(kind, part):
    """Returns a function that draws an object of a part."""
    return _digits(part) if kind == "digits" else _shape


def _digits(part):
    """Returns a function that draws one of the digits of a part."""
    digits = require("sklearn.datasets", "mobile").load_digits()
    mine = digits_of(part)

    def draw(generator, side):
        chosen = generator.choice(mine)
        gray = (255 / 16 * digits.images[chosen]).astype(np.uint8)
        image = _image_module().fromarray(gray)
        bilinear = _image_module().Resampling.BILINEAR
        large = np.asarray(image.resize((side, side), bilinear))
        return large > 100, int(digits.target[chosen])

    return draw


def _shape(generator, side):
    """Draws a circle, a square or a triangle."""
    label = int(generator.integers(len(SHAPES)))
    rows, columns = (np.indices((side, side)) + 0.5) / side
    across, down = abs(columns - 0.5), rows
    shape = (
        across**2 + (down - 0.5) ** 2 <= 0.25,
        across <= 0.4,
        across <= down / 2,
    )[label]
    if label == 1:
        shape &= abs(down - 0.5) <= 0.4
    return shape, label


def _image_module():
    return require("PIL.Image", "mobile")
