"""TabularSchema: raw values to ids and numbers, and what is refused."""

import keras
import numpy as np
import pandas
import pytest

from keras_papers.applications.tabular import TabularSchema, read_table_file

ROWS = {
    "job": ["chef", " nurse ", "?", None, "pilot"],
    "loan": [True, False, False, True, True],
    "floor": [3, 1, 2, 10, 2],
    "income": [10.0, np.nan, 30.0, 20.0, 20.0],
    "buys": ["no", "yes", "yes", "no", "no"],
}
FRAME = pandas.DataFrame(ROWS)


@pytest.fixture(params=["dict", "frame", "csv"])
def table(request, tmp_path):
    """The same rows in each form that is taken."""
    if request.param == "dict":
        return ROWS
    if request.param == "frame":
        return FRAME
    FRAME.to_csv(tmp_path / "rows.csv", index=False)
    return str(tmp_path / "rows.csv")


def test_columns_are_found_in_every_form_of_table(table):
    schema = TabularSchema.of(table, "buys", missing_values=("?",))
    assert schema.categorical == {
        "job": ("chef", "nurse", "pilot"),
        "loan": ("False", "True"),
    }
    assert schema.numeric["income"] == pytest.approx((20, np.sqrt(50)))
    assert schema.columns == ["job", "loan", "floor", "income"]
    assert schema.classes == ("no", "yes")
    inputs = schema.encode(table)
    assert inputs["job"].tolist() == [0, 1, -1, -1, 2]
    assert inputs["loan"].tolist() == [1, 0, 0, 1, 1]
    assert inputs["income"][1] == 0  # missing: the mean
    assert inputs["floor"].mean() == pytest.approx(0, abs=1e-6)
    assert inputs["floor"].std() == pytest.approx(1)
    assert schema.encode_target(table).tolist() == [0, 1, 1, 0, 0]


def test_numbers_can_be_levels_with_and_without_gaps():
    # pandas makes floats of integers where one is missing.
    schema = TabularSchema.of(ROWS, "buys", categorical=["floor"])
    assert schema.categorical["floor"] == ("1", "2", "3", "10")
    gaps = FRAME.assign(floor=[3, np.nan, 2, 10, "2"])
    assert schema.encode(gaps)["floor"].tolist() == [2, -1, 1, 3, 1]


def test_a_target_of_many_numbers_is_a_regression():
    schema = TabularSchema.of(ROWS, "floor")
    assert schema.classes is None
    targets = schema.encode_target(ROWS)
    assert targets.std() == pytest.approx(1)
    np.testing.assert_allclose(
        schema.decode_target(targets), ROWS["floor"], rtol=1e-6
    )
    classes = TabularSchema.of(ROWS, "floor", task="classification").classes
    assert classes == ("1", "2", "3", "10")


def test_a_schema_is_rebuilt_from_its_config():
    schema = TabularSchema.of(ROWS, "buys", missing_values=("?",))
    again = TabularSchema.from_config(schema.get_config())
    assert again.get_config() == schema.get_config()
    np.testing.assert_array_equal(
        again.encode(ROWS)["job"], schema.encode(ROWS)["job"]
    )


def test_a_column_is_of_the_kind_that_is_named_and_else_of_its_values():
    texts = FRAME.assign(income=["10", "", "30", "20", "20"])
    schema = TabularSchema.of(
        texts, categorical=["floor"], numeric=["income"], ignored=["loan"]
    )
    assert list(schema.categorical) == ["job", "floor", "buys"]
    assert schema.numeric["income"] == pytest.approx((20, np.sqrt(50)))
    again = TabularSchema.from_config(schema.get_config())
    assert again.ignored == ("loan",)
    assert "loan" not in again.encode(texts)  # and no warning of it


@pytest.mark.parametrize(
    "trained, seen",
    [
        ([1, 2, 10], ["1", "10", "2.0"]),
        (["1", "2", "10"], [1.0, 10.0, 2.0]),
        ([1.0, 2.0, 10.0], np.array([1, 10, 2], "uint8")),
        (["1.0", "2.0", "10.0"], ["1", "10", "2"]),
        ([1, 2, 10], pandas.Series([1, 10, 2], dtype="Int64")),
    ],
)
def test_equal_numbers_are_one_level_in_every_form(trained, seen):
    schema = TabularSchema.of({"floor": trained}, categorical=["floor"])
    assert schema.encode({"floor": seen})["floor"].tolist() == [0, 2, 1]


