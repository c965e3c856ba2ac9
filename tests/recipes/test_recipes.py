"""How the papers trained their networks, and the same for fewer images."""

import keras
import numpy as np
import pytest

from keras_papers import applications, recipes

# Steps and batches of ImageNet's 1,281,167 images: published scripts.
IMAGES = 1_281_167
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


def test_every_value_has_a_source_or_is_marked():
    for name in recipes.list_recipes():
        recipe = recipes.get(name)
        assert set(recipe.remembered) <= set(recipe._fields)
        assert recipe.sources or "weight_decay" in recipe.remembered


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


def test_another_number_of_images_changes_what_depends_on_it():
    recipe = recipes.get("MobileNetV2")
    plan = recipe.plan(6400, batch_size=64, epochs=30)
    assert plan.steps == 3000
    assert plan.learning_rate == pytest.approx(0.045 * 64 / 768)
    assert plan.schedule.every == pytest.approx(2.5 * 30 / 420)
    assert plan.ema == pytest.approx(3001 / 3010)
    assert len(plan.changes) == 3


@pytest.mark.contract
@pytest.mark.parametrize("name", ["MobileNetV2", "VGG16"])
def test_the_optimizer_is_that_of_the_recipe(name):
    plan = recipes.get(name).plan(640, batch_size=64, epochs=10)
    optimizer = plan.optimizer()
    assert type(optimizer).__name__ == plan.recipe.optimizer
    assert optimizer.momentum == 0.9
    if name == "MobileNetV2":
        # By hand, Keras' formula with the epsilon inside of the root.
        weight = keras.Variable(np.ones(2, "float32"))
        optimizer.build([weight])
        optimizer.apply([keras.ops.full((2,), 0.5)], [weight])
        step = plan.learning_rate * 0.5 / np.sqrt(0.1 * 0.5**2 + 1.0)
        np.testing.assert_allclose(
            keras.ops.convert_to_numpy(weight), 1 - step, rtol=1e-5
        )


@pytest.mark.contract
def test_weight_decay_is_half_the_sum_of_the_squares():
    model = small()
    decayed = recipes.add_weight_decay(model, recipes.get("MobileNetV2"))
    kernels = [
        keras.ops.convert_to_numpy(layer.kernel)
        for layer in model.layers
        if type(layer) in (keras.layers.Conv2D, keras.layers.Dense)
    ]
    assert len(decayed) == len(kernels)
    expected = 4e-5 * sum(np.sum(each**2) for each in kernels) / 2
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)


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
    assert "research/slim" in text and "* from memory" in text


def test_a_network_without_a_recipe_is_named():
    with pytest.raises(ValueError, match="Did you mean 'MobileNetV2'"):
        recipes.get("MobilNetV2")
    with pytest.raises(ValueError, match="`epochs`"):
        recipes.get("MobileNetV2").plan(100, epochs=0)
