"""What a model of a table is measured by, on rows it was not trained on.

The area under the ROC curve is computed from ranks, exactly and with half
credit for equal scores: thresholds on a grid are wrong where scores crowd at 0
and 1. Its standard error is that of DeLong, DeLong and Clarke-Pearson (1988):
each row has an influence on the area, and the sum of the squared influences is
the variance. The influences of two models on the same rows are subtracted to
compare them.
"""

from typing import NamedTuple

import numpy as np

from keras_papers.tasks import REGRESSION

BINS = 10  # of the calibration, with an equal number of rows
# Probabilities are cut to [LEAST, 1 - LEAST] for the log loss: outputs are of
# float32, and 0 or 1 may be a number beyond its resolution.
LEAST = float(np.finfo("float32").eps)
BINARY, MULTI_CLASS = "binary", "multi-class"  # beside `REGRESSION`


class Measures(NamedTuple):
    """How good predictions are; None for a measure of another task."""

    rows: int
    # Several classes: mean of each against the rest, where both have two rows.
    auc: float | None = None
    auc_spread: float | None = None  # standard error
    accuracy: float | None = None
    log_loss: float | None = None  # nats a row
    calibration_error: float | None = None  # expected, of `BINS` bins
    rmse: float | None = None  # in the unit of the target, as its spread
    rmse_spread: float | None = None  # standard error
    mae: float | None = None  # in the unit of the target
    r2: float | None = None  # share of the variance that is explained

    @property
    def main(self):
        """What models are compared by: the AUC, or the RMSE."""
        return self.auc if self.rmse is None else self.rmse

    @property
    def main_spread(self):
        """Standard error of `main`."""
        return self.auc_spread if self.rmse is None else self.rmse_spread


class Bin(NamedTuple):
    """Rows with probabilities that are near each other."""

    rows: int
    predicted: float  # mean probability, or number
    observed: float  # share of the rows for which it came true, or mean


class Difference(NamedTuple):
    """How much better one model is than another on the same rows."""

    better_by: float  # of the AUC; of a regression, RMSE that is less
    spread: float  # standard error


def task_of(schema):
    """Returns what a schema predicts: `BINARY`, `MULTI_CLASS`, `REGRESSION`."""
    if schema.classes is None:
        return REGRESSION
    return BINARY if len(schema.classes) == 2 else MULTI_CLASS


def measure(schema, targets, outputs):
    """Measures predictions.

    Args:
        schema: The `TabularSchema` of the table.
        targets: Array of shape `(rows,)`, as `schema.encode_target` returns
            it: places of classes, or standardized numbers.
        outputs: What `TabularModel.predict` returns: probabilities of the
            second class, `(rows, 1)`; of each class, `(rows, classes)`; or
            numbers in the unit of the target, `(rows, 1)`.

    Returns:
        `Measures`.

    Raises:
        ValueError: If targets and outputs differ in length, or the shape of
            the outputs is not that of the task.
    """
    targets, outputs = _checked(schema, targets, outputs)
    if schema.classes is None:
        return _of_numbers(targets, outputs)
    if outputs.ndim == 1:
        area, spread = auc(targets, outputs), auc_spread(targets, outputs)
        answers = outputs > 0.5
        likely = np.where(targets == 1, outputs, 1 - outputs)
    else:
        area, influences = _area(targets, outputs)
        spread = _spread(influences)
        answers = outputs.argmax(axis=-1)
        likely = outputs[np.arange(len(targets)), targets]
    return Measures(
        rows=len(targets),
        auc=area,
        auc_spread=spread,
        accuracy=float(np.mean(answers == targets)),
        log_loss=float(-np.mean(np.log(np.clip(likely, LEAST, 1 - LEAST)))),
        calibration_error=calibration_error(_bins(targets, outputs)),
    )


def auc(labels, scores):
    """Returns the area under the ROC curve: 0.5 by chance, 1 at best.

    It is the probability that a row of the positive class has a higher score
    than one of the negative class; equal scores count half.

    Args:
        labels: Array of 0 and 1, of shape `(rows,)`.
        scores: Array of numbers of the same shape.

    Returns:
        A float; NaN if all labels are equal.

    Example:
    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8])
    0.875
    """
    return _placements(labels, scores)[0]


