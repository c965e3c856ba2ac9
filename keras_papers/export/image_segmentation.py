"""What a file is whose model gives every pixel a score for each class."""

import warnings
from typing import NamedTuple

from keras_papers.checks import check_choice
from keras_papers.export.last_operation import RESIZES, last_of_bytes
from keras_papers.export.metadata import image_segmentation

# As the second of two labels it makes the task library run code of its own
# model of hair.
HAIR = "hair"
ACTIVATIONS = (None, *image_segmentation.ACTIVATIONS)


class ImageSegmentation(NamedTuple):
    """Segmentation of images, as the task of a file.

    Attributes:
        activation: What makes shares of the classes of the model's outputs,
            which the task library then applies: `"softmax"`, `"sigmoid"` or
            `"none"`. Defaults to None, as the graph shows: none after a
            softmax or a sigmoid; else, of logits, the sigmoid for one class
            and the softmax for more.
    """

    activation: str | None = None

    metadata = image_segmentation

    def check(self, signature):
        """Raises ValueError unless a model of this signature is a segmenter."""
        check_choice(
            "activation", self.activation, ACTIVATIONS, "what makes shares"
        )
        outputs = signature.outputs
        fits = (
            signature.takes_image
            and len(outputs) == 1
            and len(outputs[0].shape) == 3
            and "float" in outputs[0].dtype
        )
        if not fits:
            raise ValueError(
                "`task` is the segmentation of images, of which a model takes "
                "one and answers scores (height, width, classes). Received: a "
                f"model of the outputs {described(outputs)}. Leave out an "
                "argmax and other outputs; the task library takes the largest "
                "score itself."
            )

    def num_classes(self, signature):
        """Returns how many classes the outputs have."""
        return signature.outputs[0].shape[-1]

    def describe(self, description, signature, converted):
        """Returns a `Description` with what the library must know.

        Args:
            description: A `Description`.
            signature: That of the model.
            converted: Bytes of the file.
        """
        if description.labels and description.labels[1:] == (HAIR,):
            warnings.warn(
                f"`labels` are {list(description.labels)}: MediaPipe's "
                "ImageSegmenter treats a file of two labels whose second is "
                f"{HAIR!r} as its own model of hair. Choose another name",
                UserWarning,
                stacklevel=4,
            )
        activation = self.activation
        if activation is None:
            is_one = self.num_classes(signature) == 1
            activation = "sigmoid" if is_one else "softmax"
            if last_of_bytes(converted, RESIZES) in ("SOFTMAX", "LOGISTIC"):
                activation = "none"
        return description._replace(activation=activation)


def described(outputs):
    """Returns the names and shapes of outputs, for an error."""
    return ", ".join(f"{spec.name!r} {spec.shape}" for spec in outputs)
