"""What a job on pictures with answers is made of: its task, in one record."""

from typing import NamedTuple


class Score(NamedTuple):
    """The measure by which the models of a task are judged."""

    name: str  # "mean IoU"
    subject: str  # of a sentence: "the mean IoU"
    with_article: str  # "a mean IoU"
    of_class: str  # name of that of one class
    field: str  # of reports and of their files
    guess: str  # what needs no model, in words
    guess_field: str  # of reports


class Task(NamedTuple):
    """What the jobs differ in; the rest is in this folder.

    A predictor is what the task opens a model as: it has a `size`, height and
    width of its images, and the `labels` of its classes.
    """

    verb: str  # of `keras-papers`
    model: str  # what is trained, and what its state is called
    answers: str  # "masks" or "boxes"
    options: type  # of the training
    score: Score
    # Function: folder, seed, options, **arguments to an `AnsweredSet`.
    load: object
    # Function: `AnsweredSet`, options, part, seed (None: not varied), `redraw`
    # to batches.
    batches: object
    loss: object  # function: model to a loss of answers and outputs
    of_model: object  # function: model, labels, path to a predictor
    open_file: object  # function: path to a predictor
    # Function: predictor, part, reader of its answers to what was measured.
    # That has a property `score`.
    measure: object
    # Function: path of a file, part, reader to the scores of the file.
    file_scores: object
    file_row: type  # of a report: name, scores, bytes, latency, partitions
    # Function: what was measured, `AnsweredSet` to fields of the report.
    figures: object
    report: type
    render: object  # function: task, report, `Shown` to the HTML of the page
    # Function: `AnsweredSet`, options to labels and texts printed at the start.
    # Raises ValueError if these do not fit one another.
    start_rows: object = lambda answers, options: ()
    # Function: model, options of an export to arguments of `export.to_tflite`.
    conversion: object = lambda model, options: {}
    # Function: network, number of classes to arguments of its `compile`.
    compiled: object = lambda network, classes: {}
    # Function: model to what a file does.
    file_task: object = lambda model: None
    findings: object = lambda report: ()  # function: report to further ones


class Shown(NamedTuple):
    """What a page shows beside the figures of its report."""

    predictor: object
    answers: object  # `AnsweredSet`
    measured: object  # on the held-out pictures
    history: list  # rows of the epochs
