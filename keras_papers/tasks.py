"""Names of tasks that parts with and without Keras use."""

# Of networks, by the registry.
IMAGE_CLASSIFICATION = "image_classification"
IMAGE_SEGMENTATION = "image_segmentation"
OBJECT_DETECTION = "object_detection"
CLASSIFICATION, REGRESSION = "classification", "regression"  # of a table
