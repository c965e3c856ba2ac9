"""The paper of VQ-VAE, which describes several networks."""

from keras_papers.applications.registry import Paper

PAPER = Paper(
    "VQ-VAE",
    "Neural Discrete Representation Learning",
    "van den Oord et al.",
    2017,
    "https://arxiv.org/abs/1711.00937",
)
