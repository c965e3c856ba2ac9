"""Metadata of single tensors, of which those of the tasks consist."""

from typing import NamedTuple

from keras_papers.export.metadata import schema

LABELS = "labels.txt"


class Tensor(NamedTuple):
    """An input or output of a file."""

    name: str  # in the signature
    shape: tuple  # with the batch
    is_float: bool

    @property
    def is_image(self):
        """Whether this can be a batch of images, RGB or grayscale."""
        return len(self.shape) == 4 and self.shape[-1] in (1, 3)


def plain(tensor):
    """Returns the metadata of a tensor of numbers."""
    return {
        schema.TENSOR_NAME: tensor.name,
        schema.TENSOR_CONTENT: {
            schema.CONTENT_TYPE: schema.byte(schema.FEATURE_PROPERTIES),
            schema.CONTENT: {},
        },
    }


def image(tensor, description):
    """Returns the metadata of an image, which the app resizes.

    A float tensor takes (pixel - mean) / std; any other takes the pixels.
    """
    space = schema.GRAYSCALE if tensor.shape[-1] == 1 else schema.RGB
    table = {
        schema.TENSOR_NAME: tensor.name,
        schema.TENSOR_DESCRIPTION: (
            "The photo, resized to the size of the input."
        ),
        schema.TENSOR_CONTENT: {
            schema.CONTENT_TYPE: schema.byte(schema.IMAGE_PROPERTIES),
            schema.CONTENT: {schema.COLOR_SPACE: schema.byte(space)},
        },
        schema.TENSOR_STATS: {
            schema.STATS_MAX: [255.0],
            schema.STATS_MIN: [0.0],
        },
    }
    if tensor.is_float:
        table[schema.TENSOR_PROCESS_UNITS] = [
            normalization(description.mean, description.std)
        ]
    return table


def normalization(mean, std):
    """Returns the metadata of (value - mean) / std, which the app computes."""
    return {
        schema.UNIT_TYPE: schema.byte(schema.NORMALIZATION_OPTIONS),
        schema.UNIT: {schema.MEAN: [mean], schema.STD: [std]},
    }


def scores(tensor, description):
    """Returns the metadata of scores, with a label for each if there are."""
    table = plain(tensor)
    table[schema.TENSOR_DESCRIPTION] = "One score for each class."
    return labeled(table, description)


def labeled(table, description, kind=schema.TENSOR_AXIS_LABELS):
    """Returns the metadata of a tensor with a file of labels, if there are.

    Args:
        table: The metadata, which is changed.
        description: A `Description`.
        kind: Whether labels are those of an axis or of values.
    """
    if description.labels:
        table[schema.TENSOR_FILES] = [
            {
                schema.FILE_NAME: LABELS,
                schema.FILE_DESCRIPTION: (
                    "Names of the classes, a line for each."
                ),
                schema.FILE_TYPE: schema.byte(kind),
            }
        ]
    return table
