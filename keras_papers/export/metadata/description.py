"""What metadata says about a model."""

from typing import NamedTuple

from keras_papers.suppression_rule import Suppression


class Decoding(NamedTuple):
    """How an app makes boxes of what a detector computes at its anchors."""

    anchors: tuple  # (x_center, y_center, width, height), shares of the image
    scales: tuple  # of the codes (x, y, width, height), which they divide
    num_classes: int
    sigmoid: bool  # whether scores are logits, of which a sigmoid is taken


class Description(NamedTuple):
    """What an app must know of a model's file."""

    name: str  # of the model
    labels: tuple = ()  # in the order of the scores
    mean: float = 0.0  # subtracted from a pixel in [0, 255],
    std: float = 1.0  # by which that is divided before a float model takes it
    table: dict | None = None  # of a model of rows: what its schema consists of
    decoding: Decoding | None = None  # of a detector that answers codes
    suppression: Suppression | None = None  # of a detector: of its boxes
    activation: str | None = None  # that makes shares of a segmenter's scores
