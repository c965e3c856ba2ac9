"""fine_tune: Keras 3's losses and data on a model of tf_keras."""

import keras
import numpy as np
import pytest

from keras_papers.quantization import fine_tune, to_tf_keras
from tests.support.extra import NEEDS_TF_KERAS

pytestmark = NEEDS_TF_KERAS
X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
Y = np.eye(3, dtype="float32")[X[:, :3].argmax(-1)]


@pytest.fixture
def tf_model():
    inputs = keras.Input((4,))
    dense = keras.layers.Dense(3, activation="softmax")
    model = keras.Model(inputs, dense(inputs))
    dense.kernel.assign(np.random.default_rng(1).normal(0, 2, (4, 3)))
    return to_tf_keras(model)


def test_it_learns_from_arrays_and_returns_the_history(tf_model):
    history = fine_tune(tf_model, (X, Y), 20, learning_rate=0.1, verbose=0)
    assert history.history["accuracy"][-1] > 0.9


def test_a_loss_of_keras_3_is_the_same_there(tf_model):
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.3)
    expected = float(loss(Y, tf_model(X).numpy()))
    plain = float(
        keras.losses.CategoricalCrossentropy()(Y, tf_model(X).numpy())
    )
    fine_tune(tf_model, (X, Y), 1, learning_rate=1e-9, loss=loss, verbose=0)
    found = tf_model.evaluate(X, Y, verbose=0)[0]
    assert found == pytest.approx(expected, rel=1e-4)
    assert found != pytest.approx(plain, rel=1e-2)


def test_the_rate_falls_to_zero_over_all_steps(tf_model):
    fine_tune(tf_model, (X, Y), 3, learning_rate=0.1, verbose=0)
    rate = tf_model.optimizer._learning_rate  # the schedule
    assert float(rate(0)) == pytest.approx(0.1)
    assert float(rate(6)) == pytest.approx(0, abs=1e-6)
    assert int(tf_model.optimizer.iterations) == 6


def test_a_data_set_of_keras_3_is_taken_as_it_is(tf_model):
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(16)
    history = fine_tune(tf_model, data, 2, validation_data=data, verbose=0)
    assert len(history.history["val_loss"]) == 2


def test_several_inputs_and_weights_of_examples_are_taken():
    a, b = keras.Input((4,)), keras.Input((4,))
    scores = keras.layers.Dense(3, activation="softmax")(
        keras.layers.Add()([a, b])
    )
    tf_model = to_tf_keras(keras.Model([a, b], scores))
    fine_tune(tf_model, ([X, X], Y, np.ones(64)), 2, verbose=0)
    assert float(tf_model.optimizer._learning_rate(2)) > 0  # of 4 steps
    assert int(tf_model.optimizer.iterations) == 4


@pytest.mark.parametrize(
    "loss",
    [
        keras.losses.categorical_crossentropy,
        keras.losses.CategoricalCrossentropy(reduction=None),
        "categorical_crossentropy",
        lambda labels, scores: -labels * scores,
    ],
)
@pytest.mark.parametrize("metrics", ["accuracy", [keras.metrics.AUC()]])
def test_losses_and_metrics_are_taken_as_keras_3_takes_them(
    tf_model, loss, metrics
):
    before = tf_model.get_weights()[0]
    history = fine_tune(
        tf_model, (X, Y), 1, loss=loss, metrics=metrics, verbose=0
    ).history
    assert history.keys() in ({"loss", "accuracy"}, {"loss", "auc"})
    assert np.isfinite(history["loss"]).all()
    assert np.abs(tf_model.get_weights()[0] - before).max() > 1e-5


class Difference(keras.losses.Loss):
    """A loss of a user's, of two outputs at once."""

    def call(self, y_true, y_pred):
        errors = y_true["labels"] - y_pred["a"] - 2 * y_pred["b"]
        return keras.ops.mean(errors**2, axis=-1)


