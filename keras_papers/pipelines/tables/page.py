"""The page that the training of a model of a table ends with."""

from keras_papers.applications.tabular.column_kinds import CATEGORICAL
from keras_papers.export.file_size import size_text
from keras_papers.pipelines.report.learning_curves import curves
from keras_papers.pipelines.report.page_graphics import percent
from keras_papers.pipelines.report.page_text import in_time, in_words, plural
from keras_papers.pipelines.report.probability_plots import (
    calibration_plot,
    numbers_plot,
    roc_plot,
)
from keras_papers.pipelines.report.sections import (
    Cell,
    Drawings,
    Figure,
    Page,
    Row,
    Section,
    Table,
    division,
    to_html,
)
from keras_papers.pipelines.tables.baselines import CONSTANT
from keras_papers.pipelines.tables.measures import (
    BINARY,
    roc_curve,
)
from keras_papers.pipelines.tables.report import (
    TASKS,
    compared,
    in_a_line,
    main_name,
    with_spread,
)
from keras_papers.tasks import REGRESSION

_HOW_PRETRAINED = {
    "mlm": "Values were set to missing and predicted from the other columns.",
    "rtd": "Values were replaced by others of their column and detected.",
}


def render(report, shown):
    """Renders the page of a training.

    Args:
        report: The `TableReport`.
        shown: What the page shows beside the figures, `report_files.Shown`.

    Returns:
        The HTML text. The same arguments give the same text.

    Raises:
        MissingExtraError: If the extra `report` is not installed.
    """
    main = with_spread(report.measures.main, report.measures.main_spread)
    name = main_name(report)
    sections = [
        _baselines(report),
        *_probabilities(report, shown),
        *_importance(report),
        *_curves(report, shown.histories),
        _columns(report),
        _files(report),
    ]
    return to_html(
        Page(
            title=f"{report.target}: {name} {main}",
            over="Table report",
            heading=report.target,
            lead=f"{report.model} predicts this column from "
            f"{plural(len(report.columns), 'other')} with an {name} of {main} "
            f"on {report.test_rows:,} rows that it was neither trained nor "
            "chosen on.",
            emphasis=main,
            figures=_figures(report, name, main),
            sections=sections,
            footer="Made by keras-papers. The model lies beside this page: "
            "model.keras, which takes raw rows, and model.tflite, which takes "
            "the numbers of levels and standardized values.",
            verdict=report.verdict,
        )
    )


def _figures(report, name, main):
    measures = report.measures
    if report.task == REGRESSION:
        judged = (
            Figure(
                name,
                main,
                "in the unit of the target; the standard error"
                " is that of other held-out rows",
            ),
            Figure("MAE", f"{measures.mae:.4g}", "mean absolute error"),
            Figure(
                "R²",
                f"{measures.r2:.4f}",
                "share of the variance of the target that is explained",
            ),
            *(
                Figure(
                    "RMSE of the mean",
                    f"{each.measures.rmse:.4g}",
                    "that of always answering the mean of the training rows",
                )
                for each in report.baselines
                if each.name == CONSTANT
            ),
        )
    else:
        rows = [rows for _, rows in report.classes]
        of_several = (
            "the mean of each class against the rest; "
            if report.task != BINARY
            else ""
        )
        judged = (
            Figure(
                name,
                main,
                f"{of_several}0.5 by chance; the standard error is that of "
                "other held-out rows",
            ),
            Figure(
                "Accuracy",
                percent(measures.accuracy, 2),
                f"{percent(max(rows) / sum(rows), 2)} of the training rows are "
                "of the most frequent class",
            ),
            Figure("Log loss", f"{measures.log_loss:.4f}", "nats of a row"),
            Figure(
                "Calibration error",
                percent(measures.calibration_error),
                "mean difference of a probability from how often it comes true",
            ),
        )
    return (
        *judged,
        division(
            "Rows",
            report.train_rows,
            report.validation_rows,
            report.test_rows,
        ),
        Figure("Parameters", in_words(report.parameters), "trainable"),
        Figure(
            "Training time",
            in_time(report.training_seconds),
            f"for {plural(report.epochs, 'epoch')}; the weights are those of "
            f"epoch {report.best_epoch}, {report.epoch_rule}",
        ),
        *(
            Figure(
                "Size",
                size_text(each.bytes),
                f"of {each.file}, {each.latency_ms:.3g} ms a row",
            )
            for each in report.files[:1]
        ),
    )


def _baselines(report):
    text = (
        "Models of scikit-learn with its own settings, trained on the same "
        "rows and measured on the same held-out ones. The best one comes "
        "first. The ranges are standard errors; that of the difference is of "
        "the same rows, on which both models may fail. The verdict calls a "
        "model better from 1.96 standard errors of the difference on."
    )
    heads, rows = compared(report)
    tags = {report.model: "this model"}
    table = Table(
        "The model and its baselines",
        ["Model", *(head[0].upper() + head[1:] for head in heads[1:])],
        [
            Row([Cell(name, tag=tags.get(name, "")), *map(_unbroken, texts)])
            for name, *texts in rows
        ],
        css="wide",
        what="models",
    )
    return Section("baselines", "Beside other models", [text, table])


