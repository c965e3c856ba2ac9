"""What benchmarks share: the log that a next run continues, and a clock."""

import importlib.util
import pathlib

import keras
import numpy as np
import pytest

FOLDER = pathlib.Path(__file__).parents[1] / "benchmarks"


def shared(name):
    """Imports a file of the benchmarks."""
    file = FOLDER / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", file)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)  # of what it imports
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tables():
    pytest.importorskip("sklearn")
    return shared("tables")


def test_a_log_is_continued_under_the_same_conditions_only(
    tables, tmp_path, capsys
):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"age": ["1", "2"], "y": ["no", "yes"]})

    def log_of(*options, frame=frame, **others):
        arguments = tables.parser("").parse_args(options)
        settings = tables.Settings(epochs=arguments.epochs)
        found = tables.conditions(frame, "y", arguments, settings, **others)
        return tables.Log(tmp_path / "log.jsonl", found)

    first = {"model": "MLP", "split": 0, "auc": 0.9}
    log_of().add(first)
    longer = log_of("--epochs", "50")
    assert not longer.entries
    longer.add({**first, "auc": 0.95})
    capsys.readouterr()

    assert log_of().of(model="MLP") == [first]
    assert "1 measurements of another table" in capsys.readouterr().out
    assert log_of("--epochs", "50").of(split=0)[0]["auc"] == 0.95
    assert not log_of("--missing", "?").entries
    assert not log_of(dropout=0.1).entries
    assert not log_of(frame=frame.iloc[::-1]).entries


def test_a_training_ends_with_its_cpu_time_and_a_rate_of_0():
    data = pytest.importorskip("tensorflow").data.Dataset
    batch = data.from_tensors((np.ones((4, 2)), np.ones((4, 1))))
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1.0), "mse", jit_compile=False)
    epochs = []

    def draw(epoch):
        epochs.append(epoch)
        return batch.repeat(5 if epoch == 1 else 10_000)

    steps = shared("equal_time").train_for(model, 0.3, 0.01, draw)

    assert epochs == [1, 2]
    assert 5 < steps < 10_000
    assert float(model.optimizer.learning_rate) == 0
