"""Residual quantization: stages, codes and gradients."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers.layers import ResidualVectorQuantizer, VectorQuantizer

pytestmark = pytest.mark.contract


def vectors(number, depth=4, seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(number, depth)).astype("float32")


def trained(stages=3, **arguments):
    layer = ResidualVectorQuantizer(
        VectorQuantizer(8, seed=0, **arguments), stages
    )
    for seed in range(3):
        layer(vectors(100, seed=seed), training=True)
    return layer


def test_outputs_are_the_sum_of_the_codes_of_what_is_left():
    layer, x = trained(), vectors(50, seed=9)
    rest, total = x, 0
    for stage in layer.stages:
        table = ops.convert_to_numpy(stage.embeddings)[0]
        chosen = np.square(rest[:, None] - table[None]).sum(-1).argmin(1)
        rest, total = rest - table[chosen], total + table[chosen]
    np.testing.assert_allclose(ops.convert_to_numpy(layer(x)), total, atol=1e-5)


def test_each_stage_comes_nearer():
    layer, x = trained(), vectors(200, seed=9)
    codes = layer.encode(x)
    errors = [
        np.mean((x - ops.convert_to_numpy(layer.decode(codes[:, :n]))) ** 2)
        for n in (1, 2, 3)
    ]
    assert errors[0] > 1.2 * errors[1] > 1.4 * errors[2] > 0


@pytest.mark.parametrize("arguments", [{}, {"num_codebooks": 2}])
def test_codes_decode_to_the_outputs(arguments):
    layer, x = trained(**arguments), vectors(50, seed=9)
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer.decode(layer.encode(x))),
        ops.convert_to_numpy(layer(x)),
        atol=1e-5,
    )


def test_the_inputs_have_the_gradient_of_the_outputs_once():
    inputs = keras.Input((4,))
    shift = keras.layers.EinsumDense("bi,ij->bj", 4, bias_axes="j")
    layer = trained(commitment_cost=1e-9)
    model = keras.Model(inputs, layer(shift(inputs)))
    shift.set_weights([np.eye(4), np.zeros(4)])
    model.compile(
        keras.optimizers.SGD(1.0),
        lambda y, outputs: ops.sum(outputs),
        run_eagerly=keras.config.backend() == "tensorflow",
    )
    model.train_on_batch(vectors(1), vectors(1))
    np.testing.assert_allclose(-ops.convert_to_numpy(shift.bias), 1, rtol=1e-5)


def test_losses_and_metrics_are_those_of_all_stages():
    layer = trained()
    layer(vectors(50))
    assert len(layer.losses) == 3
    assert {metric.name for metric in layer.metrics} == {
        f"{layer.name}_{stage}_{metric}"
        for stage in (1, 2, 3)
        for metric in ("usage", "perplexity")
    }


def test_a_template_must_be_a_vector_quantizer():
    with pytest.raises(ValueError, match="`quantizer` is copied for each"):
        ResidualVectorQuantizer(8, 2)


def test_more_codes_than_stages_are_refused():
    with pytest.raises(ValueError, match="Received: 4 codes for 3 stages"):
        trained().decode(np.zeros((5, 4), "int32"))
