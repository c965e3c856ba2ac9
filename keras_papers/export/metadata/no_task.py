"""Metadata of a model of no task that a library knows: names of tensors.

A single image as input is described as such, so that the file says how pixels
become numbers.
"""

from keras_papers.export.metadata import tensors


def describe(description, inputs, outputs):
    """Returns the metadata of the inputs and of the outputs.

    Args:
        description: A `Description`. Its labels belong to a single output.
        inputs: List of `Tensor`s.
        outputs: List of `Tensor`s.
    """
    if len(inputs) == 1 and inputs[0].is_image:
        taken = [tensors.image(inputs[0], description)]
    else:
        taken = list(map(tensors.plain, inputs))
    if description.labels:
        (scores,) = outputs
        return taken, [tensors.scores(scores, description)]
    return taken, list(map(tensors.plain, outputs))
