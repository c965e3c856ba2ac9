"""Metadata of a detector: one image as input, and two outputs or four.

Two outputs are codes of boxes, and scores, at all anchors; the task library
decodes and suppresses by the options, whose schema is
object_detector_metadata_schema.fbs of google-ai-edge/mediapipe. Four are boxes
that the file has chosen itself. A file beside the labels, `suppression.json`,
has the rule by which the model predicts, of which the library reads nothing.
"""

import json

from keras_papers.export.metadata import schema, tensors
from keras_papers.export.metadata.description import Decoding
from keras_papers.suppression_rule import Suppression

# The library finds the outputs by these names, in any order.
LOCATION, SCORE = "location", "score"
CATEGORY, COUNT = "category", "number of detections"
NAME = "DETECTOR_METADATA"
SUPPRESSION = "suppression.json"
# Slots of the tables of the options.
PARSER_VERSION, ANCHORS_OPTIONS, DECODING_OPTIONS = 0, 1, 2
FIXED_ANCHORS = ANCHORS = 0
NUM_CLASSES, NUM_BOXES, NUM_COORDS, NUM_VALUES = 0, 1, 2, 5
SCALES, EXPONENTIAL, SIGMOID = (6, 7, 8, 9), 10, 11
# Places of x_min, y_min, x_max, y_max in a box of the file.
CORNERS = [1, 0, 3, 2]


def describe(description, inputs, outputs):
    """Returns the metadata of the inputs and of the outputs.

    Args:
        description: A `Description`.
        inputs: List of one `Tensor`.
        outputs: List of the `Tensor`s `location` and `score`, and of no other
            or of `category` and `number of detections`, in the file's order.
    """
    (image,) = inputs
    makers = {LOCATION: _boxes, SCORE: tensors.scores}
    if len(outputs) > 2:
        makers[SCORE] = _plain
        makers |= {CATEGORY: _categories, COUNT: _plain}
    return (
        [tensors.image(image._replace(name="image"), description)],
        [makers[output.name](output, description) for output in outputs],
    )


def file():
    """Returns the metadata of the file with the rule of suppression."""
    return {
        schema.FILE_NAME: SUPPRESSION,
        schema.FILE_DESCRIPTION: (
            "Which of overlapping boxes the model keeps, as JSON."
        ),
        schema.FILE_TYPE: schema.byte(schema.DESCRIPTIONS),
    }


def suppression_text(suppression):
    """Returns the content of the file with a `Suppression`."""
    return json.dumps(suppression._asdict())


def read_suppression(text):
    """Returns the `Suppression` that `suppression_text` wrote."""
    return Suppression.checked(list(Suppression(**json.loads(text))))


def _plain(tensor, description):
    return tensors.plain(tensor)


def _boxes(tensor, description):
    table = tensors.plain(tensor)
    table[schema.TENSOR_CONTENT] = {
        schema.CONTENT_TYPE: schema.byte(schema.BOX_PROPERTIES),
        schema.CONTENT: {
            schema.BOX_INDEX: CORNERS,
            schema.BOX_TYPE: schema.byte(schema.BOUNDARIES),
            schema.BOX_COORDINATES: schema.byte(schema.RATIO),
        },
    }
    return table


def _categories(tensor, description):
    return tensors.labeled(
        tensors.plain(tensor), description, schema.TENSOR_VALUE_LABELS
    )


def options(description):
    """Returns what the library asks of a detector, as custom metadata."""
    decoding = description.decoding
    anchors = [dict(enumerate(map(schema.number, a))) for a in decoding.anchors]
    decoded = {
        NUM_CLASSES: schema.whole(decoding.num_classes),
        NUM_BOXES: schema.whole(len(anchors)),
        NUM_COORDS: schema.whole(4),
        NUM_VALUES: schema.whole(2),  # of a keypoint, though there are none
        EXPONENTIAL: schema.byte(1),
        SIGMOID: schema.byte(decoding.sigmoid),
    }
    scales = map(schema.number, decoding.scales)
    decoded |= dict(zip(SCALES, scales, strict=True))
    table = {
        PARSER_VERSION: "1.0.0",
        ANCHORS_OPTIONS: {FIXED_ANCHORS: {ANCHORS: anchors}},
        DECODING_OPTIONS: decoded,
    }
    return {
        schema.CUSTOM_NAME: NAME,
        schema.CUSTOM_DATA: schema.pack(table, schema.OPTIONS),
    }


def read_options(description, table):
    """Returns a `Description` with what `options` wrote."""
    anchors = table.table(ANCHORS_OPTIONS).table(FIXED_ANCHORS).tables(ANCHORS)
    decoded = table.table(DECODING_OPTIONS)
    # Of the library's own files many make boxes of no logarithms.
    if not decoded.byte(EXPONENTIAL):
        return description
    return description._replace(
        decoding=Decoding(
            tuple(tuple(map(anchor.number, range(4))) for anchor in anchors),
            tuple(map(decoded.number, SCALES)),
            decoded.whole(NUM_CLASSES),
            bool(decoded.byte(SIGMOID)),
        )
    )
