"""How the papers trained their networks, and the same for fewer images."""

import keras
import numpy as np
import pytest

from keras_papers import applications, recipes
from keras_papers.applications import efficientnet_lite
from keras_papers.recipes.recipe import IMAGES

# Steps of the published scripts.
STEPS = {
    "MobileNetV2": 700_000,
    "MnasNetA1": 437_898,
    "EfficientNetB0": 218_949,
}


def small(**kwargs):
    return applications.MobileNetV2(
        input_shape=(32, 32, 3), alpha=0.35, classes=2, **kwargs
    )


@pytest.mark.parametrize("name", STEPS)
def test_the_steps_are_those_of_the_published_script(name):
    plan = recipes.get(name).plan(IMAGES)
    assert plan.steps == pytest.approx(STEPS[name], rel=0.002)
    assert plan.changes == ()


@pytest.mark.parametrize("name", ["MnasNetA1", "EfficientNetB3"])
def test_the_rate_is_for_256_images(name):
    recipe = recipes.get(name)
    assert recipe.learning_rate * 256 / recipe.batch_size == pytest.approx(
        0.016
    )


def test_the_rate_of_mobilenet_v2_is_for_96_images():
    plan = recipes.get("MobileNetV2").plan(IMAGES, batch_size=96)
    assert plan.recipe.learning_rate == pytest.approx(0.045)


def test_the_script_of_mobilenet_has_no_momentum():
    recipe = recipes.get("MobileNet")
    assert "SGD without momentum\n" in str(recipe)
    assert recipe.plan(IMAGES).optimizer().momentum == 0


def test_every_value_has_a_source_or_is_marked():
    for name in recipes.list_recipes():
        recipe = recipes.get(name)
        marked = recipe.remembered + recipe.chosen
        assert set(marked) <= set(recipe._fields)
        assert not set(recipe.remembered) & set(recipe.chosen)
        assert recipe.sources or {"optimizer", "rho", "momentum"} <= set(marked)


@pytest.mark.parametrize("name", recipes.list_recipes())
def test_the_marked_values_are_counted(name):
    recipe = recipes.get(name)
    lines = str(recipe).splitlines()
    # The last lines explain the marks, and the notes are no value.
    values = [line for line in lines if not line.startswith(("*", "+", "not"))]
    marks = ["".join(values).count(mark) for mark in (" *", " +")]
    found = [int(word) for word in recipe.origin().split() if word.isdigit()]
    assert found[1:] == [number for number in marks if number]
    assert bool(found) == any(marks)


def test_the_origin_of_a_recipe_is_said_in_a_line():
    assert recipes.get("MobileNetV3Small").origin() == (
        "of 15 values, 13 from memory and 2 chosen by this package"
    )
    assert recipes.get("MnasNetB1").origin() == ""


@pytest.mark.parametrize(
    "name, dropout",
    [
        *(("B0", 0.2), ("B1", 0.2), ("B3", 0.3), ("B4", 0.4), ("B7", 0.5)),
        *(("Lite0", 0.2), ("Lite1", 0.2), ("Lite2", 0.3), ("Lite4", 0.3)),
    ],
)
def test_the_dropout_of_efficientnets_grows_with_their_size(name, dropout):
    assert recipes.get(f"EfficientNet{name}").dropout == dropout


@pytest.mark.contract
def test_the_dropout_of_a_recipe_is_that_of_the_networks_table():
    for kind, network in efficientnet_lite.NETWORKS.items():
        recipe = recipes.get(f"EfficientNetLite{kind}")
        assert recipe.dropout == network.scaling.dropout


def test_the_images_of_resnet_v2_are_varied_as_those_of_resnet():
    """Appendix of the paper: the same data augmentation as in [1]."""
    first, second = map(recipes.get, ("ResNet50", "ResNet50V2"))
    assert "256 to 480 pixels, crops of 224, mirrored" in first.augmentation
    assert second.augmentation == first.augmentation
    assert second.augment == first.augment == "photo"
    assert "augmentation" not in second.remembered


