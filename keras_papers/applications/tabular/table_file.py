"""Reads the CSV file of a table, and refuses what would have to be guessed."""

import codecs
import csv
import gzip
import io
import itertools
import os
import zlib

import numpy as np

DELIMITERS = (",", ";", "\t", "|")
NAMES = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "vertical bars",
}
GZIP = b"\x1f\x8b"
SAMPLE = 100  # rows that the delimiter is found from
# The mark at the start of a file says its encoding; that of UTF-16 is also
# the first half of that of UTF-32.
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
OTHER_KINDS = {
    b"PK\x03\x04": "an Excel workbook or a ZIP archive",
    b"PAR1": "a Parquet file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
}


class TableFile(dict):
    """The columns of a CSV file: arrays of texts by the name of the column.

    A `TabularSchema` takes it as it takes a path: a column whose texts are all
    numbers is numeric. In another dict of texts it would be categorical.

    Args:
        columns: Dict of arrays of texts by name.
        delimiter: The character between two values.
        encoding: Name of the encoding.
        lines: Array of the number of each row's line in the file, whose first
            line is 1, or None if they are not known. Messages name rows by it.

    Example:
    >>> table = TableFile({"age": np.array(["30", "40", "50"], "object")})
    >>> table.take(np.array([2, 0]))["age"].tolist()
    ['50', '30']
    """

    def __init__(self, columns, delimiter=",", encoding="utf-8", lines=None):
        super().__init__(columns)
        self.delimiter = delimiter
        self.encoding = encoding
        self.lines = lines

    @property
    def rows(self):
        """Number of rows."""
        return len(next(iter(self.values())))

    def take(self, places):
        """Returns a `TableFile` of some rows.

        Args:
            places: Array of the places of rows, from 0, or of a bool for
                each, or a slice.
        """
        columns = {name: values[places] for name, values in self.items()}
        lines = None if self.lines is None else self.lines[places]
        return TableFile(columns, self.delimiter, self.encoding, lines)


def read_table_file(path):
    """Reads a CSV file, also one that is compressed by gzip.

    The first row has the names of the columns. Blanks around names and values
    are no part of them, and lines without a value are left out. A value in
    quotation marks may contain the delimiter and line breaks.

    The delimiter is that of `,`, `;`, tab and `|` which divides the first rows
    into the same number of values, of two or more. If two do, the file is
    refused; names in quotation marks decide. The encoding is UTF-8,
    UTF-16 or UTF-32 if the file starts with the mark of one of these, and else
    UTF-8.

    Args:
        path: Path of the file.

    Returns:
        A `TableFile`, with the delimiter and the encoding that were found.

    Raises:
        ValueError: If it is no such file, has no rows, or has bytes of another
            encoding, two possible delimiters, a row of another length, a
            column without a name or two of one name, or quotation marks that
            are not closed.

    Example:
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "rows.csv"
    >>> _ = path.write_text("job; age\\nchef; 30\\nnurse; 40\\n")
    >>> table = read_table_file(path)
    >>> table["age"].tolist(), table.delimiter
    (['30', '40'], ';')
    """
    text, encoding = _text(path)
    delimiter = _delimiter(path, text)
    lines = _lines(path, text, delimiter)
    _, names = next(lines)
    _check_column_names(path, names)
    rows, of_rows = [], []
    for line, values in lines:
        if len(values) != len(names):
            if len(values) == 1 and not values[0].strip():
                continue  # a line of blanks
            raise _refused(
                path,
                f"{_counted(len(values), 'value')} in line {line}, where the "
                f"first row names {_counted(len(names), 'column')}",
                "Correct the line, or put a value with a delimiter inside in "
                "quotation marks.",
            )
        rows.append(values)
        of_rows.append(line)
    if not rows:
        raise _refused(
            path,
            f"a first row with {_counted(len(names), 'name')} and no row of "
            "values",
            "Add rows below the names of the columns.",
        )
    columns = {
        name: _stripped(values)
        for name, values in zip(names, zip(*rows, strict=True), strict=True)
    }
    return TableFile(columns, delimiter, encoding, np.array(of_rows))


def _stripped(values):
    """Returns an array of texts without blanks around them.

    Equal texts become one object: most columns have few different ones.
    """
    stripped = {value: value.strip() for value in dict.fromkeys(values)}
    return np.array(list(map(stripped.__getitem__, values)), "object")