def auc_spread(labels, scores):
    """Returns the standard error of the area under the ROC curve.

    That of DeLong et al. (1988): the areas of other samples of as many rows
    would spread by about as much.

    Args:
        labels: Array of 0 and 1, of shape `(rows,)`.
        scores: Array of numbers of the same shape.

    Returns:
        A float; NaN if a class has fewer than two rows.

    Example:
    >>> labels, scores = [0, 0, 0, 1, 1, 1], [0.1, 0.3, 0.6, 0.4, 0.7, 0.9]
    >>> round(auc_spread(labels, scores), 4)
    0.1571
    """
    return _spread(_placements(labels, scores)[1])


def roc_curve(labels, scores):
    """Returns false and true positive rates at each threshold, from 0 to 1.

    Args:
        labels: Array of 0 and 1, of shape `(rows,)`, with both.
        scores: Array of numbers of the same shape.

    Returns:
        Two arrays of the same length.

    Example:
    >>> false, true = roc_curve([0, 1, 1], [0.2, 0.2, 0.9])
    >>> false.tolist(), true.tolist()
    ([0.0, 0.0, 1.0], [0.0, 0.5, 1.0])
    """
    positive, scores = np.asarray(labels) == 1, np.asarray(scores)
    order = np.argsort(-scores, kind="stable")
    positive, scores = positive[order], scores[order]
    last_of_equals = np.append(scores[1:] != scores[:-1], True)
    rates = [
        np.append(0, np.cumsum(each)[last_of_equals]) / each.sum()
        for each in (~positive, positive)
    ]
    return rates[0], rates[1]


def calibration_table(labels, probabilities, bins=BINS):
    """Compares probabilities with how often they come true.

    The bins hold an equal number of rows, as nearly as equal probabilities
    allow, which are never divided.

    Args:
        labels: Array of 0 and 1, of shape `(rows,)`.
        probabilities: Array of the probabilities of 1, of the same shape.
        bins: Positive int. Defaults to 10.

    Returns:
        A list of `Bin`, the lowest probabilities first. Bins without rows are
        left out.

    Example:
    >>> for each in calibration_table([0, 1, 1, 1], [0.1, 0.3, 0.8, 0.8], 2):
    ...     print(each.rows, each.predicted, each.observed)
    2 0.2 0.5
    2 0.8 1.0
    """
    labels = np.asarray(labels, "float64")
    probabilities = np.asarray(probabilities, "float64")
    middle = (_midranks(probabilities) - 0.5) / len(labels)
    places = np.floor(bins * middle).astype(int)
    return [
        Bin(
            int(chosen.sum()),
            float(probabilities[chosen].mean()),
            float(labels[chosen].mean()),
        )
        for chosen in (places == place for place in np.unique(places))
    ]


def calibration(schema, targets, outputs):
    """Returns the calibration table of predictions, as a list of `Bin`.

    Of two classes it is that of the second one; of several, that of the class
    with the highest probability, which comes true where the answer is right.
    Of a regression it has means of the predictions and of the target.

    Args:
        schema: The `TabularSchema` of the table.
        targets: As in `measure`.
        outputs: As in `measure`.
    """
    return _bins(*_checked(schema, targets, outputs))


def calibration_error(bins):
    """Returns the expected calibration error: the mean gap of the rows.

    Args:
        bins: What `calibration_table` returned.

    Example:
    >>> calibration_error([Bin(1, 0.25, 0.5), Bin(3, 0.75, 1.0)])
    0.25
    """
    gaps = sum(each.rows * abs(each.predicted - each.observed) for each in bins)
    return gaps / sum(each.rows for each in bins)


def calibration_by_chance(bins):
    """Returns the calibration error of right probabilities, and its spread.

    How often they come true in few rows differs from them by chance: by a
    binomial distribution in each bin, which is taken as a normal one here.

    Args:
        bins: What `calibration_table` returned.

    Returns:
        The expected error, and its standard deviation.

    Example:
    >>> expected, spread = calibration_by_chance([Bin(100, 0.5, 0.56)])
    >>> round(expected, 4), round(spread, 4)
    (0.0399, 0.0301)
    """
    rows = np.array([each.rows for each in bins])
    predicted = np.array([each.predicted for each in bins])
    spreads = np.sqrt(predicted * (1 - predicted) / rows) * rows / rows.sum()
    mean = np.sqrt(2 / np.pi)  # of the absolute value of a normal variable
    variance = np.sum(spreads**2) * (1 - mean**2)
    return float(mean * spreads.sum()), float(np.sqrt(variance))


