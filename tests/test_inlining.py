"""flatten: the same answers to the bit, masks and keywords included."""

import keras
import numpy as np
import pytest

from keras_papers import applications, flatten, layers
from keras_papers.layers import Block
from tests.support.answers import (
    answers,
    images_for,
    perturb,
    random_images,
    spread,
)
from tests.support.models import QUICK, build

pytestmark = pytest.mark.contract


class Recurrent(Block):
    """Passes a mask on to the layer inside that reads it."""

    def build(self, input_shape):
        self.supports_masking = True
        dense = self.part(keras.layers.Dense, "dense", 4)
        dense.supports_masking = True
        rnn = self.part(keras.layers.SimpleRNN, "rnn", 3)
        self.body = self.chain([dense, rnn], input_shape)

    def call(self, inputs):
        return self.body[1](self.body[0](inputs))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 3)


class Masked(Block):
    """Takes a mask as a call keyword."""

    def build(self, input_shape):
        self.supports_masking = True
        self.rnn = self.part(keras.layers.SimpleRNN, "rnn", 3)
        self.rnn.build(input_shape)

    def call(self, inputs, mask=None):
        return self.rnn(inputs, mask=mask)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 3)


def opened(model):
    """Returns whether no inner model and no trace of it is left."""
    return not any(
        isinstance(operation, Block | keras.Model)
        or type(operation).__name__ == "ConvertToTensor"
        for operation in model.operations
    )


def nested(name, **arguments):
    """Returns a network with one of ours inside."""
    inner = build(name, alpha=0.35, classes=5, **arguments)
    return keras.Sequential([keras.Input(inner.input_shape[1:]), inner])


@pytest.mark.parametrize("name", QUICK)
def test_answers_are_the_same_to_the_bit(name):
    model = nested(name, classifier_activation=None)
    inner = perturb(model.layers[-1])
    flat = flatten(model)
    assert opened(flat)
    assert {id(w) for w in flat.weights} == {id(w) for w in model.weights}
    images = images_for(inner, 2)
    expected = answers(model, images)
    assert spread(expected) > 1e-3
    np.testing.assert_array_equal(answers(flat, images), expected)


