"""What stands out of a training, and what to try next."""

from keras_papers.pipelines.answered.options import (
    INTEGERS,
    MAX_DROP,
    TRAINED_INTEGERS,
)
from keras_papers.pipelines.report.finding import NOTHING, Finding

POOR = 0.5  # score of a class, below which it is named
LOST = 0.02  # score that a file may lose without a word
NAMED = 5  # classes
FEW_IMAGES = 20  # held out, from which little can be concluded


def of_training(task, report, options, command):
    """Returns the findings of a training.

    Args:
        task: The `Task`.
        report: Its report.
        options: Those of the training.
        command: Function from changed options to the command line.

    Returns:
        List of `Finding`.
    """
    epochs = max(2 * options.epochs, type(options).epochs)
    longer = command(epochs=epochs)
    found = [
        *(
            _guessing(task, report, longer)
            or _weak(task, report, longer, is_drawn=options.data is None)
        ),
        *_few(report),
        *_worse(task, report, command, longer),
        *task.findings(report),
    ]
    text = "no class is weak, and the files are as good as the Keras model"
    return found or [Finding(NOTHING, text, None)]


def _guessing(task, report, longer):
    score = task.score
    reached = getattr(report, score.field)
    guessed = getattr(report, score.guess_field)
    if reached > guessed:
        return []
    text = (
        f"{score.subject} is {reached:.1%}, and {guessed:.1%} is that of "
        f"{score.guess}: the model is no better"
    )
    if report.best_epoch == report.epochs:
        text += "; the loss fell until the last epoch"
    return [Finding("guessing", text, longer)]


def _weak(task, report, longer, is_drawn):
    pairs = report.class_pairs()
    poor = [(n, score) for n, score in pairs if score is not None]
    poor = sorted(poor, key=lambda pair: pair[1])
    poor = [(name, score) for name, score in poor if score < POOR]
    if not poor:
        return []
    named = ", ".join(f"{name} {score:.0%}" for name, score in poor[:NAMED])
    more = len(poor) - NAMED
    text = f"low {task.score.of_class} of {named}"
    text += f" and {more:,} more" * (more > 0)
    if report.best_epoch == report.epochs:
        text += "; the loss fell until the last epoch, so train longer"
        return [Finding("weak classes", text, longer)]
    if is_drawn:
        text += "; each epoch draws new scenes, so train longer"
        return [Finding("weak classes", text, longer)]
    text += "; more pictures of these would help"
    return [Finding("weak classes", text, None)]


def _few(report):
    if report.test_images < FEW_IMAGES:
        text = (
            f"{report.test_images:,} pictures are held out, by which small "
            "differences are chance"
        )
        yield Finding("few images", text, None)


def _worse(task, report, command, longer):
    score = task.score
    ways = {INTEGERS: command(quantize="qat"), TRAINED_INTEGERS: longer}
    for each in report.files:
        lost = getattr(report, score.field) - getattr(each, score.field)
        text = f"{each.file} has {score.with_article} that is {lost:.1%} lower"
        if lost > MAX_DROP:
            text += ", too much to use it"
            yield Finding("worse file", text, ways.get(each.file))
        elif lost > LOST:
            yield Finding("worse file", text, None)