def difference(schema, targets, outputs, others):
    """Compares the predictions of two models for the same rows.

    Args:
        schema: The `TabularSchema` of the table.
        targets: As in `measure`.
        outputs: Of one model, as in `measure`.
        others: Of the other model.

    Returns:
        The `Difference`, positive where `outputs` are better. Its spread is
        that of paired rows, which is less than those of the two models let
        expect: both fail on the same difficult rows.
    """
    found = []
    for each in (outputs, others):
        numbers, each = _checked(schema, targets, each)
        if schema.classes is None:
            value, influences = _root_mean_square(each - numbers)
            found.append((-value, -influences))
        elif each.ndim == 1:
            found.append(_placements(numbers, each))
        else:
            found.append(_area(numbers, each))
    (value, influences), (other, of_other) = found
    return Difference(value - other, _spread(influences - of_other))


def _checked(schema, targets, outputs):
    """Returns targets and outputs as `float64`, one axis where one is enough.

    Targets of a regression are then in their unit, others are int.
    """
    task = task_of(schema)
    outputs, targets = np.asarray(outputs, "float64"), np.asarray(targets)
    shape = outputs.shape
    if task != MULTI_CLASS and outputs.ndim == 2:
        two = task == BINARY and shape[1] == 2
        if two or shape[1] == 1:
            outputs = outputs[:, -1]
    width = (len(schema.classes),) if task == MULTI_CLASS else ()
    if outputs.shape != (len(targets), *width):
        raise ValueError(
            f"`outputs` are predictions for a target that is {task}. "
            f"Received: outputs of the shape {shape} for {len(targets)} "
            "targets. Pass what `predict` returned for the same rows."
        )
    if task == REGRESSION:
        return schema.decode_target(targets.astype("float64")), outputs
    return targets.astype(int), outputs


def _bins(targets, outputs):
    if outputs.ndim == 1:
        return calibration_table(targets, outputs)
    is_right = outputs.argmax(axis=-1) == targets
    return calibration_table(is_right, outputs.max(axis=-1))


def _midranks(values):
    """Returns the ranks of values from 1; equal ones share their mean rank."""
    _, places, counts = np.unique(
        values, return_inverse=True, return_counts=True
    )
    return (np.cumsum(counts) - (counts - 1) / 2)[places]


def _placements(labels, scores):
    """Returns the AUC and the influence of each row on it.

    The placement of a row is the share of the other class that it is ranked
    right against: its rank among all rows without its rank within its class.
    """
    positive, scores = np.asarray(labels) == 1, np.asarray(scores)
    ranks = _midranks(scores)
    within = np.empty(len(scores))
    for each in (positive, ~positive):
        within[each] = _midranks(scores[each])
    ahead = ranks - within  # of the other class
    number = positive.sum()
    others = len(positive) - number
    if not number or not others:
        return np.nan, np.full(len(scores), np.nan)
    placements = np.where(positive, ahead / others, 1 - ahead / number)
    area = float(placements[positive].mean())
    # The variance of a mean is estimated with one row less.
    rows = np.where(positive, number, others)
    with np.errstate(divide="ignore", invalid="ignore"):
        return area, (placements - area) / np.sqrt(rows * (rows - 1))


def _area(targets, outputs):
    """Returns the mean AUC of each class against the rest, and influences.

    Classes without a row are left out, and those of one row, which has no
    standard error.
    """
    classes, counts = np.unique(targets, return_counts=True)
    is_known = (counts > 1) & (len(targets) - counts > 1)
    if is_known.any():
        classes = classes[is_known]
    found = [
        _placements(targets == index, outputs[:, index]) for index in classes
    ]
    areas, influences = zip(*found, strict=True)
    return float(np.mean(areas)), np.mean(influences, axis=0)


def _spread(influences):
    return float(np.sqrt(np.sum(influences**2)))


def _of_numbers(targets, outputs):
    errors = outputs - targets
    rmse, influences = _root_mean_square(errors)
    variance = np.var(targets)
    return Measures(
        rows=len(targets),
        rmse=rmse,
        rmse_spread=_spread(influences),
        mae=float(np.mean(np.abs(errors))),
        r2=float(1 - rmse**2 / variance) if variance else np.nan,
    )


def _root_mean_square(errors):
    """Returns the root mean square of errors, and the influence of each."""
    squares = errors**2
    value = float(np.sqrt(squares.mean()))
    # By the derivative of the root.
    steps = (squares - squares.mean()) / (2 * value) if value else 0 * squares
    return value, steps / np.sqrt(len(errors) * max(1, len(errors) - 1))
