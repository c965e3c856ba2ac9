"""Losses of detectors: of the anchors' classes and of their codes."""

import keras
from keras import ops

from keras_papers.checks import (
    check_names,
    check_number,
    check_positive,
    plain,
)
from keras_papers.losses.contrastive import places

IGNORED, BACKGROUND = -1, 0  # labels of anchors that have no class
TARGETS, OUTPUTS = ("labels", "boxes"), ("scores", "boxes")
register = keras.saving.register_keras_serializable(package="keras_papers")


class AnchorLoss(keras.losses.Loss):
    """The loss of the classes of anchors, plus that of the boxes.

    Both are sums over the anchors of the batch, divided by the number of
    those that have an object. An image without objects has no loss of boxes.
    A subclass has `class_losses`.

    Args:
        box_weight: Positive number. Factor on the loss of the boxes.
        **kwargs: Keyword arguments of `keras.losses.Loss`.
    """

    def __init__(self, box_weight=1.0, **kwargs):
        super().__init__(**kwargs)
        check_positive(
            "box_weight",
            plain(box_weight),
            "the factor on the loss of the boxes",
            "Try 1.",
        )
        self.box_weight = float(box_weight)

    def class_losses(self, labels, scores):
        """Returns the loss of each image's classes, `(batch,)`.

        Args:
            labels: Ints `(batch, anchors)`: 0 is background, class 0 is 1.
            scores: Logits `(batch, anchors, columns)`, float32.
        """
        raise NotImplementedError

    def terms(self, y_true, y_pred):
        """Returns the two parts of the loss of each image.

        Args:
            y_true: As for `call`.
            y_pred: As for `call`.

        Returns:
            A dict of `"class_loss"` and `"box_loss"`, each `(batch,)`, scaled
            so that their mean is the loss of the batch.
        """
        check_names("y_true", y_true, None, "target of the anchors", TARGETS)
        check_names("y_pred", y_pred, None, "output of the anchors", OUTPUTS)
        labels = ops.cast(y_true["labels"], "int32")
        scores = ops.cast(y_pred["scores"], "float32")
        has_object = labels > BACKGROUND
        errors = smooth_l1(
            ops.cast(y_pred["boxes"], "float32")
            - ops.cast(y_true["boxes"], "float32")
        )
        errors = ops.where(has_object, ops.sum(errors, axis=-1), 0.0)
        number = ops.sum(ops.cast(has_object, "float32"))
        batch = ops.cast(ops.shape(labels)[0], "float32")
        scale = batch / ops.maximum(number, 1.0)
        return {
            "class_loss": scale * self.class_losses(labels, scores),
            "box_loss": scale * self.box_weight * ops.sum(errors, axis=1),
        }

    def call(self, y_true, y_pred):
        """Returns the loss of each image, `(batch,)`."""
        return sum(self.terms(y_true, y_pred).values())

    def get_config(self):
        return {**super().get_config(), "box_weight": self.box_weight}


@register
class MultiBoxLoss(AnchorLoss):
    """The loss of SSD: cross-entropy of the hardest anchors, and of codes.

    Section 2.2 of Liu et al., 2015 (https://arxiv.org/abs/1512.02325). Of the
    anchors without object only those with the largest loss count, three for
    each one with object, in each image by itself. The codes of the boxes of
    anchors with object have a smooth L1 loss. Equal to that of torchvision. An
    image without objects has a loss of 0: `FocalLoss` learns from it, too.

    Args:
        negatives_per_positive: Positive number. Defaults to 3.
        box_weight: Positive number. Factor on the loss of the boxes, the
            paper's alpha. Defaults to 1.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Input shape:
        Targets are a dict of `"labels"`, ints `(batch, anchors)` in which 0
        is background, class 0 is 1 and so on, and -1 does not count; and
        `"boxes"`, codes `(batch, anchors, 4)`. Outputs are a dict of
        `"scores"`, logits `(batch, anchors, 1 + classes)`, and `"boxes"`.

    Output shape:
        Without reduction `(batch,)`.

    Raises:
        ValueError: If an argument is out of its range, or an array is missing.

    Example:
    >>> targets = {"labels": [[1, 0]], "boxes": ops.zeros((1, 2, 4))}
    >>> outputs = {"scores": ops.zeros((1, 2, 2)), "boxes": ops.ones((1, 2, 4))}
    >>> round(float(MultiBoxLoss()(targets, outputs)), 4)  # 2 log(2) + 4 / 2
    3.3863
    """

    def __init__(self, negatives_per_positive=3.0, box_weight=1.0, **kwargs):
        super().__init__(box_weight, **kwargs)
        check_positive(
            "negatives_per_positive",
            plain(negatives_per_positive),
            "how many anchors without object count for each one with",
            "The paper has 3.",
        )
        self.negatives_per_positive = float(negatives_per_positive)

    def class_losses(self, labels, scores):
        losses = ops.sparse_categorical_crossentropy(
            ops.maximum(labels, BACKGROUND), scores, from_logits=True
        )
        has_object = labels > BACKGROUND
        hard = hardest(
            ops.stop_gradient(losses),
            ops.equal(labels, BACKGROUND),
            self.negatives_per_positive
            * ops.sum(ops.cast(has_object, "float32"), axis=1),
        )
        counts = ops.logical_or(has_object, hard)
        return ops.sum(ops.where(counts, losses, 0.0), axis=1)

    def get_config(self):
        return {
            **super().get_config(),
            "negatives_per_positive": self.negatives_per_positive,
        }


