"""Metrics of whole sets of images."""

from keras_papers.metrics.average_precision import (
    AveragePrecision as AveragePrecision,
)
from keras_papers.metrics.average_precision import (
    DetectionScores as DetectionScores,
)
from keras_papers.metrics.confusion import ConfusionMatrix as ConfusionMatrix
from keras_papers.metrics.confusion import MeanIoU as MeanIoU
from keras_papers.metrics.confusion import (
    SegmentationScores as SegmentationScores,
)
from keras_papers.metrics.confusion import label_map as label_map