def test_training_mode_is_the_same_to_the_bit():
    model, copy = nested("MobileNetV2"), nested("MobileNetV2")
    copy.set_weights(model.get_weights())
    images = random_images(4, 32, 32, 3)
    expected = answers(model, images, training=True)
    np.testing.assert_array_equal(
        answers(flatten(copy), images, training=True), expected
    )
    for ours, theirs in zip(model.weights, copy.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_training_one_trains_the_other():
    model = nested("MobileNet")
    flat = flatten(model)
    flat.compile(
        "sgd",
        "sparse_categorical_crossentropy",
        run_eagerly=keras.config.backend() != "jax",
    )
    before = model.get_weights()
    flat.fit(random_images(4, 32, 32, 3), np.array([0, 1, 0, 1]), verbose=0)
    moved = [
        np.any(old != new)
        for old, new in zip(before, model.get_weights(), strict=True)
    ]
    assert sum(moved) > 0.9 * len(moved)


def test_a_frozen_part_stays_frozen():
    images = keras.Input((8, 8, 4))
    frozen = layers.InvertedResidual(4, squeeze_units=2, name="frozen")
    x = frozen(images, training=False)
    x = layers.DepthwiseSeparable(4, name="live")(x)
    model = perturb(keras.Model(images, x))
    flat = flatten(model)
    assert opened(flat)
    data = random_images(4, 8, 8, 4)
    np.testing.assert_array_equal(answers(flat, data), answers(model, data))
    free = keras.Model(images, frozen(images))
    statistics = keras.Model(images, frozen(images, training=True))
    assert np.any(answers(flatten(statistics), data) != answers(free, data))
    np.testing.assert_allclose(
        answers(flatten(statistics), data),
        answers(frozen, data, training=True),
        rtol=1e-6,
    )


def test_masks_reach_the_layers_inside():
    steps = keras.Input((5, 2))
    masked = keras.layers.Masking()(steps)
    model = keras.Model(steps, Recurrent(name="recurrent")(masked))
    flat = flatten(model)
    assert opened(flat)
    data = random_images(3, 5, 2)
    data[:, 3:] = 0  # masked
    expected = answers(model, data)
    np.testing.assert_array_equal(answers(flat, data), expected)
    unmasked = Recurrent(name="unmasked")
    unmasked(data)
    unmasked.set_weights(model.get_weights())
    assert np.abs(answers(unmasked, data) - expected).max() > 1e-3


def test_a_mask_as_keyword_stays():
    steps = keras.Input((5, 2))
    mask = keras.Input((5,), dtype="bool")
    model = keras.Model([steps, mask], Masked(name="block")(steps, mask=mask))
    flat = flatten(model)
    assert opened(flat)
    data = [random_images(3, 5, 2), np.array([[1, 1, 1, 0, 0]] * 3, "bool")]
    expected = answers(model, data)
    np.testing.assert_array_equal(answers(flat, data), expected)
    whole = answers(flat, [data[0], np.ones((3, 5), "bool")])
    assert np.abs(whole - expected).max() > 1e-3


def test_inner_and_sequential_models_are_opened():
    inner = applications.MobileNet(
        (32, 32, 3), alpha=0.25, include_top=False, pooling="avg"
    )
    model = keras.Sequential(
        [keras.Input((32, 32, 3)), inner, keras.layers.Dense(3)]
    )
    perturb(model)
    flat = flatten(model)
    assert opened(flat)
    images = random_images(2, 32, 32, 3)
    np.testing.assert_array_equal(answers(flat, images), answers(model, images))


def test_a_shared_block_stays_shared():
    images = keras.Input((8, 8, 4))
    block = layers.InvertedResidual(4, name="shared")
    model = keras.Model(images, block(block(images)))
    perturb(model)
    flat = flatten(model)
    assert len(flat.weights) == len(model.weights)
    data = random_images(2, 8, 8, 4)
    np.testing.assert_array_equal(answers(flat, data), answers(model, data))


def test_a_model_without_blocks_is_returned_itself():
    images = keras.Input((8,))
    model = keras.Model(images, keras.layers.Dense(2)(images))
    assert flatten(model) is model


@pytest.mark.parametrize(
    "model",
    [keras.layers.Dense(2), keras.Sequential([keras.layers.Dense(2)]), None],
)
def test_what_has_no_graph_is_refused(model):
    with pytest.raises(ValueError, match="`model`.*Received.*keras.Input"):
        flatten(model)


def test_frozen_blocks_stay_frozen_when_they_are_loaded(tmp_path):
    base = applications.MobileNetV2(
        (32, 32, 3), alpha=0.35, include_top=False, pooling="avg"
    )
    base.trainable = False
    model = keras.Model(base.input, keras.layers.Dense(2)(base.output))
    model.save(tmp_path / "model.keras")
    for copy in (
        keras.saving.load_model(tmp_path / "model.keras"),
        keras.models.clone_model(model),
        flatten(model),
    ):
        assert len(copy.trainable_weights) == 2
    block = layers.InvertedResidual(4, trainable=False)
    block.build((None, 8, 8, 4))
    assert not block.trainable_weights
    block.trainable = True
    assert len(block.trainable_weights) == 9


def test_a_model_compiled_with_a_loss_of_the_users_opens():
    model = nested("MobileNet")
    model.compile("sgd", loss=lambda y_true, y_pred: keras.ops.mean(y_pred))
    flat = flatten(model)
    assert opened(flat) and not flat.compiled
    assert model.compiled


def test_a_subclassed_model_inside_stays_as_it_is():
    class Coded(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(4)

        def build(self, input_shape):
            self.dense.build(input_shape)

        def call(self, inputs, training=False):
            return self.dense(inputs) if training else inputs

    images = keras.Input((8, 8, 4))
    model = keras.Model(images, Coded()(layers.InvertedResidual(4)(images)))
    flat = flatten(model)
    assert [type(layer).__name__ for layer in flat.layers].count("Coded") == 1
    data = random_images(2, 8, 8, 4)
    for training in (False, True):
        np.testing.assert_array_equal(
            answers(flat, data, training=training),
            answers(model, data, training=training),
        )


def test_equal_names_inside_are_explained_and_can_be_changed():
    images = keras.Input((32, 32, 3))
    teacher = perturb(
        applications.MobileNetV2((32, 32, 3), alpha=0.5, classes=3)
    )
    student = perturb(
        applications.MobileNet((32, 32, 3), alpha=0.25, classes=3)
    )
    pair = keras.Model(images, [teacher(images), student(images)])
    with pytest.raises(ValueError, match="Received.*several layers are called"):
        flatten(pair)

    def renamed(layer):
        config = {**layer.get_config(), "name": f"teacher_{layer.name}"}
        return type(layer).from_config(config)

    copy = keras.models.clone_model(teacher, clone_function=renamed)
    copy.set_weights(teacher.get_weights())
    flat = flatten(keras.Model(images, [copy(images), student(images)]))
    assert opened(flat)
    data = random_images(2, 32, 32, 3)
    for ours, theirs in zip(flat(data), pair(data), strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(ours), keras.ops.convert_to_numpy(theirs)
        )


def test_what_opening_would_lose_is_refused():
    class Weighted(Block):
        def build(self, input_shape):
            self.own = self.add_weight(shape=(4,), name="own")
            self.dense = self.part(keras.layers.Dense, "dense", 4)
            self.chain([self.dense], input_shape)

        def call(self, inputs):
            return self.dense(inputs)

    inputs = keras.Input((4,))
    with pytest.raises(ValueError, match="own' in a block itself"):
        flatten(keras.Model(inputs, Weighted()(inputs)))
    images = keras.Input((8, 8, 4))
    block = layers.InvertedResidual(4, activity_regularizer="l2")
    with pytest.raises(ValueError, match="activity_regularizer.*sublayers"):
        flatten(keras.Model(images, block(images)))
