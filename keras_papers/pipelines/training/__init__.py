"""Settings, the training loop, resume and the output folder."""
