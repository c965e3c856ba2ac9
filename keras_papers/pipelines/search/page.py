"""The page that a search ends with: what was found, and how sure it is."""

import math
from typing import NamedTuple

from keras_papers.export.file_size import size_text
from keras_papers.pipelines.report.page_graphics import percent
from keras_papers.pipelines.report.page_text import (
    compared,
    in_time,
    plural,
)
from keras_papers.pipelines.report.sections import (
    Beside,
    Card,
    Cards,
    Cell,
    Counts,
    Drawing,
    Drawings,
    Figure,
    Page,
    Row,
    Section,
    Table,
    to_html,
)
from keras_papers.pipelines.report.statistics import likely
from keras_papers.pipelines.search.report import (
    ACCURACY,
    COSTS,
    cost_text,
    metric,
    reason,
)
from keras_papers.pipelines.search.search_pictures import pareto, progress

SHOWN_REASONS = 5  # why trials failed
LATE = 0.75  # share of the trials after which a best one came late
STATUSES = {"COMPLETED": "done", "FAILED": "failed"}  # others did not finish
LOADING = """import keras, keras_papers

model = keras.saving.load_model("best.keras")"""


class Chance(NamedTuple):
    """How far the order of the trials may be chance."""

    share: float  # validation accuracy of the best
    low: float  # limits of its interval
    high: float
    others: int  # trials inside the interval
    cheapest: tuple | None  # the cheapest `Trial` of them


def render(report):
    """Renders the page of a search.

    Args:
        report: The `SearchReport`.

    Returns:
        The HTML text. The same report gives the same text.

    Raises:
        MissingExtraError: If the extra `report` is not installed.
    """
    accuracy = percent(report.test_accuracy, 2)
    done = len(report.completed)
    return to_html(
        Page(
            title=f"{report.model}, searched: {accuracy} right",
            over="Search report",
            heading=report.model,
            lead=f"The search varied {report.varied} of {report.model}"
            f"{_bound(report)}. Of {plural(done, 'network')} that "
            f"{'was' if done == 1 else 'were'} trained for "
            f"{plural(report.epochs, 'epoch')}, the best classifies "
            f"{accuracy} of {report.test_images:,} images correctly that "
            "served neither to train nor to choose it.",
            emphasis=accuracy,
            figures=_figures(report),
            sections=[
                _front(report),
                *_blocks(report.blocks),
                _progress(report),
                _trials(report),
                _next(report),
            ],
            footer="Made by keras-papers. Beside this page: best.keras for "
            "Python, best.tflite for a phone, best.json with what was chosen, "
            "labels.txt with the names of the classes, trials.csv with all "
            "trials and report.json with these figures.",
            verdict=report.verdict,
        )
    )


def _front(report):
    drawn = pareto(report)
    key = [
        ("Best", "best"),
        ("Pareto front", "accent"),
        ("Other trials", "points"),
    ]
    if report.limit is not None:
        is_target = report.objective == "reward"
        key.append(("Target" if is_target else "Limit", "limit"))
    graphic = Drawing("Validation accuracy", drawn.svg, drawn.notes, key)
    beside = Beside("How sure this is", [*_doubts(report)])
    text = (
        "Each point is a trial: one network, trained and judged once. On the "
        "Pareto front are those that no other beats in both accuracy and "
        f"{COSTS[report.cost]}; choose among them by the budget of your phone."
    )
    table = _trial_table(
        report, report.front, "The Pareto front, the cheapest first"
    )
    blocks = [text, Drawings([graphic, beside], "one"), table]
    return Section("front", drawn.title, blocks)