def is_path(rows):
    """Returns whether rows are given as the path of a file."""
    return isinstance(rows, str | os.PathLike)


def described(table):
    """Returns a sentence on what was found beside commas and UTF-8, or None."""
    found = []
    if table.delimiter != ",":
        found.append(f"{NAMES[table.delimiter]} between the values")
    if not table.encoding.startswith("utf-8"):
        found.append(f"the encoding {table.encoding.upper()}")
    return f"The file was read with {' and '.join(found)}." if found else None


def _refused(path, received, advice):
    return ValueError(
        "`rows` is a CSV file: the names of the columns, then rows of as many "
        f"values. Received: {received} ({os.fspath(path)!r}). {advice}"
    )


def _counted(number, noun):
    return f"{number} {noun}{'s' * (number != 1)}"


def _text(path):
    """Returns the text of a file and the name of its encoding."""
    if os.path.isdir(path):
        raise _refused(path, "a folder", "Pass the path of a file in it.")
    if not os.path.isfile(path):
        raise _refused(path, "no file", "Check the path.")
    with open(path, "rb") as file:
        data = file.read()
    if data.startswith(GZIP):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise _refused(
                path,
                f"a gzip file that is incomplete or damaged: {error}",
                "Copy or download it again.",
            ) from error
    for start, kind in OTHER_KINDS.items():
        if data.startswith(start):
            raise _refused(
                path, kind, "Read it by pandas and pass the DataFrame."
            )
    encoding = "utf-8"
    for mark, name in MARKS.items():
        if data.startswith(mark):
            encoding = name
            break
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused(
            path,
            f"bytes that are not {encoding.upper()}, such as "
            f"0x{data[error.start]:02x} in line {line}",
            "Save it as UTF-8, or read it by pandas.read_csv with its encoding "
            "and pass the DataFrame.",
        ) from error
    if "\0" in text:
        raise _refused(
            path,
            "zero bytes, as of UTF-16 without the mark at the start or of "
            "binary data",
            "Save it as UTF-8.",
        )
    if not text.strip():
        raise _refused(path, "an empty file", "Check the path.")
    return text, encoding


def _lines(path, text, delimiter):
    """Yields the rows that have a value, each with the number of its line."""
    # A quotation mark opens a value also after a blank: `a, "b, c"`.
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        skipinitialspace=True,
        strict=True,
    )
    line = 1
    try:
        for values in reader:
            if values:
                yield line, values
            line = reader.line_num + 1
    except csv.Error as error:
        raise _refused(
            path,
            f"quotation marks in line {line} that do not enclose a value: "
            f"{error}",
            "Close them, and double those inside of a value.",
        ) from error


def _delimiter(path, text):
    """Returns the character that divides the first rows into equal numbers.

    Where none does, it is the one that divides the first row most, so that the
    row which differs is named.
    """
    best, delimiter, divided = (False, 1), ",", {}
    for candidate in DELIMITERS:
        try:
            sample = [
                len(values)
                for _, values in itertools.islice(
                    _lines(path, text, candidate), SAMPLE
                )
            ]
        except ValueError:
            continue  # quotation marks between other delimiters
        found = (len(set(sample)) == 1, sample[0])
        if sample[0] > 1 and found[0]:
            divided[NAMES[candidate]] = sample[0]
        if sample[0] > 1 and found > best:
            best, delimiter = found, candidate
    if len(divided) > 1:
        counts = " and ".join(
            f"{name} into {number}" for name, number in divided.items()
        )
        raise _refused(
            path,
            f"rows that are divided equally by {counts} values",
            'Put each name of the first row in quotation marks, "name".',
        )
    return delimiter


def _check_column_names(path, names):
    """Strips the names of columns, and raises ValueError if they are no use."""
    names[:] = [name.strip() for name in names]
    nameless = [place for place, name in enumerate(names, 1) if not name]
    if nameless:
        raise _refused(
            path,
            f"no name of column {nameless[0]} in the first row",
            "Name it; pandas leaves it out by to_csv(index=False) if it is the "
            "index.",
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _refused(
            path,
            f"several columns of the name {twice[0]!r}",
            "Rename or remove all but one.",
        )
