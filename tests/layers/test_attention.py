"""Attention to features, to steps and to source states."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers.layers import (
    FeatureAttention,
    LuongAttention,
    TemporalAttention,
)
from keras_papers.layers.luong_attention import SCORES

pytestmark = pytest.mark.contract


def drawn(*shape, seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(size=shape).astype("float32")


def softmax(scores, axis):
    exponentials = np.exp(scores - scores.max(axis, keepdims=True))
    return exponentials / exponentials.sum(axis, keepdims=True)


def called(layer, inputs, **arguments):
    """Returns outputs and weights as arrays, of a layer with drawn weights."""
    layer(inputs)
    for seed, weight in enumerate(layer.weights):
        weight.assign(drawn(*weight.shape, seed=seed))
    found = layer(inputs, return_attention_scores=True, **arguments)
    np.testing.assert_array_equal(
        ops.convert_to_numpy(layer(inputs, **arguments)),
        ops.convert_to_numpy(found[0]),
    )
    return [ops.convert_to_numpy(each) for each in found]


# Features and steps


def test_features_are_multiplied_by_their_softmax():
    x, layer = drawn(4, 6), FeatureAttention()
    outputs, weights = called(layer, x)
    kernel, bias = layer.get_weights()
    expected = softmax(x @ kernel + bias, 1)
    np.testing.assert_allclose(weights, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(outputs, x * expected, rtol=1e-4, atol=1e-6)


def test_steps_are_multiplied_by_the_softmax_of_a_dense_layer_over_time():
    """As of the permuted inputs, by a Dense layer with a softmax."""
    x, layer = drawn(4, 6, 3), TemporalAttention(per_feature=True)
    outputs, weights = called(layer, x)
    dense = keras.layers.Dense(6, "softmax")
    model = keras.Sequential(
        [
            keras.Input((6, 3)),
            keras.layers.Permute((2, 1)),
            dense,
            keras.layers.Permute((2, 1)),
        ]
    )
    dense.set_weights(layer.get_weights())
    expected = ops.convert_to_numpy(model(x))
    np.testing.assert_allclose(weights, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(outputs, x * expected, rtol=1e-4, atol=1e-6)


def test_a_step_has_one_weight_for_all_features_unless_each_has_its_own():
    x, layer = drawn(4, 6, 3), TemporalAttention()
    outputs, weights = called(layer, x)
    kernel, bias = layer.get_weights()
    scores = np.einsum("bsf,st->btf", x, kernel) + bias[:, None]
    expected = softmax(scores.mean(2, keepdims=True), 1)
    np.testing.assert_allclose(weights, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(outputs, x * expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("layer", "shape", "axis"),
    [
        (FeatureAttention, (4, 6), 1),
        (TemporalAttention, (4, 6, 3), 1),
        (lambda: TemporalAttention(per_feature=True), (4, 6, 3), 1),
    ],
)
def test_what_is_masked_has_no_weight_and_no_effect(layer, shape, axis):
    x, mask = drawn(*shape), np.ones((4, 6), bool)
    mask[:, 4:] = False
    mask[3] = False
    layer = layer()
    outputs, weights = called(layer, x, mask=mask)
    changed = np.where(mask.reshape(4, 6, *[1] * (x.ndim - 2)), x, np.nan)
    other, _ = called(layer, changed, mask=mask)
    np.testing.assert_array_equal(outputs, other)
    assert (weights[~mask] == 0).all() and (outputs[~mask] == 0).all()
    np.testing.assert_allclose(weights[:3].sum(axis), 1, rtol=1e-5)
    assert (weights[3] == 0).all() and (outputs[3] == 0).all()


@pytest.mark.parametrize(
    ("layer", "more"),
    [
        (FeatureAttention, ((0, 0), (0, 3))),
        (TemporalAttention, ((0, 0), (0, 3), (0, 0))),
        (lambda: TemporalAttention(True), ((0, 0), (0, 3), (0, 0))),
    ],
)
def test_more_padding_changes_nothing(layer, more):
    """Of a layer for more places, whose kernel begins as the other's."""
    x, mask = drawn(4, 6, 3)[..., : len(more) - 1], np.ones((4, 6), bool)
    x = x if len(more) == 3 else x[..., 0]
    mask[1, 4:] = mask[2] = False
    short, long = layer(), layer()
    outputs, weights = called(short, x, mask=mask)
    padded, masked = np.pad(x, more), np.pad(mask, ((0, 0), (0, 3)))
    padded[:, 6:] = 9
    called(long, padded)
    for weight, other in zip(long.weights, short.weights, strict=True):
        values = ops.convert_to_numpy(weight).copy()
        values[tuple(map(slice, other.shape))] = ops.convert_to_numpy(other)
        weight.assign(values)
    found = long(padded, mask=masked, return_attention_scores=True)
    assert outputs.any() and not outputs[2].any() and not weights[2].any()
    for one, other in zip((outputs, weights), found, strict=True):
        other = ops.convert_to_numpy(other)
        np.testing.assert_allclose(other[:, :6], one, rtol=1e-5, atol=1e-6)
        assert not other[:, 6:].any()