def _doubts(report):
    """Yields sentences on what may be chance."""
    chance, better = _chance(report), _better(report)
    if chance:
        text = (
            f"{percent(chance.share, 2)} of {report.validation_images:,} "
            f"validation images may stand for {100 * chance.low:.1f}% to "
            f"{100 * chance.high:.1f}% of many. "
        )
        if chance.others:
            text += (
                f"{plural(chance.others, 'other trial')} "
                f"{'lies' if chance.others == 1 else 'lie'} within that, so "
                "their order may be chance."
            )
        else:
            text += "No other trial lies within that."
        yield text
        if chance.cheapest is not None:
            those = "them" if chance.others > 1 else "the two"
            ours, theirs = (
                cost_text(report.cost, metric(each, report.cost), named=True)
                for each in (report.best, chance.cheapest)
            )
            yield (
                f"The cheapest of {those} is trial {chance.cheapest.trial}, "
                f"with {theirs} against {ours}."
            )
    if better is not None:
        yield (
            f"Trial {better.trial} is no less accurate than the best and "
            "costs no more."
        )
    yield (
        "Another training of the same network, from other random weights, "
        "would reach another accuracy, too."
    )


def _blocks(blocks):
    if not blocks:
        return
    rows = [
        Row([str(number), *map(str, row)])
        for number, row in enumerate(blocks.rows, start=1)
    ]
    table = Table(
        "The table that the best network is built from",
        ["Stage", *blocks.heads],
        rows,
        css="wide blocks",
    )
    title = "The best network, block by block"
    yield Section("blocks", title, [blocks.note, table])


def _progress(report):
    drawn = progress(report)
    key = [("Best so far", "accent"), ("Each trial", "points")]
    items = [Drawing(drawn.title, drawn.svg, [" ".join(drawn.notes)], key)]
    reasons = report.reasons()
    if reasons:
        more = len(reasons) - SHOWN_REASONS
        note = f"{more} more reasons stand in the table below."
        items.append(
            Counts(
                "Why trials failed",
                reasons[:SHOWN_REASONS],
                note if more > 0 else None,
            )
        )
    text = (
        f"Trained on {report.train_images:,} images, judged by "
        f"{report.validation_images:,} others. A line that is flat for long "
        "says that more trials would find little more."
    )
    blocks = [text, Drawings(items, "start")]
    return Section("progress", "How the search went", blocks)


def _trials(report):
    what = "reward" if report.objective == "reward" else "validation accuracy"
    text = (
        f"The best {what} first. They are in trials.csv, too, each value in a "
        "column of its own."
    )
    table = _trial_table(report, _ranked(report), "All trials", True)
    return Section("trials", "All trials", [text, table])


def _next(report):
    cards = [
        Card(
            "Use the best network",
            "best.tflite is for a phone, best.keras for Python:",
            LOADING,
        ),
        Card(
            "Train it longer",
            f"A trial has {plural(report.epochs, 'epoch')} only. This is the "
            "same network, untrained:",
            report.code,
        ),
    ]
    if _came_late(report):
        cards.append(
            Card(
                "Search on",
                "The best was one of the last trials, so more of them may "
                "find better. The same search, started again in this folder "
                "with more trials, continues where it ended.",
            )
        )
    return Section("next", "What to do next", [Cards(cards)])


def _trial_table(report, trials, caption, with_status=False):
    """Returns trials as a `Table`, with their measures and their values."""
    columns = _columns(report)
    heads = ["Trial", *columns.values()]
    values = "Values"
    if with_status:
        heads.insert(1, "Status")
        values = "Values, or why it failed"
    on_front = {each.trial for each in report.front}
    rows = []
    for each in trials:
        tag = "front" if each.trial in on_front else ""
        if each.trial == report.best.trial:
            tag = "best"
        status = STATUSES.get(each.status, "not finished")
        point = report.description(each)
        why = reason(each) if each.status == "FAILED" else None
        cells = [
            Cell(str(each.trial), tag=tag),
            *([status] if with_status else ()),
            *(_measure_text(name, metric(each, name)) for name in columns),
            Cell(point.text, parts=point.parts, note=why),
        ]
        rows.append(Row(cells, "" if status == "done" else "failed"))
    return Table(
        caption,
        [*heads, (values, "values")],
        rows,
        css="wide trials",
        what="trials",
    )


def _bound(report):
    if report.limit is None:
        return ""
    text = cost_text(report.cost, report.limit, named=True)
    if report.objective == "reward":
        return f", weighing accuracy against a target of {text}"
    if report.cost != "multiply_adds" and report.budget_madds is not None:
        most = cost_text("multiply_adds", report.budget_madds, named=True)
        text = f"{text} and {most}"
    return f", each network within {text}"


