"""How images are prepared where trained weights are measured, as data."""

from typing import NamedTuple


class Evaluation(NamedTuple):
    """The way of an image of any size, in pixels of [0, 255], to a model.

    The center is cut out, resized to the model's input and normalized,
    `(image - mean) / std`. `preprocess_input` of MobileNet and MobileNetV2
    does the last step; a model with `include_preprocessing` does it itself.
    """

    crop: float  # share of the height, and of the width, that is cut out
    interpolation: str  # as keras.layers.Resizing names it
    mean: tuple[float, ...]  # one a channel, as are the next
    std: tuple[float, ...]


# preprocess_for_eval of inception_preprocessing.py, which TF-slim's
# preprocessing_factory.py names for MobileNet, V2 and V3 (research/slim of
# https://github.com/tensorflow/models).
TF_SLIM = Evaluation(
    crop=0.875,
    interpolation="bilinear",
    mean=(127.5, 127.5, 127.5),
    std=(127.5, 127.5, 127.5),
)
