"""The findings about a trained classifier, with commands to try next."""

from typing import NamedTuple

import numpy as np

from keras_papers.pipelines.report.finding import (
    NOTHING,
    Finding,
    guessing,
)
from keras_papers.pipelines.report.page_text import plural
from keras_papers.pipelines.report.statistics import is_worse, likely
from keras_papers.pipelines.training.settings import FEWEST_STEPS

OVERFITTING = 0.05  # of the accuracy on training images, that is lost on others
UNDERFITTING = 0.85  # accuracy on training images, below which it is
ONE_CLASS = 0.15  # share of answers that is too many for one class
RARE = 0.5  # of the images of the most frequent class
LOSS = 0.01  # of the accuracy, from which on a smaller file is worse
SMALLER = "smaller file"  # `Finding.about`


class Training(NamedTuple):
    """What a verdict on a training is based on, beside its `Report`."""

    names: tuple  # of the classes
    labels: np.ndarray  # of the held-out images
    predicted: np.ndarray  # indices of classes
    counts: np.ndarray  # images of each class that were trained on
    settings: tuple  # `Settings`
    enough_epochs: int  # by the same
    has_imagenet: bool  # whether there are such weights for the model


def of_training(report, training, train_again, quantize):
    """Returns the findings about a training, the most serious first.

    Args:
        report: The `Report`.
        training: A `Training`.
        train_again: Function from changed arguments to the command that
            trains with them.
        quantize: Function from changed options to the command that quantizes.
    """
    trained = training
    longer = train_again(epochs=_more_epochs(report, trained))
    overfits = _overfitting(report, trained, train_again)
    found = [
        None
        if overfits
        else guessing(
            report.accuracy,
            report.guessed_accuracy,
            report.test_images,
            longer,
        ),
        _one_class(trained, train_again, longer),
        _rare_classes(trained, train_again),
        overfits or _not_learned(report, trained, train_again, longer),
        of_files(report.variants, report.test_images, quantize, train_again),
    ]
    found = [each for each in found if each]
    return found or [_nothing(report, quantize)]


def of_files(variants, images, quantize, train_again=None):
    """Returns the first file that is worse than the float file, or None.

    Args:
        variants: List of `Variant`, that of the float file first.
        images: Number of held-out images.
        quantize: Function from changed options to the command that quantizes.
        train_again: As in `of_training`.
    """
    by_name = {each.name: each for each in variants}
    for each in variants[1:]:
        lost = each.lost - each.gained
        if not _has_lost(each, images):
            continue
        step = each.name.split(".")[-1]
        command, better = None, ""
        if step == "int8":
            trained = by_name.get(each.name.removesuffix("int8") + "qat")
            if trained is None:
                command = quantize(mode="qat")
            elif not _has_lost(trained, images):
                better = f"; {trained.file} is not worse"
        elif step == "dynamic" and train_again:
            command = train_again(quantize="float16")
        return Finding(
            SMALLER,
            f"{each.file} is wrong on {lost} more of {images:,} held-out "
            f"images than the float file, {100 * lost / images:.1f} points"
            + better,
            command,
        )
    return None


def with_files(report, quantize):
    """Returns the findings of a training, with that of its files renewed.

    Args:
        report: The `Report`, with the findings as they were and the files as
            they are.
        quantize: Function from changed options to the command that quantizes.
    """
    worse = of_files(report.variants, report.test_images, quantize)
    of_others = (NOTHING, SMALLER)
    kept = [each for each in report.verdict if each.about not in of_others]
    if worse:
        kept.append(worse)
    return kept or [_nothing(report, quantize)]


def _has_lost(variant, images):
    lost = variant.lost - variant.gained
    return lost >= LOSS * images and is_worse(variant.lost, variant.gained)


def _nothing(report, quantize):
    low, high = likely(report.accuracy, report.test_images)
    text = (
        f"{report.accuracy:.1%} of {report.test_images:,} held-out images are "
        f"right; {low:.1%} to {high:.1%} is likely on new images of the same "
        "kind"
    )
    integers = any(
        each.name.endswith(("int8", "qat")) for each in report.variants
    )
    return Finding(NOTHING, text, None if integers else quantize(mode="int8"))


def _one_class(trained, train_again, longer):
    images = len(trained.predicted)
    answers = np.bincount(trained.predicted, minlength=len(trained.names))
    most = int(answers.argmax())
    share = answers[most] / images
    expected = np.mean(trained.labels == most)
    if likely(share, images)[0] <= expected + ONE_CLASS:
        return None
    text = (
        f"{share:.0%} of the answers are {trained.names[most]!r}, which "
        f"{expected:.0%} of the held-out images show"
    )
    frequent = RARE * trained.counts[most] >= trained.counts.min()
    if frequent and not trained.settings.class_weights:
        return Finding("one class", text, train_again(class_weights=True))
    return Finding("one class", text, longer)


def _rare_classes(trained, train_again):
    rare = trained.counts <= RARE * trained.counts.max()
    is_rare = rare[trained.labels]
    if not is_rare.any() or is_rare.all():
        return None
    right = trained.predicted == trained.labels
    found, others = right[is_rare].mean(), right[~is_rare].mean()
    highest = likely(found, is_rare.sum())[1]
    if highest >= likely(others, (~is_rare).sum())[0]:
        return None
    names = ", ".join(np.array(trained.names, object)[rare][:3])
    more = ", ..." if rare.sum() > 3 else ""
    command = None
    if not trained.settings.class_weights:
        command = train_again(class_weights=True)
    return Finding(
        "rare classes",
        f"{found:.0%} of the held-out images of classes with few training "
        f"images ({names}{more}) are right, {others:.0%} of the others",
        command,
    )


def _overfitting(report, trained, train_again):
    reached = report.training_accuracy
    if likely(report.accuracy, report.test_images)[1] > reached - OVERFITTING:
        return None
    settings = trained.settings
    command = None
    if not settings.from_weights and trained.has_imagenet:
        command = train_again(weights="imagenet", image_size=None, recipe=None)
    elif settings.augment in ("none", "light"):
        stronger = "light" if settings.augment == "none" else "photo"
        command = train_again(augment=stronger)
    elif settings.early_stopping is None:
        command = train_again(early_stopping=10)
    return Finding(
        "overfitting",
        f"{reached:.1%} of the training images are right and "
        f"{report.accuracy:.1%} of those held out; more images help most",
        command,
    )


def _not_learned(report, trained, train_again, longer):
    reached = report.training_accuracy
    if reached >= UNDERFITTING:
        return None
    settings = trained.settings
    text = f"{reached:.1%} of the training images are right"
    if settings.epochs < trained.enough_epochs:
        text += f" after {plural(settings.epochs, 'epoch')}"
        return Finding("few steps", f"{text}; {_needed(trained)}", longer)
    if settings.from_weights or not trained.has_imagenet:
        text += "; more epochs or a larger model may reach more"
        return Finding("underfitting", text, longer)
    text += "; trained weights, more epochs or a larger model may reach more"
    command = train_again(weights="imagenet", image_size=None, recipe=None)
    return Finding("underfitting", text, command)


def _needed(trained):
    """Says how long a training takes that is no shorter than the default."""
    if trained.settings.plan is not None:
        return f"the recipe has {trained.enough_epochs:,}"
    if trained.settings.from_weights:
        return f"from trained weights the default is {trained.enough_epochs:,}"
    return f"without trained weights a network needs some {FEWEST_STEPS} steps"


def _more_epochs(report, trained):
    return max(2 * report.epochs, trained.enough_epochs)
