"""Which pixel values a model takes."""
