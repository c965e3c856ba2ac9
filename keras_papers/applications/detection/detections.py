"""The layer from codes and logits to boxes, scores and classes."""

from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from keras_papers.applications.detection.boxes import (
    SSD_WEIGHTS,
    clip_boxes,
    decode_boxes,
)
from keras_papers.applications.detection.suppression import best_boxes
from keras_papers.checks import check_bool, check_positive_int, plain

SOFTMAX, SIGMOID = "softmax", "sigmoid"


class Postprocessing(NamedTuple):
    """Which of a detector's boxes are returned.

    Example:
    >>> Postprocessing(score_threshold=0.5).max_detections
    200
    """

    score_threshold: float = 0.01  # only better boxes take part
    iou_threshold: float = 0.45  # of boxes that remove one another
    candidates: int = 400  # boxes that take part, of each class
    max_detections: int = 200  # of an image
    per_class: bool = True  # whether boxes remove those of their class only

    def checked(self):
        """Returns it with Python's numbers, or raises ValueError."""
        checked = Postprocessing(*map(plain, self))
        for name in ("score_threshold", "iou_threshold"):
            value = getattr(checked, name)
            is_number = isinstance(value, int | float)
            if not is_number or not 0 <= value <= 1:
                raise ValueError(
                    f"`{name}` is a threshold and must lie in [0, 1]. "
                    f"Received: {name}={value!r}. Scores and overlaps are not "
                    "percentages."
                )
        for name in ("candidates", "max_detections"):
            check_positive_int(
                name, getattr(checked, name), "a number of boxes", "Try 200."
            )
        check_bool(
            "per_class",
            checked.per_class,
            "whether boxes remove those of their class only",
        )
        return checked


@keras.saving.register_keras_serializable(package="keras_papers")
class Detections(keras.layers.Layer):
    """Decodes boxes relative to anchors, and suppresses all but the best.

    Args:
        anchors: `(anchors, 4)`, boxes in pixels.
        image_size: `(height, width)`, to which boxes are clipped.
        box_weights: Four factors of the codes. Defaults to `(10, 10, 5, 5)`.
        score_activation: `"softmax"` (default), whose first column is the
            background, or `"sigmoid"`, of classes only.
        postprocessing: `Postprocessing`, or a list of its values.
        **kwargs: Base layer keyword arguments, such as `name`.

    Input shape:
        A dict of `"boxes"`, codes `(batch, anchors, 4)`, and `"scores"`,
        logits `(batch, anchors, columns)`.

    Output shape:
        A dict of `"boxes"` `(batch, max_detections, 4)` in pixels, `"scores"`
        and `"classes"` `(batch, max_detections)`, and `"counts"` `(batch,)`.

    Example:
    >>> layer = Detections([[0, 0, 4, 4], [4, 4, 8, 8]], (8, 8))
    >>> found = layer({
    ...     "boxes": ops.zeros((1, 2, 4)),
    ...     "scores": ops.array([[[0.0, 9.0], [9.0, 0.0]]]),
    ... })
    >>> ops.convert_to_numpy(found["boxes"])[0, 0].tolist()
    [0.0, 0.0, 4.0, 4.0]
    """

    def __init__(
        self,
        anchors,
        image_size,
        box_weights=SSD_WEIGHTS,
        score_activation=SOFTMAX,
        postprocessing=Postprocessing(),  # noqa: B008
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.anchors = np.array(anchors, "float32")
        self.image_size = tuple(image_size)
        self.box_weights = tuple(box_weights)
        self.score_activation = score_activation
        self.postprocessing = Postprocessing(*postprocessing).checked()

    def call(self, inputs):
        boxes = decode_boxes(inputs["boxes"], self.anchors, self.box_weights)
        scores = ops.cast(inputs["scores"], "float32")
        if self.score_activation == SOFTMAX:
            scores = ops.softmax(scores, axis=-1)[..., 1:]
        else:
            scores = ops.sigmoid(scores)
        boxes = clip_boxes(boxes, self.image_size)
        return best_boxes(boxes, scores, *self.postprocessing)

    def get_config(self):
        return {
            **super().get_config(),
            "anchors": self.anchors.tolist(),
            "image_size": self.image_size,
            "box_weights": self.box_weights,
            "score_activation": self.score_activation,
            "postprocessing": list(self.postprocessing),
        }