def test_the_epochs_of_inception_v2_reach_the_accuracy_of_inception():
    """Section 4.2.2: 14 times fewer than 31 million steps of 32 images."""
    recipe = recipes.get("InceptionV2")
    assert 31e6 / 14 * recipe.batch_size / IMAGES == pytest.approx(55, abs=0.5)
    assert recipe.epochs == 55
    assert "replica" not in recipe.notes
    assert {"momentum", "weight_decay"} <= set(recipe.chosen)


def test_what_is_said_of_b0_is_not_said_of_lite():
    lite, b0 = map(recipes.get, ("EfficientNetLite0", "EfficientNetB0"))
    assert "76.7" in b0.augmentation and "76.7" not in str(lite)
    assert "Blocks are dropped with up to 0.2" in lite.notes
    assert lite.sources[0].endswith("/efficientnet_lite_builder.py")


def test_the_rate_of_resnet_v2_falls_after_30_and_60_epochs():
    plan = recipes.get("ResNet50V2").plan(25_600)
    rate = plan.optimizer()._learning_rate
    steps = [
        plan.steps_per_epoch * epoch for epoch in (0.5, 29.5, 30.5, 59.5, 60.5)
    ]
    found = [float(rate(step)) for step in steps]
    np.testing.assert_allclose(found, [0.1, 0.1, 0.01, 0.01, 0.001], 1e-5)


@pytest.mark.contract
def test_the_rate_falls_in_stairs_after_a_warm_up():
    plan = recipes.get("MnasNetB1").plan(IMAGES)
    rate = plan.optimizer()._learning_rate
    epoch = plan.steps_per_epoch
    for epochs in (5.0, 7.0, 7.3, 100.0, 349.9):
        expected = 0.064 * 0.97 ** np.floor(epochs / 2.4)
        found = float(rate(round(epochs * epoch)))
        assert found == pytest.approx(expected, rel=1e-3)
    assert float(rate(epoch)) == pytest.approx(0.064 / 5, rel=1e-3)
    again = type(rate).from_config(rate.get_config())
    assert float(again(9 * epoch)) == float(rate(9 * epoch))


@pytest.mark.contract
def test_as_many_drops_as_in_the_paper_fit_into_few_steps():
    paper = recipes.get("MobileNetV2")
    plan = paper.plan(16, batch_size=8, epochs=3)
    rate = plan.optimizer()._learning_rate
    found = float(rate(plan.steps)) / plan.recipe.learning_rate
    assert found == pytest.approx(0.98 ** (420 / 2.5), rel=1e-3)


def test_a_warm_up_of_less_than_a_step_is_left_out():
    paper = recipes.get("MobileNetV3Small")
    plan = paper.plan(10, batch_size=64, epochs=2)
    assert float(plan.optimizer()._learning_rate(0)) == pytest.approx(0.1 / 64)
    assert plan.recipe.schedule.warm_up == 0
    text = "epochs of warm-up 0 for 5, which were less than a step"
    assert text in plan.changes
    rises = paper.plan(10, batch_size=1, epochs=20)
    assert "epochs of warm-up 0.167 for 5, as the epochs" in rises.changes
    assert float(rises.optimizer()._learning_rate(0)) == 0


def test_what_is_shorter_than_an_epoch_is_counted_in_steps():
    plan = recipes.get("MobileNetV3Small").plan(10, batch_size=1, epochs=20)
    assert (
        "times 0.99 after each 1 step, after a warm-up of 1.67 steps"
    ) in plan.recipe.summary(plan.steps_per_epoch)
    assert "of 0.167 epochs" in plan.recipe.summary()
    assert "after 1 epoch without" in plan.recipe.schedule._replace(
        kind="plateaus", every=1
    ).text(plan.steps_per_epoch)


def test_another_number_of_images_changes_what_depends_on_it():
    paper = recipes.get("MobileNetV2")
    plan = paper.plan(6400, batch_size=64, epochs=30)
    recipe = plan.recipe
    assert plan.steps == 3000 and plan.paper is paper
    assert recipe.learning_rate == pytest.approx(0.03)
    assert recipe.schedule.every == pytest.approx(2.5 * 30 / 420)
    assert recipe.ema == pytest.approx(3001 / 3010)
    assert recipe.batch_norm == (0.9, 1e-3)
    assert len(plan.changes) == 6


