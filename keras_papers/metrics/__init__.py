"""Metrics of whole sets of images, in NumPy."""

from keras_papers.metrics.average_precision import (
    AveragePrecision as AveragePrecision,
)
from keras_papers.metrics.average_precision import (
    DetectionScores as DetectionScores,
)
