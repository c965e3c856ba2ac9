"""The margin losses, compared with values of LossFunctions.jl and of Keras."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers import losses
from keras_papers.losses.margin import MARGIN_LOSSES
from tests.losses.margin_losses import (
    LOSSES,
    SMOOTH,
    TRAINABLE,
    array,
    at,
    each,
)
from tests.losses.margin_values import AGREEMENTS, VALUES
from tests.support.gradients import gradient

pytestmark = pytest.mark.contract


def test_the_eleven_losses_have_reference_values():
    assert {name for name, _ in VALUES} == {
        loss.__name__ for loss in MARGIN_LOSSES
    }
    assert len(MARGIN_LOSSES) == 11


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize(("name", "arguments"), VALUES)
def test_values_and_derivatives_are_those_of_the_reference(
    name, arguments, order
):
    loss = getattr(losses, name)(*arguments)
    functions = (loss.value, loss.first_derivative, loss.second_derivative)
    np.testing.assert_allclose(
        at(functions[order], AGREEMENTS),
        VALUES[name, arguments][order],
        rtol=1e-6,
        atol=1e-6,
    )


@each(TRAINABLE)
def test_backends_derive_the_first_derivative_at_kinks_too(loss):
    points = array([*AGREEMENTS, *loss.traits.second_kinks])
    np.testing.assert_allclose(
        gradient(loss.value, points),
        at(loss.first_derivative, points),
        rtol=1e-5,
        atol=1e-6,
    )


@each(SMOOTH)
def test_the_second_derivative_is_that_of_the_first(loss):
    points = [
        point for point in AGREEMENTS if point not in loss.traits.second_kinks
    ]
    np.testing.assert_allclose(
        gradient(loss.first_derivative, array(points)),
        at(loss.second_derivative, points),
        rtol=1e-5,
        atol=1e-6,
    )


@each(TRAINABLE)
def test_the_gradient_for_outputs_is_the_target_times_the_derivative(loss):
    targets = array([[-1], [1], [-1], [1]])
    outputs = array([[0.7], [-0.3], [-1.9], [2.3]])
    found = gradient(lambda outputs: loss(targets, outputs), outputs)
    derivative = at(loss.first_derivative, targets * outputs)
    np.testing.assert_allclose(found, targets * derivative / 4, rtol=1e-5)


@each(LOSSES)
def test_large_agreements_give_finite_values_and_derivatives(loss):
    points = array([-1e4, -300, -90, 90, 300, 1e4])
    if isinstance(loss, losses.ExpLoss):
        points = points[points > 0]
    for function in (loss.value, loss.first_derivative, loss.second_derivative):
        assert np.isfinite(at(function, points)).all()
    if not isinstance(loss, losses.ZeroOneLoss):
        assert np.isfinite(gradient(loss.value, points)).all()
    if not loss.traits.kinks:
        assert np.isfinite(gradient(loss.first_derivative, points)).all()


def test_tails_keep_their_digits():
    """1 - tanh(20) is 0 in float32, and log(1 + exp(-20)), too."""
    np.testing.assert_allclose(
        at(losses.SigmoidLoss().value, [20]), 2 * np.exp(-40), rtol=1e-4
    )
    np.testing.assert_allclose(
        at(losses.LogitMarginLoss().value, [20]), np.exp(-20), rtol=1e-4
    )
    steep = losses.DWDMarginLoss(q=500)  # 500 ** 500 is above all floats
    np.testing.assert_allclose(at(steep.value, [500 / 501]), 1 / 501, rtol=1e-4)


TARGETS = np.random.default_rng(0).choice([-1, 1], (40, 3)).astype("float32")
OUTPUTS = np.random.default_rng(1).normal(size=(40, 3)).astype("float32") * 2


@pytest.mark.parametrize(
    ("ours", "of_keras"),
    [
        (losses.l1_hinge_loss, keras.losses.hinge),
        (losses.l2_hinge_loss, keras.losses.squared_hinge),
        (losses.l2_margin_loss, keras.losses.mean_squared_error),
        (
            losses.logit_margin_loss,
            lambda targets, outputs: keras.losses.binary_crossentropy(
                (targets + 1) / 2, outputs, from_logits=True
            ),
        ),
    ],
)
def test_four_losses_are_those_of_keras(ours, of_keras):
    found = ops.convert_to_numpy(ours(TARGETS, OUTPUTS))
    expected = ops.convert_to_numpy(of_keras(TARGETS, OUTPUTS))
    assert found.shape == (40,) and expected.std() > 0.3
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_losses_are_related():
    grid = np.linspace(-5, 5, 101)
    hinge = at(losses.L1HingeLoss().value, grid)

    def equal(first, second, **tolerance):
        np.testing.assert_allclose(first, second, **tolerance)

    narrow = losses.SmoothedL1HingeLoss(gamma=1e-3)
    equal(at(narrow.value, grid), hinge, atol=5.1e-4)
    steep = losses.DWDMarginLoss(q=1e3)
    equal(at(steep.value, grid), hinge, atol=1.1e-3)
    equal(
        at(losses.ModifiedHuberLoss().value, grid),
        4 * at(losses.SmoothedL1HingeLoss(gamma=2).value, grid),
        rtol=1e-6,
        atol=1e-6,
    )
    equal(at(losses.L2HingeLoss().value, grid), hinge**2, rtol=1e-6)
    perceptron = at(losses.PerceptronLoss().value, grid)
    equal(perceptron, at(losses.L1HingeLoss().value, grid + 1), atol=1e-6)


# Targets and shapes.


@each(LOSSES)
def test_binary_labels_are_an_option(loss):
    config = {**loss.get_config(), "binary_labels": True}
    other = type(loss).from_config(config)
    labels = (TARGETS + 1) / 2
    expected = ops.convert_to_numpy(loss.call(TARGETS, OUTPUTS))
    found = ops.convert_to_numpy(other.call(labels, OUTPUTS))
    np.testing.assert_array_equal(found, expected)
    found = ops.convert_to_numpy(other.call(labels.astype("int32"), OUTPUTS))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("binary", "target", "known"),
    [
        (False, 0.9, True),
        (False, 0.0, False),
        (False, 2.0, False),
        (True, 0.9, True),
        (True, 0.5, True),
        (True, -1.0, False),
        (True, 2.0, False),
    ],
)
def test_targets_of_another_convention_give_nan(binary, target, known):
    found = losses.l1_hinge_loss([[target]], [[0.5]], binary_labels=binary)
    assert np.isnan(ops.convert_to_numpy(found)).all() != known


def test_targets_without_the_last_axis_are_not_broadcast():
    loss = losses.L2HingeLoss(reduction=None)
    targets, outputs = TARGETS[:, 0], OUTPUTS[:, :1]
    expected = np.maximum(0, 1 - targets * outputs[:, 0]) ** 2
    for y_true, y_pred in [
        (targets, outputs),
        (targets[:, None], outputs[:, 0]),
        (targets, outputs[:, 0]),
    ]:
        found = ops.convert_to_numpy(loss(y_true, y_pred))
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    weights = np.arange(40) % 2
    weighted = losses.L2HingeLoss()(targets, outputs, weights)
    np.testing.assert_allclose(
        float(weighted), (expected * weights).mean(), rtol=1e-5
    )


@pytest.mark.parametrize("shape", [(40, 2), (20, 3), (40, 3, 1, 1), (3,), ()])
def test_targets_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"y_true.shape=\(.*\), y_pred.shape="):
        losses.L1HingeLoss()(np.ones(shape), OUTPUTS)


def test_outputs_of_mixed_precision_are_computed_in_float32():
    outputs = ops.cast([[-32768.0], [3.0]], "float16")
    found = losses.ModifiedHuberLoss()([[1], [1]], outputs)
    assert float(found) == 2 * 32768


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: losses.SmoothedL1HingeLoss(gamma=0), "`gamma` is the width"),
        (lambda: losses.DWDMarginLoss(q=float("inf")), "`q` is the power"),
        (lambda: losses.L1HingeLoss("signed"), "Received: binary_labels='sig"),
    ],
)
def test_arguments_out_of_range_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# In a model.

ONE_OF_EACH = [
    loss(**({"gamma": 2.0} if loss is losses.SmoothedL1HingeLoss else {}))
    for loss in MARGIN_LOSSES
    if loss is not losses.ZeroOneLoss
]


def two_clouds():
    generator = np.random.default_rng(0)
    targets = generator.choice([-1, 1], 64)
    points = generator.normal(size=(64, 2)) + 2 * targets[:, None]
    return points.astype("float32"), targets.astype("float32")


@pytest.fixture(scope="module")
def trained():
    """A model with an output for each loss; its metrics before and after."""
    points, targets = two_clouds()
    by_name = {loss.name: loss for loss in ONE_OF_EACH}
    assert len(by_name) == 10
    inputs = keras.Input((2,))
    wrong = keras.initializers.Constant(-0.1)
    model = keras.Model(
        inputs,
        {
            name: keras.layers.Dense(1, kernel_initializer=wrong, name=name)(
                inputs
            )
            for name in by_name
        },
    )
    model.compile(
        keras.optimizers.SGD(0.1),
        loss=by_name,
        metrics={name: losses.zero_one_loss for name in by_name},
    )
    labels = dict.fromkeys(by_name, targets)
    before = model.evaluate(points, labels, verbose=0, return_dict=True)
    model.fit(points, labels, epochs=10, batch_size=8, verbose=0)
    after = model.evaluate(points, labels, verbose=0, return_dict=True)
    return model, before, after


@each(ONE_OF_EACH)
def test_fit_learns_by_each_loss(trained, loss):
    model, before, after = trained
    metric = f"{loss.name}_zero_one_loss"
    assert before[metric] > 0.9 and after[metric] < 0.05
    assert after[f"{loss.name}_loss"] < before[f"{loss.name}_loss"]


def test_a_saved_model_has_its_losses(trained, tmp_path):
    model, _, _ = trained
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for loss in ONE_OF_EACH:
        found = loaded.loss[loss.name]
        assert type(found) is type(loss)
        assert found.get_config() == loss.get_config()


def test_the_zero_one_loss_is_evaluated_but_not_trained_by():
    points, targets = two_clouds()
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.set_weights([array([[1], [-1]]), array([0])])
    model.compile(loss=losses.ZeroOneLoss(), metrics=[losses.zero_one_loss])
    loss, metric = model.evaluate(points, targets, verbose=0)
    assert loss == metric and 0 < loss < 1
    with pytest.raises(ValueError, match="no loss to train by"):
        model.fit(points, targets, verbose=0)


def test_an_output_that_is_nan_is_not_counted_as_right():
    found = losses.zero_one_loss(
        [[1.0], [1.0], [0.0]], [[np.nan], [2.0], [1.0]]
    )
    expected = [np.nan, 0.0, np.nan]  # 0 is no target of -1 and 1
    np.testing.assert_array_equal(ops.convert_to_numpy(found), expected)


@pytest.mark.parametrize("loss", MARGIN_LOSSES)
def test_each_class_has_a_function_that_keras_finds(loss):
    name = loss().name.rstrip("_0123456789")
    function = getattr(losses, name)
    assert keras.saving.get_registered_name(function) == f"keras_papers>{name}"
    np.testing.assert_array_equal(
        ops.convert_to_numpy(function(TARGETS, OUTPUTS)),
        ops.convert_to_numpy(loss(reduction=None)(TARGETS, OUTPUTS)),
    )
