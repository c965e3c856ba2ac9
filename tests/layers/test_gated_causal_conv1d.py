"""The layer of WaveNet: what an output depends on, and its equation."""

import numpy as np
import pytest
from keras import ops

from keras_papers.layers import GatedCausalConv1D

pytestmark = pytest.mark.contract

TIME, CHANNELS = 12, 3


def built(condition_shapes=(), **arguments):
    """Returns a layer with weights that are not near zero."""
    layer = GatedCausalConv1D(CHANNELS, **arguments)
    layer.build((None, TIME, CHANNELS), *condition_shapes)
    generator = np.random.default_rng(0)
    layer.set_weights(
        [generator.normal(size=w.shape) for w in layer.get_weights()]
    )
    return layer


def inputs(number=1):
    x = np.random.default_rng(1).normal(size=(number, TIME, CHANNELS))
    return x.astype("float32")


def seen(function, x):
    """Returns which places change which outputs: (outputs, places)."""
    changed = np.repeat(x, TIME, axis=0)
    for place in range(TIME):
        changed[place, place] += 1.0
    outputs = ops.convert_to_numpy(function(np.concatenate([x, changed])))
    return np.abs(outputs[1:] - outputs[:1]).max(-1).T > 1e-6


@pytest.mark.parametrize(
    "kernel_size, dilation_rate", [(1, 1), (2, 1), (2, 4), (3, 2)]
)
def test_an_output_depends_on_its_place_and_on_places_at_the_dilation_before(
    kernel_size, dilation_rate
):
    layer = built(kernel_size=kernel_size, dilation_rate=dilation_rate)
    place = np.arange(TIME)
    before = place[:, None] - place
    expected = (
        (before >= 0)
        & (before % dilation_rate == 0)
        & (before < kernel_size * dilation_rate)
    )
    for index in range(2):
        np.testing.assert_array_equal(
            seen(lambda x, index=index: layer(x)[index], inputs()), expected
        )


def test_the_outputs_are_those_of_the_paper():
    """Equation 2 and figure 4, by loops in NumPy."""
    layer = built(
        condition_shapes=((None, 5), (None, TIME, 4)),
        kernel_size=3,
        dilation_rate=2,
        gate_filters=6,
        skip_filters=7,
        residual_scale=0.5,
    )
    x, generator = inputs(), np.random.default_rng(2)
    of_all = generator.normal(size=(1, 5)).astype("float32")
    of_place = generator.normal(size=(1, TIME, 4)).astype("float32")
    kernel, bias, project, project_bias, skip, skip_bias, v_all, v_place = (
        ops.convert_to_numpy(weight) for weight in layer.weights
    )
    outputs, skips = np.zeros((TIME, 3)), np.zeros((TIME, 7))
    for t in range(TIME):
        total = bias + of_all[0] @ v_all + of_place[0, t] @ v_place
        for tap in range(3):
            past = t - 2 * (2 - tap)
            if past >= 0:
                total = total + x[0, past] @ kernel[tap]
        gated = np.tanh(total[:6]) / (1 + np.exp(-total[6:]))
        outputs[t] = 0.5 * (x[0, t] + gated @ project + project_bias)
        skips[t] = gated @ skip + skip_bias
    assert outputs.std() > 0.3 and skips.std() > 0.3
    for result, expected in zip(
        layer(x, global_condition=of_all, local_condition=of_place),
        (outputs, skips),
        strict=True,
    ):
        np.testing.assert_allclose(
            ops.convert_to_numpy(result)[0], expected, atol=1e-4
        )


def test_a_global_condition_reaches_all_places_of_its_own_sound():
    layer = built(condition_shapes=((None, 4),))
    x, vectors = inputs(2), np.eye(4, dtype="float32")
    old, new = (
        ops.convert_to_numpy(layer(x, global_condition=vectors[rows])[0])
        for rows in ([0, 1], [0, 2])
    )
    np.testing.assert_array_equal(old[0], new[0])
    assert np.all(np.abs(old[1] - new[1]).max(-1) > 1e-6)


def test_a_local_condition_reaches_its_own_place():
    layer = built(condition_shapes=(None, (None, TIME, CHANNELS)))

    def outputs(condition):
        x = ops.ones((len(condition), TIME, CHANNELS))
        return layer(x, local_condition=condition)[1]

    np.testing.assert_array_equal(
        seen(outputs, inputs()), np.eye(TIME, dtype=bool)
    )


def test_without_residual_the_skip_connection_is_the_output():
    layer = built(skip_filters=5, residual=False)
    assert tuple(layer(inputs(2)).shape) == (2, TIME, 5)
    assert layer.compute_output_shape((2, TIME, 3)) == (2, TIME, 5)
    assert len(layer.weights) == 4


@pytest.mark.parametrize(
    "arguments",
    [
        {"filters": 0},
        {"kernel_size": 0},
        {"dilation_rate": 0},
        {"gate_filters": 0},
        {"skip_filters": 0.5},
        {"residual_scale": 0},
    ],
)
def test_wrong_arguments_are_named(arguments):
    ((name, value),) = arguments.items()
    with pytest.raises(ValueError, match=f"Received: {name}={value}"):
        GatedCausalConv1D(**{"filters": 4, **arguments})


def test_inputs_have_the_channels_of_the_residual():
    with pytest.raises(ValueError, match="5 channels for filters=3"):
        GatedCausalConv1D(3)(ops.ones((1, TIME, 5)))


def test_a_condition_is_in_all_calls_or_in_none():
    x, condition = ops.ones((2, TIME, CHANNELS)), ops.ones((2, 4))
    with pytest.raises(ValueError, match="global_condition=a tensor"):
        built()(x, global_condition=condition)
    with pytest.raises(ValueError, match="global_condition=None"):
        built(condition_shapes=((None, 4),))(x)
