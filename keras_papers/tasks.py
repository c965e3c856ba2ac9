"""Names of tasks that parts with and without Keras use."""

IMAGE_CLASSIFICATION = "image_classification"  # of networks, by the registry
CLASSIFICATION, REGRESSION = "classification", "regression"  # of a table
