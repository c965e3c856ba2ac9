"""Models that generate, and how to sample from them."""

from keras_papers.applications.generative.bits import (
    PriorBitsPerCode as PriorBitsPerCode,
)
from keras_papers.applications.generative.bits import (
    PriorBitsPerDimension as PriorBitsPerDimension,
)
from keras_papers.applications.generative.bits import (
    bits_per_code as bits_per_code,
)
from keras_papers.applications.generative.bits import (
    bits_per_dimension as bits_per_dimension,
)
from keras_papers.applications.generative.codes_above import (
    condition_of as condition_of,
)
from keras_papers.applications.generative.frame_prediction import (
    frame_examples as frame_examples,
)
from keras_papers.applications.generative.frame_prediction import (
    frame_prior as frame_prior,
)
from keras_papers.applications.generative.frame_prediction import (
    predict_frames as predict_frames,
)
from keras_papers.applications.generative.halves import decoder as decoder
from keras_papers.applications.generative.halves import encoder as encoder
from keras_papers.applications.generative.image_sampling import (
    sample_images as sample_images,
)
from keras_papers.applications.generative.latent_vq_vae import (
    LatentVQVAE as LatentVQVAE,
)
from keras_papers.applications.generative.latent_vq_vae import (
    latent_decoder as latent_decoder,
)
from keras_papers.applications.generative.latents import Latents as Latents
from keras_papers.applications.generative.latents import (
    check_prior as check_prior,
)
from keras_papers.applications.generative.latents import (
    extract_latents as extract_latents,
)
from keras_papers.applications.generative.latents import (
    load_latents as load_latents,
)
from keras_papers.applications.generative.latents import (
    model_hash as model_hash,
)
from keras_papers.applications.generative.logistic_mixture import (
    LogisticMixtureLoss as LogisticMixtureLoss,
)
from keras_papers.applications.generative.mu_law import (
    mu_law_decode as mu_law_decode,
)
from keras_papers.applications.generative.mu_law import (
    mu_law_encode as mu_law_encode,
)
from keras_papers.applications.generative.pixel_cnn import (
    GatedPixelCNN as GatedPixelCNN,
)
from keras_papers.applications.generative.pixel_snail import (
    PixelSNAIL as PixelSNAIL,
)
from keras_papers.applications.generative.sampling import sample as sample
from keras_papers.applications.generative.vq_vae import VQVAE as VQVAE
from keras_papers.applications.generative.vq_vae import (
    ReconstructionLoss as ReconstructionLoss,
)
from keras_papers.applications.generative.vq_vae_2 import VQVAE2 as VQVAE2
from keras_papers.applications.generative.vq_vae_audio import (
    VQVAEAudio as VQVAEAudio,
)
from keras_papers.applications.generative.vq_vae_audio import (
    convert_voice as convert_voice,
)
from keras_papers.applications.generative.vq_vae_video import (
    VQVAEVideo as VQVAEVideo,
)
from keras_papers.applications.generative.wavenet import WaveNet as WaveNet
from keras_papers.applications.generative.wavenet import (
    receptive_field as receptive_field,
)