def _figures(report):
    low, high = likely(report.test_accuracy, report.test_images)
    done, failed = len(report.completed), len(report.failed)
    rest = len(report.trials) - done - failed
    multiply_adds, parameters = (
        cost_text(name, metric(report.best, name))
        for name in ("multiply_adds", "parameters")
    )
    return (
        Figure(
            "Test accuracy",
            percent(report.test_accuracy, 2),
            f"of the best network, where {percent(report.guessed_accuracy, 2)} "
            f"is guessed; {low:.1%} to {high:.1%} is likely on new "
            "images of the same kind",
        ),
        Figure(
            "Validation accuracy",
            percent(metric(report.best, ACCURACY), 2),
            f"on {report.validation_images:,} images that trials were judged by"
            + "; the best of several is partly luck" * (done > 1),
        ),
        Figure(
            "Accuracy of the .tflite file",
            percent(report.tflite_accuracy, 2),
            "the file for the phone; "
            + compared(report.test_accuracy, report.tflite_accuracy),
        ),
        Figure(
            "Multiply-adds",
            multiply_adds,
            f"for one image; {parameters} parameters",
        ),
        Figure("Size", size_text(report.bytes), "of the .tflite file"),
        Figure(
            "Latency",
            f"{report.latency_ms:.3g} ms",
            "of the .tflite file for one image, on one thread of the computer "
            "that searched",
        ),
        Figure(
            "Trials",
            f"{done:,}",
            f"of {len(report.trials):,} were completed"
            + f"; {failed:,} failed" * bool(failed)
            + f"; {rest:,} did not finish" * bool(rest),
        ),
        Figure(
            "Search time",
            in_time(report.seconds),
            (
                "with one process"
                if report.workers == 1
                else f"with {report.workers} processes side by side"
            )
            + ", since it was resumed" * report.went_on,
        ),
    )


def _chance(report):
    """Counts the trials inside the interval of the best one's accuracy."""
    share = metric(report.best, ACCURACY)
    if math.isnan(share):
        return None
    low, high = likely(share, report.validation_images)
    near = [
        each
        for each in report.completed
        if each.trial != report.best.trial
        and low <= metric(each, ACCURACY) <= high
    ]
    cheaper = [
        each
        for each in near
        if metric(each, report.cost) < metric(report.best, report.cost)
    ]
    cheapest = min(
        cheaper, key=lambda each: metric(each, report.cost), default=None
    )
    return Chance(share, low, high, len(near), cheapest)


def _better(report):
    """Returns a trial that is as accurate and as cheap as the best, or None."""
    if any(each.trial == report.best.trial for each in report.front):
        return None
    cost = metric(report.best, report.cost)
    cheap = [each for each in report.front if metric(each, report.cost) <= cost]
    return cheap[-1] if cheap else None


def _columns(report):
    """Returns the heads of the columns of measures by the metrics' names."""
    measured = {name for each in report.completed for name in each.metrics}
    costs = sorted(COSTS, key=lambda name: name != report.cost)
    heads = {"reward": "Reward", ACCURACY: "Validation accuracy"} | {
        name: COSTS[name].capitalize() for name in costs
    }
    return {name: head for name, head in heads.items() if name in measured}


def _measure_text(name, value):
    if name in COSTS:
        return cost_text(name, value)
    if name == ACCURACY or math.isnan(value):
        return percent(value, 2)
    return f"{value:.4f}"


def _ranked(report):
    """Lists the trials, the best first, those without a result last."""

    def key(trial):
        value = metric(trial, report.objective)
        is_out = trial.status != "COMPLETED" or math.isnan(value)
        return is_out, 0 if is_out else -value

    return sorted(report.trials, key=key)


def _came_late(report):
    """Returns whether the search was still finding better trials at its end."""
    numbers = [each.trial for each in report.trials]
    place = numbers.index(report.best.trial)
    return len(numbers) > 4 and place >= LATE * len(numbers)