def test_equal_numbers_are_one_level_where_all_forms_are_in_a_column(tmp_path):
    forms = {"a": [1, 1.0, "1", "1.0", "x", 1e3, "1000.0", "01", "-0", 0]}
    schema = TabularSchema.of(forms, categorical=["a"])
    levels = schema.categorical["a"]
    assert set(levels) == {"0", "1", "01", "1000", "x"} and len(levels) == 5
    expected = [*["1"] * 4, "x", "1000", "1000", "01", "0", "0"]
    assert [levels[place] for place in schema.encode(forms)["a"]] == expected
    path = csv(tmp_path, "age,y\n1,0\n2,1\n3,0.0\n4,1.0\n")
    schema = TabularSchema.of(path, "y")
    assert schema.classes == ("0", "1")
    assert schema.encode_target(path).tolist() == [0, 1, 0, 1]


def test_codes_whose_floats_are_equal_stay_levels():
    codes = ["12345678901234567890", "12345678901234567891"]
    schema = TabularSchema.of({"a": codes}, categorical=["a"])
    assert schema.categorical["a"] == tuple(codes)
    with pytest.warns(UserWarning, match="1 of 2 values"):
        found = schema.encode({"a": [codes[0], "12345678901234567892"]})
    assert found["a"].tolist() == [0, -1]


def test_numbers_of_32_bits_are_the_levels_of_their_digits():
    floats = np.array([0.1, 2.5], "float32")
    schema = TabularSchema.of({"a": floats}, categorical=["a"])
    assert schema.categorical["a"] == ("0.1", "2.5")
    assert schema.encode({"a": ["2.5", "0.10"]})["a"].tolist() == [1, 0]


def test_a_bool_is_not_the_number_that_python_counts_it_as():
    schema = TabularSchema.of({"a": [True, 1, "True", 1.0]})
    assert schema.categorical["a"] == ("1", "True")
    assert schema.encode({"a": [1, True]})["a"].tolist() == [0, 1]


def test_missing_values_of_pandas_and_numpy_are_all_missing():
    gaps = [None, np.nan, pandas.NA, pandas.NaT, "", " ", "a", np.str_("")]
    schema = TabularSchema.of(
        {"a": gaps, "b": ["-", " - ", *"xyzxyz"]}, missing_values=["-"]
    )
    rows = {"a": gaps, "b": [*"xyz-", " -", *"xyz"]}
    assert schema.encode(rows)["a"].tolist() == [-1] * 6 + [0, -1]
    missing = schema.missing(rows)
    assert missing["a"].tolist() == [True] * 6 + [False, True]
    assert np.flatnonzero(missing["b"]).tolist() == [3, 4]


def csv(folder, text):
    path = folder / "rows.csv"
    path.write_text(text)
    return path


def test_a_marker_of_missing_values_leaves_a_column_numeric(tmp_path):
    path = csv(tmp_path, "age,job\n30,a\n?,b\n40,a\n")
    schema = TabularSchema.of(path, missing_values=("?",))
    assert schema.numeric == {"age": (35.0, 5.0)}
    assert schema.encode(path)["age"].tolist() == [-1, 0, 1]


def test_a_few_values_that_are_no_numbers_are_reported(tmp_path):
    path = csv(tmp_path, "age,job\n30,a\nunknown,b\n40,a\n")
    with pytest.warns(
        UserWarning, match="'age' is taken as a categ.*'unknown'"
    ):
        assert "age" in TabularSchema.of(path).categorical


def test_codes_of_digits_stay_levels_in_every_file(tmp_path):
    schema = TabularSchema.of(csv(tmp_path, "zip\n01234\n05555\n"))
    assert schema.categorical == {"zip": ("01234", "05555")}
    mixed = TabularSchema.of(csv(tmp_path, "zip\nA1\n1234\n5555\nB2\n"))
    digits_alone = csv(tmp_path, "zip\n5555\n1234\n")
    assert mixed.encode(digits_alone)["zip"].tolist() == [1, 0]


