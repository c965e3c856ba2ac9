"""Pictures varied at random, with their boxes and masks.

A window of the picture is resized to the whole: a small one enlarges what it
shows, one that reaches out of the picture makes it smaller, and one whose left
and right side change places mirrors it. One rule then moves pixels, masks and
boxes alike.
"""

import math

from keras_papers.extras import require
from keras_papers.pipelines.data.augmentation import color_layers
from keras_papers.pipelines.data.masks.mask_reader import IGNORE

AUGMENTATIONS = ("none", "light", "photo")
LIGHT = "scaled by up to 15 % and shifted, brightness and contrast changed"
DESCRIPTIONS = {
    ("none", "boxes"): "pictures are not varied",
    ("none", "masks"): "pictures are not varied",
    ("light", "boxes"): LIGHT,
    ("light", "masks"): LIGHT,
    ("photo", "boxes"): "mirrored, cropped by the rule of SSD or made smaller "
    "by up to a half, brightness and contrast changed",
    ("photo", "masks"): "mirrored, scaled by 0.67 to 2, brightness and "
    "contrast changed",
}
GRAY = 127.0  # outside of the picture
OVERLAPS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9)  # of a crop and a box, by SSD
WINDOWS = 16  # that are tried for an overlap
SMALLEST = 0.4  # side of a crop, as a share of the picture's
SHAPE = math.log(2)  # of a crop: the logarithm of the quotient of its sides


def varied(data, kind, seed):
    """Returns batches that are varied, others each epoch.

    Args:
        data: `tf.data.Dataset` of images, float32 in [0, 255], and masks or a
            dict of boxes, classes and which are crowds.
        kind: One of `AUGMENTATIONS`.
        seed: Int. Draws what each picture becomes.
    """
    if kind == "none":
        return data
    # One batch after the other: both count what they drew.
    data = data.map(RandomWindows(kind, seed))
    for layer in color_layers(seed):
        data = data.map(lambda x, y, layer=layer: (layer(x), y))
    return data


