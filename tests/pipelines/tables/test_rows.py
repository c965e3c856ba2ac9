"""The rows of a CSV file: divided by class, and recognized again."""

import numpy as np
import pytest

from keras_papers.applications.tabular import TabularSchema
from keras_papers.pipelines.data.split import PARTS, Split
from keras_papers.pipelines.tables.options import TableOptions
from keras_papers.pipelines.tables.rows import (
    encode,
    load,
    missing_counts,
    parts_of_rows,
    row_hashes,
    unseen_values,
)
from tests.support.people import people, write_rows


def loaded(path, rows, target="income", **options):
    """Returns the `Rows` of a CSV file of rows."""
    write_rows(path, rows)
    missing = {"missing_values": ["?"]}
    return load(TableOptions(str(path), target, **(missing | options)))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "people.csv"


def listed(table):
    """Returns the rows of a table as a set of tuples."""
    return set(zip(*(table[name] for name in table), strict=True))


def test_each_class_is_divided_in_the_shares_of_the_paper(path):
    rows = people(400)
    found = loaded(path, rows)
    assert [found.train.rows, found.validation.rows, found.test.rows] == [
        *(260, 60, 80)
    ]
    share = np.mean([row["income"] == ">50K" for row in rows])
    for part in (found.train, found.validation, found.test):
        assert np.mean(part["income"] == ">50K") == pytest.approx(
            share, abs=0.5 / part.rows
        )
    parts = [listed(getattr(found, name)) for name in PARTS]
    assert set.union(*parts) == {tuple(row.values()) for row in rows}
    assert sum(map(len, parts)) == 400
    again = loaded(path, rows, seed=1)
    assert listed(again.test) != parts[2]


def test_levels_and_statistics_are_those_of_the_rows_to_train_on(path):
    rows = people(400)
    for number, row in enumerate(rows):
        row["hours"] = f"{number**0.5:.4f}"
    held_out = loaded(path, rows).test["hours"]
    for row in rows:
        if row["hours"] in held_out:
            row.update(job="pilot", hours="1000")
    found = loaded(path, rows)
    # Of other values the rows are the same, so the division is, too.
    assert set(found.test["job"]) == {"pilot"}
    trained = found.train["hours"].astype(float)
    assert found.schema.numeric["hours"][0] == pytest.approx(trained.mean())
    assert found.schema.categorical["job"] == ("chef", "nurse", "smith")
    assert unseen_values(found.schema, found.test) == {"job": 80}


def test_rows_without_a_target_are_counted_and_pretrained_on(path):
    rows = people(100)
    for row in rows[:30]:
        row["income"] = "?" if row["loan"] == "yes" else ""
    found = loaded(path, rows)
    assert found.without_target == 30 and found.unlabelled is None
    assert "30 rows, left out; --pretrain would train on them" in str(found)
    assert found.train.rows + found.validation.rows + found.test.rows == 70
    found = loaded(path, rows, pretrain="rtd")
    assert found.unlabelled.rows == 30 and "income" not in found.unlabelled
    assert "30 rows, trained on without labels" in str(found)


def test_no_row_that_judges_the_model_is_pretrained_on(path, tmp_path):
    rows = people(100)
    found = loaded(path, rows)
    more = people(20, seed=1)
    for table in (found.validation, found.test):
        more += [
            {name: table[name][place] for name in ("hours", "loan", "job")}
            | {"age": f"{table['age'][place]}.0"}
            for place in range(3)
        ]
    more = [
        {name: row[name] for name in ("hours", "loan", "job", "age")}
        for row in more
    ]
    other = write_rows(tmp_path / "more.csv", more)
    found = loaded(path, rows, pretrain="mlm", unlabelled=str(other))
    assert found.unlabelled.rows == 20 and found.left_out == 6
    assert "20 rows more to pre-train on, without 6" in str(found)


def test_a_pretraining_knows_the_levels_of_rows_without_labels(path, tmp_path):
    rows, more = people(100), people(300, seed=1)
    judged = loaded(path, rows)
    for row in more:
        row.update(job="pilot", hours="1000")
    for name in ("validation", "test"):  # not those of rows that judge
        table = getattr(judged, name)
        seen = {each: table[each][0] for each in table}
        for row in rows:
            if all(row[each] == seen[each] for each in seen):
                row.update(job=f"of {name}", hours="5000")
        more.append({**seen, "job": f"of {name}", "hours": "5000.0"})
    other = str(write_rows(tmp_path / "more.csv", more))
    found = loaded(path, rows, pretrain="mlm", unlabelled=other)
    assert found.left_out == 2 and found.unlabelled.rows == 300
    assert not unseen_values(found.schema, found.unlabelled)
    assert found.schema.categorical["job"] == (
        "chef",
        "nurse",
        "pilot",
        "smith",
    )
    numbers = found.train["hours"].astype(float).tolist() + [1000.0] * 300
    assert found.schema.numeric["hours"] == pytest.approx(
        (np.mean(numbers), np.std(numbers))
    )
    assert found.schema.classes == ("<=50K", ">50K")
    assert "pilot" not in loaded(path, rows).schema.categorical["job"]


def test_texts_of_missing_values_have_no_blanks(path):
    rows = people(100)
    for row in rows[:30]:
        row["income"] = "NA"
    found = loaded(path, rows, missing_values=["?", " NA"])
    assert found.without_target == 30
    assert found.schema.classes == ("<=50K", ">50K")


