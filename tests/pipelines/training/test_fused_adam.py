"""Fused updates are those of Keras, in fewer operations."""

import functools

import keras
import numpy as np
import pytest

from keras_papers.files import training_state
from keras_papers.pipelines.training.fused_adam import FusedAdamW

STEPS = 100
NOT_DECAYED = ["gamma", "beta", "bias"]


def schedule():
    return keras.optimizers.schedules.CosineDecay(
        0.0, 90, warmup_target=0.01, warmup_steps=10
    )


def adamw(make, **arguments):
    optimizer = make(schedule(), weight_decay=0.1, **arguments)
    optimizer.exclude_from_weight_decay(var_names=NOT_DECAYED)
    return optimizer


def network():
    """Returns a small smooth network, which rounding does not lead astray."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            keras.layers.Conv2D(4, 3, use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.Activation("tanh"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, dtype="float32"),
        ]
    )


def words():
    """Returns a network whose first layer has sparse gradients."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((8,), dtype="int32"),
            keras.layers.Embedding(20, 4),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(3),
        ]
    )


def data(model):
    random = np.random.default_rng(0)
    shape = (4 * STEPS, *model.input_shape[1:])
    if len(shape) == 2:
        images = random.integers(0, 20, shape)
    else:
        images = random.normal(size=shape).astype("float32")
    return images, random.normal(size=(len(images), 3)).astype("float32")


def fit(model, first=0, end=STEPS):
    images, targets = (part[4 * first : 4 * end] for part in data(model))
    model.fit(images, targets, batch_size=4, shuffle=False, verbose=0)


@functools.cache
def plainly_trained(make):
    """Returns what `trained` does, for the tests that need the same."""
    return trained(adamw(make))


def trained(optimizer, make=network):
    """Returns all variables after `STEPS` steps, and those at the start."""
    model = make()
    start = [weight.copy() for weight in model.get_weights()]
    model.compile(optimizer, "mse")
    fit(model)
    return values(model), start


def values(model):
    variables = [*model.variables, *model.optimizer.variables]
    return [keras.ops.convert_to_numpy(value) for value in variables]


def assert_same(ours, theirs, start):
    assert len(ours) == len(theirs)
    for value, expected in zip(ours, theirs, strict=True):
        scale = np.abs(expected).max()
        np.testing.assert_allclose(value, expected, atol=2e-4 * scale)
    changes = [
        np.abs(after - before).max()
        for after, before in zip(theirs, start, strict=False)
    ]
    assert min(changes) > 1e-3  # every weight and statistic has moved


@pytest.mark.contract
@pytest.mark.parametrize(
    "arguments",
    [
        {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 7},
        {"gradient_accumulation_steps": 2, "global_clipnorm": 0.5},
        {"amsgrad": True},
    ],
    ids=str,
)
def test_100_steps_are_those_of_adamw(arguments):
    ours, start = trained(adamw(FusedAdamW, **arguments))
    theirs, _ = trained(adamw(keras.optimizers.AdamW, **arguments))
    assert_same(ours, theirs, start)


@pytest.mark.contract
def test_100_steps_by_a_schedule_are_those_of_adamw():
    ours, start = plainly_trained(FusedAdamW)
    theirs, _ = plainly_trained(keras.optimizers.AdamW)
    assert_same(ours, theirs, start)


@pytest.mark.tensorflow
def test_sparse_gradients_are_updated_as_by_keras():
    ours, start = trained(adamw(FusedAdamW), words)
    theirs, _ = trained(adamw(keras.optimizers.AdamW), words)
    assert_same(ours, theirs, start)


@pytest.mark.tensorflow
def test_100_steps_in_half_precision_are_those_of_adamw():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        ours, start = trained(adamw(FusedAdamW))
        theirs, _ = trained(adamw(keras.optimizers.AdamW))
    finally:
        keras.config.set_dtype_policy("float32")
    for value, expected in zip(ours, theirs, strict=True):
        # The activations have 11 bits.
        scale = np.abs(expected).max()
        np.testing.assert_allclose(value, expected, atol=0.02 * scale)


@pytest.mark.tensorflow
def test_a_strategy_trains_as_with_adamw():
    import tensorflow as tf

    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        ours, start = trained(adamw(FusedAdamW))
    theirs, _ = plainly_trained(keras.optimizers.AdamW)
    assert_same(ours, theirs, start)


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "makes",
    [
        (FusedAdamW, keras.optimizers.AdamW),
        (keras.optimizers.AdamW, FusedAdamW),
    ],
    ids=["theirs", "ours"],
)
def test_a_training_continues_from_the_state_of_either(makes, tmp_path):
    first, second = makes
    uninterrupted, start = plainly_trained(first)
    model = network()
    model.compile(adamw(first), "mse")
    fit(model, end=STEPS // 2)
    training_state.save(model, tmp_path / "state.npz")
    model = network()
    model.compile(adamw(second), "mse")
    training_state.load(model, tmp_path / "state.npz")
    fit(model, first=STEPS // 2)
    assert_same(values(model), uninterrupted, start)


@pytest.mark.tensorflow
def test_a_compiled_model_is_saved_with_its_optimizer(tmp_path):
    model = network()
    model.compile(adamw(FusedAdamW), "mse")
    fit(model, end=5)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert type(again.optimizer) is FusedAdamW
    assert again.optimizer.get_config() == model.optimizer.get_config()
    for value, expected in zip(values(again), values(model), strict=True):
        np.testing.assert_array_equal(value, expected)


@pytest.mark.tensorflow
def test_a_weight_costs_one_operation_and_what_decays_three_more():
    """Fails where a new Keras calls the overridden methods no more."""
    import tensorflow as tf

    model = network()
    optimizer = adamw(FusedAdamW)
    optimizer.build(model.trainable_variables)

    @tf.function
    def step(gradients):
        optimizer.apply(gradients)

    zeros = [tf.zeros(weight.shape) for weight in model.trainable_variables]
    graph = step.get_concrete_function(zeros).graph
    types = [operation.type for operation in graph.get_operations()]
    assert types.count("ResourceApplyAdam") == 5
    assert types.count("AssignSubVariableOp") == 2  # the kernels decay
    assert types.count("StatelessIf") == 1, types  # of the schedule
