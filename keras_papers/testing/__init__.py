"""Contracts for layers and constructors, also for those of users."""

from keras_papers.testing.check_application import (
    check_application as check_application,
)
from keras_papers.testing.check_dense import (
    check_detector as check_detector,
)
from keras_papers.testing.check_dense import (
    check_segmenter as check_segmenter,
)
from keras_papers.testing.check_layer import check_layer as check_layer
