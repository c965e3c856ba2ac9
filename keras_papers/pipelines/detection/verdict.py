"""What stands out of the training of a detector, and what to try next."""

import os
import shlex

from keras_papers.pipelines.report.finding import NOTHING, Finding

POOR = 0.5  # AP50 of a class, below which it is named
LOST = 0.02  # AP50 that a file of integers may lose without a word
NAMED = 5  # classes
FEW_IMAGES = 20  # held out, from which little can be concluded


def of_training(report, options, command):
    """Returns the findings of a training.

    Args:
        report: The `DetectionReport`.
        options: The `DetectOptions`.
        command: Function from changed options to the command line.

    Returns:
        List of `Finding`.
    """
    found = []
    longer = command(epochs=2 * options.epochs)
    if not report.ap50 > report.guessed_ap50:
        text = (
            f"AP50 is {report.ap50:.1%}, and {report.guessed_ap50:.1%} is that "
            "of the mean box of each class: the model is no better"
        )
        found.append(Finding("guessing", text, longer))
    poor = [each for each in report.classes if each.ap50 < POOR]
    if poor and not found:
        poor.sort(key=lambda each: each.ap50)
        named = ", ".join(f"{e.name} {e.ap50:.0%}" for e in poor[:NAMED])
        more = len(poor) - NAMED
        text = f"low AP50 of {named}" + f" and {more:,} more" * (more > 0)
        if report.best_epoch == report.epochs:
            text += "; the loss fell until the last epoch, so train longer"
            found.append(Finding("weak classes", text, longer))
        else:
            text += "; more pictures of these would help"
            found.append(Finding("weak classes", text, None))
    if report.test_images < FEW_IMAGES:
        text = (
            f"{report.test_images:,} pictures are held out, by which small "
            "differences are chance"
        )
        found.append(Finding("few images", text, None))
    for each in report.files:
        lost = report.ap50 - each.ap50
        if lost > LOST:
            text = f"{each.file} has an AP50 that is {lost:.1%} lower"
            found.append(Finding("worse file", text, None))
    for each in report.files:
        lost = each.ap50 - each.phone_ap50
        if lost > LOST:
            text = (
                f"{each.file} has an AP50 of {each.phone_ap50:.1%} with the "
                f"rule of the task library, {lost:.1%} lower: boxes of other "
                "classes that overlap are dropped, unless the file chooses"
            )
            model = os.path.join(report.output, "model.keras")
            words = ["keras-papers", "detect", "export", model]
            again = shlex.join([*words, "--choose-boxes"])
            found.append(Finding("on phones", text, again))
    text = "no class is weak, and the files are as good as the Keras model"
    return found or [Finding(NOTHING, text, None)]
