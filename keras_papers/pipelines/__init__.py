"""A whole job as one function."""

from keras_papers.pipelines.image_classification import (
    train_image_classifier as train_image_classifier,
)
from keras_papers.pipelines.report import Report as Report
