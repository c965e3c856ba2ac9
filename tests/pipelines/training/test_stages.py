"""Networks that are trained one after the other, through kills."""

import json

import keras
import numpy as np
import pytest

from keras_papers.pipelines.training.stages import train_stage
from keras_papers.pipelines.training.training_folder import TrainingFolder
from tests.support.killing import KillAtWrite
from tests.support.short_trainings import quick_steps as quick_steps

EPOCHS = 3
FILES = ("model.keras", "report.json")


class Batches(keras.utils.PyDataset):
    """Two batches in an order of their own for each epoch to begin with."""

    def __init__(self, seed):
        super().__init__()
        generator = np.random.default_rng(seed)
        self.x = generator.normal(size=(2, 8, 3)).astype("float32")

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return self.x[index], self.x[index, :, :1]


class Opposite(Batches):
    """Other labels, which a network misses more the longer it trains."""

    def __getitem__(self, index):
        x, y = super().__getitem__(index)
        return x, -y


def train(path, verbose=0, data=Batches):
    """Trains two networks, one after the other; returns their histories."""
    folder = TrainingFolder(path, {"seed": 0}, files=FILES)
    histories = {}
    for name in ("first", "second"):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((3,))
        network = keras.Model(inputs, keras.layers.Dense(1)(inputs), name=name)
        trained = train_stage(
            network,
            keras.losses.MeanSquaredError(),
            data,
            Batches(99),
            folder.stage(name),
            EPOCHS,
            0.1,
            verbose=verbose,
        )
        assert [row["epoch"] for row in trained.history] == [1, 2, 3]
        histories[name] = trained.history
    (folder.state / "report.json").write_text(json.dumps(len(histories)))
    folder.finish()
    return histories


@pytest.mark.contract
@pytest.mark.parametrize("write, after", [(4, True), (9, False)])
def test_a_stage_that_was_killed_is_continued(write, after, tmp_path):
    kill = KillAtWrite(write, after)
    with kill.process():
        train(tmp_path)
    assert kill.happened and not (tmp_path / "report.json").exists()
    state = tmp_path / ".training"
    done = {
        path.parent.name: [
            int(each.stem.split("-")[1]) for each in path.parent.glob("*.npz")
        ]
        for path in state.glob("*/history.json")
    }
    before = {
        name: json.loads((state / name / "history.json").read_text())
        for name in done
    }
    assert len(done) == (1 if write < 7 else 2)
    histories = train(tmp_path)
    assert (tmp_path / "report.json").read_text() == "2"
    assert not state.exists()
    for name, epochs in done.items():
        kept = max(epochs, default=0)
        assert histories[name][:kept] == before[name][:kept]


@pytest.mark.contract
def test_an_epoch_without_its_state_is_repeated_in_its_order(tmp_path):
    kill = KillAtWrite(3, after=True)
    with kill.process():
        train(tmp_path)
    state = tmp_path / ".training" / "first"
    assert len(json.loads((state / "history.json").read_text())) == 2
    assert [path.name for path in state.glob("*.npz")] == ["all-000001.npz"]
    done = []

    def batches(epochs):
        done.append(epochs)
        return Batches(epochs)

    train(tmp_path, data=batches)
    assert done == [1, 0]


def test_the_weights_are_those_of_the_lowest_validation_loss(tmp_path):
    folder = TrainingFolder(tmp_path, {}, files=FILES)
    keras.utils.set_random_seed(0)
    inputs = keras.Input((3,))
    network = keras.Model(inputs, keras.layers.Dense(1)(inputs), name="net")
    trained = train_stage(
        network,
        keras.losses.MeanSquaredError(),
        Batches,
        Opposite(99),
        folder.stage("net"),
        EPOCHS,
        0.1,
        verbose=0,
    )
    assert getattr(network, "optimizer", None) is None
    network.compile(loss="mse")
    losses = [row["val_loss"] for row in trained.history]
    assert trained.best_epoch == 1 + int(np.argmin(losses)) < EPOCHS
    assert network.evaluate(Opposite(99), verbose=0) == pytest.approx(
        min(losses), rel=1e-5
    )


def test_other_files_of_a_job_do_not_count_as_finished(tmp_path):
    (tmp_path / "model.tflite").write_text("of another job")
    train(tmp_path)
    with pytest.raises(ValueError, match="finished training"):
        TrainingFolder(tmp_path, {"seed": 0}, files=FILES)


def test_each_network_is_named_before_it_trains(tmp_path, capsys):
    train(tmp_path, verbose=2)
    printed = capsys.readouterr().out
    first, second = (
        printed.index(f"trains {name}: 3 epochs of 2 steps\n")
        for name in ("first", "second")
    )
    assert 0 == first < printed.index("Epoch 1/3") < second
