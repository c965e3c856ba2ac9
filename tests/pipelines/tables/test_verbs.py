"""The verbs below `table`: what they print, JSON, files, sentences."""

import json
import pathlib
import re
import shlex
import shutil

import keras
import numpy as np
import pytest

import keras_papers.cli.main as cli
from keras_papers import pipelines
from keras_papers.applications.tabular import (
    TabTransformer,
    TabularModel,
    TabularSchema,
    read_table_file,
)
from keras_papers.cli.from_options import given_options
from keras_papers.export import metadata, to_tflite
from keras_papers.pipelines.tables.options import TableOptions
from keras_papers.pipelines.tables.rows import encode, row_hashes
from tests.support.people import COLUMNS, people, write_rows
from tests.support.short_trainings import quick_steps as quick_steps
from tests.support.short_trainings import untraced

pytestmark = pytest.mark.tensorflow
QUICK = (
    *("--target", "income", "--missing-values", "?", "--num-layers", "1"),
    *("--epochs", "1", "--batch-size", "64"),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with `people.csv` and a training of it in `out`."""
    home = tmp_path_factory.mktemp("home")
    write_rows(home / "people.csv", people(200))
    with pytest.MonkeyPatch.context() as patch, untraced():
        patch.chdir(home)
        arguments = ["table", "train", "people.csv", *QUICK, "--output", "out"]
        assert cli.main(arguments) == 0
    return home


@pytest.fixture(autouse=True)
def at_home(home, monkeypatch):
    monkeypatch.chdir(home)


def run(capsys, *arguments, status=0):
    """Runs a verb below `table`; returns what it printed and its errors."""
    assert cli.main(["table", *map(str, arguments)]) == status
    return capsys.readouterr()


def fails(capsys, *arguments):
    """Runs a verb that must end with one line of error; returns it."""
    (line,) = run(capsys, *arguments, status=2).err.strip().splitlines()
    assert line.startswith("keras-papers: ")
    return line


def test_predictions_of_both_files_are_those_of_the_model(capsys, tmp_path):
    for file in ("model.keras", "model.tflite"):
        printed = run(
            capsys,
            *("predict", f"out/{file}", "people.csv"),
            *("--output", tmp_path / f"{file}.csv"),
        ).out.splitlines()
        assert printed[0].split("  ")[:2] == ["row", "income"]
        assert printed[-2].startswith("missing values: job 20")
        assert re.fullmatch(
            rf"200 rows by out/{file}: \S+{file}.csv, [\d.]+ s", printed[-1]
        )
    tables = [
        read_table_file(tmp_path / f"{file}.csv")
        for file in ("model.keras", "model.tflite")
    ]
    assert [*tables[0]] == [
        *("income", "probability of <=50K", "probability of >50K")
    ]
    assert tables[0]["income"].tolist() == tables[1]["income"].tolist()
    first, second = (
        table["probability of >50K"].astype(float) for table in tables
    )
    np.testing.assert_allclose(first, second, atol=1e-5)
    assert ((first > 0.5) == (tables[0]["income"] == ">50K")).all()
    model = keras.saving.load_model("out/model.keras")
    shares = model.predict("people.csv", verbose=0)[:, 0]
    np.testing.assert_allclose(first, shares, atol=1e-5)
    assert np.ptp(shares) > 0.01


@pytest.mark.filterwarnings("always")
def test_unseen_levels_are_counted_and_columns_found_by_name(capsys, tmp_path):
    rows = [{**row, "more": "x"} for row in people(20)]
    for row in rows[:3]:
        row["job"] = "pilot"
    for row in rows:
        del row["income"]
    backwards = [dict(reversed(row.items())) for row in rows]
    path = write_rows(tmp_path / "new.csv", backwards, ";")
    printed = run(capsys, "predict", "out/model.tflite", path, "--json")
    assert "semicolons between the values" in printed.err
    found = json.loads(printed.out)
    assert found["unseen"] == {"job": 3} and found["missing"] == {"job": 2}
    assert len(found["predictions"]) == 20 and found["output"] is None
    shares = np.array(found["probabilities"])
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    printed = run(capsys, "predict", "out/model.keras", path)
    for words in ("3 of 20 values of 'job' are levels", "('pilot')", "'more'"):
        assert printed.err.count(words) == 1
    assert "... 10 rows more" in printed.out


def test_info_of_both_files_describes_the_table():
    report = json.loads(pathlib.Path("out/report.json").read_text())
    found, of_tflite = (
        pipelines.info(f"out/model.{kind}") for kind in ("keras", "tflite")
    )
    assert found.parameters == report["parameters"]
    assert found.rows == {"train": 130, "validation": 30, "test": 40}
    assert found.table == of_tflite.table and found.rows == of_tflite.rows
    assert found.table["categorical"]["loan"] == ["no", "yes"]
    for text in (str(found), str(of_tflite)):
        assert "predicts       income, 2 classes: <=50K, >50K" in text
        assert re.search(r"categorical +2: job \(\d\), loan \(2\)\n", text)
        assert re.search(r"numeric +2: age, hours\nmissing +\?\n", text)
        assert "130 to train on, 30 to watch, 40 held out" in text
        assert "pixels" not in text
    assert "in convolutions and dense layers" in str(of_tflite)


def test_the_rows_that_it_was_trained_on_do_not_judge_it(capsys, tmp_path):
    report = json.loads(pathlib.Path("out/report.json").read_text())
    printed = run(capsys, "evaluate", "out/model.tflite", "people.csv").out
    assert printed.splitlines()[0] == (
        "rows                40, without 130 that it was trained on and 30 "
        "that it was watched by"
    )
    printed = run(capsys, "evaluate", "out/model.keras", "people.csv", "--json")
    found = json.loads(printed.out)
    assert found["rows"] == 40 == found["seen"]["held_out"]
    for name, value in report["measures"].items():
        assert found["measures"][name] == pytest.approx(value, abs=1e-5)
    # Two new rows in other columns and numbers, and those that it was given.
    new = people(2, seed=1)
    rows = [*people(200), *new, {**new[0], "income": ""}]
    rows = [dict(reversed(row.items())) for row in rows]
    for row in rows:
        row["age"] += ".0"
    path = write_rows(tmp_path / "more.csv", rows)
    found = json.loads(
        run(capsys, "evaluate", "out/model.keras", path, "--json").out
    )
    assert found["rows"] == 42 and found["without_target"] == 1
    assert found["seen"] == {
        **{"held_out": 40, "new": 2, "trained_on": 130, "watched": 30}
    }


@pytest.mark.filterwarnings("always")
def test_it_is_said_if_all_rows_were_trained_on_or_it_is_not_known(
    capsys, tmp_path
):
    split = json.loads(pathlib.Path("out/split.json").read_text())
    assert len(split["train"]) == 130
    shutil.copy("out/model.tflite", tmp_path / "model.tflite")
    printed = run(capsys, "evaluate", tmp_path / "model.tflite", "people.csv")
    assert "it is not known whether it was trained on these rows" in printed.err
    assert printed.out.startswith("rows                200\n")
    found = json.loads(
        run(capsys, "evaluate", "out/model.tflite", "people.csv", "--json").out
    )
    assert found["seen"]["trained_on"] == 130
    trained = trained_rows(people(200), split)
    path = write_rows(tmp_path / "trained.csv", trained)
    printed = run(capsys, "evaluate", "out/model.tflite", path)
    assert "was trained on all of these rows" in printed.err
    assert printed.out.splitlines()[0].endswith(
        "130 that it was trained on or chosen by"
    )


def trained_rows(rows, split):
    """Returns the rows whose hashes a split lists in its training part."""
    model = keras.saving.load_model("out/model.keras")
    columns = {name: [row[name] for row in rows] for name in COLUMNS}
    inputs = encode(model.schema, columns)
    targets = model.schema.encode_target(columns)
    hashes = row_hashes(model.schema, inputs, targets)
    pairs = zip(rows, hashes, strict=True)
    return [row for row, digest in pairs if digest in split["train"]]


@pytest.mark.filterwarnings("ignore:no split.json beside")
@pytest.mark.filterwarnings("ignore:.*in several partitions")
@pytest.mark.parametrize("target", ["age", "job"])
def test_numbers_and_several_classes_are_predicted(target, capsys, tmp_path):
    """By a model that is not trained."""
    rows = {name: [row[name] for row in people(60)] for name in COLUMNS}
    for name in ("age", "hours"):
        rows[name] = [float(value) for value in rows[name]]
    schema = TabularSchema.of(rows, target)
    classes = 1 if schema.classes is None else len(schema.classes)
    network = TabTransformer(
        schema.cardinalities,
        list(schema.numeric),
        classes,
        None if classes == 1 else "softmax",
        num_layers=1,
    )
    model = TabularModel(schema, network)
    model.save(tmp_path / "model.keras")
    to_tflite(model, tmp_path / "model.tflite", images=schema.encode(rows))
    expected = model.predict(rows, verbose=0)
    for file in ("model.keras", "model.tflite"):
        path = tmp_path / file
        found = json.loads(
            run(capsys, "predict", path, "people.csv", "--json").out
        )
        if classes == 1:
            assert found["probabilities"] is None
            outputs = np.array(found["predictions"])[:60, None]
        else:
            outputs = np.array(found["probabilities"])[:60]
            assert set(found["predictions"]) <= set(schema.classes)
        np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-4)
        found = run(capsys, "evaluate", path, "people.csv", "--json").out
        measures = json.loads(found)["measures"]
        assert measures["rows"] == 200
        assert (measures["rmse"] is None) == (classes > 1)


@pytest.mark.filterwarnings("error:When providing")
@pytest.mark.filterwarnings("ignore:.*in several partitions")
def test_columns_have_the_names_that_layers_cannot_have(capsys, tmp_path):
    """By a model that is not trained."""
    names = {"job": "job/class", "age": "numbers", "hours": "job%2Fclass"}
    rows = [{names.get(k, k): row[k] for k in row} for row in people(40)]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    path = write_rows(tmp_path / "rows.csv", rows)
    schema = TabularSchema.of(path, "income")
    network = TabTransformer(schema.cardinalities, schema.numeric, num_layers=1)
    model = TabularModel(schema, network)
    model.save(tmp_path / "model.keras")
    to_tflite(model, tmp_path / "model.tflite", images=schema.encode(path))
    expected = model.predict(path, verbose=0)[:, 0]
    assert np.ptp(expected) > 0.01
    for file in ("model.keras", "model.tflite"):
        found = run(capsys, "predict", tmp_path / file, path, "--json").out
        shares = np.array(json.loads(found)["probabilities"])[:, 1]
        np.testing.assert_allclose(shares, expected, atol=1e-5)
    taken = metadata.read(tmp_path / "model.tflite").table
    assert set(columns) == {*taken["categorical"], *taken["numeric"], "income"}


BAD_FILES = {
    "latin.csv": ("job,income\ncafé,a\n".encode("latin-1"), "not UTF-8"),
    "utf16.csv": ("job,income\na,b\n".encode("utf-16-le"), "UTF-16"),
    "header.csv": (b"job,loan,age,hours,income\n", "no row of values"),
    "empty.csv": (b"", "an empty file"),
    "ragged.csv": (b"job,income\na,b\na,b,c\n", "3 values in line 3"),
    "twice.csv": (b"job,job,income\na,b,c\n", "of the name 'job'"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_one_sentence(name, capsys, tmp_path):
    content, words = BAD_FILES[name]
    (tmp_path / name).write_bytes(content)
    train = ("train", tmp_path / name, *QUICK, "--output", tmp_path / "new")
    assert words in fails(capsys, *train)
    assert not (tmp_path / "new").exists()
    assert words in fails(
        capsys, "predict", "out/model.tflite", tmp_path / name
    )


def changed(tmp_path, change, name="changed.csv"):
    """Writes people whose rows a function changes; returns the path."""
    rows = people(30)
    for row in rows:
        change(row)
    return write_rows(tmp_path / name, rows)


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda row: row.pop("loan"), "'loan'"),
        (lambda row: row.update(Loan=row.pop("loan")), "rename 'Loan'?"),
        (lambda row: row.update(age="old"), "'age' is numeric"),
        (lambda row: row.update(age="inf"), "'age' is numeric"),
    ],
)
def test_other_columns_at_prediction_are_one_sentence(
    change, words, capsys, tmp_path
):
    path = changed(tmp_path, change)
    assert words in fails(capsys, "predict", "out/model.tflite", path)


@pytest.mark.filterwarnings("always")
def test_a_column_without_values_is_named(capsys, tmp_path):
    path = changed(tmp_path, lambda row: row.update(hours="", loan="?"))
    printed = run(capsys, "predict", "out/model.tflite", path)
    assert all(f"{name!r}" in printed.err for name in ("hours", "loan"))
    assert "missing values: job 3, loan 30, hours 30" in printed.out


def test_wrong_arguments_are_one_sentence(capsys, tmp_path):
    image = tmp_path / "image.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(image)
    other = tmp_path / "other.tflite"
    to_tflite(keras.saving.load_model(image), other, runs=1)
    damaged = tmp_path / "damaged.keras"
    damaged.write_bytes(b"x" * 99)
    unknown, without, missing = (
        changed(tmp_path, change, f"{number}.csv")
        for number, change in enumerate(
            (
                lambda row: row.update(income="<= 50K"),
                lambda row: row.pop("income"),
                lambda row: row.update(income="?"),
            )
        )
    )
    for arguments, words in (
        (("train", "no.csv", *QUICK), "data='no.csv', which is no file"),
        (("train", "out", *QUICK), "data='out', which is a folder"),
        (("train", "people.csv", *QUICK, "--output", "out"), "finished"),
        (
            ("train", "people.csv", "--target", "incme", "--output", "new"),
            "Did you mean 'income'?",
        ),
        (
            ("train", "people.csv", *QUICK, "--unlabelled", "people.csv"),
            "'people.csv' without pretrain. Pass `pretrain` (--pretrain) too",
        ),
        (
            ("train", "people.csv", *QUICK, "--pretrain-epochs", 9),
            "pretrain_epochs=9 without pretrain",
        ),
        (("train", "people.csv", *QUICK, "--patience", 0), "patience=0"),
        (("predict", "no.keras", "people.csv"), "which is no file"),
        (("predict", "people.csv", "people.csv"), "which is of another kind"),
        (("predict", image, "people.csv"), "it holds a Sequential"),
        (("predict", other, "people.csv"), "it has no schema of a table"),
        (("predict", damaged, "people.csv"), "a model of the rows of a table"),
        (
            ("predict", "out/model.keras", "people.csv")
            + ("--output", "people.csv"),
            "`output` is a file of its own",
        ),
        (("evaluate", "out/model.tflite", unknown), "Did you mean '<=50K'?"),
        (("evaluate", "out/model.tflite", without), "no 'income', but"),
        (("evaluate", "out/model.tflite", missing), "no value of 'income'"),
    ):
        assert words in fails(capsys, *arguments), arguments


def test_lists_of_the_command_line_are_parsed_back():
    options = TableOptions(
        "a.csv",
        "-income",
        ignored=["id", "name of it"],
        missing_values=["-99", "?"],
        numeric=["age"],
    )
    command = options.command("table train")
    assert command.endswith(
        "--target=-income --numeric age --ignored 'id,name of it' "
        "'--missing-values=-99,?'"
    )
    parsed = cli._parser().parse_args(shlex.split(command)[1:])
    assert TableOptions(**given_options(parsed)) == options
