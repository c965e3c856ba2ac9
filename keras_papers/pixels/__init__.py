"""The range and the normalization of a model's input images."""
