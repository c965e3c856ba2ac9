"""The rule by which overlapping boxes of a detector are suppressed."""

from typing import NamedTuple

from keras_papers.checks import (
    check_bool,
    check_number,
    check_positive_int,
    plain,
)


class Suppression(NamedTuple):
    """Which of a detector's overlapping boxes are kept, and how many.

    From the best box on, each one that is kept removes those that overlap it.
    The defaults are those of SSD's paper, and of its code the candidates.

    Attributes:
        score_threshold: Float in [0, 1]. Boxes of smaller scores are dropped
            first. Defaults to 0.01.
        iou_threshold: Float in [0, 1]. A box is removed whose intersection
            over union with a better one is larger. Defaults to 0.45.
        candidates: Positive int. How many boxes take part, the best of each
            class; or None for all, whose overlaps need much memory in a model
            of fixed sizes. Defaults to 400.
        max_detections: Positive int. Boxes that are kept of an image, at
            most. Defaults to 200.
        per_class: Bool. Whether boxes remove those of their class only, and
            each box has a score for each class. Otherwise a box is of its
            best class only, and `candidates` are those of all classes.
            Defaults to True.

    Example:
    >>> Suppression(score_threshold=0.5).max_detections
    200
    """

    score_threshold: float = 0.01
    iou_threshold: float = 0.45
    candidates: int | None = 400
    max_detections: int = 200
    per_class: bool = True

    @classmethod
    def checked(cls, values):
        """Returns a rule with Python's numbers.

        Args:
            values: A `Suppression`, or a list of its values.

        Raises:
            ValueError: If the values are none of a rule.
        """
        if not isinstance(values, tuple | list) or len(values) > len(cls()):
            raise ValueError(
                "`suppression` is which of overlapping boxes are kept. "
                f"Received: suppression={values!r}. Pass Suppression(...)."
            )
        rule = cls(*map(plain, values))
        for name in ("score_threshold", "iou_threshold"):
            value, advice = getattr(rule, name), "It is not a percentage."
            check_number(name, value, "a threshold", advice)
            if not 0 <= value <= 1:
                raise ValueError(
                    f"`{name}` is a threshold and must lie in [0, 1]. "
                    f"Received: {name}={value!r}. {advice}"
                )
        for name in ("candidates", "max_detections"):
            if name == "max_detections" or rule.candidates is not None:
                value = getattr(rule, name)
                check_positive_int(name, value, "a number of boxes", "Try 200.")
        check_bool(
            "per_class",
            rule.per_class,
            "whether boxes remove those of their class only",
        )
        return rule
