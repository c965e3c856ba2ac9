"""A CSV file to a model of its raw rows, files and a report."""

import collections
import csv
import json
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_papers import export, pipelines
from keras_papers.applications.tabular import TabularModel, read_table_file
from keras_papers.export import metadata
from keras_papers.files.figures_json import to_json
from keras_papers.pipelines.data.split import PARTS, load_split
from keras_papers.pipelines.tables.encoded_rows import Batches, Encoded
from keras_papers.pipelines.tables.options import TableOptions
from keras_papers.pipelines.tables.rows import encode, load, row_hashes
from tests.support.killing import KillAtWrite
from tests.support.people import people, write_rows
from tests.support.short_trainings import quick_steps as quick_steps
from tests.support.short_trainings import untraced

pytestmark = pytest.mark.tensorflow
QUICK = {
    "missing_values": ["?"],
    "num_layers": 1,
    "batch_size": 32,
    "epochs": 3,
    "verbose": 0,
}
PRETRAINED = {"pretrain": "rtd", "pretrain_epochs": 2, **QUICK}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A CSV file of 200 rows, of which 20 have no target."""
    rows = people(200)
    for row in rows[::10]:
        row["income"] = ""
    return write_rows(tmp_path_factory.mktemp("data") / "people.csv", rows)


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """Returns the report and the folder of a training."""
    output = tmp_path_factory.mktemp("table") / "new" / "folder"
    with untraced():
        report = pipelines.train_table_model(
            data, "income", output, **PRETRAINED
        )
    return report, output


def test_the_files_are_there_and_nothing_else(trained):
    _, output = trained
    assert sorted(path.name for path in output.iterdir()) == [
        *("history.csv", "labels.txt", "model.keras", "model.tflite"),
        *("report.html", "report.json", "split.json"),
    ]
    assert (output / "labels.txt").read_text() == "<=50K\n>50K\n"


def test_the_report_holds_the_figures(trained):
    report, output = trained
    figures = json.loads((output / "report.json").read_text())
    assert figures == json.loads(to_json(report))
    rows = report.train_rows, report.validation_rows, report.test_rows
    assert sum(rows) == 180 and report.without_target == 20
    # Of the 20 without labels, 2 are watched.
    assert report.pretraining.unlabelled_rows == 18
    assert report.pretraining.rows == report.train_rows + 18
    assert report.measures.rows == report.test_rows
    assert {each.measures.rows for each in report.baselines} == {rows[2]}
    assert report.run["command"].startswith("keras-papers table train ")
    assert "--missing-values '?'" in report.run["command"]


def test_the_loaded_model_takes_raw_rows_in_a_new_process(trained, data):
    _, output = trained
    code = (
        "import sys, keras, keras_papers; "
        "model = keras.saving.load_model(sys.argv[1]); "
        "print(*model.predict(sys.argv[2], verbose=0)[:, 0].tolist())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, output / "model.keras", data],
        env={**os.environ, "PYTHONPATH": str(pathlib.Path.cwd())},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    shares = np.array(ended.stdout.split(), float)
    rows = read_table_file(data)
    model = keras.saving.load_model(output / "model.keras")
    assert isinstance(model, TabularModel)
    inputs = encode(model.schema, rows)
    np.testing.assert_allclose(shares, model(inputs)[:, 0], atol=1e-5)
    assert np.ptp(shares) > 0.05
    # The file for a phone takes what its metadata describes.
    answers = export.predict(output / "model.tflite", inputs)
    np.testing.assert_allclose(answers[:, 1], shares, atol=1e-5)


def test_the_file_for_a_phone_has_the_schema_in_its_metadata(trained):
    _, output = trained
    schema = keras.saving.load_model(output / "model.keras").schema
    description = metadata.read(output / "model.tflite")
    assert description.table == json.loads(json.dumps(schema.get_config()))
    assert description.labels == schema.classes == ("<=50K", ">50K")
    assert description.table["categorical"]["job"] == ["chef", "nurse", "smith"]
    assert [*description.table["numeric"]] == ["age", "hours"]


def test_numbers_are_encoded_between_quantiles_of_the_rows_to_train_on(
    trained, data, tmp_path
):
    _, output = trained
    model = keras.saving.load_model(output / "model.keras")
    edges = model.get_layer("intervals").edges
    assert len(edges) == len(model.schema.numeric)
    held_out_too = read_table_file(data)
    for (name, (mean, deviation)), column in zip(
        model.schema.numeric.items(), edges, strict=True
    ):
        values = np.array([v for v in held_out_too[name] if v], float)
        least, most = np.array([column[0], column[-1]]) * deviation + mean
        assert values.min() - 1e-3 <= least < most <= values.max() + 1e-3
    report = pipelines.train_table_model(
        data,
        "income",
        tmp_path / "table",
        numeric_encoding="standardized",
        **{**QUICK, "epochs": 1},
    )
    assert "standardized" in report.run["command"]
    model = keras.saving.load_model(tmp_path / "table" / "model.keras")
    assert "intervals" not in [layer.name for layer in model.layers]


def test_the_split_lists_each_row_once(trained):
    report, output = trained
    split = load_split(output / "split.json")
    assert [len(split.parts[name]) for name in PARTS] == [
        report.train_rows,
        report.validation_rows,
        report.test_rows,
    ]
    assert len(split.part_of()) == 180 and len(split.models) == 2


def history_of(folder):
    with open(folder / "history.csv", newline="") as table:
        return [*csv.DictReader(table)]


def test_every_epoch_of_both_trainings_is_in_the_history(trained):
    report, output = trained
    rows = history_of(output)
    assert [(row["training"], row["epoch"]) for row in rows] == [
        *(("rtd", "1"), ("rtd", "2")),
        *(("model", "1"), ("model", "2"), ("model", "3")),
    ]
    losses = [float(row["val_loss"]) for row in rows[2:]]
    assert report.best_epoch == 1 + int(np.argmin(losses))


def test_the_order_of_an_epoch_is_that_of_its_number():
    inputs, targets = {"age": np.arange(10.0)}, np.arange(10)

    def order(batches):
        assert len(batches) == 3
        found = [batches[index] for index in range(3)]
        for ages, places in found:
            assert (ages["age"] == places).all() and len(places) == 3
        return np.concatenate([places for _, places in found]).tolist()

    batches = Batches(inputs, targets, 3, seed=0)
    first = order(batches)
    batches.on_epoch_end()
    second = order(batches)
    assert first != second and len(set(second)) == 9
    assert order(Batches(inputs, targets, 3, seed=0, epoch=1)) == second
    assert order(Batches(inputs, targets, 3, seed=1)) != first
    # Few rows make one batch.
    assert len(Batches(inputs, targets, 99, seed=0)) == 1


def test_the_rows_that_watch_a_pre_training_are_not_trained_on(data, tmp_path):
    options = TableOptions(data, "income", tmp_path, **PRETRAINED)
    table = Encoded(load(options))
    trained, watched = (
        collections.Counter(row_hashes(table.rows.schema, inputs))
        for inputs in table.to_pretrain(seed=0)
    )
    assert trained.total() == table.rows.train.rows + 18
    assert watched.total() == table.rows.validation.rows + 2
    held_out = row_hashes(table.rows.schema, table.inputs["test"])
    parts = trained, watched, collections.Counter(held_out)
    rows = encode(table.rows.schema, read_table_file(data))
    whole = collections.Counter(row_hashes(table.rows.schema, rows))
    assert sum(parts, collections.Counter()) == whole


@pytest.mark.slow
@pytest.mark.parametrize("write", [3, 14])  # in the first training, the second
def test_a_training_that_was_killed_continues_as_if_it_was_not(
    write, trained, data, tmp_path
):
    report, output = trained
    kill = KillAtWrite(write, after=True)
    with kill.process():
        pipelines.train_table_model(data, "income", tmp_path, **PRETRAINED)
    assert kill.happened and not (tmp_path / "report.json").exists()
    other = {**PRETRAINED, "learning_rate": 0.1}
    with pytest.raises(ValueError, match="learning_rate=0.1, where it was"):
        pipelines.train_table_model(data, "income", tmp_path, **other)
    again = pipelines.train_table_model(data, "income", tmp_path, **PRETRAINED)
    assert not (tmp_path / ".training").exists()
    histories = [
        [
            {name: row[name] for name in row if name != "seconds"}
            for row in history_of(folder)
        ]
        for folder in (output, tmp_path)
    ]
    assert histories[0] == histories[1]
    assert again.measures == report.measures
    with pytest.raises(ValueError, match="without a finished training"):
        pipelines.train_table_model(data, "income", tmp_path, **PRETRAINED)
