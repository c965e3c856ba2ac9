"""CSV files: delimiters, encodings and quotation marks, and what is refused."""

import csv
import gzip

import numpy as np
import pandas
import pytest

from keras_papers.applications.tabular import TableFile, read_table_file
from keras_papers.applications.tabular.table_file import described

COLUMNS = {"job": ["chef", "nurse, night"], "age": ["30", ""]}
TEXT = 'job,age\nchef,30\n"nurse, night",\n'


def written(folder, data, name="rows.csv"):
    path = folder / name
    if isinstance(data, str):
        data = data.encode()
    path.write_bytes(data)
    return path


def as_lists(table):
    return {name: values.tolist() for name, values in table.items()}


@pytest.mark.parametrize(
    "data",
    [
        TEXT,
        TEXT.replace("\n", "\r\n"),
        "\ufeff" + TEXT,
        TEXT.encode("utf-16"),
        TEXT.encode("utf-32"),
        gzip.compress(TEXT.encode(), mtime=0),
        ' job , age\n chef,30 \n\n  \n "nurse, night", \n',
        'job;age\nchef;30\n"nurse, night";\n',
        "job\tage\nchef\t30\nnurse, night\t\n",
        "job|age\nchef|30\nnurse, night|\n",
    ],
    ids=[
        *("plain", "crlf", "mark", "utf-16", "utf-32", "gzip", "blanks"),
        *("semicolons", "tabs", "bars"),
    ],
)
def test_one_table_is_read_from_every_form_of_file(data, tmp_path):
    assert as_lists(read_table_file(written(tmp_path, data))) == COLUMNS


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_texts_of_every_kind_are_read_as_python_and_pandas_wrote_them(
    delimiter, tmp_path
):
    signs = [*'ab",;|', "\t", "\n", "\u2028", "'", "\xe9"]
    generator = np.random.default_rng(0)
    frame = pandas.DataFrame(
        {
            name: ["x" + "".join(generator.choice(signs, 6)) + "x"] * 40
            for name in ("first", "second", "third")
        }
    )
    path = tmp_path / "rows.csv"
    frame.to_csv(path, index=False, sep=delimiter)
    table = read_table_file(path)
    assert table.delimiter == delimiter
    assert as_lists(table) == frame.to_dict("list")
    with open(path, newline="") as file:
        (_, *rows) = csv.reader(file, delimiter=delimiter)
    assert list(map(list, zip(*table.values(), strict=True))) == rows


def test_what_is_no_comma_and_no_utf_8_is_described(tmp_path):
    table = read_table_file(written(tmp_path, "a;b\n1,5;2\n".encode("utf-16")))
    assert as_lists(table) == {"a": ["1,5"], "b": ["2"]}
    assert described(table) == (
        "The file was read with semicolons between the values and the encoding "
        "UTF-16."
    )
    assert described(read_table_file(written(tmp_path, TEXT))) is None


def test_names_in_quotation_marks_decide_between_two_delimiters(tmp_path):
    values = "1,5;2,5\n2,5;3,5\n"
    with pytest.raises(ValueError, match="Received: rows that are divided") as (
        refused
    ):
        read_table_file(written(tmp_path, f"x,m;y,m\n{values}"))
    assert "commas into 3 and semicolons into 2 values" in str(refused.value)
    assert '"name"' in str(refused.value)
    table = read_table_file(written(tmp_path, f'"x,m";"y,m"\n{values}'))
    assert as_lists(table) == {"x,m": ["1,5", "2,5"], "y,m": ["2,5", "3,5"]}
    table = read_table_file(written(tmp_path, f'"x","m;y","m 2"\n{values}'))
    assert as_lists(table)["m;y"] == ["5;2", "5;3"]


def test_a_single_column_has_no_delimiter(tmp_path):
    table = read_table_file(written(tmp_path, 'zip\n01234\n""\n05555\n'))
    assert as_lists(table) == {"zip": ["01234", "", "05555"]}


def test_rows_are_taken_by_their_places_and_by_a_mask():
    table = TableFile({"a": np.array(["1", "2", "3"], "object")}, ";")
    assert table.rows == 3
    assert as_lists(table.take(np.array([2, 0]))) == {"a": ["3", "1"]}
    assert as_lists(table.take(np.array([False, True, False]))) == {"a": ["2"]}
    assert table.take(np.array([0])).delimiter == ";"


@pytest.mark.parametrize(
    "data, received, advice",
    [
        ("", "an empty file", "Check the path"),
        (" \n\n", "an empty file", "Check the path"),
        ("job,age\n", "a first row with 2 names and no row", "Add rows"),
        (
            "a,b\n1,2\n1,2,3\n",
            "3 values in line 3, where the first row names 2 columns",
            "Correct the line",
        ),
        ("a,b\n1\n", "1 value in line 2", "Correct the line"),
        (
            'a,b\n"1\n\n",2\n1,2,3\n',
            "3 values in line 5",
            "Correct the line",
        ),
        ("a,b, a\n1,2,3\n", "several columns of the name 'a'", "Rename"),
        (",b\n1,2\n", "no name of column 1", "index=False"),
        ("a, \n1,2\n", "no name of column 2", "Name it"),
        ('a,b\n1,2\n"1,2\n', "quotation marks in line 3", "Close them"),
        ('a,b\n"1"x,2\n', "quotation marks in line 2", "Close them"),
        (
            "a,b\n1,2\ncaf\xe9,2\n".encode("latin-1"),
            "bytes that are not UTF-8, such as 0xe9 in line 3",
            "Save it as UTF-8",
        ),
        ("a,b\n1,2\n".encode("utf-16-le"), "zero bytes", "Save it as UTF-8"),
        (
            gzip.compress(TEXT.encode(), mtime=0)[:-9],
            "a gzip file that is incomplete",
            "Copy",
        ),
        (b"PK\x03\x04...", "an Excel workbook or a ZIP", "pass the DataFrame"),
        (b"PAR1...", "a Parquet file", "pass the DataFrame"),
    ],
)
def test_files_that_are_no_table_are_refused(data, received, advice, tmp_path):
    path = written(tmp_path, data)
    with pytest.raises(ValueError) as raised:
        read_table_file(path)
    message = str(raised.value)
    assert message.startswith("`rows` is a CSV file: ")
    assert f"Received: {received}" in message
    assert f"({str(path)!r}). " in message
    assert advice in message.partition("Received: ")[2]


def test_a_folder_and_a_path_without_a_file_are_refused(tmp_path):
    with pytest.raises(ValueError, match="Received: a folder .* in it"):
        read_table_file(tmp_path)
    with pytest.raises(ValueError, match="Received: no file .*Check the path"):
        read_table_file(str(tmp_path / "rows.csv"))
