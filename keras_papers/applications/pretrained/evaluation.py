"""Preprocessing of images for the evaluation of trained weights, as data."""

from typing import NamedTuple

import numpy as np


class Evaluation(NamedTuple):
    """Preprocessing of an image of any size with pixels in [0, 255].

    The center is cropped, resized to the model's input and normalized,
    `(image - mean) / std`. `preprocess_input` of MobileNet and MobileNetV2
    does the last step; a model with `include_preprocessing` does it itself.
    """

    crop: float  # share of the height, and of the width, that is kept
    interpolation: str  # as keras.layers.Resizing names it
    mean: tuple[float, ...]  # one per channel
    std: tuple[float, ...]  # one per channel
    reverses: bool = False  # whether blue comes first, after the rest

    @property
    def pixels(self):
        """What decides the numbers that a network gets, as a tuple."""
        return self.mean, self.std, self.reverses

    def normalization(self, channels):
        """Returns mean and std as arrays, or as numbers where all are equal.

        For another number of channels they are averaged.
        """
        mean, std = np.array(self.mean), np.array(self.std)
        if len(set(self.mean)) == len(set(self.std)) == 1:
            return mean[0], std[0]
        if channels != len(mean):
            return mean.mean(), std.mean()
        return mean, std


# preprocess_for_eval of inception_preprocessing.py, which TF-slim's
# preprocessing_factory.py names for MobileNet, V2 and V3 (research/slim of
# https://github.com/tensorflow/models).
TF_SLIM = Evaluation(
    crop=0.875,
    interpolation="bilinear",
    mean=(127.5, 127.5, 127.5),
    std=(127.5, 127.5, 127.5),
)


# The authors of VGG and of ResNet trained in Caffe, which reads images with
# blue first, and evaluated the center of 224 pixels of images of 256.
CAFFE = Evaluation(
    crop=0.875,
    interpolation="bilinear",
    mean=(123.68, 116.779, 103.939),
    std=(1.0, 1.0, 1.0),
    reverses=True,
)

# Mean and standard deviation of the colors of ImageNet's images.
IMAGENET_COLORS = {
    "mean": (0.485 * 255, 0.456 * 255, 0.406 * 255),
    "std": (0.229 * 255, 0.224 * 255, 0.225 * 255),
}


def efficient_net(size):
    """Returns the recipe of EfficientNet's published weights at `size`.

    preprocessing.py of https://github.com/tensorflow/tpu: 32 pixels of margin
    around the center, and the statistics of ImageNet.
    """
    return Evaluation(
        crop=size / (size + 32),
        interpolation="bicubic",
        **IMAGENET_COLORS,
    )


def efficient_net_lite(size):
    """Returns the recipe of EfficientNet-Lite: one mean and one std."""
    return efficient_net(size)._replace(mean=(127.0,) * 3, std=(128.0,) * 3)
