"""The quantizer of VQ-VAE, against NumPy and the closed forms."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers.layers import VectorQuantizer
from keras_papers.layers._nearest_codes import nearest_codes

pytestmark = pytest.mark.contract

K, D = 16, 4


def vectors(number, depth=D, seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(number, depth)).astype("float32")


def quantizer(table, **arguments):
    """Returns a layer whose codebooks are `table`."""
    table = np.array(table, "float32").reshape(-1, *np.shape(table)[-2:])
    settings = {"initialization": "uniform", "revival": None, "seed": 0}
    layer = VectorQuantizer(
        table.shape[1],
        num_codebooks=len(table),
        **{**settings, **arguments},
    )
    layer.build((None, len(table) * table.shape[2]))
    layer.embeddings.assign(table)
    return layer


def codebook(layer):
    return ops.convert_to_numpy(layer.codebooks)[0]


def nearest(x, table):
    return np.square(x[:, None] - table[None]).sum(-1).argmin(1)


def averaged(table, batches, decay, epsilon=1e-5):
    """Returns a codebook after steps of Sonnet's moving averages, by NumPy."""
    counts, sums = np.zeros(len(table)), np.zeros(table.shape)
    for step, x in enumerate(batches, start=1):
        codes = nearest(x, table)
        total = np.zeros(table.shape)
        np.add.at(total, codes, x)
        counts = decay * counts + (1 - decay) * np.bincount(
            codes, minlength=len(table)
        )
        sums = decay * sums + (1 - decay) * total
        n, m = (each / (1 - decay**step) for each in (counts, sums))
        smoothed = (n + epsilon) / (n.sum() + len(n) * epsilon) * n.sum()
        used = n > 1e-6
        table = np.where(used[:, None], m / smoothed[:, None], table)
    return table


@pytest.mark.parametrize("decay", [0.99, 0.5])
def test_ten_steps_of_moving_averages_are_numpys(decay):
    table = vectors(K, seed=1)
    batches = [vectors(50, seed=seed) for seed in range(10)]
    layer = quantizer(table, ema_decay=decay, chunk_size=16)
    for x in batches:
        layer(x, training=True)
    expected = averaged(table, batches, decay)
    assert np.abs(expected - table).max() > 0.5
    np.testing.assert_allclose(codebook(layer), expected, atol=1e-5)


def test_a_code_without_vectors_stays_where_it_is():
    far = [[0.0] * D, [100.0] * D]
    layer = quantizer(far)
    for seed in range(5):
        layer(vectors(20, seed=seed), training=True)
    np.testing.assert_array_equal(codebook(layer)[1], far[1])
    assert np.any(codebook(layer)[0] != far[0])


@pytest.mark.parametrize("arguments", [{}, {"ema_decay": None}])
def test_the_codebook_does_not_move_in_inference_nor_when_frozen(arguments):
    layer = quantizer(vectors(K, seed=1), revival=0.5, **arguments)
    before = layer.get_weights()
    layer(vectors(20))
    layer(vectors(20), training=False)
    layer.trainable = False
    layer(vectors(20), training=True)
    for weight, old in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_only_a_codebook_learned_by_gradients_is_trainable():
    assert not quantizer(vectors(K)).trainable_weights
    (weight,) = quantizer(vectors(K), ema_decay=None).trainable_weights
    assert weight.shape == (1, K, D)


def test_the_loss_of_moving_averages_is_the_commitment_alone():
    table, x = vectors(K, seed=1), vectors(30)
    layer = quantizer(table, commitment_cost=0.7)
    layer(x)
    expected = 0.7 * np.mean((x - table[nearest(x, table)]) ** 2)
    assert expected > 0.1
    np.testing.assert_allclose(float(layer.losses[0]), expected, rtol=1e-5)


def gradients(layer, x, weights):
    """Returns the gradients of weights by SGD at a rate of 1."""
    inputs = keras.Input(x.shape[1:])
    scale = keras.layers.Dense(
        x.shape[-1], use_bias=False, kernel_initializer="identity"
    )
    model = keras.Model(inputs, layer(scale(inputs)))
    model.compile(
        keras.optimizers.SGD(1.0),
        lambda y, outputs: 0 * ops.mean(outputs),
        run_eagerly=keras.config.backend() == "tensorflow",
    )
    before = [ops.convert_to_numpy(weight) for weight in weights(scale)]
    model.train_on_batch(x, x)
    after = [ops.convert_to_numpy(weight) for weight in weights(scale)]
    return [old - new for old, new in zip(before, after, strict=True)]


