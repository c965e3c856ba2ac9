"""`prepare` saves a trace, and changes nothing else."""

import keras
import numpy as np
import pytest

from keras_papers import prepare

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(12, 4)).astype("float32")
LABELS = RANDOM.integers(0, 3, 12)
TARGETS = RANDOM.normal(size=(12, 1)).astype("float32")
Dense = keras.layers.Dense


class Counted:
    """Counts how often a loss is called: once for each trace."""

    def __init__(self, loss=keras.losses.sparse_categorical_crossentropy):
        self.loss = loss
        self.calls = 0

    def __call__(self, y_true, y_pred):
        self.calls += 1
        return self.loss(y_true, y_pred)


def sequential():
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.3),
            Dense(3, "softmax", kernel_regularizer="l2"),
        ]
    )


def classifier(loss):
    model = sequential()
    accuracy = ["accuracy"]
    model.compile("adam", loss, None, accuracy, weighted_metrics=accuracy)
    return model, X, LABELS


def with_dicts(loss):
    inputs = {
        "a": keras.Input((4,), name="a"),
        "b": keras.Input((2,), name="b"),
    }
    joined = keras.layers.Concatenate()([inputs["a"], inputs["b"]])
    outputs = {
        "kind": Dense(3, "softmax", name="kind")(joined),
        "size": Dense(1, name="size")(joined),
    }
    model = keras.Model(inputs, outputs)
    model.compile(
        "adam",
        {"kind": loss, "size": "mse"},
        metrics={"kind": ["accuracy"], "size": ["mae"]},
    )
    return model, {"a": X, "b": X[:, :2]}, {"kind": LABELS, "size": TARGETS}


def with_lists(loss):
    image = keras.Input((4,))
    heads = [Dense(3, "softmax", name="a"), Dense(1, name="b")]
    model = keras.Model([image], [head(image) for head in heads])
    model.compile("adam", [loss, "mse"], metrics=[["accuracy"], ["mae"]])
    return model, X, [LABELS, TARGETS]


def with_a_list_of_one(loss):
    """Its `output` is a list, while a call returns the tensor alone."""
    image = keras.Input((4,))
    model = keras.Model([image], [Dense(3, "softmax")(image)])
    model.compile("adam", loss, metrics=["accuracy"])
    return model, X, LABELS


class Subclassed(keras.Model):
    """Not a graph of layers."""

    def __init__(self):
        super().__init__()
        self.dense = Dense(3, "softmax")

    def build(self, shape):
        self.dense.build(shape)

    def call(self, x):
        return self.dense(x)


def subclassed(loss):
    model = Subclassed()
    model.build((None, 4))
    model.compile("adam", loss, metrics=["accuracy"])
    return model, X, LABELS


class OwnStep(keras.Sequential):
    """Trains in a way of its own."""

    def train_step(self, data):
        return super().train_step(data)


def with_own_step(loss):
    model = OwnStep(sequential().layers)
    model.compile("adam", loss, metrics=["accuracy"])
    return model, X, LABELS


def not_built(loss):
    model = Subclassed()
    model.compile("adam", loss, metrics=["accuracy"])
    return model, X, LABELS


def fails_on_eager_tensors(loss):
    def strict(y_true, y_pred):
        if hasattr(y_true, "numpy"):
            raise RuntimeError
        return loss(y_true, y_pred)

    model = sequential()
    model.compile("adam", strict, metrics=["accuracy"])
    return model, X, LABELS


def history(make, is_prepared):
    """Trains a model; returns how often it was traced, and its history."""
    keras.utils.set_random_seed(0)
    loss = Counted()
    model, x, y = make(loss)
    done = prepare(model, x, y) if is_prepared else None
    loss.calls = 0
    sample_weight = LABELS + 1.0 if make is classifier else None
    trained = model.fit(
        x, y, 4, epochs=2, verbose=0, sample_weight=sample_weight
    )
    return loss.calls, trained.history, done


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "make",
    [classifier, with_dicts, with_lists, with_a_list_of_one, subclassed],
)
def test_a_prepared_step_is_traced_once_and_the_loss_is_the_same(make):
    traces, expected, _ = history(make, is_prepared=False)
    assert traces == 2  # or a new Keras needs no `prepare`
    traces, prepared, done = history(make, is_prepared=True)
    assert traces == 1
    assert prepared == expected
    assert done


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "make", [with_own_step, not_built, fails_on_eager_tensors]
)
def test_what_cannot_be_prepared_trains_as_before(make):
    _, expected, _ = history(make, is_prepared=False)
    _, prepared, done = history(make, is_prepared=True)
    assert prepared == expected
    assert not done


@pytest.mark.contract
def test_weights_metrics_and_seeds_stay_as_they_are():
    model, x, y = classifier(Counted())
    model.fit(x[:4], y[:4], verbose=0)
    before = [
        keras.ops.convert_to_numpy(variable)
        for variable in (*model.variables, *model.metrics_variables)
    ]
    assert prepare(model, x, y)
    after = [*model.variables, *model.metrics_variables]
    for value, variable in zip(before, after, strict=True):
        np.testing.assert_array_equal(
            value, keras.ops.convert_to_numpy(variable)
        )


@pytest.mark.tensorflow
def test_a_dataset_says_of_what_shape_its_batches_are():
    import tensorflow as tf

    loss = Counted()
    model, x, y = classifier(loss)
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(4)
    assert prepare(model, data)
    loss.calls = 0
    model.fit(data, shuffle=False, verbose=0)
    assert loss.calls == 1


@pytest.mark.tensorflow
def test_a_strategy_is_left_to_fit():
    import tensorflow as tf

    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        loss = Counted()
        model, x, y = classifier(loss)
    assert prepare(model, x, y)
    assert not model.optimizer.built
    model.fit(x, y, verbose=0)


def test_a_model_that_is_not_compiled_is_refused():
    with pytest.raises(ValueError, match=r"compiled.*\n?Received: model="):
        prepare(sequential(), X, LABELS)