class RandomWindows:
    """Resizes random windows of pictures, and of their answers.

    Args:
        kind: `"light"` or `"photo"`.
        seed: Int. Draws the windows, others each time.
    """

    def __init__(self, kind, seed):
        self.tf = require("tensorflow", "mobile")
        self.kind = kind
        with self.tf.device("CPU"):  # as the pipeline
            self.random = self.tf.random.Generator.from_seed(seed)

    def __call__(self, images, answers):
        tf = self.tf
        number = tf.shape(images)[0]
        has_boxes = isinstance(answers, dict)
        if self.kind == "light":
            windows = self._scaled(number, 1 / 1.15, 1.15)
        elif has_boxes:
            windows = self._by_overlap(answers, images.shape[1])
        else:
            windows = self._scaled(number, 0.5, 1.5)
        if self.kind == "photo":
            is_mirrored = self._draw([number, 1]) < 0.5
            mirrored = tf.gather(windows, [0, 3, 2, 1], axis=1)
            windows = tf.where(is_mirrored, mirrored, windows)
        size = images.shape[1:3]
        resized = tf.image.crop_and_resize(
            images, windows, tf.range(number), size, extrapolation_value=GRAY
        )
        if has_boxes:
            return resized, self._moved(answers, windows, size[0])
        masks = tf.image.crop_and_resize(
            tf.cast(answers, tf.float32)[..., None],
            windows,
            tf.range(number),
            size,
            method="nearest",
            extrapolation_value=IGNORE,
        )
        return resized, tf.cast(masks[..., 0], answers.dtype)

    def _draw(self, shape, low=0.0, high=1.0):
        return self.random.uniform(shape, low, high)

    def _scaled(self, number, smallest, largest):
        """Draws windows of a side in a range, inside or around the picture."""
        tf = self.tf
        side = self._draw([number, 1], smallest, largest)
        start = (1 - side) * self._draw([number, 2])
        return tf.concat([start, start + side], axis=1)

    def _by_overlap(self, answers, size):
        """Draws windows as SSD does, or around the picture for half of it."""
        tf = self.tf
        boxes = tf.gather(answers["boxes"], [1, 0, 3, 2], axis=2) / size
        is_object = (answers["classes"] >= 0) & ~answers["is_crowd"]
        number = tf.shape(boxes)[0]
        shape = [number, WINDOWS]
        scale = self._draw(shape, SMALLEST, 1.0)
        stretch = tf.exp(self._draw(shape, -SHAPE, SHAPE) / 2)
        sides = tf.stack([scale * stretch, scale / stretch], axis=2)
        sides = tf.minimum(sides, 1.0)
        start = (1 - sides) * self._draw([number, WINDOWS, 2])
        crops = tf.concat([start, start + sides], axis=2)
        at_least = tf.gather(
            tf.constant(OVERLAPS),
            self.random.uniform([number], 0, len(OVERLAPS), tf.int32),
        )
        fits = self._overlaps(crops, boxes, is_object) >= at_least[:, None]
        fits |= ~tf.reduce_any(is_object, axis=1, keepdims=True)
        chosen = tf.gather(
            crops, tf.argmax(tf.cast(fits, tf.int32), axis=1), batch_dims=1
        )
        whole = tf.constant([[0.0, 0.0, 1.0, 1.0]])
        crops = tf.where(tf.reduce_any(fits, axis=1)[:, None], chosen, whole)
        around = self._scaled(number, 1.0, 2.0)
        return tf.where(self._draw([number, 1]) < 0.5, around, crops)

    def _overlaps(self, crops, boxes, is_object):
        """Returns the largest overlap of each crop with a box in it, or -1.

        A box is in a crop if its center is.
        """
        tf = self.tf
        crops, boxes = crops[:, :, None], boxes[:, None]
        low = tf.maximum(crops[..., :2], boxes[..., :2])
        high = tf.minimum(crops[..., 2:], boxes[..., 2:])
        shared = tf.reduce_prod(tf.maximum(high - low, 0.0), axis=-1)
        areas = [
            tf.reduce_prod(each[..., 2:] - each[..., :2], axis=-1)
            for each in (crops, boxes)
        ]
        overlaps = shared / (areas[0] + areas[1] - shared)
        centers = (boxes[..., :2] + boxes[..., 2:]) / 2
        is_in = tf.reduce_all(
            (centers > crops[..., :2]) & (centers < crops[..., 2:]), axis=-1
        )
        is_in &= is_object[:, None]
        return tf.reduce_max(tf.where(is_in, overlaps, -1.0), axis=2)

    def _moved(self, answers, windows, size):
        """Returns boxes in the pixels of their windows.

        The first and the last pixel of a window lie on its sides, and the
        center of pixel i at i + 0.5. A box whose center is outside is left
        out unless it is of a crowd; others are cut.
        """
        tf = self.tf
        starts = tf.gather(windows, [1, 0], axis=1)  # x before y
        lengths = tf.gather(windows, [3, 2], axis=1) - starts
        starts, lengths = starts[:, None], lengths[:, None]

        def move(points):
            return (points - 0.5 - starts * (size - 1)) / lengths + 0.5

        ends = [
            move(answers["boxes"][..., :2]),
            move(answers["boxes"][..., 2:]),
        ]
        low, high = tf.minimum(*ends), tf.maximum(*ends)
        center = (low + high) / 2
        kept = tf.reduce_all((center > 0) & (center < size), axis=-1)
        kept |= answers["is_crowd"]  # its part counts for nothing, too
        low, high = (tf.clip_by_value(each, 0, size) for each in (low, high))
        kept &= tf.reduce_all(high - low >= 1, axis=-1)
        kept &= answers["classes"] >= 0
        boxes = tf.concat([low, high], axis=-1)
        return {
            "boxes": tf.where(kept[..., None], boxes, 0.0),
            "classes": tf.where(kept, answers["classes"], -1),
            "is_crowd": answers["is_crowd"] & kept,
        }