@pytest.mark.parametrize("beta", [0.1, 2.0])
def test_the_commitment_cost_weighs_the_inputs_not_the_codes(beta):
    table, x = vectors(K, seed=1), vectors(30)
    layer = quantizer(table, ema_decay=None, commitment_cost=beta)
    kernel, codes = gradients(
        layer, x, lambda scale: [scale.kernel, layer.offsets]
    )
    chosen = nearest(x, table)
    difference = 2 * (x - table[chosen]) / x.size
    np.testing.assert_allclose(kernel, beta * x.T @ difference, atol=1e-5)
    expected = np.zeros_like(table)
    np.add.at(expected, chosen, -difference)
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(codes[0], expected, atol=1e-5)


def test_dead_codes_return_with_counts_and_sums_of_their_own():
    far = np.concatenate([vectors(2), np.full((2, D), 100.0)])
    layer = quantizer(far, revival=0.1)
    x = vectors(40, seed=3)
    layer(x, training=True)
    table = codebook(layer)
    assert all(np.any(np.all(x == code, axis=1)) for code in table[2:])
    counts = ops.convert_to_numpy(layer.counts)[0]
    sums = ops.convert_to_numpy(layer.sums)[0]
    np.testing.assert_allclose(counts[2:], counts[:2].sum() / 4, rtol=1e-5)
    np.testing.assert_allclose(sums[2:], counts[2:, None] * table[2:], 1e-5)
    # A step that does not choose them leaves them there.
    layer(np.tile(table[:1], (40, 1)), training=True)
    np.testing.assert_allclose(codebook(layer)[2:], table[2:], rtol=1e-3)


@pytest.mark.parametrize(
    "revival, least, most", [(0.1, 0.9, 1), (None, 0, 0.6)]
)
def test_revival_keeps_the_codebook_in_use(revival, least, most):
    centers = 10 * vectors(64, seed=5)
    layer = VectorQuantizer(64, initialization="uniform", revival=revival)
    for seed in range(30):
        if seed == 20:
            layer.usage.reset_state()
        chosen = np.random.default_rng(seed).integers(0, 64, 256)
        layer(centers[chosen] + 0.1 * vectors(256, seed=seed), training=True)
    assert least <= float(layer.usage.result()) <= most


@pytest.mark.parametrize("initialization", ["data", "kmeans"])
def test_the_first_batch_places_the_codes(initialization):
    centers = 10 * vectors(4, seed=7)
    x = np.repeat(centers, 25, axis=0) + 0.1 * vectors(100)
    layer = VectorQuantizer(8, initialization=initialization, seed=0)
    layer(x, training=True)
    distances = np.abs(codebook(layer)[:, None] - x[None]).max(-1).min(1)
    assert distances.max() < 0.5
    counts, sums = layer.counts, layer.sums
    assert ops.convert_to_numpy(counts).sum() > 0
    assert np.abs(ops.convert_to_numpy(sums)).max() > 0


def test_k_means_finds_better_codes_than_random_vectors():
    x, errors = vectors(400), {}
    for initialization in ("data", "kmeans"):
        layer = VectorQuantizer(8, initialization=initialization, seed=0)
        layer(x, training=True)
        errors[initialization] = float(layer.losses[0])
    assert errors["kmeans"] < 0.9 * errors["data"]


def test_the_next_step_does_not_undo_k_means():
    centers = 10 * vectors(8, seed=7)
    x = np.repeat(centers, 25, axis=0) + 0.1 * vectors(200)
    layer = VectorQuantizer(8, initialization="kmeans", revival=None, seed=0)
    layer(x, training=True)
    placed = codebook(layer)
    for seed in range(2):
        layer(x + 0.1 * vectors(200, seed=seed), training=True)
    assert np.abs(placed).max() > 5
    np.testing.assert_allclose(codebook(layer), placed, atol=0.3)


