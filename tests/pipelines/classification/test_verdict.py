"""The findings of a training, and the cases without any."""

import shlex

import numpy as np
import pytest

import keras_papers.cli.main as cli
from keras_papers import recipes
from keras_papers.pipelines.classification import verdict
from keras_papers.pipelines.classification.options import (
    QuantizeOptions,
    TrainOptions,
)
from keras_papers.pipelines.report.finding import Finding, lines
from keras_papers.pipelines.search.options import SearchOptions
from keras_papers.pipelines.search.verdict import of_search
from keras_papers.pipelines.training.settings import Settings
from keras_papers.pipelines.variants.plan import Variant
from tests.support import search_reports
from tests.support.training_reports import report

SETTINGS = Settings(
    *(40, 64, 4e-3, 1e-2, 0.1, False, None, None),
    from_weights=False,
    augment="photo",
)
GIVEN = {"data": "photos", "output": "out_2"}


train_again = TrainOptions(**GIVEN).command_with("train")
quantize = QuantizeOptions("out/model.keras", "photos").command_with("quantize")


def judge(
    right,
    images,
    training_accuracy=0.98,
    predicted=None,
    counts=(200, 200),
    has_imagenet=True,
    variants=(),
    **settings,
):
    """Returns the verdict on a model of two classes, shown equally often."""
    labels = np.arange(images) % 2
    if predicted is None:
        predicted = labels.copy()
        predicted[: images - right] = 1 - predicted[: images - right]
    training = verdict.Training(
        ("ant", "bee"),
        labels,
        predicted,
        np.array(counts),
        SETTINGS._replace(**settings),
        enough_epochs=100,
        has_imagenet=has_imagenet,
    )
    figures = report(
        accuracy=float(np.mean(predicted == labels)),
        training_accuracy=training_accuracy,
        test_images=images,
        guessed_accuracy=0.5,
        epochs=40,
        variants=list(variants),
    )
    return verdict.of_training(figures, training, train_again, quantize)


def files(*pairs, step="int8"):
    """A float file, and one that lost and gained such numbers of images."""
    floats = Variant("float32", "model.tflite", 1.0, 0.9, 4, 3, 1.0, 1)
    return [floats] + [
        floats._replace(
            name=step, file=f"model.{step}.tflite", lost=lost, gained=gained
        )
        for lost, gained in pairs
    ]


def abouts(found):
    return [each.about for each in found]


def test_a_good_model_gets_its_interval_and_the_next_step():
    (found,) = judge(117, 120)
    assert found.about == "no fault found"
    assert "97.5% of 120 held-out images" in found.text
    assert "92.9% to 99.1% is likely" in found.text
    assert found.command == (
        "keras-papers quantize out/model.keras photos --mode int8"
    )


@pytest.mark.parametrize(
    "right, images, training_accuracy, is_found",
    [
        (74, 100, 1.00, True),  # 100 % against 74 %
        (26, 30, 0.97, False),  # 10 points of 30 pictures
        (22, 30, 1.00, True),
        (88, 120, 0.80, False),  # 7 points of 120
    ],
)
def test_overfitting_needs_more_than_chance(
    right, images, training_accuracy, is_found
):
    found = judge(right, images, training_accuracy)
    assert ("overfitting" in abouts(found)) == is_found
    if is_found:
        assert (
            f"{training_accuracy:.1%} of the training images" in found[0].text
        )


@pytest.mark.parametrize(
    "options, command",
    [
        ({}, "keras-papers train photos --output out_2 --weights imagenet"),
        (
            {"has_imagenet": False, "augment": "none"},
            "keras-papers train photos --output out_2 --augment light",
        ),
        (
            {"from_weights": True, "augment": "light"},
            "keras-papers train photos --output out_2 --augment photo",
        ),
        (
            {"from_weights": True},
            "keras-papers train photos --output out_2 --early-stopping 10",
        ),
        ({"from_weights": True, "early_stopping": 9}, None),
    ],
)
def test_overfitting_is_answered_by_what_was_not_tried(options, command):
    assert judge(74, 100, 1.0, **options)[0].command == command


