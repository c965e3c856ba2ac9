"""What an app does with the outputs of a file."""

from keras_papers.export.image_segmentation import ImageSegmentation
from keras_papers.export.object_detection import ObjectDetection, is_detector
from keras_papers.signatures import signature_of


def task_of(model, task=None, labels=None, signature=None):
    """Returns an `ImageSegmentation`, an `ObjectDetection`, or None.

    None is for the classes of one image, rows of tables, and outputs that an
    app makes something of by itself.

    Args:
        model: The Keras model.
        task: What the user passed, None if nothing.
        labels: The same.
        signature: That of the model, with the sizes that the file has.

    Raises:
        ValueError: If `task` is not one that the model has.
    """
    signature = signature or signature_of(model)
    if task is None:
        if is_detector(model):
            task = ObjectDetection.of(model)
        elif labels is not None and _is_map(signature):
            task = ImageSegmentation()
        else:
            return None
    if not isinstance(task, ImageSegmentation | ObjectDetection):
        raise ValueError(
            "`task` is what the app does with the outputs. Received: "
            f"task={task!r}. Pass export.ImageSegmentation(), an "
            "export.ObjectDetection(...), or None."
        )
    task.check(signature)
    return task


def _is_map(signature):
    outputs = signature.outputs
    is_one = signature.takes_image and len(outputs) == 1
    return is_one and len(outputs[0].shape) == 3