@pytest.mark.parametrize("decay", [0.99, None])
def test_fit_places_and_revives_codes_however_they_are_learned(decay):
    centers = 10 * vectors(8, seed=5)
    x = np.repeat(centers, 32, axis=0) + 0.1 * vectors(256)
    inputs = keras.Input((D,))
    layer = VectorQuantizer(16, ema_decay=decay, seed=0, name="codes")
    # Fixed inputs of the layer, and a weight behind it that fit can train.
    model = keras.Model(inputs, keras.layers.Dense(D)(layer(inputs)))
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).permutation(x)
    logs = model.fit(x, x, 64, epochs=3, shuffle=False, verbose=0).history
    distances = np.abs(codebook(layer)[:, None] - x[None]).max(-1).min(1)
    assert np.median(distances) < 1  # those of uniform codes are about 10
    assert logs["codes_usage"][-1] > 0.9


@pytest.mark.parametrize("estimator", ["straight_through", "rotation"])
def test_outputs_are_the_codes_exactly(estimator):
    table, x = vectors(K, seed=1), vectors(30)
    outputs = quantizer(table, estimator=estimator)(x)
    np.testing.assert_allclose(
        ops.convert_to_numpy(outputs), table[nearest(x, table)], atol=1e-6
    )


def test_the_rotation_turns_the_gradient_as_it_turns_the_vector():
    # A vector on the first axis goes to a code twice as long on the second.
    layer = quantizer([[0.0, 2.0]], estimator="rotation", commitment_cost=1e-9)
    x = np.array([[1.0, 0.0]], "float32")
    inputs = keras.Input((2,))
    shift = keras.layers.EinsumDense("bi,ij->bj", 2, bias_axes="j")
    model = keras.Model(inputs, layer(shift(inputs)))
    shift.set_weights([np.eye(2), np.zeros(2)])
    model.compile(
        keras.optimizers.SGD(1.0),
        lambda y, outputs: ops.sum(outputs * y),
        run_eagerly=keras.config.backend() == "tensorflow",
    )
    upstream = np.array([[3.0, 5.0]], "float32")
    model.train_on_batch(x, upstream)
    # Backwards: the second axis is the first, doubled; the first is the
    # second, turned to the other side.
    np.testing.assert_allclose(
        -ops.convert_to_numpy(shift.bias), [10.0, -6.0], atol=1e-5
    )


def test_cosine_ignores_lengths():
    table = np.array([[1.0, 0.0], [0.0, 9.0]])
    layer = quantizer(table, distance="cosine")
    codes = layer.encode(np.array([[0.2, 0.1], [3.0, 4.0]], "float32"))
    np.testing.assert_array_equal(ops.convert_to_numpy(codes), [0, 1])
    layer(vectors(30, depth=2), training=True)
    lengths = np.linalg.norm(codebook(layer), axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-5)


def test_several_codebooks_quantize_parts_of_a_vector():
    tables = np.stack([vectors(K, seed=1), vectors(K, seed=2)])
    layer, x = quantizer(tables), vectors(30, depth=2 * D)
    codes = ops.convert_to_numpy(layer.encode(x))
    assert codes.shape == (30, 2)
    for index, table in enumerate(tables):
        part = x[:, index * D : (index + 1) * D]
        np.testing.assert_array_equal(codes[:, index], nearest(part, table))
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer.decode(codes)),
        ops.convert_to_numpy(layer(x)),
        atol=1e-6,
    )


def test_codes_may_be_shorter_than_the_vectors():
    layer = VectorQuantizer(K, codebook_dim=2, seed=0)
    x = vectors(30, depth=8)
    layer(x, training=True)
    codes = layer.encode(x)
    assert tuple(layer.lookup(codes).shape) == (30, 2)
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer.decode(codes)),
        ops.convert_to_numpy(layer(x)),
        atol=1e-5,
    )


def test_masked_vectors_leave_no_trace():
    table, x = vectors(K, seed=1), vectors(30).reshape(3, 10, D)
    mask = np.arange(10) < np.array([[10], [4], [0]])
    padded, alone = quantizer(table), quantizer(table)
    padded(np.where(mask[..., None], x, 1e3), mask=mask, training=True)
    alone(x[mask], training=True)
    np.testing.assert_allclose(codebook(padded), codebook(alone), atol=1e-6)
    np.testing.assert_allclose(
        float(padded.losses[0]), float(alone.losses[0]), rtol=1e-5
    )


