"""The pictures of a part, read into one array."""

import numpy as np

from keras_papers.pipelines.data.pictures import read_picture


def pictures_of(part, indices, size):
    """Returns pictures of a part as float32 `(batch, *size, 3)`.

    Args:
        part: A `Part`.
        indices: Of the pictures.
        size: `(height, width)` that files are resized to; images of memory
            have it.
    """
    if part.files is None:
        return part.sources[list(indices)].astype("float32")
    pixels = [read_picture(part.files[index], size) for index in indices]
    return np.stack(pixels).astype("float32")
