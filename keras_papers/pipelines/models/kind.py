"""What the model in a file finds: classes, masks or boxes."""

from keras_papers.export.interpreter import open_file
from keras_papers.export.metadata.object_detection import LOCATION, SCORE

VERBS = {"classifier": "classify", "segmenter": "segment", "detector": "detect"}
AXES = {(4, 2): "classifier", (4, 4): "segmenter"}  # of input and output


def check_kind(path, kind, wanted):
    """Raises ValueError if a file is known to be of another job.

    Args:
        path: The file.
        kind: What `kind_of_model` or `kind_of_file` returned.
        wanted: One of the keys of `VERBS`.
    """
    if kind not in (None, wanted):
        raise ValueError(
            f"`model` must be a {wanted}. Received: model={str(path)!r}, whose "
            f"input and output look like those of a {kind}. Use keras-papers "
            f"{VERBS[kind]} for it."
        )


def kind_of_model(model):
    """Returns a key of `VERBS` for a Keras model; None if it is not known."""
    if hasattr(model, "detection_model"):
        return "detector"
    sides = (getattr(model, name, None) for name in ("inputs", "outputs"))
    return _kind_of_shapes(
        [tensor.shape for side in sides for tensor in side or ()]
    )


def kind_of_file(path):
    """Returns the same for a .tflite file."""
    file = open_file(path)
    if {LOCATION, SCORE} <= set(file.outputs):
        return "detector"
    tensors = *file.inputs.values(), *file.outputs.values()
    return _kind_of_shapes([details["shape"] for details in tensors])


def _kind_of_shapes(shapes):
    kind = AXES.get(tuple(map(len, shapes)))
    # A score for each class of the whole image, with the axes of a map.
    is_point = kind == "segmenter" and tuple(shapes[1][1:3]) == (1, 1)
    return None if is_point else kind
