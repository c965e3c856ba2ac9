"""The rows of a CSV file: read, divided, and recognized again by their hash."""

import collections
import contextlib
import hashlib
import os
import warnings
from typing import NamedTuple

import numpy as np

from keras_papers.applications.tabular import TabularSchema
from keras_papers.applications.tabular.table_file import (
    TableFile,
    described,
    read_table_file,
)
from keras_papers.checks import check_choice
from keras_papers.pipelines.data.split import NEW, PARTS
from keras_papers.pipelines.models.table_lines import (
    NAMED,
    column_lines,
    target_text,
)
from keras_papers.pipelines.report.labelled_lines import labelled
from keras_papers.pipelines.report.page_text import divided, plural
from keras_papers.tasks import CLASSIFICATION, REGRESSION

# Shares of the paper; what is left is trained on.
VALIDATION, TEST = 0.15, 0.20
FEWEST = 20  # rows with a target
FEWEST_OF_CLASS = 5
FEWEST_HELD_OUT = 2  # of a class: one has no standard error of the AUC


class Rows(NamedTuple):
    """The rows of a training, divided."""

    schema: TabularSchema  # of the rows to train and to pre-train on
    train: TableFile
    validation: TableFile  # watched in training, to choose the weights by
    test: TableFile  # held out from both
    unlabelled: TableFile | None  # the pre-training has these, too
    without_target: int  # rows of the file
    left_out: int  # rows without labels that are held out or watched, too

    def __str__(self):
        """Describes a training before it starts, as lines."""
        table = self.schema.get_config()
        parts = (self.train, self.validation, self.test)
        rows = [
            ("predicts", target_text(table, self._shares())),
            *column_lines(table),
            ("rows", divided(*(part.rows for part in parts))),
        ]
        if self.without_target:
            use = (
                "trained on without labels"
                if self.unlabelled
                else "left out; --pretrain would train on them"
            )
            rows.append(
                (
                    "without target",
                    f"{plural(self.without_target, 'row')}, {use}",
                )
            )
        if self.unlabelled:
            text = f"{plural(self.unlabelled.rows, 'row')} more to pre-train on"
            if self.left_out:
                text += (
                    f", without {self.left_out:,} that are watched or held out"
                )
            rows.append(("unlabelled", text))
        return labelled(rows)

    def _shares(self):
        if self.schema.classes is None:
            return ()
        places = self.schema.encode_target(self.train)
        counts = np.bincount(places, minlength=len(self.schema.classes))
        return counts / self.train.rows


def read(path):
    """Reads a CSV file; warns of what is unusual about it."""
    table = read_table_file(path)
    found = described(table)
    if found:
        warnings.warn(f"{os.fspath(path)}: {found}", UserWarning, stacklevel=3)
    return table


def load(options):
    """Reads the rows of a training and divides them.

    Args:
        options: The `TableOptions`.

    Returns:
        `Rows`. The kinds of the columns and the classes are those of the whole
        file; levels and statistics are those of the rows to train on, and with
        `pretrain` also of those without labels.

    Raises:
        ValueError: If the file cannot be read, a column is not there or of no
            use, or there are too few rows.
    """
    table = read(options.data)
    check_choice("target", options.target, list(table), "a column")
    # As the schema has them: blanks around values are no part of them.
    missing_values = tuple(
        text.strip() for text in options.missing_values or ()
    )
    has_target = ~is_missing(table[options.target], missing_values)
    known = table.take(has_target)
    _check_number(known.rows, options.target)
    common = {
        "ignored": options.ignored or (),
        "missing_values": missing_values,
    }
    found = TabularSchema.of(
        known,
        options.target,
        categorical=options.categorical or (),
        numeric=options.numeric or (),
        task=options.task,
        **common,
    )
    parts = {
        name: known.take(places)
        for name, places in _divided(known, found, options.seed).items()
    }
    with _quiet():  # what there is to warn of was found in the whole
        schema = TabularSchema.of(
            parts["train"],
            options.target,
            categorical=list(found.categorical),
            numeric=list(found.numeric),
            task=CLASSIFICATION if found.scale is None else REGRESSION,
            **common,
        )
    unlabelled, left_out = None, 0
    if options.pretrain is not None:
        _check_can_pretrain(schema, options.pretrain)
        more = []
        if not has_target.all():
            more.append((options.data, table.take(~has_target)))
        if options.unlabelled is not None:
            more.append((options.unlabelled, read(options.unlabelled)))
        unlabelled, left_out = _unlabelled(found, more, parts)
    if unlabelled is not None:
        # A level that few labelled rows have not would be a missing value.
        schema = _of_rows(schema, [parts["train"], unlabelled])
    return Rows(
        schema,
        **parts,
        unlabelled=unlabelled,
        without_target=int(np.sum(~has_target)),
        left_out=left_out,
    )


def is_missing(values, missing_values):
    """Returns where texts stand for missing values, as an array of bools."""
    missing = {"", *missing_values}
    return np.array([value in missing for value in values], bool)


def encode(schema, rows):
    """Returns `schema.encode(rows)` without its warnings: they are counted."""
    with _quiet():
        return schema.encode(rows)


def unseen_values(schema, rows):
    """Counts the values whose level a schema does not have.

    Args:
        schema: The `TabularSchema`.
        rows: The rows.

    Returns:
        Dict of counts by the name of the column, without columns of none.
    """
    with _quiet():
        return _counted(schema.unseen(rows))


def missing_counts(schema, rows):
    """Counts the missing values, as `unseen_values` those of other levels."""
    with _quiet():
        return _counted(schema.missing(rows))


