"""Metadata of an image classifier: one image as input, scores as output."""

from keras_papers.export.metadata import tensors


def describe(description, inputs, outputs):
    """Returns the metadata of the inputs and of the outputs.

    Args:
        description: A `Description`.
        inputs: List of one `Tensor`.
        outputs: List of one `Tensor`.
    """
    (image,), (scores,) = inputs, outputs
    return (
        [tensors.image(image._replace(name="image"), description)],
        [tensors.scores(scores._replace(name="scores"), description)],
    )
