"""Trainings by the recipe of a paper."""

import inspect
import json

import keras
import numpy as np
import pytest

from keras_papers import applications, pipelines, recipes
from keras_papers.pipelines.classification.options import TrainOptions
from keras_papers.pipelines.classification.paper_recipe import (
    by_paper,
    followed,
    network_arguments,
)
from keras_papers.pipelines.classification.report_files import read
from keras_papers.pipelines.data.image_set import ImageSet, Part
from keras_papers.pipelines.training import loop
from keras_papers.pipelines.training.settings import AUGMENTATIONS
from keras_papers.pipelines.training.training_folder import TrainingFolder
from keras_papers.pipelines.training.training_start import start_lines
from keras_papers.recipes.plateaus import Plateaus
from keras_papers.recipes.rmsprop_tf1 import RMSpropTF1
from tests.support.killing import KillAtWrite
from tests.support.short_trainings import QUICK, untraced

RECIPE = {**QUICK, "model": "MobileNetV2", "alpha": 0.35, "recipe": "paper"}


@pytest.fixture(scope="module")
def repeated(photos, tmp_path_factory):
    """Returns report, folder and optimizer of a training with much decay."""
    output, optimizers = tmp_path_factory.mktemp("repeated"), []
    make = loop._optimizer

    def noted(*arguments):
        optimizers.append(make(*arguments))
        return optimizers[-1]

    with pytest.MonkeyPatch.context() as patch, untraced():
        patch.setattr(loop, "_optimizer", noted)
        report = pipelines.train_image_classifier(
            photos, output=output, overwrite=True, weight_decay=10.0, **RECIPE
        )
    return report, output, optimizers[0]


def test_the_optimizer_is_that_of_the_paper(repeated):
    _, _, optimizer = repeated
    assert isinstance(optimizer, RMSpropTF1)
    assert (optimizer.momentum, optimizer.epsilon) == (0.9, 1.0)
    assert optimizer.use_ema and optimizer.ema_momentum == 5 / 14
    assert int(optimizer.iterations) == 4


def test_the_weight_decay_is_a_part_of_the_loss(repeated):
    _, output, _ = repeated
    first = (output / "history.csv").read_text().splitlines()[1]
    assert float(first.split(",")[2]) > 100


def test_the_report_says_what_is_not_as_in_the_paper(repeated):
    report, output, _ = repeated
    assert report.recipe.text.startswith("RMSprop, momentum 0.9, rho 0.9")
    expected = (
        "batch_size 8 for 768",
        "epochs 2 for 420",
        "learning_rate 0.00375 for 0.36, as the batch",
        "weight_decay 10 for 4e-05, as given",
        "alpha 0.35 for 1",
        "image_size 32 for 224",
    )
    page = (output / "report.html").read_text()
    for text in expected:
        assert text in report.recipe.changes
        assert text in str(report) and text in page
    (left_out,) = report.recipe.left_out
    assert left_out == "dropout 0.2: MobileNetV2 has no argument for it"
    figures = json.loads((output / "report.json").read_text())
    assert figures["recipe"] == report.recipe._asdict()
    assert read(output).recipe == report.recipe


def test_the_recorded_command_has_the_values_that_were_used(repeated):
    report, output, _ = repeated
    arguments = report.run["arguments"]
    assert arguments["recipe"] == "paper" and arguments["weight_decay"] == 10
    assert arguments["augment"] == "inception"
    assert arguments["learning_rate"] == pytest.approx(0.045 * 8 / 96)
    assert "--recipe paper" in report.run["command"]
    model = keras.saving.load_model(output / "model.keras")
    assert model.count_params() == report.parameters + sum(
        np.prod(weight.shape) for weight in model.non_trainable_weights
    )


def arrays(number=12):
    """Returns pictures in memory; those to watch have the wrong labels."""
    pixels = np.zeros((number, 32, 32, 3), "uint8")
    pixels[::2] = 200
    labels = np.arange(number) % 2
    part = Part(pixels, labels)
    watched = Part(pixels[:4], 1 - labels[:4])
    return ImageSet(("bright", "dark"), part, watched, part[:4])


def settings_of(images, **options):
    given = TrainOptions(recipe="paper", batch_size=4, **options)
    return by_paper(given.settings(), given, images)


def train(folder, images, settings):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.GlobalAveragePooling2D()(x)
    outputs = keras.layers.Dense(2, "softmax")(x)
    return loop.train(
        keras.Model(inputs, outputs),
        images,
        32,
        TrainingFolder(folder, {}),
        settings,
        0,
        None,
        0,
    )


