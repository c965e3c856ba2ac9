"""Metadata of a segmenter: one image as input, a map of scores as output.

The task library takes the scores for shares of the classes unless the options
name an activation. Their schema is image_segmenter_metadata_schema.fbs of
google-ai-edge/mediapipe.
"""

from keras_papers.export.metadata import schema, tensors

NAME = "SEGMENTER_METADATA"
ACTIVATION, PARSER_VERSION = 0, 1  # slots
ACTIVATIONS = ("none", "sigmoid", "softmax")  # by their numbers


def describe(description, inputs, outputs):
    """Returns the metadata of the inputs and of the outputs.

    Args:
        description: A `Description`.
        inputs: List of one `Tensor`.
        outputs: List of one `Tensor`.
    """
    (image,), (mask,) = inputs, outputs
    return (
        [tensors.image(image._replace(name="image"), description)],
        [tensors.scores(mask._replace(name="mask"), description)],
    )


def options(description):
    """Returns what the library asks of a segmenter, as custom metadata."""
    table = {
        ACTIVATION: schema.byte(ACTIVATIONS.index(description.activation)),
        PARSER_VERSION: "1.0.0",
    }
    return {
        schema.CUSTOM_NAME: NAME,
        schema.CUSTOM_DATA: schema.pack(table, schema.OPTIONS),
    }


def read_options(description, table):
    """Returns a `Description` with what `options` wrote."""
    return description._replace(activation=ACTIVATIONS[table.byte(ACTIVATION)])