@register
class FocalLoss(AnchorLoss):
    """The focal loss of all anchors and classes, and the loss of codes.

    Equations 4 and 5 of Lin et al., 2017 (https://arxiv.org/abs/1708.02002):
    a sigmoid for each class, whose cross-entropy is multiplied by
    `(1 - p)^gamma`, so that the many easy anchors do not outweigh the others.
    The mobile detectors of TensorFlow's Object Detection API are trained with
    it; their last biases start at -4.6, so that all scores are 0.01.

    Args:
        alpha: Number in (0, 1). Weight of a class that is there; a class that
            is not has 1 - alpha. Defaults to 0.25, the paper's; the API's
            MobileNetV3 has 0.75.
        gamma: Number of at least 0. Defaults to 2.
        box_weight: Positive number. Factor on the loss of the boxes. Defaults
            to 1; the API has 1/4.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Input shape:
        As `MultiBoxLoss`, but `"scores"` has no column of the background:
        `(batch, anchors, classes)`.

    Output shape:
        Without reduction `(batch,)`.

    Raises:
        ValueError: If an argument is out of its range, or an array is missing.

    Example:
    >>> targets = {"labels": [[1, 0]], "boxes": ops.zeros((1, 2, 4))}
    >>> zeros = ops.zeros((1, 2, 4))
    >>> outputs = {"scores": zeros[..., :1], "boxes": zeros}
    >>> round(float(FocalLoss()(targets, outputs)), 4)  # log(2) / 4
    0.1733
    """

    def __init__(self, alpha=0.25, gamma=2.0, box_weight=1.0, **kwargs):
        super().__init__(box_weight, **kwargs)
        alpha, gamma = plain(alpha), plain(gamma)
        meaning = "the weight of a class that is there, a number in (0, 1),"
        check_number("alpha", alpha, meaning, "The paper has 0.25.")
        if not 0 < alpha < 1:
            raise ValueError(
                f"`alpha` is {meaning} and not {alpha}. Received: "
                f"alpha={alpha}. The paper has 0.25."
            )
        meaning = "how much less easy anchors count, at least 0,"
        check_number("gamma", gamma, meaning, "The paper has 2.")
        if gamma < 0:
            raise ValueError(
                f"`gamma` is {meaning} and not negative. Received: "
                f"gamma={gamma}. The paper has 2."
            )
        self.alpha = float(alpha)
        self.gamma = float(gamma)

    def class_losses(self, labels, scores):
        classes = ops.arange(1, scores.shape[-1] + 1, dtype="int32")
        is_there = ops.equal(labels[..., None], classes)
        # log(p_t), p_t = sigmoid(z) of a class that is there, and else 1 - p.
        signed = ops.where(is_there, scores, -scores)
        wrong = ops.sigmoid(-signed)
        weight = ops.cast(
            ops.where(is_there, self.alpha, 1 - self.alpha), scores.dtype
        )
        losses = weight * wrong**self.gamma * ops.softplus(-signed)
        counts = ops.not_equal(labels, IGNORED)
        losses = ops.where(counts, ops.sum(losses, axis=-1), 0.0)
        return ops.sum(losses, axis=1)

    def get_config(self):
        return {
            **super().get_config(),
            "alpha": self.alpha,
            "gamma": self.gamma,
        }


def smooth_l1(errors, beta=1.0):
    """Returns the smooth L1 loss of errors, of their shape.

    A parabola up to `beta`, straight beyond (Girshick, 2015, equation 3,
    https://arxiv.org/abs/1504.08083).

    Args:
        errors: Tensor: outputs minus targets.
        beta: Positive float. SSD has 1, Faster R-CNN of torchvision 1/9.

    Example:
    >>> ops.convert_to_numpy(smooth_l1(ops.array([0.5, -3.0]))).tolist()
    [0.125, 2.5]
    """
    size = ops.abs(errors)
    curved = ops.minimum(size, beta)
    return curved * (size - curved / 2) / beta


def hardest(losses, candidates, numbers):
    """Returns which candidates have the largest losses of their row.

    Args:
        losses: Tensor `(batch, n)`, not negative.
        candidates: Tensor of bools `(batch, n)`.
        numbers: Tensor `(batch,)`: how many of each row.

    Returns:
        Tensor of bools `(batch, n)`.

    Example:
    >>> losses = ops.array([[0.3, 0.9, 0.5]])
    >>> found = hardest(losses, ops.array([[True, False, True]]), [1])
    >>> ops.convert_to_numpy(found).tolist()
    [[False, False, True]]
    """
    rank = places(ops.where(candidates, -losses, 1.0))
    numbers = ops.cast(numbers, "float32")[:, None]
    is_hard = ops.cast(rank, "float32") < numbers
    return ops.logical_and(is_hard, candidates)
