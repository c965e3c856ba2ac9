"""A model that finds the objects of images, with its anchors."""

import keras
import numpy as np
from keras import ops

from keras_papers.applications.detection.boxes import SSD_WEIGHTS
from keras_papers.applications.detection.detections import (
    SIGMOID,
    SOFTMAX,
    Detections,
)
from keras_papers.applications.detection.object_loss import ObjectLoss
from keras_papers.applications.detection.targets import check_objects
from keras_papers.checks import (
    check_box_weights,
    check_choice,
    check_fraction,
    check_positive_int,
)
from keras_papers.layers._image_axes import image_size
from keras_papers.losses.detection import AnchorLoss, FocalLoss, MultiBoxLoss
from keras_papers.suppression_rule import Suppression


@keras.saving.register_keras_serializable(package="keras_papers")
class Detector(keras.Model):
    """Images to codes and class logits of anchors, as a functional model.

    `fit` takes images and a dict of their objects, `predict` returns the
    boxes that remain after suppression, and the call of the model the codes
    and logits, as an exported file has them.

    Args:
        inputs: Keras tensor of the images.
        outputs: Dict of Keras tensors: `"boxes"`, codes `(batch, anchors, 4)`,
            and `"scores"`, logits `(batch, anchors, columns)`.
        anchors: Array `(anchors, 4)`: `(x_min, y_min, x_max, y_max)` in pixels
            of the input.
        classes: Positive int. Number of classes, without background.
        box_weights: Four factors of the codes. Defaults to `(10, 10, 5, 5)`.
        score_activation: `"softmax"` (default), with the background in column
            0, trained by `MultiBoxLoss`; or `"sigmoid"`, without it, trained
            by `FocalLoss`.
        match_threshold: Float in [0, 1]. Overlap with an object from which an
            anchor is to predict it. Defaults to 0.5.
        suppression: `Suppression` of `predict`, or a list of its values.
        name: Name of the model.

    Raises:
        ValueError: If the outputs do not fit the anchors and classes.

    Example:
    >>> from keras_papers.applications import SSDLiteMobileNetV3Small
    >>> model = SSDLiteMobileNetV3Small((64, 64, 3), alpha=0.25, classes=2)
    >>> model.compile("adam", jit_compile=False)
    >>> images = np.zeros((2, 64, 64, 3), "float32")
    >>> objects = {  # of the second image: none
    ...     "boxes": np.array([[[8, 8, 40, 40]], [[0, 0, 0, 0]]], "float32"),
    ...     "classes": np.array([[1], [-1]]),
    ... }
    >>> history = model.fit(images, objects, verbose=0)
    >>> found = model.predict(images, verbose=0)
    >>> found["boxes"].shape, found["classes"].shape
    ((2, 300, 4), (2, 300))
    """

    def __init__(
        self,
        inputs,
        outputs,
        anchors,
        classes,
        *,
        box_weights=SSD_WEIGHTS,
        score_activation=SOFTMAX,
        match_threshold=0.5,
        suppression=Suppression(),  # noqa: B008
        name=None,
    ):
        super().__init__(inputs=inputs, outputs=outputs, name=name)
        anchors = np.array(anchors, "float32")
        check_positive_int(
            "classes", classes, "the number of classes", "Try 20."
        )
        check_choice(
            "score_activation",
            score_activation,
            (SOFTMAX, SIGMOID),
            "how logits become scores",
        )
        _check_outputs(outputs, anchors, classes, score_activation)
        check_box_weights(box_weights)
        check_fraction(
            "match_threshold",
            match_threshold,
            "the overlap from which an anchor has an object",
            "Try 0.5.",
        )
        self.anchors = anchors
        self.classes = classes
        self.box_weights = tuple(map(float, box_weights))
        self.score_activation = score_activation
        self.match_threshold = match_threshold
        self.suppression = Suppression.checked(suppression)
        self.terms = {
            name: keras.metrics.Mean(name=name)
            for name in ("class_loss", "box_loss")
        }
        # Not tracked by Keras: its layers are those of this model.
        object.__setattr__(self, "_detecting", (None, None))

    @property
    def background(self):
        """Whether column 0 of the scores is the background."""
        return self.score_activation == SOFTMAX

    @property
    def input_size(self):
        """Height and width of the images."""
        return image_size(self.inputs[0])

    def detection_model(self):
        """Returns a functional model: images to what `predict` returns.

        It has the layers of this model, and suppresses as `suppression` of
        this model says now.
        """
        settings, model = self._detecting
        wanted = tuple(self.suppression)
        if settings != wanted:
            layer = Detections(
                self.anchors,
                self.input_size,
                self.box_weights,
                self.score_activation,
                wanted,
                name="detections",
            )
            model = keras.Model(
                self.input, layer(self.output), name=f"{self.name}_detections"
            )
            object.__setattr__(self, "_detecting", (wanted, model))
        return model

    def predict(self, x, batch_size=None, verbose="auto", **kwargs):
        """Returns the objects of images, the most certain first.

        Args:
            x: Images, as `keras.Model.predict` takes them.
            batch_size: Positive int. Images that are computed together.
            verbose: 0, 1, 2 or `"auto"`, as in `keras.Model.predict`.
            **kwargs: Further arguments of `keras.Model.predict`.

        Returns:
            A dict of arrays: `"boxes"` `(images, most, 4)`, float32, `(x_min,
            y_min, x_max, y_max)` in pixels of the input; `"scores"` and
            `"classes"` `(images, most)`, int32; and `"counts"` `(images,)`,
            the number of objects. Behind these boxes and scores are 0, and
            classes are -1.
        """
        return self.detection_model().predict(x, batch_size, verbose, **kwargs)

    def fit(self, x=None, y=None, *args, validation_data=None, **kwargs):
        """Trains on images and their objects, as `keras.Model.fit`.

        Args:
            x: Images of the input's size; or a data set of pairs.
            y: Dict of `"boxes"` `(images, objects, 4)`, in pixels of the
                input, and `"classes"` `(images, objects)`, ints from 0; -1
                and a box of zeros where an image has fewer objects. With
                `"is_crowd"`, bools `(images, objects)`, anchors that lie in
                such a box are neither right nor wrong. None for a data set.
                Images without objects have a loss with
                `score_activation="sigmoid"` only.
            *args: Further arguments of `keras.Model.fit`.
            validation_data: Pair of images and objects, or a data set.
            **kwargs: Further arguments of `keras.Model.fit`.

        Returns:
            The `History`, of `loss`, `class_loss` and `box_loss`.

        Raises:
            ValueError: If arrays are not boxes and classes of this model.
        """
        self._check(y)
        if isinstance(validation_data, tuple | list):
            self._check(validation_data[1])
        return super().fit(
            x, y, *args, validation_data=validation_data, **kwargs
        )

    def evaluate(self, x=None, y=None, *args, **kwargs):
        """Returns the losses, as `keras.Model.evaluate`.

        The average precision is that of `metrics.AveragePrecision`.
        """
        self._check(y)
        return super().evaluate(x, y, *args, **kwargs)

    def _check(self, y):
        if y is not None:
            check_objects(y, self.classes, self.input_size)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Matches anchors with objects, and returns the loss of both parts."""
        terms = self.object_loss().terms(y, y_pred)
        if sample_weight is not None:  # Keras has it for both arrays of y
            sample_weight = keras.tree.flatten(sample_weight)[0]
        total = 0.0
        for name, losses in terms.items():
            if sample_weight is not None:
                losses = losses * ops.cast(sample_weight, losses.dtype)
            value = ops.mean(losses)
            self.terms[name].update_state(
                value, sample_weight=ops.shape(losses)[0]
            )
            total = total + value
        return sum(self.losses, total)

    def object_loss(self):
        """Returns the loss of `fit`, for a training by other means.

        Quantization-aware training, pruning and clustering take it:
        `quantization.fine_tune(aware, data, loss=detector.object_loss())`.

        Returns:
            A `keras.losses.Loss` of a dict of objects, as `fit` takes it, and
            the dict of outputs.

        Raises:
            ValueError: If the loss passed to `compile` does not fit.
        """
        return ObjectLoss(
            self._loss(),
            self.anchors,
            self.classes,
            self.input_size,
            self.box_weights,
            self.match_threshold,
        )

    def _loss(self):
        """Returns the loss that was passed to `compile`, or the default."""
        loss = getattr(self, "loss", None)
        if loss is None:
            if self.background:
                return MultiBoxLoss()
            return FocalLoss(alpha=0.75, box_weight=0.25)
        if not isinstance(loss, AnchorLoss):
            raise ValueError(
                "`loss` of a detector is one of anchors. Received: "
                f"loss={loss!r}. Leave it out, or pass losses.MultiBoxLoss() "
                "or losses.FocalLoss()."
            )
        if isinstance(loss, MultiBoxLoss) != self.background:
            raise ValueError(
                "`loss` must fit the scores: MultiBoxLoss has a column of the "
                f"background, FocalLoss none. Received: loss={loss!r} for "
                f"score_activation={self.score_activation!r}. Leave it out."
            )
        return loss

    def get_config(self):
        graph = keras.Model(self.input, self.output, name=self.name)
        return {
            "graph": graph.get_config(),
            "anchors": self.anchors.tolist(),
            "classes": self.classes,
            "box_weights": list(self.box_weights),
            "score_activation": self.score_activation,
            "match_threshold": self.match_threshold,
            "suppression": list(self.suppression),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        graph = keras.Model.from_config(config.pop("graph"), custom_objects)
        return cls(graph.input, graph.output, **config)


def _check_outputs(outputs, anchors, classes, score_activation):
    """Raises ValueError unless each anchor has a code and logits."""
    is_box = anchors.ndim == 2 and anchors.shape[1] == 4
    if not is_box or not (anchors[:, 2:] > anchors[:, :2]).all():
        raise ValueError(
            "`anchors` are boxes (x_min, y_min, x_max, y_max) of some size, "
            f"(anchors, 4). Received: anchors of shape {anchors.shape}. Try "
            "those of applications.detection.default_boxes."
        )
    columns = classes + (score_activation == SOFTMAX)
    expected = {"boxes": 4, "scores": columns}
    found = None
    if isinstance(outputs, dict):
        found = {name: tuple(x.shape)[1:] for name, x in outputs.items()}
    wanted = {name: (len(anchors), number) for name, number in expected.items()}
    if found != wanted:
        raise ValueError(
            "`outputs` has the codes and logits of the anchors, a dict of "
            f"shapes {wanted} without the batch. Received: {found or outputs}. "
            "Pass as many anchors as the outputs have, and the number of "
            "classes without background."
        )
