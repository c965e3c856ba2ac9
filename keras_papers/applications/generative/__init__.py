"""Models that generate, and how to sample from them."""

from keras_papers.applications.generative.pixel_cnn import (
    GatedPixelCNN as GatedPixelCNN,
)
from keras_papers.applications.generative.sampling import sample as sample
