"""Distillation, compared with the formulas of the paper."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers import losses
from tests.support.gradients import gradient, numerical_gradient

pytestmark = pytest.mark.contract


def drawn(*shape, seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(size=shape).astype("float32")


TEACHER, STUDENT = 3 * drawn(5, 4), 3 * drawn(5, 4, seed=1)


def softmax(logits):
    exponentials = np.exp(logits - logits.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


@pytest.mark.parametrize("temperature", [None, 1.0, 10.0])
def test_the_loss_is_the_softened_divergence_times_the_square(temperature):
    loss = losses.DistillationLoss(temperature, reduction=None)
    value = temperature or 4.0
    of_teacher = softmax(TEACHER / value)
    of_student = softmax(STUDENT / value)
    expected = (of_teacher * np.log(of_teacher / of_student)).sum(-1)
    found = ops.convert_to_numpy(loss(TEACHER, STUDENT))
    np.testing.assert_allclose(found, value**2 * expected, rtol=1e-4)
    # T^2 times the gradient of the cross-entropy, equation 2 of the paper.
    np.testing.assert_allclose(
        gradient(lambda x: loss(TEACHER, x), STUDENT),
        value * (of_student - of_teacher),
        atol=1e-5,
    )


def test_at_high_temperatures_logits_are_matched():
    """Equation 4 of the paper, for logits of mean zero."""
    teacher = TEACHER - TEACHER.mean(-1, keepdims=True)
    student = STUDENT - STUDENT.mean(-1, keepdims=True)
    loss = losses.DistillationLoss(300.0)
    found = gradient(lambda x: 5 * loss(teacher, x), student)
    np.testing.assert_allclose(found, (student - teacher) / 4, atol=0.02)


def test_embeddings_are_compared_by_their_squared_difference():
    loss = losses.DistillationLoss(outputs="embeddings", reduction=None)
    found = ops.convert_to_numpy(loss(TEACHER, STUDENT))
    expected = np.square(TEACHER - STUDENT).sum(-1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    found = gradient(lambda x: loss(TEACHER, x), STUDENT)
    expected = numerical_gradient(lambda x: loss(TEACHER, x), STUDENT, 1e-2)
    np.testing.assert_allclose(found, expected, rtol=1e-2, atol=0.02)


@pytest.mark.parametrize("outputs", ["logits", "embeddings"])
def test_a_student_like_its_teacher_has_no_loss(outputs):
    loss = losses.DistillationLoss(outputs=outputs)
    assert float(loss(TEACHER, TEACHER)) == 0
    found = gradient(lambda x: loss(TEACHER, x), TEACHER)
    np.testing.assert_allclose(found, 0, atol=1e-6)


def test_large_logits_and_maps_of_logits_have_a_finite_loss():
    far = np.float32([[[1e4, -1e4]], [[-1e4, 1e4]]])
    loss = losses.DistillationLoss(1.0, reduction=None)
    found = ops.convert_to_numpy(loss(far, -far))
    assert found.shape == (2, 1)
    np.testing.assert_allclose(found, 2e4)
    assert np.isfinite(gradient(lambda x: loss(far, x), -far)).all()
    of_half = loss(far, ops.cast(-far, "float16"))
    assert ops.convert_to_numpy(of_half).dtype == "float32"
    np.testing.assert_allclose(ops.convert_to_numpy(of_half), 2e4, rtol=1e-3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: losses.DistillationLoss(0), "`temperature` is what logits"),
        (
            lambda: losses.DistillationLoss(2, "embeddings"),
            "with outputs='embeddings'. Leave it out",
        ),
        (
            lambda: losses.DistillationLoss(outputs="softmax"),
            "Received: outputs='softmax'",
        ),
        (
            lambda: losses.distillation_loss(TEACHER, STUDENT[:, :3]),
            r"y_true.shape=\(5, 4\), y_pred.shape=\(5, 3\)",
        ),
    ],
)
def test_bad_arguments_and_shapes_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_fit_learns_from_a_teacher_and_from_labels_at_once(tmp_path):
    """With a name of the logits for each."""
    keras.utils.set_random_seed(0)
    x = drawn(64, 6)
    kernel = 3 * drawn(6, 4, seed=1)
    teacher = x @ kernel
    inputs = keras.Input((6,))
    logits = keras.layers.Dense(4)(inputs)
    model = keras.Model(inputs, {"soft": logits, "hard": logits})
    model.compile(
        keras.optimizers.Adam(0.1),
        {
            "soft": losses.DistillationLoss(2.0),
            "hard": keras.losses.SparseCategoricalCrossentropy(
                from_logits=True
            ),
        },
        loss_weights={"soft": 0.9, "hard": 0.1},
    )
    y = {"soft": teacher, "hard": teacher.argmax(-1)}
    model.fit(x, y, epochs=20, batch_size=16, verbose=0)
    found = ops.convert_to_numpy(model(x)["soft"]).argmax(-1)
    assert (found == y["hard"]).mean() > 0.9
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    config = losses.DistillationLoss(2.0, name="distillation_loss").get_config()
    found = {**loaded.loss["soft"].get_config(), "name": "distillation_loss"}
    assert found == config
