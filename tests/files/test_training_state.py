"""A training that is written and read is the same training."""

import keras
import numpy as np
import pytest

from keras_papers.files import training_state


def trained(policy, seed):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(2, dtype=policy)]
    )
    model.compile(keras.optimizers.Adam(0.1), "mse")
    model.fit(np.eye(3), np.eye(3, 2), verbose=0)
    return model


@pytest.mark.contract
@pytest.mark.parametrize("policy", ["float32", "bfloat16", "mixed_bfloat16"])
def test_every_variable_is_read_as_it_was_written(policy, tmp_path):
    """NumPy itself has no bfloat16."""
    model, other = trained(policy, 1), trained(policy, 2)
    training_state.save(model, tmp_path / "state.npz", [{"loss": 0.5}])
    assert training_state.load(other, tmp_path / "state.npz") == [{"loss": 0.5}]
    ours = [*other.variables, *other.optimizer.variables]
    written = [*model.variables, *model.optimizer.variables]
    fresh = trained(policy, 2)
    assert any(
        np.any(np.asarray(one, "float32") != np.asarray(two, "float32"))
        for one, two in zip(fresh.variables, written, strict=False)
    )
    for one, two in zip(ours, written, strict=True):
        assert one.dtype == two.dtype
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(one), keras.ops.convert_to_numpy(two)
        )