def test_no_better_than_guessing_is_reported():
    (found, *_) = judge(63, 120, 0.5)
    assert found.about == "guessing"
    assert "52.5% of 120" in found.text and "50.0% are by always" in found.text
    assert found.command.endswith("--epochs 100")
    assert "guessing" not in abouts(judge(80, 120, 0.7))


def test_few_images_that_show_no_difference_are_reported_as_few():
    (found, *_) = judge(5, 8, 0.9)
    assert found.about == "few images" and found.command is None
    assert "guessing" in abouts(judge(4, 8, 0.5))


def test_most_answers_of_one_class_are_reported():
    predicted = np.zeros(120, int)
    predicted[1:20:2] = 1
    found = judge(0, 120, 0.6, predicted=predicted, counts=(400, 100))
    (one,) = (each for each in found if each.about == "one class")
    assert one.text == (
        "92% of the answers are 'ant', which 50% of the held-out images show"
    )
    assert one.command.endswith("--class-weights")
    found = judge(0, 120, 0.6, predicted=predicted, class_weights=True)
    (one,) = (each for each in found if each.about == "one class")
    assert one.command.endswith("--epochs 100")


def test_a_rare_class_that_is_not_found_is_reported():
    labels = np.arange(120) % 2
    predicted = np.where(np.arange(120) < 40, 0, labels)  # a third of the bees
    found = judge(0, 120, 0.9, predicted=predicted, counts=(300, 100))
    (rare,) = (each for each in found if each.about == "rare classes")
    assert "67% of the held-out images" in rare.text and "(bee)" in rare.text
    assert rare.command.endswith("--class-weights")
    found = judge(0, 120, 0.9, predicted=predicted, counts=(200, 190))
    assert "rare classes" not in abouts(found)


PAPERS = recipes.get("MobileNetV2").plan(images=100, epochs=2)


@pytest.mark.parametrize(
    "settings, epochs, why",
    [
        ({}, 40, "without trained weights a network needs some 800 steps"),
        ({"from_weights": True}, 1, "from trained weights the default is 100"),
        ({"plan": PAPERS}, 2, "the recipe has 100"),
    ],
)
def test_fewer_epochs_than_the_default_are_few_steps(settings, epochs, why):
    (found,) = judge(84, 120, 0.74, epochs=epochs, **settings)
    assert found.about == "few steps" and found.command.endswith("100")
    assert found.text == (
        "74.0% of the training images are right after "
        f"{epochs} epoch{'s' * (epochs > 1)}; {why}"
    )
    (found,) = judge(84, 120, 0.74, epochs=100, **settings)
    assert found.about == "underfitting"


@pytest.mark.parametrize(
    "settings, command, helps",
    [
        ({}, "--weights imagenet", "trained weights, more epochs"),
        ({"plan": PAPERS}, "--weights imagenet", "trained weights, more"),
        ({"has_imagenet": False}, "--epochs 100", "more epochs"),
        ({"from_weights": True}, "--epochs 100", "more epochs"),
    ],
)
def test_underfitting_is_answered_by_what_was_not_tried(
    settings, command, helps
):
    (found,) = judge(84, 120, 0.74, epochs=100, **settings)
    assert found.about == "underfitting"
    assert found.text.startswith(
        f"74.0% of the training images are right; {helps}"
    )
    assert found.command.endswith(command)