def test_a_step_without_any_feature_has_no_weight():
    x, mask = drawn(2, 4, 3), np.ones((2, 4, 3), bool)
    mask[0, 1] = False  # a step
    mask[0, :, 2] = False  # a feature at all steps
    mask[1, 2, 0] = False  # one of the features of a step
    layer = TemporalAttention()
    _, weights = called(layer, x, mask=mask)
    kernel, bias = layer.get_weights()
    known = np.where(mask, x, 0)
    scores = np.einsum("bsf,st->btf", known, kernel) + bias[:, None]
    scores = np.stack([scores[0, :, :2].mean(1), scores[1].mean(1)])
    scores[0, 1] = -np.inf
    np.testing.assert_allclose(
        weights[..., 0], softmax(scores, 1), rtol=1e-4, atol=1e-6
    )


def test_the_mask_of_padded_steps_comes_from_the_layer_before():
    x = drawn(3, 5, 2)
    x[:, 3:] = 0
    model = keras.Sequential([keras.Input((5, 2)), keras.layers.Masking()])
    attention = TemporalAttention()
    model.add(attention)
    found = ops.convert_to_numpy(model(x))
    mask = np.arange(5) < 3
    expected = attention(x, mask=np.broadcast_to(mask, (3, 5)))
    np.testing.assert_allclose(
        found, ops.convert_to_numpy(expected), rtol=1e-5, atol=1e-6
    )
    unmasked = ops.convert_to_numpy(attention(x))
    assert np.abs(unmasked - found).max() > 1e-3


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (FeatureAttention(), (6,)),
        (TemporalAttention(), (6, 3)),
        (TemporalAttention(per_feature=True), (6, 3)),
    ],
)
def test_a_model_has_both_outputs_of_the_layer(layer, shape):
    inputs, x = keras.Input(shape), drawn(4, *shape)
    outputs = layer(inputs, return_attention_scores=True)
    model = keras.Model(inputs, list(outputs))
    for symbolic, found, eager in zip(
        outputs, model(x), layer(x, return_attention_scores=True), strict=True
    ):
        assert symbolic.shape == (None, *eager.shape[1:])
        np.testing.assert_allclose(
            ops.convert_to_numpy(found),
            ops.convert_to_numpy(eager),
            rtol=1e-5,
            atol=1e-6,
        )


@pytest.mark.slow
def test_the_one_informative_feature_of_32_is_found():
    """With the network of the review: a hidden layer and a sigmoid."""
    keras.utils.set_random_seed(0)
    x = drawn(2000, 32)
    y = (x[:, 7] > 0).astype("float32")
    attention = FeatureAttention()
    inputs = keras.Input((32,))
    outputs, weights = attention(inputs, return_attention_scores=True)
    hidden = keras.layers.Dense(64)(outputs)
    outputs = keras.layers.Dense(1, "sigmoid")(hidden)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    model.fit(x, y, epochs=20, batch_size=64, verbose=0)
    found = keras.Model(inputs, weights).predict(x, verbose=0).mean(0)
    assert found.argmax() == 7 and found[7] > 5 / 32


