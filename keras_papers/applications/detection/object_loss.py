"""The loss of a detector, of the objects of images."""

import keras
from keras import ops

from keras_papers.applications.detection.targets import (
    anchor_targets,
    check_objects,
)


class ObjectLoss(keras.losses.Loss):
    """A loss of anchors whose targets are matched in each batch.

    `Detector.object_loss` returns it.

    Args:
        loss: The `AnchorLoss` of the targets.
        anchors: Array `(anchors, 4)` in pixels.
        classes: Number of classes.
        image_size: `(height, width)` of the images in pixels.
        box_weights: Four factors of the codes.
        match_threshold: Float. Overlap from which an anchor has an object.
    """

    def __init__(
        self, loss, anchors, classes, image_size, box_weights, match_threshold
    ):
        super().__init__()
        self.loss = loss
        self.anchors = anchors
        self.classes = classes
        self.image_size = image_size
        self.box_weights = box_weights
        self.match_threshold = match_threshold

    def terms(self, objects, outputs):
        """Returns the two parts of the loss, as `AnchorLoss.terms` does.

        Args:
            objects: Dict of objects, as `Detector.fit` takes it.
            outputs: Dict of codes and logits.
        """
        check_objects(objects, self.classes, self.image_size)
        targets = anchor_targets(
            objects,
            self.anchors,
            self.box_weights,
            self.match_threshold,
            self.image_size,
        )
        targets = keras.tree.map_structure(ops.stop_gradient, targets)
        return self.loss.terms(targets, outputs)

    def call(self, y_true, y_pred):
        """Returns the loss of each image, `(batch,)`."""
        return sum(self.terms(y_true, y_pred).values())
