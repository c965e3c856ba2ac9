"""Models that generate, and how to sample from them."""

from keras_papers.applications.generative.halves import decoder as decoder
from keras_papers.applications.generative.halves import encoder as encoder
from keras_papers.applications.generative.pixel_cnn import (
    GatedPixelCNN as GatedPixelCNN,
)
from keras_papers.applications.generative.sampling import sample as sample
from keras_papers.applications.generative.vq_vae import VQVAE as VQVAE
from keras_papers.applications.generative.vq_vae import (
    ReconstructionLoss as ReconstructionLoss,
)
from keras_papers.applications.generative.vq_vae_2 import VQVAE2 as VQVAE2
