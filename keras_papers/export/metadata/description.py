"""What metadata says about a model."""

from typing import NamedTuple


class Description(NamedTuple):
    """What an app must know of a model's file."""

    name: str  # of the model
    labels: tuple = ()  # in the order of the scores
    mean: float = 0.0  # subtracted from a pixel in [0, 255],
    std: float = 1.0  # by which that is divided before a float model takes it
    table: dict | None = None  # of a model of rows: what its schema consists of