def test_two_rows_of_the_rarest_class_are_held_out(path):
    """One has no standard error, and none of the differences has one."""
    rows = people(100)
    for row in rows[:5]:
        row["income"] = "none"
    found = loaded(path, rows)
    counts = [
        np.sum(getattr(found, name)["income"] == "none") for name in PARTS
    ]
    assert counts == [2, 1, 2]


def test_an_error_names_the_file_of_the_rows_without_labels(path, tmp_path):
    rows = people(20)
    for row in rows:
        row["Loan"] = row.pop("loan")
    more = str(write_rows(tmp_path / "more.csv", rows))
    with pytest.raises(ValueError, match="no 'loan'") as refused:
        loaded(path, people(100), pretrain="mlm", unlabelled=more)
    assert refused.value.__notes__ == [f"the rows are those of {more}"]


@pytest.mark.parametrize(
    "delimiter, encoding, found",
    [
        ("\t", "utf-8-sig", "tabs between the values."),
        (";", "utf-16", "semicolons .* and the encoding UTF-16."),
    ],
)
def test_the_delimiter_and_the_encoding_are_found(
    delimiter, encoding, found, tmp_path
):
    rows = people(60)
    for row in rows:
        row["job"] = row["job"].replace("chef", "chef, größer")
    path = write_rows(tmp_path / "a.csv", rows, delimiter, encoding)
    with pytest.warns(UserWarning, match=rf"a\.csv: .*{found}"):
        schema = load(TableOptions(str(path), "income")).schema
    assert schema.columns == ["job", "loan", "age", "hours"]
    assert "chef, größer" in schema.categorical["job"]


def test_a_kind_is_that_of_the_whole_file(path):
    """One text among the held-out rows does not fail after the training."""
    rows = people(400)
    (number, *_) = loaded(path, rows).test["hours"]
    for row in rows:
        if row["hours"] == number:
            row["hours"] = "many"
    with pytest.warns(UserWarning, match="'hours' is taken as a categorical"):
        found = loaded(path, rows)
    assert "hours" in found.schema.categorical
    assert encode(found.schema, found.test)["hours"].dtype == "int32"


def test_ignored_columns_are_left_out(path):
    found = loaded(path, people(100), ignored=["hours", "loan"])
    assert found.schema.columns == ["job", "age"]


def test_a_number_is_predicted_or_its_classes(path):
    rows = people(100)
    assert loaded(path, rows, "hours").schema.classes is None
    for row in rows:
        row["age"] = row["age"][0]
    assert loaded(path, rows, "age").schema.classes is None
    schema = loaded(path, rows, "age", task="classification").schema
    assert schema.classes == ("2", "3", "4", "5")


def test_equal_rows_have_equal_hashes():
    schema = TabularSchema.of({"job": ["a", "b"], "age": [1.0, 2.0]})
    inputs = encode(
        schema,
        {
            "age": ["1", "1.0", "1.5", "1", "", ""],
            "job": ["a", " a ", "a", "b", "c", None],
        },
    )
    first, same, *others = row_hashes(schema, inputs)
    assert first == same and len(first) == 16
    # Levels that are not known are missing ones for the model.
    assert len({first, *others}) == 4 and others[2] == others[3]
    targets = np.array([0, 1, 0, 0, 0, 0])
    first, same, *_ = row_hashes(schema, inputs, targets)
    assert first != same


def test_of_equal_rows_as_many_are_seen_as_were_trained_on():
    parts = {"train": ["a", "a"], "validation": ["b"], "test": ["a", "c"]}
    split = Split(None, 0, {}, parts)
    found = parts_of_rows(split, ["a", "b", "c", "d", "a", "a", "a"])
    assert found.tolist() == [
        *("train", "validation", "test", "new", "train", "test", "new")
    ]


def test_unseen_levels_are_counted_and_missing_values_are_not():
    schema = TabularSchema.of(
        {"job": ["a", "b"], "loan": ["y", "n"]}, missing_values=("?",)
    )
    rows = {"job": ["c", "a", "?", "", "d"], "loan": ["y", "n", "y", "y", "n"]}
    assert unseen_values(schema, rows) == {"job": 2}
    assert missing_counts(schema, rows) == {"job": 2}


@pytest.mark.parametrize(
    "change, words",
    [
        ({"number": 19}, "20 at least. Received: 19 rows with a value of"),
        ({"income": ["x"] * 100}, "two values or more.*'income'.*'x'"),
        (
            {"income": ["x"] * 96 + ["y"] * 4},
            "5 at least. Received: target='income' of 2 classes, of which 'y' "
            "has 4 rows.",
        ),
        ({"income": ["a\nb", "c"] * 50}, "classes of one line each"),
        ({"hours": [""] * 100}, "column 'hours', in which all are missing"),
        ({"target": "incme"}, "Did you mean 'income'?"),
        ({"ignored": ["loans"]}, "Did you mean 'loan'?"),
        ({"ignored": ["income"]}, "Name each column once"),
        ({"numeric": ["job"]}, "'job' is numeric and must hold finite"),
        ({"numeric": ["jobs"]}, "Did you mean 'job'?"),
        (
            {"pretrain": "rtd", "ignored": ["job", "loan"]},
            r"pretrain='rtd' for the numeric columns \['age', 'hours'\]",
        ),
        ({"task": "regression"}, "'income' is numeric and must hold finite"),
    ],
)
def test_bad_rows_are_refused(change, words, path):
    rows = people(change.pop("number", 100))
    for name in ("income", "hours"):
        for row, value in zip(rows, change.pop(name, ()), strict=False):
            row[name] = value
    with pytest.raises(ValueError, match=words):
        loaded(path, rows, **change)