def test_a_loss_that_tf_keras_lacks_gets_all_labels_and_outputs():
    inputs = keras.Input((4,))
    model = keras.Model(
        inputs,
        {
            "a": keras.layers.Dense(3, kernel_regularizer="l2")(inputs),
            "b": keras.layers.Dense(3)(inputs),
        },
    )
    tf_model = to_tf_keras(model)
    weights = np.linspace(0, 2, 64)
    data = X, {"labels": Y}, weights
    options = {"loss": Difference(), "verbose": 0}
    history = fine_tune(
        tf_model, data, 1, learning_rate=1e-9, **options, validation_data=data
    ).history
    found = Difference()({"labels": Y}, model(X), weights) + sum(model.losses)
    assert history == {
        "loss": [pytest.approx(float(found), rel=1e-4)],
        "val_loss": [pytest.approx(float(found), rel=1e-4)],
    }
    history = fine_tune(tf_model, data, 9, learning_rate=0.1, **options).history
    assert history["loss"][-1] < 0.5 * history["loss"][0]


def test_a_loss_that_tf_keras_lacks_has_metrics_too(tf_model):
    loss = keras.losses.Tversky(axis=-1)
    options = {"loss": loss, "metrics": "accuracy", "verbose": 0}
    history = fine_tune(tf_model, (X, Y), 1, **options).history
    assert history.keys() == {"loss", "accuracy"}


def test_pixels_of_no_class_count_for_no_loss():
    inputs = keras.Input((4, 4, 2))
    model = keras.Model(inputs, keras.layers.Conv2D(3, 1)(inputs))
    generator = np.random.default_rng(0)
    images = generator.normal(size=(8, 4, 4, 2)).astype("float32")
    masks = generator.integers(0, 3, (8, 4, 4)).astype("uint8")
    masks[:, :3] = 255
    loss = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, ignore_class=255
    )
    tf_model = to_tf_keras(model)
    history = fine_tune(
        tf_model, (images, masks), 1, learning_rate=1e-9, loss=loss, verbose=0
    ).history
    expected = float(loss(masks, model(images)))
    assert history["loss"] == [pytest.approx(expected, rel=1e-4)]


def test_keras_computes_such_a_loss_by_tensorflow_only(tf_model, monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="`loss`.*Difference.*'jax'.*Save"):
        fine_tune(tf_model, (X, Y), loss=Difference())


@pytest.mark.parametrize(
    "change, message",
    [
        ({"epochs": 0}, "`epochs`.*epochs=0"),
        ({"learning_rate": -1.0}, "`learning_rate`.*-1.0"),
        ({"loss": "hinges"}, "`loss` must.*hinges"),
        ({"metrics": ["exactness"]}, "`metrics` must.*exactness"),
        ({"loss": [Difference()]}, "`loss` must be what tf_keras has"),
        ({"data": (X, Y.argmax(-1))}, "`loss`.*one label.*sparse_categ"),
        ({"data": X}, "`data` is a pair.*ndarray"),
        ({"data": "folder"}, "`data` is a pair.*str"),
        (
            {"callbacks": [keras.callbacks.EarlyStopping()]},
            "`callbacks`.*EarlyStopping.*tf_keras.callbacks",
        ),
    ],
)
def test_bad_arguments_are_explained(tf_model, change, message):
    before = tf_model.get_weights()[0]
    with pytest.raises(ValueError, match=message):
        fine_tune(tf_model, **{"data": (X, Y), **change})
    np.testing.assert_array_equal(tf_model.get_weights()[0], before)


def test_a_data_set_of_numbered_classes_is_explained(tf_model):
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((X, Y.argmax(-1))).batch(16)
    with pytest.raises(ValueError, match="`loss`.*sparse_categorical"):
        fine_tune(tf_model, data)
    loss = "sparse_categorical_crossentropy"
    assert fine_tune(tf_model, data, 1, loss=loss, verbose=0).history["loss"]


def test_a_data_set_without_end_is_explained(tf_model):
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(16).repeat()
    with pytest.raises(ValueError, match="`data` must know its number"):
        fine_tune(tf_model, data)


def test_a_model_of_keras_3_has_its_own_fit():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    with pytest.raises(ValueError, match="`model`.*its own `fit`"):
        fine_tune(model, (X, Y))
