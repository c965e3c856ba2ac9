"""What a file is whose model gives every anchor a box and scores."""

from typing import NamedTuple

import numpy as np

from keras_papers.checks import check_bool, check_box_weights, check_choice
from keras_papers.export.detection_outputs import append_detections
from keras_papers.export.detections import shares
from keras_papers.export.image_segmentation import described
from keras_papers.export.metadata import Decoding, object_detection
from keras_papers.export.metadata.object_detection import (
    CATEGORY,
    COUNT,
    LOCATION,
    SCORE,
)
from keras_papers.suppression_rule import Suppression

BOXES, SCORES = "boxes", "scores"  # outputs of the model
XY_TO_YX = [1, 0, 3, 2]


class ObjectDetection(NamedTuple):
    """Detection of objects, as the task of a file.

    The model answers a dict of `boxes`, codes (dx, dy, dw, dh) at each anchor,
    `(anchors, 4)`, and of `scores`, logits `(anchors, columns)`. The file
    answers `location`, codes (dy, dx, dh, dw), and `score`, of the classes
    without the background; or, with `choose_boxes`, the boxes that are chosen
    of these, as `location`, `category`, `score` and `number of detections`.

    Attributes:
        anchors: Array `(anchors, 4)` of (x_min, y_min, x_max, y_max) in
            pixels of the model's input.
        box_weights: Four floats, by which the codes of x, y, width and height
            are multiplied. Defaults to (10, 10, 5, 5).
        background: Bool. Whether column 0 of the scores is the background.
            Defaults to True.
        score_activation: `"softmax"` or `"sigmoid"`, which makes scores of
            logits. Defaults to `"softmax"`.
        suppression: `Suppression` of the boxes, which `export.detect` reads
            from the file. Defaults to `Suppression()`.
        choose_boxes: Bool. Whether the file chooses the boxes by itself. The
            operation has no `candidates`: all boxes of a class take part. It
            compares boxes before they are cut at the edges of the image,
            unlike a `Detector`. Defaults to False: the app does.
    """

    anchors: np.ndarray
    box_weights: tuple = (10.0, 10.0, 5.0, 5.0)
    background: bool = True
    score_activation: str = "softmax"
    suppression: Suppression = Suppression()
    choose_boxes: bool = False

    metadata = object_detection

    @classmethod
    def of(cls, detector, suppression=None, choose_boxes=False):
        """Returns the task of a `Detector`, as its attributes describe it.

        For a quantization-aware model, which has no such attributes, and to
        let a file choose boxes by itself.

        Args:
            detector: The `Detector`.
            suppression: As above. Defaults to None: that of the detector.
            choose_boxes: As above.
        """
        if not is_detector(detector):
            raise ValueError(
                "`detector` is a Detector of keras_papers.applications. "
                f"Received: detector={detector!r}. Pass the anchors of any "
                "other model: export.ObjectDetection(anchors, ...)."
            )
        return cls(
            np.asarray(detector.anchors, "float32"),
            tuple(map(float, detector.box_weights)),
            detector.background,
            detector.score_activation,
            detector.suppression if suppression is None else suppression,
            choose_boxes,
        )

    def check(self, signature):
        """Raises ValueError unless a model of this signature is a detector."""
        outputs = {spec.name: spec.shape for spec in signature.outputs}
        fits = (
            signature.takes_image
            and outputs.keys() == {BOXES, SCORES}
            and [len(shape) for shape in outputs.values()] == [2, 2]
            and outputs[BOXES][1] == 4
            and outputs[BOXES][0] == outputs[SCORES][0]
            and outputs[SCORES][1] > self.background
        )
        if not fits:
            raise ValueError(
                "`task` is the detection of objects, of which a model takes "
                f"one image and answers {BOXES!r} (anchors, 4) and {SCORES!r} "
                "(anchors, columns). Received: a model of the outputs "
                f"{described(signature.outputs)}. Give the outputs these "
                "names, as a dict."
            )
        anchors = np.asarray(self.anchors)
        if anchors.shape != outputs[BOXES] or not _are_boxes(anchors):
            raise ValueError(
                "`anchors` must be a box (x_min, y_min, x_max, y_max) for "
                f"each of the {outputs[BOXES][0]} rows of the outputs. "
                f"Received: anchors of shape {anchors.shape}. Pass those that "
                "the model was trained with."
            )
        check_box_weights(self.box_weights)
        check_bool("background", self.background, "what column 0 stands for")
        activations = ("softmax", "sigmoid")
        check_choice(
            "score_activation",
            self.score_activation,
            activations,
            "what makes scores of logits",
        )
        Suppression.checked(self.suppression)
        check_bool(
            "choose_boxes",
            self.choose_boxes,
            "whether the file chooses the boxes",
        )

    @property
    def rule(self):
        """The `Suppression` by which boxes of the file are chosen."""
        rule = Suppression.checked(self.suppression)
        return rule._replace(candidates=None) if self.choose_boxes else rule

    def num_classes(self, signature):
        """Returns how many classes the outputs have."""
        columns = {spec.name: spec.shape for spec in signature.outputs}
        return columns[SCORES][1] - self.background

    def describe(self, description, signature, converted):
        """Returns a `Description` with what the library must know.

        Args:
            description: A `Description`.
            signature: That of the model.
            converted: Bytes of the file.
        """
        description = description._replace(suppression=self.rule)
        if self.choose_boxes:
            return description
        decoding = Decoding(
            tuple(map(tuple, self.relative_anchors(signature).tolist())),
            tuple(map(float, self.box_weights)),
            self.num_classes(signature),
            self.score_activation == "sigmoid",
        )
        return description._replace(decoding=decoding)

    def relative_anchors(self, signature):
        """Returns (x_center, y_center, width, height), shares of the image."""
        height, width, _ = signature.inputs[0].shape
        anchors = np.asarray(self.anchors, "float32")
        low, high = anchors[:, :2], anchors[:, 2:]
        size = np.array([width, height], "float32")
        return np.concatenate([(low + high) / 2 / size, (high - low) / size], 1)

    def finish(self, converted, signature):
        """Returns the bytes of a file with the outputs of this task."""
        names = signature.names("outputs")
        return append_detections(
            converted,
            self,
            [f"output_{names.index(name)}" for name in (BOXES, SCORES)],
            self.relative_anchors(signature),
            self.num_classes(signature),
        )

    def file_outputs(self):
        """Lists the names of the outputs of the file."""
        return [LOCATION, SCORE] + [CATEGORY, COUNT] * self.choose_boxes

    def answers(self, outputs):
        """Returns the codes and scores that a file computes, by their names.

        Args:
            outputs: Dict of arrays, the outputs of the model.
        """
        boxes, scores = outputs[BOXES], outputs[SCORES].astype("float32")
        if self.score_activation == "softmax":
            scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
            scores /= scores.sum(axis=-1, keepdims=True)
        elif self.choose_boxes:
            scores = shares(scores)
        if self.background:
            scores = scores[..., 1:]
        return {LOCATION: boxes[..., XY_TO_YX], SCORE: scores}


def is_detector(model):
    """Returns whether a model has the attributes of a `Detector`."""
    names = ("anchors", "box_weights", "background", "score_activation")
    return all(hasattr(model, name) for name in (*names, "suppression"))


def _are_boxes(anchors):
    is_finite = np.isfinite(anchors).all()
    return is_finite and (anchors[:, 2:] > anchors[:, :2]).all()
