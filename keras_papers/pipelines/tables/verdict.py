"""What stands out of a model of a table, and what to try next."""

from keras_papers.pipelines.report.finding import NOTHING, Finding
from keras_papers.pipelines.report.page_graphics import percent
from keras_papers.pipelines.report.page_text import plural
from keras_papers.pipelines.report.statistics import CONFIDENCE
from keras_papers.pipelines.tables.baselines import CONSTANT
from keras_papers.pipelines.tables.measures import (
    calibration_by_chance,
)
from keras_papers.pipelines.tables.report import main_name, with_spread
from keras_papers.tasks import REGRESSION

FEW_ROWS = 1000  # to train on
FEW_OF_CLASS = 30  # held-out rows, from which little can be concluded
RARE = 0.05  # share of a class
MISCALIBRATED = 0.05  # expected calibration error
UNSEEN = 0.01  # share of the held-out values of a column
LEAKING = 0.99  # AUC, or R2, that is too good
ONE_COLUMN = 0.9  # share of what the model has learned


def of_training(report, options, command):
    """Returns the findings of a training, the most serious first.

    Args:
        report: The `TableReport`.
        options: The `TableOptions`.
        command: Function from changed options to the command line.

    Returns:
        List of `Finding`.
    """
    longer = command(epochs=2 * options.epochs)
    another = longer
    if report.epochs < options.epochs:  # more epochs would not be used
        another = command(learning_rate=options.learning_rate / 10)
    no_better = _no_better(report, another)
    found = [
        no_better,
        None if no_better else _leak(report),
        _better_baseline(report),
        _stopped_early(report, options, longer),
        _few_rows(report),
        _rare_class(report),
        _calibration(report),
        _unseen(report),
        _pretraining(report, options, command),
    ]
    return [each for each in found if each] or [_nothing(report)]


def _no_better(report, another):
    constant = _of(report, CONSTANT)
    if constant is None or _is_beyond_chance(constant.lead):
        return None
    if report.task == REGRESSION:
        text = (
            f"the RMSE, {report.measures.rmse:.4g}, is not below that of "
            f"always answering the mean, {constant.measures.rmse:.4g}"
        )
    else:
        main = with_spread(report.measures.auc, report.measures.auc_spread)
        text = f"the AUC is {main}, and 0.5 is that of chance"
    return Finding("guessing", text, another)


def _leak(report):
    measures = report.measures
    reached = measures.r2 if report.task == REGRESSION else measures.auc
    if reached < LEAKING or not report.importance:
        return None
    first = report.importance[0]
    constant = _of(report, CONSTANT)
    learned = 0.5
    if report.task == REGRESSION:
        if constant is None:
            return None
        learned = constant.measures.rmse - measures.rmse
    if first.mean < ONE_COLUMN * learned:
        return None
    return Finding(
        "one column",
        f"{first.column!r} alone predicts {report.target!r} nearly without "
        "error; if its values are not known before those of the target are, "
        "leave it out",
        None,
    )


def _better_baseline(report):
    """Returns the finding that a baseline is better, or None."""
    better = [
        each
        for each in report.baselines
        if each.lead is not None
        and each.lead.better_by < -CONFIDENCE * each.lead.spread
    ]
    if not better:
        return None
    best = min(better, key=lambda each: each.lead.better_by)
    name = main_name(report)
    by = with_spread(-best.lead.better_by, best.lead.spread)
    less = "lower" if report.task == REGRESSION else "higher"
    return Finding(
        "better baseline",
        f"the {name} of {best.name}, {best.measures.main:.4g}, is {less} by "
        f"{by} on the same rows, and its training took {best.seconds:.1f} s; "
        "use it unless you need a network, for a phone or to learn from rows "
        "without labels",
        None,
    )


def _stopped_early(report, options, longer):
    if report.epochs < options.epochs or report.best_epoch < report.epochs:
        return None
    return Finding(
        "few epochs",
        f"the last of {plural(report.epochs, 'epoch')} was the best",
        longer,
    )


def _few_rows(report):
    if report.train_rows >= FEW_ROWS:
        return None
    spread = report.measures.main_spread
    of_spread = ""
    # It is 0 of an AUC of 0 or 1, and NaN of a class with one held-out row.
    if spread and spread == spread:
        of_spread = (
            f"; the {main_name(report)} of other held-out rows would differ "
            f"by about {spread:.2g}"
        )
    return Finding(
        "few rows",
        f"{report.train_rows:,} rows are few for a network; linear models and "
        f"boosting need fewer{of_spread}",
        None,
    )


def _rare_class(report):
    total = sum(rows for _, rows in report.classes)
    rare = [each for each in report.classes if each[1] < RARE * total]
    if not rare:
        return None
    name, rows = min(rare, key=lambda each: each[1])
    guessed = max(rows for _, rows in report.classes) / total
    held_out = rows / total * report.test_rows
    few = ""
    if held_out < FEW_OF_CLASS:
        few = f"; about {held_out:.0f} held-out rows show little of it"
    return Finding(
        "rare class",
        f"{name!r} is {percent(rows / total)} of the rows: accuracy is "
        f"{percent(guessed)} by always answering the most frequent class, so "
        f"compare the AUC and the log loss{few}",
        None,
    )


def _calibration(report):
    error = report.measures.calibration_error
    if error is None:
        return None
    expected, spread = calibration_by_chance(report.calibration)
    chance = expected + CONFIDENCE * spread
    if error <= max(MISCALIBRATED, chance):
        return None
    return Finding(
        "calibration",
        f"probabilities differ by {percent(error)} on average from how often "
        f"they come true, and right ones by at most {percent(chance)}; before "
        "you compute with them, map them by a logistic regression on their "
        "log-odds, fitted to rows that the model was not trained on "
        "(docs/TABLES.md, Calibrated probabilities)",
        None,
    )


def _unseen(report):
    found = [
        each
        for each in report.columns
        if each.test_unseen > UNSEEN * report.test_rows
    ]
    if not found:
        return None
    most = max(found, key=lambda each: each.test_unseen)
    return Finding(
        "unseen levels",
        f"{most.test_unseen:,} of {report.test_rows:,} held-out values of "
        f"{most.name!r} are levels that the training did not have, and count "
        "as missing; join rare levels, or leave the column out",
        None,
    )


def _pretraining(report, options, command):
    each = report.pretraining
    if each is None:
        return None
    if each.loss >= each.chance_loss:
        return Finding(
            "pre-training",
            f"its loss of {each.loss:.4f} is not below that of chance, "
            f"{each.chance_loss:.4f}: nothing was learned",
            command(pretrain_epochs=4 * options.pretrain_epochs),
        )
    if not each.unlabelled_rows:
        return Finding(
            "pre-training",
            "all of its rows have labels, where it gains nothing in the paper; "
            "it helps where there are many more rows without",
            None,
        )
    return None


def _nothing(report):
    main = with_spread(report.measures.main, report.measures.main_spread)
    return Finding(
        NOTHING,
        f"the {main_name(report)} is {main} on {report.test_rows:,} held-out "
        "rows, and no baseline is better by more than chance",
        None,
    )


def _is_beyond_chance(lead):
    # The spread of a class with one held-out row is not known (NaN).
    return lead is None or not lead.better_by <= CONFIDENCE * lead.spread


def _of(report, name):
    named = [each for each in report.baselines if each.name == name]
    return named[0] if named else None
