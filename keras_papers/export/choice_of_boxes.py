"""Check of the operation by which a detector's file chooses its boxes."""

import numpy as np

from keras_papers.export.detection_outputs import CODES, SHARES
from keras_papers.export.detections import decode, suppress
from keras_papers.export.interpreter import VerificationError, open_file, run
from keras_papers.export.metadata.object_detection import (
    CATEGORY,
    COUNT,
    LOCATION,
    SCORE,
)

ROUNDING = 1e-5  # of the image


def candidates(path, images, task, signature):
    """Returns what the file chooses of, after a check of what it chooses.

    Args:
        path: A file of four outputs.
        images: As `predict` takes them.
        task: Its `ObjectDetection`.
        signature: That of the model.

    Returns:
        A dict of the codes and of the scores at all anchors, by the names of
        the outputs of a file that does not choose.

    Raises:
        VerificationError: If the file chooses other boxes than NumPy does.
    """
    file = open_file(path, keep_tensors=True)
    inside = {
        details["name"]: details
        for details in file.interpreter.get_tensor_details()
        if details["name"] in (CODES, SHARES)
    }
    found = run(path, file, images, {**file.outputs, **inside})
    codes, scores = found[CODES], found[SHARES]
    if task.background:
        scores = scores[..., 1:]
    anchors = task.relative_anchors(signature)
    boxes = decode(codes, anchors, task.box_weights)
    for row in range(len(boxes)):
        ours = suppress(boxes[row], scores[row], task.rule)
        count = int(found[COUNT][row])
        theirs = (
            found[name][row][:count] for name in (LOCATION, SCORE, CATEGORY)
        )
        _check_same(path, ours, tuple(theirs))
    return {LOCATION: codes, SCORE: scores}


def _check_same(path, ours, theirs):
    """Compares boxes in an order that equal scores do not change."""
    same = len(ours[0]) == len(theirs[0])
    if same and len(ours[0]):
        rows = [
            np.column_stack([-scores, classes, boxes])
            for boxes, scores, classes in (ours, theirs)
        ]
        # Of those of the least score any may have found no place.
        rows = [table[table[:, 0] < table[-1, 0]] for table in rows]
        rows = [table[np.lexsort(table.T[::-1])] for table in rows]
        same = rows[0].shape == rows[1].shape and np.allclose(
            *rows, rtol=0, atol=ROUNDING
        )
    if not same:
        raise VerificationError(
            f"{path} chooses other boxes than a decoder in NumPy does of the "
            f"same codes: {len(theirs[0])} and {len(ours[0])} boxes."
        )