def _counted(columns):
    counts = {name: int(np.sum(where)) for name, where in columns.items()}
    return {name: count for name, count in counts.items() if count}


@contextlib.contextmanager
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def row_hashes(schema, inputs, targets=None):
    """Returns a text of 16 digits for each row; equal rows have equal ones.

    Args:
        schema: The `TabularSchema`.
        inputs: What `schema.encode` returned: 3 and 3.0 are one value.
        targets: What `schema.encode_target` returned, or None.
    """
    columns = [inputs[name] for name in schema.columns]
    if targets is not None:
        columns.append(targets)
    # All values take four bytes.
    packed = np.stack(
        [
            np.ascontiguousarray(
                column, "<f4" if column.dtype.kind == "f" else "<i4"
            ).view("<u4")
            for column in columns
        ],
        axis=1,
    )
    return [
        hashlib.blake2b(row.tobytes(), digest_size=8).hexdigest()
        for row in packed
    ]


def parts_of_rows(split, hashes):
    """Returns the part of each row; `NEW` for those not listed.

    Of equal rows as many are in a part as its list has: a table of few
    columns has many, of different people.

    Args:
        split: A `Split`, whose parts are lists of hashes.
        hashes: What `row_hashes` returned, with the targets.
    """
    left = {part: collections.Counter(split.parts[part]) for part in PARTS}
    found = []
    for digest in hashes:
        part = next((part for part in PARTS if left[part][digest] > 0), NEW)
        if part != NEW:
            left[part][digest] -= 1
        found.append(part)
    return np.array(found, object)


def _check_number(rows, target):
    if rows < FEWEST:
        raise ValueError(
            "`data` must have rows to train on, to watch and to hold out, "
            f"{FEWEST} at least. Received: {rows} rows with a value of "
            f"{target!r}. Add rows."
        )


def _check_can_pretrain(schema, pretrain):
    if not schema.categorical:
        raise ValueError(
            "`pretrain` learns the categorical columns from each other. "
            f"Received: pretrain={pretrain!r} for the numeric columns "
            f"{list(schema.numeric)}. Leave it out, or name columns in "
            "categorical (--categorical)."
        )


def _divided(known, schema, seed):
    """Returns the places of the rows of each part, in their order.

    Each class is divided in the same shares.
    """
    values, groups = known[schema.target], [np.arange(known.rows)]
    if schema.classes is not None:
        classes = schema.encode_target({schema.target: values})
        groups = [
            np.flatnonzero(classes == place)
            for place in range(len(schema.classes))
        ]
        fewest = min(range(len(groups)), key=lambda place: len(groups[place]))
        if len(groups[fewest]) < FEWEST_OF_CLASS:
            raise ValueError(
                "`target` must have rows of each class to train on, to watch "
                f"and to hold out, {FEWEST_OF_CLASS} at least. Received: "
                f"target={schema.target!r} of {len(groups)} classes, of which "
                f"{schema.classes[fewest]!r} has "
                f"{plural(len(groups[fewest]), 'row')}. "
                "Add rows or take that class out; numbers are predicted by "
                "task='regression' (--task regression)."
            )
        if any(each.splitlines() != [each] for each in schema.classes):
            raise ValueError(
                "`target` must have classes of one line each, as the file of "
                f"the labels has. Received: target={schema.target!r} with the "
                f"classes {list(schema.classes[:NAMED])}. Take out the line "
                "breaks."
            )
    generator = np.random.default_rng(seed)
    parts = {name: [] for name in PARTS}
    for places in groups:
        places = generator.permutation(places)
        held = max(FEWEST_HELD_OUT, round(TEST * len(places)))
        watched = held + max(1, round(VALIDATION * len(places)))
        parts["test"].append(places[:held])
        parts["validation"].append(places[held:watched])
        parts["train"].append(places[watched:])
    return {
        name: np.sort(np.concatenate(places)) for name, places in parts.items()
    }


def _unlabelled(schema, tables, parts):
    """Joins rows without labels, but for those held out or watched.

    Args:
        schema: The `TabularSchema` of the rows with labels.
        tables: List of pairs of a path and its rows.
        parts: Dict of the rows of each part.

    Returns:
        A `TableFile`, None without rows, and how many were left out.
    """
    if not tables:
        return None, 0
    for path, table in tables:
        try:
            encode(schema, table)
        except ValueError as error:
            error.add_note(f"the rows are those of {os.fspath(path)}")
            raise
    joined = _joined([table for _, table in tables], schema.columns)
    # Rows that differ in levels which no labelled row has are not equal.
    known = _of_rows(schema, [*parts.values(), joined])
    judged = set()
    for name in ("validation", "test"):
        judged |= set(row_hashes(known, encode(known, parts[name])))
    hashes = row_hashes(known, encode(known, joined))
    is_new = np.array([each not in judged for each in hashes])
    table = joined.take(is_new)
    return (table if table.rows else None), int(np.sum(~is_new))


def _joined(tables, columns):
    """Returns the rows of several tables as one."""
    return TableFile(
        {
            name: np.concatenate([table[name] for table in tables])
            for name in columns
        }
    )


def _of_rows(schema, tables):
    """Returns a schema with the levels and the statistics of other rows."""
    with _quiet():
        found = TabularSchema.of(
            _joined(tables, schema.columns),
            categorical=list(schema.categorical),
            numeric=list(schema.numeric),
            missing_values=schema.missing_values,
        ).get_config()
    return TabularSchema.from_config(
        schema.get_config()
        | {kind: found[kind] for kind in ("categorical", "numeric")}
    )
