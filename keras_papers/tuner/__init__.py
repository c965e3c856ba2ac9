"""Searches for the scaling of a model under a budget."""

from keras_papers.tuner.width_and_resolution import Point as Point
from keras_papers.tuner.width_and_resolution import (
    width_and_resolution as width_and_resolution,
)
