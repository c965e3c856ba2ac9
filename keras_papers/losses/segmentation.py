"""The Dice loss of segmentation, of labels and ignored pixels."""

import numbers

import keras
from keras import ops

from keras_papers.checks import check_bool, plain


@keras.saving.register_keras_serializable(package="keras_papers")
class SparseCategoricalDice(keras.losses.Loss):
    """One minus the overlap of each class, 2 |A and B| / (|A| + |B|).

    Equation 3 of Drozdzal et al., 2016 (https://arxiv.org/abs/1608.04117), of
    shares in place of pixels. The mean over the classes that an image shows,
    so that a small object counts as much as a large one. For each class it is
    `keras.losses.Dice` of its targets, 0 and 1, and its shares. It is often
    added to the cross-entropy.

    Args:
        from_logits: Whether the outputs are logits, and no shares that sum
            to 1. Defaults to False.
        ignore_class: Int. Label of pixels that do not count. Defaults to
            None: all count. An integer that is neither this nor a class gives a
            loss of NaN.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Input shape:
        Targets are ints `(batch, ..., )` or `(batch, ..., 1)`, outputs
        `(batch, ..., classes)`.

    Output shape:
        Without reduction `(batch,)`; 0 for an image in which no pixel counts.
        A `sample_weight` is of images, `(batch,)`; pixels have none.

    Raises:
        ValueError: If an argument is none of these, or the outputs have one
            class or another size than the targets.

    Example:
    >>> labels = ops.array([[0, 0, 1, 255]])
    >>> shares = ops.array([[[1.0, 0.0], [0.5, 0.5], [0.0, 1.0], [0.0, 1.0]]])
    >>> loss = SparseCategoricalDice(ignore_class=255)
    >>> round(float(loss(labels, shares)), 4)  # of 1 - 3 / 3.5 and 1 - 2 / 2.5
    0.1714
    """

    def __init__(self, from_logits=False, ignore_class=None, **kwargs):
        super().__init__(**kwargs)
        check_bool("from_logits", from_logits, "whether the outputs are logits")
        ignore_class = plain(ignore_class)
        is_int = isinstance(ignore_class, numbers.Integral)
        if isinstance(ignore_class, bool) or not (
            is_int or ignore_class is None
        ):
            raise ValueError(
                "`ignore_class` is the label of pixels that do not count, an "
                f"integer or None. Received: ignore_class={ignore_class!r}. "
                "Pascal VOC has 255."
            )
        self.from_logits = from_logits
        self.ignore_class = ignore_class

    def call(self, y_true, y_pred):
        """Returns the loss of each image, `(batch,)`."""
        shares = ops.cast(y_pred, "float32")
        if self.from_logits:
            shares = ops.softmax(shares)
        labels = ops.cast(y_true, "int32")
        _check_shapes(tuple(labels.shape), tuple(shares.shape))
        if len(labels.shape) < len(shares.shape):
            labels = labels[..., None]
        classes = shares.shape[-1]
        known = ops.logical_and(labels >= 0, labels < classes)
        truths = ops.equal(labels, ops.arange(classes, dtype="int32"))
        truths = ops.cast(truths, "float32")
        if self.ignore_class is not None:
            counts = ops.not_equal(labels, self.ignore_class)
            known = ops.logical_or(known, ops.logical_not(counts))
            counts = ops.cast(counts, "float32")
            truths, shares = truths * counts, shares * counts
        truths = ops.where(known, truths, float("nan"))
        axes = tuple(range(1, len(shares.shape) - 1))
        both = ops.sum(truths * shares, axis=axes)
        pixels = ops.sum(truths, axis=axes)
        either = ops.maximum(pixels + ops.sum(shares, axis=axes), 1e-7)
        is_there = ops.cast(pixels > 0, "float32")
        total = ops.sum(is_there * (1 - 2 * both / either), axis=-1)
        return total / ops.maximum(ops.sum(is_there, axis=-1), 1.0)

    def get_config(self):
        return {
            **super().get_config(),
            "from_logits": self.from_logits,
            "ignore_class": self.ignore_class,
        }


def _check_shapes(labels, outputs):
    """Raises ValueError unless each label has outputs of several classes."""
    wanted = outputs[:-1] + (1,) * (len(labels) == len(outputs))
    fits = len(labels) == len(wanted) and all(
        None in pair or pair[0] == pair[1]
        for pair in zip(labels, wanted, strict=True)
    )
    if not fits:
        raise ValueError(
            "`y_true` is the class of each pixel of `y_pred`, an int. "
            f"Received: y_true.shape={labels}, y_pred.shape={outputs}. Resize "
            "the outputs to the size of the labels, and take the argmax of "
            "one-hot labels."
        )
    if outputs[-1] == 1:
        raise ValueError(
            "`y_pred` has shares of two classes or more, with the background. "
            f"Received: y_pred.shape={outputs}. Use `keras.losses.Dice` for "
            "one."
        )
