"""A table of columns: a model is trained, measured and used to predict."""