def test_the_momentum_of_normalizations_keeps_its_share_of_the_steps():
    paper = recipes.get("InceptionV3")
    found = paper.plan(IMAGES, epochs=50)
    momentum, epsilon = found.recipe.batch_norm
    assert momentum == pytest.approx(1 - 2 * 0.0003) and epsilon == 1e-3
    assert paper.plan(IMAGES, epochs=200).recipe.batch_norm == paper.batch_norm


def test_a_value_that_is_given_is_not_scaled():
    paper = recipes.get("MobileNetV2")
    plan = paper.plan(
        6400, batch_size=64, epochs=420, learning_rate=0.01, ema=0.5
    )
    assert (plan.recipe.learning_rate, plan.recipe.ema) == (0.01, 0.5)
    assert "learning_rate 0.01 for 0.36, as given" in plan.changes
    assert "ema 0.5 for 0.9999, as given" in plan.changes
    same = paper.plan(IMAGES, weight_decay=4e-5, label_smoothing=0.1)
    assert same.changes == () and same.recipe == paper


def test_all_but_normalizations_decay_in_mnasnet():
    model = applications.MnasNetB1(
        input_shape=(32, 32, 3), alpha=0.35, classes=2
    )
    decayed = recipes.add_weight_decay(model, recipes.get("MnasNetB1"))
    paths = {weight.path for weight in decayed}
    assert any("depthwise" in path for path in paths)
    assert any(path.endswith("bias") for path in paths)
    assert not any(path.endswith(("gamma", "beta")) for path in paths)


@pytest.mark.contract
def test_a_network_trains_by_its_recipe():
    plan = recipes.get("MobileNetV2").plan(32, batch_size=16, epochs=2)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3, use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(2, "softmax"),
        ]
    )
    recipes.add_weight_decay(model, plan.recipe)
    model.compile(
        plan.optimizer(),
        keras.losses.CategoricalCrossentropy(
            label_smoothing=plan.recipe.label_smoothing
        ),
    )
    images = np.random.default_rng(0).random((32, 8, 8, 3), "float32")
    labels = np.eye(2)[np.arange(32) % 2]
    history = model.fit(
        images,
        labels,
        batch_size=16,
        epochs=2,
        callbacks=plan.callbacks(),
        verbose=0,
    )
    assert np.isfinite(history.history["loss"]).all()


def test_it_prints_its_values_and_marks_what_is_from_memory():
    text = str(recipes.get("MobileNetV2"))
    assert "RMSprop, momentum 0.9, rho 0.9, epsilon 1" in text
    assert "4e-05, of kernels but depthwise ones" in text
    assert "times 0.98 after each 2.5 epochs" in text
    assert "research/slim" in text
    assert "dropout          0.2 *" in text
    assert text.endswith("* from memory, not read in a source")


@pytest.mark.parametrize("name", recipes.list_recipes())
def test_each_value_that_no_source_has_is_marked_where_it_prints(name):
    recipe = recipes.get(name)
    text = str(recipe)
    for mark, names in (("*", recipe.remembered), ("+", recipe.chosen)):
        # Of plain gradient descent, these two are not printed.
        unused = {"rho", "epsilon", "clip_norm"} if recipe.rho is None else ()
        unused = {*unused, *({"clip_norm"} if not recipe.clip_norm else ())}
        unused |= {each for each in names if getattr(recipe, each) == ""}
        shown = [each for each in names if each not in unused]
        marks = text.count(f" {mark}")
        assert marks == len(shown)
        assert (f"\n{mark} " in text) == bool(names)


def test_a_network_without_a_recipe_is_named():
    with pytest.raises(ValueError, match="Did you mean 'MobileNetV2'"):
        recipes.get("MobilNetV2")
    with pytest.raises(ValueError, match="`epochs`"):
        recipes.get("MobileNetV2").plan(100, epochs=0)


def test_a_plateau_lasts_whole_epochs():
    paper = recipes.get("ResNet18")
    for epochs, every in ((2, 1), (3 * paper.epochs, 3 * paper.schedule.every)):
        plan = paper.plan(1280, epochs=epochs)
        assert plan.recipe.schedule.every == every
        assert plan.plateaus()[0].patience == every