def test_a_file_of_integers_that_is_worse_is_reported():
    found = judge(117, 120, variants=files((8, 2)))
    assert abouts(found) == ["no fault found"]  # 5 points, and maybe chance
    (found,) = judge(117, 120, variants=files((6, 0)))
    assert found.about == "smaller file"
    assert found.text == (
        "model.int8.tflite is wrong on 6 more of 120 held-out images than the "
        "float file, 5.0 points"
    )
    assert found.command == (
        "keras-papers quantize out/model.keras photos --mode qat"
    )
    (found,) = judge(117, 120, variants=files((6, 0), step="qat"))
    assert found.command is None
    # Of many images a loss is certain, and may be small.
    found = judge(117, 120, variants=files((6, 0)))
    assert verdict.of_files(files((60, 20)), 10_000, quantize) is None
    assert verdict.of_files(files((200, 20)), 10_000, quantize)


def test_a_command_leaves_out_what_is_the_default():
    given = TrainOptions("my photos", output="out", ema=0.0, verbose=2)
    assert given.command_with("train")(epochs=80, class_weights=np.True_) == (
        "keras-papers train 'my photos' --output out --ema 0.0 --epochs 80 "
        "--class-weights"
    )


def test_a_file_that_is_made_later_renews_the_verdict():
    nothing, others = judge(117, 120), judge(74, 100, 1.0)
    worse = verdict.of_files(files((6, 0)), 120, quantize)
    made = report(
        accuracy=117 / 120,
        test_images=120,
        variants=files((6, 0)),
        verdict=nothing,
    )
    assert verdict.with_files(made, quantize) == [worse]
    again = made._replace(variants=files((0, 0)), verdict=[worse])
    fault_free = [nothing[0]._replace(command=None)]
    assert verdict.with_files(again, quantize) == fault_free
    again = again._replace(verdict=nothing)
    assert verdict.with_files(again, quantize) == fault_free
    again = again._replace(verdict=[*others, worse])
    assert verdict.with_files(again, quantize) == others


def test_the_advised_command_keeps_the_options_that_were_given():
    given = QuantizeOptions(
        *("m.keras", "d"),
        seed=3,
        batch_size=8,
        strict=True,
        normalization=(127.5, 127.5),
    )
    command = given.command_with("quantize")(mode="qat")
    assert command == (
        "keras-papers quantize m.keras d --batch-size 8 --strict --seed 3 "
        "--input-range -1 1 --mode qat"
    )
    parsed = cli._parser().parse_args(shlex.split(command)[1:])
    for name in ("batch_size", "strict", "normalization"):
        assert getattr(parsed, name) == getattr(given, name)


def test_what_is_there_is_not_advised():
    integers, trained = files((6, 0)), files((0, 0), step="qat")[1]
    assert "--mode qat" in verdict.of_files(integers, 120, quantize).command
    found = verdict.of_files([*integers, trained], 120, quantize)
    assert found.command is None
    assert found.text.endswith("points; model.qat.tflite is not worse")
    trained = trained._replace(lost=9)
    found = verdict.of_files([*integers, trained], 120, quantize)
    assert found.command is None and found.text.endswith("points")


def test_a_command_that_findings_share_is_printed_once():
    findings = [
        Finding("guessing", "one", "a"),
        Finding("overfitting", "two", "b"),
        Finding("few steps", "three", "a"),
    ]
    printed = [line.split()[-1] for line in lines(findings)]
    assert printed == ["one", "two", "b", "three", "a"]


def test_a_search_whose_best_network_guesses_is_reported():
    tune_again = SearchOptions(**GIVEN).command_with("tune")
    found = search_reports.pairs()._replace(
        test_accuracy=0.19, guessed_accuracy=0.2, test_images=120, epochs=10
    )
    (guessing,) = of_search(found, tune_again)
    assert guessing.about == "guessing"
    assert (
        guessing.command
        == "keras-papers tune photos --output out_2 --epochs 40"
    )
    printed = str(found._replace(verdict=[guessing])).splitlines()
    assert printed[-2].startswith("verdict               guessing: 19.0% of")
    assert printed[-1] == f"try next              {guessing.command}"
    found = found._replace(test_accuracy=0.9)
    (nothing,) = of_search(found, tune_again)
    assert nothing.about == "no fault found" and "90.0%" in nothing.text
