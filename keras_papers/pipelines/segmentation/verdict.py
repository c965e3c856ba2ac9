"""What stands out of the training of a segmenter, and what to try next."""

from keras_papers.pipelines.report.finding import NOTHING, Finding

POOR = 0.5  # IoU of a class, below which it is named
LOST = 0.02  # mean IoU that a file of integers may lose without a word
NAMED = 5  # classes
FEW_IMAGES = 20  # held out, from which little can be concluded


def of_training(report, options, command):
    """Returns the findings of a training.

    Args:
        report: The `SegmentationReport`.
        options: The `SegmentOptions`.
        command: Function from changed options to the command line.

    Returns:
        List of `Finding`.
    """
    found = []
    longer = command(epochs=2 * options.epochs)
    if report.mean_iou <= report.guessed_iou:
        text = (
            f"the mean IoU is {report.mean_iou:.1%}, and "
            f"{report.guessed_iou:.1%} is that of always answering the "
            "commonest class: the model is no better"
        )
        found.append(Finding("guessing", text, longer))
    pairs = zip(report.classes, report.ious, strict=True)
    poor = [(n, iou) for n, iou in pairs if iou is not None and iou < POOR]
    if poor and not found:
        poor.sort(key=lambda pair: pair[1])
        named = ", ".join(f"{name} {iou:.0%}" for name, iou in poor[:NAMED])
        more = len(poor) - NAMED
        text = f"low IoU of {named}" + f" and {more:,} more" * (more > 0)
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
        lost = report.mean_iou - each.mean_iou
        if lost > LOST:
            text = f"{each.file} has a mean IoU that is {lost:.1%} lower"
            found.append(Finding("worse file", text, None))
    text = "no class is weak, and the files are as good as the Keras model"
    return found or [Finding(NOTHING, text, None)]