@pytest.mark.contract
@pytest.mark.parametrize("name", ["VGG11", "MobileNetV2"])
def test_a_killed_training_continues_with_the_rates_that_it_would_have_had(
    name, tmp_path
):
    images = arrays()
    settings = settings_of(
        images, model=name, epochs=8, learning_rate=1.0, augment="none"
    )
    kill = KillAtWrite(11, after=True)  # the state of the fifth epoch
    with kill.process():
        train(tmp_path, images, settings)
    assert kill.happened
    before = json.loads((tmp_path / ".training/history.json").read_text())
    history = train(tmp_path, images, settings).history
    assert [row["epoch"] for row in history] == [*range(1, 9)]
    assert history[: len(before) - 1] == before[:-1] and len(before) > 3
    found = [row["learning_rate"] for row in history]
    if name == "VGG11":
        losses = [row["val_loss"] for row in history]
        expected = [
            Plateaus(1.0, 0.1, 1, losses[:epoch]).rate() for epoch in range(8)
        ]
        assert min(expected[5:]) < 0.5
    else:
        schedule = settings.plan.optimizer()._learning_rate
        expected = [float(schedule(3 * epoch)) for epoch in range(1, 9)]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_what_is_passed_takes_precedence_and_the_report_says_so(photos):
    images = arrays()
    given = {
        "learning_rate": 0.01,
        "weight_decay": 1e-3,
        "label_smoothing": 0.0,
        "ema": 0.5,
        "augment": "none",
        "epochs": 3,
    }
    settings = settings_of(images, model="MobileNetV2", **given)
    assert {name: getattr(settings, name) for name in given} == given
    options = TrainOptions(model="MobileNetV2", alpha=1.0)
    changes = followed(options, settings, 224).changes
    for text in (
        "learning_rate 0.01 for 0.36, as given",
        "weight_decay 0.001 for 4e-05, as given",
        "label_smoothing 0 for 0.1, as given",
        "ema 0.5 for 0.9999, as given",
    ):
        assert text in changes
    assert any(text.startswith("augmentation none for") for text in changes)
    assert not any(text.startswith(("alpha", "image_size")) for text in changes)


def test_without_options_the_epochs_are_those_of_the_paper():
    settings = settings_of(arrays(), model="ResNet18")
    assert settings.epochs == 120
    assert settings.augment == "light"  # of pictures in memory, the digits
    assert settings.learning_rate == pytest.approx(0.1 * 4 / 256)
    assert settings.ema is None and settings.label_smoothing == 0


@pytest.mark.parametrize("name", recipes.list_recipes())
def test_each_network_takes_what_its_recipe_decides(name):
    images = arrays()
    settings = settings_of(images, model=name, epochs=1)
    known = inspect.signature(applications.get(name)).parameters
    arguments = network_arguments(name, settings.plan)
    assert set(arguments) <= set(known)
    recipe = recipes.get(name)
    takes_dropout = {"dropout", "dropout_rate"} & set(known)
    assert bool(takes_dropout & set(arguments)) == bool(takes_dropout)
    assert recipe.augment in AUGMENTATIONS
    left_out = followed(TrainOptions(model=name), settings, 224).left_out
    missing = [text for text in left_out if text.startswith("dropout")]
    assert bool(missing) == (bool(recipe.dropout) and not takes_dropout)


def test_the_momentum_of_normalizations_reaches_the_network():
    images = 1_281_167
    for name, momentum in (("MobileNetV2", 0.997), ("ResNet18", 0.9)):
        plan = recipes.get(name).plan(images)
        arguments = network_arguments(name, plan)
        assert arguments["batch_norm_momentum"] == momentum
    assert network_arguments("MobileNetV2", None) == {}


def test_no_epochs_of_the_default_optimizer_are_advised():
    images = arrays()
    settings = settings_of(images, model="MobileNetV2", epochs=2)
    printed = start_lines(images, 32, "as given", settings)
    assert "\nepochs              2, 6 steps of batches of 4\n" in printed
    assert settings.enough_epochs(images.train) == 420


def test_what_is_not_from_a_source_is_counted(repeated):
    report, output, _ = repeated
    assert report.recipe.origin == "of 15 values, 2 from memory"
    line = "\nrecipe's source     of 15 values, 2 from memory\n"
    assert line in str(report)
    page = (output / "report.html").read_text()
    assert "Its source: of 15 values, 2 from memory." in page


def test_crops_of_resized_pictures_are_not_the_papers():
    options = TrainOptions(model="InceptionV3", alpha=1.0)
    settings = settings_of(arrays(), model="InceptionV3", augment="inception")
    *_, last = followed(options, settings, 299).changes
    assert last.startswith("augmentation inception for crops of the original")
    assert "hue" in last


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            {"model": "ResNet20"},
            "`recipe`.*known of AlexNet, .*model='ResNet20'.*Choose",
        ),
        ({"weights": "imagenet"}, "random weights.*weights='imagenet'"),
        ({"recipe": "papers"}, "`recipe`.*recipe='papers'"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_named(
    arguments, message, photos, tmp_path
):
    with pytest.raises(ValueError, match=message):
        pipelines.train_image_classifier(
            photos, output=tmp_path / "out", **{**RECIPE, **arguments}
        )
    assert not list(tmp_path.iterdir())