@pytest.mark.slow
@pytest.mark.parametrize("per_feature", [False, True])
def test_the_one_informative_step_of_20_is_found(per_feature):
    keras.utils.set_random_seed(0)
    x = drawn(2000, 20, 2)
    y = np.arange(2000) % 2
    x[:, 11] = np.where(y, 1, -1)[:, None]
    inputs = keras.Input((20, 2))
    outputs, weights = TemporalAttention(per_feature)(
        inputs, return_attention_scores=True
    )
    outputs = keras.layers.LSTM(8)(outputs)
    outputs = keras.layers.Dense(1, "sigmoid")(outputs)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    model.fit(x, y, epochs=8, batch_size=64, verbose=0)
    found = keras.Model(inputs, weights).predict(x, verbose=0).mean((0, 2))
    assert found.argmax() == 11 and found[11] > 5 / 20


# Luong


def luong(target, source, layer):
    """Returns the weights by the formulas of the paper, state by state."""
    weights = [ops.convert_to_numpy(weight) for weight in layer.weights]
    scores = np.zeros((len(target), target.shape[1], source.shape[1]))
    for b, t, s in np.ndindex(scores.shape):
        h_t, h_s = target[b, t], source[b, s]
        if layer.score == "dot":
            scores[b, t, s] = h_t @ h_s
        elif layer.score == "general":
            scores[b, t, s] = h_t @ weights[0] @ h_s
        else:
            joined = np.concatenate([h_t, h_s])
            kernel = np.concatenate(weights[:2])
            scores[b, t, s] = np.tanh(joined @ kernel) @ weights[2][:, 0]
    return scores


