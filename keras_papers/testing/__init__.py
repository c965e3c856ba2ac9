"""Contracts that the package's layers and models keep, and a user's may."""

from keras_papers.testing.check_application import (
    check_application as check_application,
)
from keras_papers.testing.check_layer import check_layer as check_layer
