"""What differs between the papers' programs and Keras, against TensorFlow 1."""

import keras
import numpy as np
import pytest

from keras_papers import recipes
from keras_papers.recipes.plateaus import Plateaus
from keras_papers.recipes.rmsprop_tf1 import RMSpropTF1

pytestmark = pytest.mark.contract
RNG = np.random.default_rng(0)
GRADIENTS = RNG.normal(size=(6, 5)).astype("float32")
RATES = (0.1, 0.1, 0.05, 0.05, 0.2, 0.2)


def weights_by(optimizer):
    """Returns the weights after each step of an optimizer of Keras."""
    weight = keras.Variable(np.ones(5, "float32"))
    optimizer.build([weight])
    found = []
    for gradient, rate in zip(GRADIENTS, RATES, strict=True):
        optimizer.learning_rate = rate
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [weight])
        found.append(keras.ops.convert_to_numpy(weight))
    return np.array(found)


def weights_by_tensorflow_1(epsilon):
    tf = pytest.importorskip("tensorflow")
    weight, rate = tf.Variable(np.ones(5, "float32")), tf.Variable(0.0)
    optimizer = tf.compat.v1.train.RMSPropOptimizer(
        rate.read_value, 0.9, 0.9, epsilon
    )
    found = []
    for gradient, value in zip(GRADIENTS, RATES, strict=True):
        rate.assign(value)
        optimizer.apply_gradients([(tf.constant(gradient), weight)])
        found.append(weight.numpy())
    return np.array(found)


@pytest.mark.parametrize("epsilon", [1.0, 1e-3])
def test_rmsprop_is_that_of_tensorflow_1(epsilon):
    expected = weights_by_tensorflow_1(epsilon)
    assert np.abs(expected - 1).min() > 1e-4
    found = weights_by(RMSpropTF1(rho=0.9, momentum=0.9, epsilon=epsilon))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_keras_alone_takes_long_first_steps_for_small_gradients():
    small = weights_by(
        keras.optimizers.RMSprop(rho=0.9, momentum=0.9, epsilon=1e-7)
    )
    steps = np.abs(small[0] - 1)
    np.testing.assert_allclose(steps, RATES[0] / np.sqrt(0.1), rtol=1e-3)
    from_one = np.abs(weights_by_tensorflow_1(1e-7)[0] - 1)
    assert from_one.max() < 0.6 * steps.min()


def test_the_epsilon_is_inside_of_the_root():
    """With PyTorch's, outside, the same number makes other steps."""
    first, rate = GRADIENTS[0], RATES[0]
    mean = 0.9 + 0.1 * first**2
    inside = 1 - rate * first / np.sqrt(mean + 1.0)
    outside = 1 - rate * first / (np.sqrt(mean) + 1.0)
    found = weights_by(RMSpropTF1(rho=0.9, momentum=0.9, epsilon=1.0))[0]
    np.testing.assert_allclose(found, inside, rtol=1e-6)
    assert np.abs(outside - inside).max() > 1e-3