@pytest.mark.parametrize("score", SCORES)
def test_contexts_are_those_of_the_formulas(score):
    target, source = drawn(2, 3, 4), drawn(2, 5, 4, seed=1)
    layer = LuongAttention(score)
    context, weights = called(layer, [target, source])
    expected = softmax(luong(target, source, layer), -1)
    assert expected.max() > 0.4
    np.testing.assert_allclose(weights, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(context, expected @ source, rtol=1e-4, atol=1e-5)


def test_dot_is_the_attention_of_keras():
    both, mask = [drawn(2, 3, 4), drawn(2, 5, 4, seed=1)], np.ones((2, 5), bool)
    mask[:, 3:] = False
    found = called(LuongAttention("dot"), both, mask=[None, mask])
    expected = keras.layers.Attention()(
        both, mask=[None, mask], return_attention_scores=True
    )
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(
            ours, ops.convert_to_numpy(theirs), rtol=1e-4, atol=1e-6
        )


@pytest.mark.parametrize(
    ("arguments", "parameters"),
    [
        ({"score": "general"}, 4 * 6),
        ({"score": "concat"}, (4 + 6) * 4 + 4),
        ({"score": "concat", "units": 7}, (4 + 6) * 7 + 7),
    ],
)
def test_sizes_may_differ_and_parameters_are_those_of_the_paper(
    arguments, parameters
):
    layer = LuongAttention(**arguments)
    context, _ = called(layer, [drawn(2, 3, 4), drawn(2, 5, 6)])
    assert context.shape == (2, 3, 6) and layer.count_params() == parameters


@pytest.mark.parametrize("score", SCORES)
def test_more_padding_changes_nothing_and_only_padding_gives_zeros(score):
    target, source = drawn(2, 3, 4), drawn(2, 5, 4, seed=1)
    mask = np.ones((2, 5), bool)
    mask[1] = False
    layer = LuongAttention(score)
    context, weights = called(layer, [target, source], mask=[None, mask])
    assert (context[1] == 0).all() and (weights[1] == 0).all()
    padded = np.concatenate([source, 9 * drawn(2, 4, 4, seed=2)], 1)
    mask = np.concatenate([mask, np.zeros((2, 4), bool)], 1)
    other, weights = called(layer, [target, padded], mask=[None, mask])
    np.testing.assert_allclose(other, context, rtol=1e-5, atol=1e-6)
    assert (weights[:, :, 5:] == 0).all()


def translator(**arguments):
    """Returns a model whose masks come from its embeddings."""
    target, source = keras.Input((None,)), keras.Input((None,))

    def embedded(ids):
        return keras.layers.Embedding(9, 4, mask_zero=True)(ids)

    outputs = LuongAttention(**arguments)(
        [embedded(target), embedded(source)], return_attention_scores=True
    )
    return keras.Model([target, source], list(outputs))


@pytest.mark.parametrize("score", SCORES)
def test_a_model_trains_is_saved_and_masks_padding_by_itself(score, tmp_path):
    keras.utils.set_random_seed(0)
    model = translator(score=score)
    context, weights = model.outputs
    assert context.shape == (None, None, 4)
    assert weights.shape == (None, None, None)
    target, source = np.arange(1, 7).reshape(2, 3), np.arange(1, 9)
    source = np.pad(source.reshape(2, 4), ((0, 0), (0, 2)))
    model.compile("adam", ["mse", None])
    before = [ops.convert_to_numpy(each) for each in model.trainable_weights]
    model.fit([target, source], drawn(2, 3, 4), epochs=2, verbose=0)
    after = [ops.convert_to_numpy(each) for each in model.trainable_weights]
    for old, new in zip(before, after, strict=True):
        assert np.isfinite(new).all() and (new != old).any()
    found = model.predict([target, source], verbose=0)
    assert (found[1][:, :, 4:] == 0).all() and found[1][:, :, :4].all()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for one, other in zip(
        found, loaded.predict([target, source], verbose=0), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_the_outputs_have_the_mask_of_the_target():
    layer = LuongAttention("dot")
    masks = [np.ones((2, 3), bool), np.ones((2, 5), bool)]
    assert layer.compute_mask(None, masks) is masks[0]
    assert layer.compute_mask(None) is None


def test_dropout_acts_on_weights_in_training_only():
    both = [drawn(2, 3, 4), drawn(2, 5, 4, seed=1)]
    layer = LuongAttention("dot", dropout=0.5, seed=0)
    first = ops.convert_to_numpy(layer(both))
    np.testing.assert_array_equal(first, ops.convert_to_numpy(layer(both)))
    trained = ops.convert_to_numpy(layer(both, training=True))
    assert np.abs(trained - first).max() > 0.1


@pytest.mark.parametrize("score", SCORES)
def test_half_precision_has_a_softmax_in_float32(score):
    """2 ** 15 is beyond where float16 has a finite exponential."""
    layer = LuongAttention(score, dtype="mixed_float16")
    both = [40 * drawn(2, 3, 4), 40 * drawn(2, 5, 4, seed=1)]
    mask = np.arange(5) < 3
    context, weights = layer(
        both,
        mask=[None, np.broadcast_to(mask, (2, 5))],
        return_attention_scores=True,
    )
    assert keras.backend.standardize_dtype(context.dtype) == "float16"
    weights = ops.convert_to_numpy(weights).astype("float32")
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-2)
    assert (weights[:, :, 3:] == 0).all()
    assert all(weight.dtype == "float32" for weight in layer.weights)


def test_the_configuration_has_all_arguments():
    layer = LuongAttention("concat", 7, 0.1, 3, "he_normal", name="align")
    again = LuongAttention.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert (again.units, again.dropout, again.seed) == (7, 0.1, 3)
    name = keras.saving.get_registered_name(LuongAttention)
    assert name == "keras_papers>LuongAttention"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LuongAttention("bahdanau"), "Received: score='bahdanau'"),
        (lambda: LuongAttention("dot", 3), "only score='concat' has"),
        (lambda: LuongAttention("concat", 0), "`units` is the size of v"),
        (lambda: LuongAttention(dropout=1.0), "`dropout` is a share"),
        (
            lambda: LuongAttention("dot")([drawn(2, 3, 4), drawn(2, 5, 6)]),
            "equal for score='dot'",
        ),
        (
            lambda: LuongAttention()(drawn(2, 3, 4)),
            r"Received: the shape \(2, 3, 4\). Pass\s+\[target, source\]",
        ),
        (
            lambda: LuongAttention()([drawn(2, 4), drawn(2, 5, 6)]),
            r"\(batch, steps, size\). .* the shape \[\(2, 4\), \(2, 5, 6\)\]",
        ),
        (
            lambda: TemporalAttention()(keras.Input((None, 3))),
            "with a known number of",
        ),
        (
            lambda: FeatureAttention()(keras.Input((3, None))),
            "with a known last axis",
        ),
    ],
)
def test_bad_arguments_and_shapes_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