def test_unseen_levels_are_counted_and_taken_as_missing():
    schema = TabularSchema.of(ROWS, "buys")
    rows = {**ROWS, "job": ["chef", "king", None, "king", "pilot"]}
    with pytest.warns(UserWarning, match="2 of 5 values of 'job'.*'king'"):
        found = schema.encode(rows)["job"]
    assert found.tolist() == [1, -1, -1, -1, 3]
    unseen = schema.unseen(rows)
    assert np.flatnonzero(unseen["job"]).tolist() == [1, 3]
    assert list(unseen) == ["job", "loan"] and not unseen["loan"].any()


def test_the_order_of_columns_and_blanks_around_names_change_no_input():
    schema = TabularSchema.of(ROWS, " buys")
    rows = {f" {name} ": ROWS[name] for name in reversed(ROWS)}
    for name, values in schema.encode(ROWS).items():
        np.testing.assert_array_equal(schema.encode(rows)[name], values)


def test_columns_that_the_schema_does_not_have_are_named():
    schema = TabularSchema.of(ROWS, "buys")
    rows = {**ROWS, "day": [1] * 5}
    with pytest.warns(UserWarning, match="'day' in the rows: .* not read"):
        found = schema.encode(rows)
    assert list(found) == schema.columns


def test_a_column_without_values_is_named_if_rows_are_several():
    schema = TabularSchema.of(ROWS, "buys")
    few = {name: values[:1] for name, values in ROWS.items()}
    schema.encode({**few, "job": [None]})
    with pytest.warns(UserWarning, match="All 5 values of 'job' are missing"):
        assert set(schema.encode({**ROWS, "job": [None] * 5})["job"]) == {-1}
    with pytest.warns(UserWarning, match="All 5 values of 'floor'"):
        schema.encode({**ROWS, "floor": [None] * 5})


@pytest.mark.parametrize(
    "change, named",
    [
        ({"income": [1, 2, "many", 4, 5]}, "'many' in row 3 "),
        ({"income": [1, 2, np.inf, 4, 5]}, "inf in row 3 "),
        ({"income": [1, 2, "nan", 4, 5]}, "'nan' in row 3 "),
        ({"income": [1, 2, "1_000", 4, 5]}, "'1_000' in row 3 "),
        ({"income": [1, 2, 10**400, 4, 5]}, "10+ in row 3 "),
        ({"income": [1, 2, 1e300, 4, 5]}, "1e\\+300 in row 3 "),
        ({"income": [1, 2]}, "'income': 2"),
        ({"income": [[1]] * 5}, r"'income' of the shape \(5, 1\)"),
        ({"income": 7}, r"'income' of the shape \(\)"),
        ({"job": [{"a": 1}] * 5}, "unhashable .* in row 1 "),
        ({"job": ["a", "b", ["c"], "d", "e"]}, "unhashable .* in row 3 "),
        ({" income": [1] * 5}, "several columns of the name 'income'"),
        ({3: [1] * 5}, "a column of the name 3"),
        ({"income": [pandas.Timestamp(0)] * 5}, "the date or time 1970"),
        ({"job": [b"\xff"] * 5}, "bytes that are not UTF-8 in row 1 "),
    ],
)
def test_values_that_are_no_numbers_are_named(change, named):
    schema = TabularSchema.of(ROWS, "buys")
    with pytest.raises(ValueError, match=f"Received: .*{named}"):
        schema.encode({**ROWS, **change})