@pytest.mark.parametrize("revival", [None, 0.5])
def test_vectors_that_are_not_finite_do_not_poison_the_codebook(revival):
    layer = quantizer(vectors(K, seed=1), revival=revival)
    x = vectors(30)
    x[3, 1], x[4, 0] = np.nan, np.inf
    outputs = ops.convert_to_numpy(layer(x, training=True))
    assert np.isnan(outputs[3]).any()
    assert np.isnan(float(layer.losses[0]))
    for weight in layer.get_weights():
        assert np.isfinite(weight).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("method", ["__call__", "encode"])
def test_vectors_that_are_not_finite_are_named_in_inference(value, method):
    layer, x = quantizer(vectors(K, seed=1)), vectors(30)
    x[3, 1] = x[7, 2] = value
    with pytest.raises(ValueError, match="Received: 2 elements that are NaN"):
        getattr(layer, method)(x)


def test_fit_shows_nan_in_its_loss_and_keeps_the_codebook_clean():
    inputs = keras.Input((D,))
    layer = quantizer(vectors(K, seed=1), revival=0.1)
    model = keras.Model(inputs, keras.layers.Dense(D)(layer(inputs)))
    model.compile("sgd", "mse")
    x = vectors(32)
    targets = x.copy()
    x[3, 1] = np.nan
    logs = model.fit(x, targets, 16, epochs=1, verbose=0).history
    assert np.isnan(logs["loss"][0])
    for weight in layer.get_weights():
        assert np.isfinite(weight).all()


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("codes", [1, 3])
def test_the_smallest_batches_and_codebooks_work(number, codes):
    layer = quantizer(vectors(codes), revival=0.5)
    outputs = layer(vectors(number), training=True)
    assert tuple(outputs.shape) == (number, D)
    for weight in layer.get_weights():
        assert np.isfinite(weight).all()


def test_of_equally_near_codes_the_first_is_chosen():
    table = np.array([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]], "float32")
    codes = nearest_codes(
        ops.convert_to_tensor([[0.0, 1.0], [2.0, 0.0]]),
        ops.convert_to_tensor(table),
        chunk_size=8,
    )
    np.testing.assert_array_equal(ops.convert_to_numpy(codes), [0, 0])


@pytest.mark.parametrize("number", [1, 16, 17, 50])
def test_chunks_find_what_all_at_once_finds(number):
    x, table = vectors(number), vectors(K, seed=1)
    codes = nearest_codes(
        ops.convert_to_tensor(x), ops.convert_to_tensor(table), chunk_size=16
    )
    np.testing.assert_array_equal(
        ops.convert_to_numpy(codes), nearest(x, table)
    )


def test_usage_and_perplexity_of_an_epoch_are_in_the_logs():
    table = 10 * vectors(4, seed=1)
    layer = quantizer(table, ema_decay=0.99)
    inputs = keras.Input((D,))
    model = keras.Model(inputs, keras.layers.Dense(D)(layer(inputs)))
    model.compile("sgd", "mse")
    x = np.repeat(table, [6, 6, 12, 0], axis=0).astype("float32")
    logs = model.fit(
        x, x, 6, shuffle=False, validation_data=(x, x), verbose=0
    ).history
    name = layer.name
    # Each batch has one code or two; the epoch has three.
    assert logs[f"{name}_usage"] == [0.75]
    assert np.isnan(logs[f"val_{name}_usage"]).all()
    shares = np.array([0.25, 0.25, 0.5])
    perplexity = np.exp(-np.sum(shares * np.log(shares)))
    np.testing.assert_allclose(
        logs[f"{name}_perplexity"], [perplexity], rtol=1e-5
    )


