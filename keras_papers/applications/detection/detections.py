"""The layer from codes and logits to boxes, scores and classes."""

import keras
import numpy as np
from keras import ops

from keras_papers.applications.detection.boxes import (
    SSD_WEIGHTS,
    clip_boxes,
    decode_boxes,
)
from keras_papers.applications.detection.suppression import best_boxes
from keras_papers.suppression_rule import Suppression

SOFTMAX, SIGMOID = "softmax", "sigmoid"


@keras.saving.register_keras_serializable(package="keras_papers")
class Detections(keras.layers.Layer):
    """Decodes boxes relative to anchors, and suppresses all but the best.

    Args:
        anchors: `(anchors, 4)`, boxes in pixels.
        image_size: `(height, width)`, to which boxes are clipped.
        box_weights: Four factors of the codes. Defaults to `(10, 10, 5, 5)`.
        score_activation: `"softmax"` (default), whose first column is the
            background, or `"sigmoid"`, of classes only.
        suppression: `Suppression`, or a list of its values.
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
        suppression=Suppression(),  # noqa: B008
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.anchors = np.array(anchors, "float32")
        self.image_size = tuple(image_size)
        self.box_weights = tuple(box_weights)
        self.score_activation = score_activation
        self.suppression = Suppression.checked(suppression)

    def call(self, inputs):
        boxes = decode_boxes(inputs["boxes"], self.anchors, self.box_weights)
        scores = ops.cast(inputs["scores"], "float32")
        if self.score_activation == SOFTMAX:
            scores = ops.softmax(scores, axis=-1)[..., 1:]
        else:
            scores = ops.sigmoid(scores)
        boxes = clip_boxes(boxes, self.image_size)
        return best_boxes(boxes, scores, self.suppression)

    def get_config(self):
        return {
            **super().get_config(),
            "anchors": self.anchors.tolist(),
            "image_size": self.image_size,
            "box_weights": self.box_weights,
            "score_activation": self.score_activation,
            "suppression": list(self.suppression),
        }