def network():
    """Returns a network with a layer of each kind, none of them at zero."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    inputs = keras.Input((4, 4, 3))
    x = layers.Conv2D(4, 3, bias_initializer="ones", name="conv")(inputs)
    x = layers.DepthwiseConv2D(2, bias_initializer="ones", name="depthwise")(x)
    x = layers.BatchNormalization(beta_initializer="ones", name="norm")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(2, bias_initializer="ones", name="dense")(x)
    return keras.Model(inputs, x)


def decayed_in_a_step(name, factor):
    """Returns what a step of `fit` takes from weights without other losses."""
    recipe = recipes.get(name)._replace(weight_decay=factor)
    model = network()
    recipes.add_weight_decay(model, recipe)
    model.compile(
        keras.optimizers.SGD(1.0), lambda y, outputs: 0.0 * outputs[:, 0]
    )
    before = {w.path: keras.ops.convert_to_numpy(w) for w in model.weights}
    model.fit(np.zeros((2, 4, 4, 3), "float32"), np.zeros((2, 2)), verbose=0)
    return {
        weight.path: (before[weight.path], keras.ops.convert_to_numpy(weight))
        for weight in model.trainable_weights
    }


@pytest.mark.parametrize(
    "name, decaying",
    [
        ("InceptionV3", {"conv/kernel", "depthwise/kernel", "dense/kernel"}),
        ("MobileNetV2", {"conv/kernel", "dense/kernel"}),
        (
            "MnasNetA1",
            {
                f"{layer}/{weight}"
                for layer in ("conv", "depthwise", "dense")
                for weight in ("kernel", "bias")
            },
        ),
    ],
)
def test_a_step_decays_what_the_paper_does_and_nothing_else(name, decaying):
    for path, (before, after) in decayed_in_a_step(name, 0.5).items():
        share = 0.5 if path in decaying else 0.0
        # The gradient of half the square is the weight itself.
        np.testing.assert_allclose(
            after, (1 - share) * before, rtol=1e-5, err_msg=path
        )


def test_the_penalty_is_l2_loss_of_tensorflow_which_halves():
    tf = pytest.importorskip("tensorflow")
    model = network()
    recipe = recipes.get("MobileNetV2")
    decayed = recipes.add_weight_decay(model, recipe)
    halves = sum(
        float(tf.nn.l2_loss(keras.ops.convert_to_numpy(weight)))
        for weight in decayed
    )
    assert halves > 1
    found = float(sum(model.losses))
    assert found == pytest.approx(recipe.weight_decay * halves, rel=1e-5)


def average_after(steps, ema):
    """Returns the average of a weight that a first step takes from 0 to 1."""
    weight = keras.Variable([0.0])
    optimizer = keras.optimizers.SGD(1.0, use_ema=True, ema_momentum=ema)
    optimizer.build([weight])
    for step in range(steps):
        # The average is that of Keras after its first step, of a weight of 0.
        gradient = -1.0 if step == 1 else 0.0
        optimizer.apply([keras.ops.convert_to_tensor([gradient])], [weight])
        optimizer._update_model_variables_moving_average([weight])
    optimizer.finalize_variable_values([weight])
    return float(weight[0])


def test_an_average_over_few_steps_is_not_that_of_the_first_weights():
    plan = recipes.get("MobileNetV2").plan(100, batch_size=10, epochs=5)
    assert plan.steps == 50
    assert average_after(50, plan.paper.ema) < 0.01
    assert average_after(50, plan.recipe.ema) > 0.99


@pytest.mark.parametrize("epochs", [5, 40])
def test_the_momentum_of_the_average_is_tensorflows_at_the_last_step(epochs):
    tf = pytest.importorskip("tensorflow")
    plan = recipes.get("MobileNetV2").plan(100, batch_size=10, epochs=epochs)
    average = tf.train.ExponentialMovingAverage(0.9999, plan.steps)
    weight = tf.Variable(0.0)
    average.apply([weight])
    weight.assign(1.0)
    average.apply([weight])
    expected = 1 - float(average.average(weight))
    assert plan.recipe.ema == pytest.approx(expected, rel=1e-5)


class Losses(keras.callbacks.Callback):
    """Replaces the validation losses, and notes the learning rates."""

    def __init__(self, losses):
        super().__init__()
        self.losses, self.rates = losses, []

    def on_epoch_end(self, epoch, logs=None):
        logs["val_loss"] = self.losses[epoch]
        self.rates.append(float(self.model.optimizer.learning_rate))


def rates_by(callback, losses, first=0):
    """Returns the rate of each epoch from the first on."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    replaced = Losses(losses)
    model.fit(
        np.zeros((1, 1)),
        np.zeros((1, 1)),
        epochs=len(losses),
        initial_epoch=first,
        callbacks=[replaced, callback],
        verbose=0,
    )
    return replaced.rates


def test_a_rate_falls_where_that_of_keras_does_also_when_it_is_resumed():
    losses = np.round(RNG.random(18), 1).tolist()
    theirs = rates_by(
        keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=3), losses
    )
    assert len(set(theirs)) > 2
    found = rates_by(Plateaus(0.1, 0.5, 3), losses)
    np.testing.assert_allclose(found, theirs, rtol=1e-6)
    resumed = rates_by(Plateaus(0.1, 0.5, 3, losses[:11]), losses, first=11)
    np.testing.assert_allclose(resumed, theirs[11:], rtol=1e-6)


def test_plateaus_without_validation_data_are_named():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    plan = recipes.get("ResNet18").plan(10, batch_size=10, epochs=3)
    model.compile(plan.optimizer(), "mse")
    with pytest.raises(ValueError, match="`validation_data`.*'loss'"):
        model.fit(
            np.zeros((1, 1)),
            np.zeros((1, 1)),
            callbacks=plan.callbacks(),
            verbose=0,
        )
