"""Metadata of a model of the rows of a table: one input for each column.

A file beside the labels, `schema.json`, has what makes inputs of raw rows: the
columns in their order, the levels of the categorical ones, means and standard
deviations of the others, and the classes or the scale of the target.
"""

from keras_papers.export.metadata import schema, tensors

SCHEMA = "schema.json"


def describe(description, inputs, outputs):
    """Returns the metadata of the inputs and of the outputs.

    Args:
        description: A `Description` with a `table`, of which `numeric` is a
            dict of means and standard deviations by the name of the column.
        inputs: List of `Tensor`s, each with the name of a column.
        outputs: List of one `Tensor`.
    """
    (output,) = outputs
    numeric = description.table["numeric"]
    taken = [
        _numeric(tensor, *numeric[tensor.name])
        if tensor.name in numeric
        else _categorical(tensor)
        for tensor in inputs
    ]
    if description.labels:
        return taken, [tensors.scores(output, description)]
    return taken, [tensors.plain(output)]


def file():
    """Returns the metadata of the file with the schema."""
    return {
        schema.FILE_NAME: SCHEMA,
        schema.FILE_DESCRIPTION: (
            "Columns, levels, means and standard deviations, as JSON."
        ),
        schema.FILE_TYPE: schema.byte(schema.DESCRIPTIONS),
    }


def _numeric(tensor, mean, deviation):
    table = tensors.plain(tensor)
    table[schema.TENSOR_DESCRIPTION] = (
        "(value - mean) / standard deviation; 0 for a missing value."
    )
    table[schema.TENSOR_PROCESS_UNITS] = [
        tensors.normalization(mean, deviation)
    ]
    return table


def _categorical(tensor):
    table = tensors.plain(tensor)
    table[schema.TENSOR_DESCRIPTION] = (
        f"Place of the level in the list of {SCHEMA}, from 0; -1 for a "
        "missing or another value."
    )
    return table
