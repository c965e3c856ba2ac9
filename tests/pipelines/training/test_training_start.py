"""What is printed before the first epoch, and after it."""

import re

import keras
import numpy as np
import pytest
from PIL import Image

from keras_papers.pipelines.classification.image_size import choose_size
from keras_papers.pipelines.data.duplicates import find_duplicates
from keras_papers.pipelines.data.image_set import ImageSet, Part
from keras_papers.pipelines.training.settings import Phase, Settings
from keras_papers.pipelines.training.training_start import TimeLeft, start_lines

SETTINGS = Settings(
    *(3, 4, 4e-3, 1e-2, 0.1, False, None, None), from_weights=False
)


def part(counts, first=0):
    """Images of classes, each with a content of its own."""
    labels = np.repeat(range(len(counts)), counts)
    names = [f"{first + index}" for index in range(len(labels))]
    hashes = np.array(names, object)
    return Part(
        np.array([f"{name}.png" for name in names], object), labels, hashes
    )


def lines(images, settings=SETTINGS, size=64, why="as given"):
    """Returns the lines as a dict, and sees that they are aligned."""
    text = start_lines(images, size, why, settings).splitlines()
    assert all(line[18:20] == "  " and line[20] != " " for line in text)
    return {line[:18].strip(): line[20:] for line in text}


def test_the_first_lines_are_what_is_known_before_the_training():
    images = ImageSet(
        ("daisy", "rose"), part([4, 6]), part([1, 1], 100), part([2, 2], 200)
    )
    found = lines(images)
    assert re.fullmatch(r"\d+ (CPU core|GPU)s?", found.pop("device"))
    assert found == {
        "classes": "2, to train on: daisy 4, rose 6",
        "images": "10 to train on, 2 to watch, 4 held out",
        "image size": "64 x 64, as given",
        "augmentation": "light: turned by up to 11 degrees, shifted by up to "
        "8 %, zoomed by up to 10 %",
        "epochs": "3, 9 steps of batches of 4; few for training from "
        "scratch: use --weights, or --epochs 267",
    }
    printed = lines(images, SETTINGS._replace(from_weights=True))
    assert printed["epochs"] == "3, 9 steps of batches of 4"


def test_imbalance_and_copies_are_found_before_the_training():
    train, watched = part([30, 10]), part([1, 1], 50)
    test = Part(train.sources[:3], train.labels[:3], train.hashes[[0, 1, 1]])
    names = ("often", "rare")
    copies = find_duplicates(train, watched, test)
    images = ImageSet(names, train, watched, test, (), copies)
    found = lines(images)
    assert found["imbalance"] == (
        "often has 3.0 times as many images as rare; --class-weights makes "
        "classes count alike"
    )
    assert found["duplicates"] == (
        "3 images with the same bytes as another; 3 held out left out, which "
        "are in another part"
    )
    found = lines(images, SETTINGS._replace(class_weights=True))
    assert "every class counts the same" in found["imbalance"]


def test_of_many_classes_the_extremes_are_named():
    counts = range(1, 21)
    names = tuple(f"c{count}" for count in counts)
    images = ImageSet(names, part(counts), part([1]), part([1]))
    assert lines(images)["classes"] == (
        "20, with 1 (c1) to 20 (c20) images to train on"
    )


@pytest.mark.parametrize(
    "model, weights, side, size, why",
    [
        ("MobileNetV2", None, 1000, 224, "that of MobileNetV2's paper"),
        ("EfficientNetB3", None, 1000, 300, "that of EfficientNetB3's paper"),
        ("EfficientNetB3", None, 240, 256, "half of the pictures have 240"),
        ("MobileNetV2", None, 60, 64, "half of the pictures have 60 or fewer"),
        ("MobileNetV2", None, 8, 32, "half of the pictures have 8 or fewer"),
        ("MobileNetV2", "imagenet", 60, 224, "that of the weights"),
    ],
)
def test_the_size_is_that_of_the_model_or_of_smaller_pictures(
    model, weights, side, size, why, tmp_path
):
    for index, longer in enumerate((side, side + 40, 2 * side)):
        picture = Image.new("L", (longer, side))
        picture.save(tmp_path / f"{index}.png")
    Image.new("L", (2000, 2000)).save(tmp_path / "3.png")
    files = np.array([f"{tmp_path}/{index}.png" for index in range(4)], object)
    train = Part(files, np.zeros(4, int))
    images = ImageSet(("a", "b"), train, train, train)
    found, reason = choose_size(model, weights, images)
    assert found == size and why in reason


def test_digits_have_48_pixels():
    assert choose_size("MobileNetV2", None, None)[0] == 48


@pytest.mark.contract
@pytest.mark.parametrize(
    "batch_size, left",
    [(2, "2 epochs"), (8, "1 epoch")],  # of one step: after the second epoch
)
def test_the_time_left_is_printed_once_after_a_measured_epoch(
    batch_size, left, capsys
):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    x, y = np.zeros((8, 3)), np.zeros((8, 2))
    phase = Phase("all", 2, 6, 0.1)
    model.fit(
        x,
        y,
        batch_size=batch_size,
        validation_data=(x, y),
        initial_epoch=3,  # of a training that was stopped
        epochs=6,
        callbacks=[TimeLeft(phase, SETTINGS)],
        verbose=0,
    )
    assert re.fullmatch(
        rf"time left           about \d+ s for {left}\n",
        capsys.readouterr().out,
    )