def _unbroken(text):
    """Keeps a spread in one line; a figure may end before it."""
    return text.replace("± ", "±\N{NO-BREAK SPACE}")


def _probabilities(report, shown):
    if report.task == REGRESSION:
        text = (
            "Tenths of the held-out rows by what was predicted: the mean of "
            f"the predictions, and that of {report.target!r}."
        )
        drawn = Drawings([numbers_plot(report.calibration)])
        yield Section("predictions", "Predictions", [text, drawn])
        return
    of_what = (
        f"that {report.target!r} is {report.classes[1][0]!r}"
        if report.task == BINARY
        else "of the class that is predicted"
    )
    drawn = [calibration_plot(report.calibration)]
    if report.task == BINARY:
        outputs = shown.outputs.reshape(len(shown.targets), -1)[:, -1]
        area = with_spread(report.measures.auc, report.measures.auc_spread)
        drawn.insert(0, roc_plot(*roc_curve(shown.targets, outputs), area))
    text = (
        f"The probabilities {of_what}, on the held-out rows. Each point of the "
        f"calibration is a tenth of them, as nearly as equal probabilities "
        "allow. The verdict names the calibration where the error is above 5% "
        "and 1.96 standard deviations above that of right probabilities."
    )
    yield Section("probabilities", "Probabilities", [text, Drawings(drawn)])


def _importance(report):
    if not report.importance:
        return
    text = (
        f"How much worse the {main_name(report)} of "
        f"{report.importance_rows:,} held-out rows is where the values of one "
        "column are shuffled among them, with the standard deviation over the "
        "shuffles. Of two columns with the same information each seems less "
        "important than it is."
    )
    most = max(each.mean for each in report.importance)
    lost = "Rise of RMSE" if report.task == REGRESSION else "Drop of AUC"
    rows = [
        Row(
            [
                each.column,
                Cell(
                    with_spread(each.mean, each.spread),
                    max(0.0, each.mean / most) if most > 0 else 0.0,
                ),
            ]
        )
        for each in report.importance
    ]
    table = Table(
        "Columns by importance",
        ["Column", lost],
        rows,
        has_names=True,
        what="columns",
    )
    yield Section("importance", "Important columns", [text, table])


def _curves(report, histories):
    for name, history in histories:
        title, texts, chance = "How it learned", [], None
        if name in TASKS:
            learned = report.pretraining
            title = f"Pre-training: {TASKS[name]}"
            texts = [
                _HOW_PRETRAINED[name],
                f"On the rows that were watched: {in_a_line(learned)}.",
            ]
            chance = {
                "loss": learned.chance_loss,
                "accuracy": learned.chance_accuracy,
            }
        drawn = curves(history, name, "rows", chance)
        if drawn.items:
            yield Section(f"curves-{name}", title, [*texts, drawn])


def _columns(report):
    text = (
        "Levels and missing values are those of the rows to train on. A level "
        "of a held-out row that none of them has is unseen, and counts as "
        "missing."
    )
    rows = [
        Row(
            [
                each.name,
                each.kind,
                f"{each.levels:,}" if each.kind == CATEGORICAL else "–",
                *(
                    f"{count:,}" if count else "–"
                    for count in (
                        each.missing,
                        each.test_missing,
                        each.test_unseen,
                    )
                ),
            ]
        )
        for each in report.columns
    ]
    heads = ["Column", "Kind", "Levels", "Missing", "Missing, held out"]
    table = Table(
        "The columns that are predicted from",
        [*heads, "Unseen, held out"],
        rows,
        css="wide",
        has_names=True,
        what="columns",
    )
    blocks = [text, table]
    if report.classes:
        total = sum(rows for _, rows in report.classes)
        blocks.append(
            Table(
                f"The classes of {report.target}",
                ["Class", "Rows to train on", "Share"],
                [
                    Row(
                        [
                            name,
                            f"{rows:,}",
                            Cell(percent(rows / total), rows / total),
                        ]
                    )
                    for name, rows in report.classes
                ],
                has_names=True,
                what="classes",
            )
        )
    return Section("columns", "Columns and classes", blocks)


def _files(report):
    text = (
        "The file for a phone. It is compared with the Keras model by the "
        "largest difference of an output."
    )
    rows = [
        Row(
            [
                each.file,
                f"{each.parity:.1e} of the range",
                size_text(each.bytes),
                f"{each.latency_ms:.3g} ms",
            ]
        )
        for each in report.files
    ]
    table = Table(
        "Difference, size and latency of each file",
        ["File", "Differs from Keras", "Size", "Latency of a row"],
        rows,
        css="wide files",
        has_names=True,
        what="files",
    )
    return Section("files", "Files for a phone", [text, table])
