"""Models that generate: priors, autoencoders, and how to sample from them."""