def test_a_saved_layer_goes_on_where_it_was(tmp_path):
    inputs = keras.Input((D,))
    layer = VectorQuantizer(K, seed=0, name="codes")
    model = keras.Model(inputs, keras.layers.Dense(D)(layer(inputs)))
    model.compile("sgd", "mse")
    model.fit(vectors(64), vectors(64), verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for each in (model, loaded):
        each.fit(vectors(64, seed=1), vectors(64), shuffle=False, verbose=0)
    before, after = (
        each.get_layer("codes").get_weights() for each in (model, loaded)
    )
    for weight, again in zip(before, after, strict=True):
        np.testing.assert_allclose(again, weight, atol=1e-6)


def test_half_precision_computes_codes_in_float32():
    # In float16 the two codes are one.
    table = [[1000.0], [1000.2]]
    layer = quantizer(table, dtype="mixed_float16")
    x = np.array([[1000.19]], "float32")
    assert int(layer.encode(x)[0]) == 1
    outputs = layer(x)
    assert keras.backend.standardize_dtype(outputs.dtype) == "float16"
    for weight in layer.weights:
        assert keras.backend.standardize_dtype(weight.dtype) != "float16"


def test_half_precision_averages_in_float32():
    table = vectors(K, seed=1)
    batches = [vectors(50, seed=seed).astype("float16") for seed in range(10)]
    layer = quantizer(table, dtype="mixed_float16")
    for x in batches:
        layer(x, training=True)
    batches = [x.astype("float32") for x in batches]
    expected = averaged(table, batches, decay=0.99)
    assert np.abs(expected - table).max() > 0.5
    np.testing.assert_allclose(codebook(layer), expected, atol=1e-5)


REPLICAS = """
import numpy as np, tensorflow as tf
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0],
    2 * [tf.config.LogicalDeviceConfiguration()],
)
from tests.layers.test_vector_quantizer import *
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
table, x = vectors(K, seed=1), vectors(40)
with strategy.scope():
    layer = quantizer(table, revival=0.01)
halves = np.split(x, 2)
for step in range(2):
    data = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(halves[context.replica_id_in_sync_group])
    )
    strategy.run(lambda part: layer(part, training=True), (data,))
    if step == 0:
        # The counts of two replicas are averaged, so that beside them epsilon
        # is twice as large.
        alone = quantizer(table, epsilon=2e-5)
        alone(x, training=True)
        used = ops.convert_to_numpy(alone.counts)[0] > 0
        np.testing.assert_allclose(
            codebook(layer)[used], codebook(alone)[used], atol=1e-6
        )
for weight in layer.weights:
    first, second = strategy.experimental_local_results(weight.value)
    np.testing.assert_array_equal(first.numpy(), second.numpy())
"""


@pytest.mark.slow
@pytest.mark.tensorflow
def test_replicas_learn_from_the_vectors_of_all():
    ended = subprocess.run(
        [sys.executable, "-c", REPLICAS], stderr=subprocess.PIPE, text=True
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    "arguments, named",
    [
        ({"num_embeddings": 0}, "num_embeddings=0"),
        ({"num_embeddings": 8, "commitment_cost": -1}, "commitment_cost=-1"),
        ({"num_embeddings": 8, "ema_decay": 1.5}, "ema_decay=1.5"),
        ({"num_embeddings": 8, "distance": "l1"}, "distance='l1'"),
        ({"num_embeddings": 8, "estimator": "gumbel"}, "estimator='gumbel'"),
        ({"num_embeddings": 8, "revival": 2}, "revival=2"),
        ({"num_embeddings": 8, "chunk_size": 0}, "chunk_size=0"),
    ],
)
def test_wrong_arguments_are_named(arguments, named):
    with pytest.raises(ValueError, match=f"Received: {named}"):
        VectorQuantizer(**arguments)


@pytest.mark.parametrize(
    "arguments, shape, named",
    [
        ({"embedding_dim": 5}, (None, 4), "a depth of 4"),
        ({}, (None, None), "a depth of None"),
        ({"num_codebooks": 3}, (None, 4), "num_codebooks=3"),
    ],
)
def test_inputs_that_do_not_fit_are_named(arguments, shape, named):
    with pytest.raises(ValueError, match=f"Received: {named}"):
        VectorQuantizer(8, **arguments).build(shape)


def test_codes_outside_of_the_codebook_give_nan_on_every_backend():
    layer = quantizer(vectors(K))
    found = ops.convert_to_numpy(layer.lookup(np.array([0, K, -1])))
    np.testing.assert_array_equal(np.isnan(found).all(1), [False, True, True])


def test_codes_must_be_ints():
    with pytest.raises(ValueError, match="codes of dtype float32"):
        quantizer(vectors(K)).decode(np.array([0.0], "float32"))


def test_the_codebook_must_be_there():
    with pytest.raises(ValueError, match="a layer that is not built"):
        VectorQuantizer(8).encode(vectors(3))