def test_rows_of_a_file_are_named_by_their_line(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('job,age,buys\n"chef\nde cuisine",30,no\n\nnurse,40,yes\n')
    schema = TabularSchema.of(path, "buys", categorical=["job"])
    for changed, message in (
        ("nurse,old,yes", "'old' in line 5"),
        ("nurse,40,maybe", "'maybe' in line 5"),
        ("nurse,40,", "the first in line 5"),
    ):
        path.write_text(path.read_text().replace("nurse,40,yes", changed))
        table = read_table_file(path)
        for rows in (path, table, table.take(np.array([1]))):
            with pytest.raises(ValueError, match=message):
                schema.encode(rows)
                schema.encode_target(rows)
        path.write_text(path.read_text().replace(changed, "nurse,40,yes"))


@pytest.mark.parametrize(
    "rows", [keras.utils.PyDataset(), [1, 2], iter([ROWS])]
)
def test_batches_and_lists_are_no_table(rows):
    with pytest.raises(ValueError, match="`fit` makes the batches"):
        TabularSchema.of(rows)


def test_a_renamed_column_is_named_with_the_nearest():
    schema = TabularSchema.of(ROWS, "buys")
    rows = {"jobs" if name == "job" else name: ROWS[name] for name in ROWS}
    with pytest.raises(
        ValueError, match=r"Received: no 'job' \(did you rename 'jobs'\?\)"
    ):
        schema.encode(rows)
    del rows["jobs"]
    with pytest.raises(ValueError, match="Received: no 'job', but 'loan', "):
        schema.encode(rows)


@pytest.mark.parametrize(
    "column, said",
    [
        ([f"row {row}" for row in range(60)], "60 different values in 60 rows"),
        (range(100, 160), "'a' counts the rows"),
        (["1"] * 40 + ["many"] * 20, "20 of 60 values are no numbers"),
        (["1,5", "2"] * 30, "decimal commas \\('1,5'\\)"),
    ],
)
def test_columns_that_may_be_taken_wrong_are_named(column, said):
    with pytest.warns(UserWarning, match=said):
        TabularSchema.of({"a": list(column)})


def test_ordinary_columns_give_no_warning():
    generator = np.random.default_rng(0)
    rows = {
        "age": generator.integers(90, size=60),
        "height": generator.normal(size=60),
        "job": generator.choice(["chef", "nurse"], 60),
        "city": [f"city {row // 2}" for row in range(60)],
    }
    schema = TabularSchema.of(rows)
    assert list(schema.numeric) == ["age", "height"]


@pytest.mark.parametrize(
    "rows, arguments, named",
    [
        ({"a": [None, None], "b": [1, 2]}, {}, "the column 'a', in which all"),
        ({"b": [1, 1], "a": [1, 2]}, {"target": "b"}, r"target='b' .* \['1'\]"),
        ({"b": [1, 2]}, {"target": "b"}, r"the columns \['b'\]"),
        ({"b": [1, 2]}, {"target": "c"}, "target='c'"),
        ({"b": []}, {}, "columns of the lengths {'b': 0}"),
        ({"b": [1, 2]}, {"categorical": ["c"]}, "categorical='c'"),
        (ROWS, {"target": "buys", "categorical": ["buys"]}, r"\['buys'\] in"),
        (
            ROWS,
            {"numeric": ["floor"], "categorical": ["floor"]},
            r"\['floor'\]",
        ),
        (
            ROWS,
            {"ignored": ["floors"]},
            "ignored='floors'. Did you mean 'floor'",
        ),
        (ROWS, {"ignored": "floor"}, r"ignored='floor'. Try \['floor'\]"),
        (ROWS, {"numeric": ["job"]}, "'chef' in row 1 "),
        ({"b": ["x"], "a": [1]}, {"ignored": ["b", "a"]}, r"the columns \["),
    ],
)
def test_tables_of_no_use_are_refused(rows, arguments, named):
    with pytest.raises(ValueError, match=f"Received: {named}"):
        TabularSchema.of(rows, **arguments)


@pytest.mark.parametrize(
    "values, named",
    [
        (["no", None, "yes", "no", "no"], "1 of 5 values of 'buys'"),
        (["no", "maybe", "yes", "no", "no"], ".maybe. in row 2 "),
    ],
)
def test_targets_that_are_unknown_are_refused(values, named):
    schema = TabularSchema.of(ROWS, "buys")
    with pytest.raises(ValueError, match=f"Received: {named}"):
        schema.encode_target({**ROWS, "buys": values})


def test_missing_values_are_found_and_unseen_levels_are_not_among_them(table):
    schema = TabularSchema.of(table, "buys", missing_values=("?",))
    found = schema.missing({**ROWS, "job": ["cook", "?", "", None, "pilot"]})
    assert list(found) == schema.columns
    assert found["job"].tolist() == [False, True, True, True, False]
    assert found["income"].tolist() == [False, True, False, False, False]
    assert not found["loan"].any() and not found["floor"].any()
