"""How keras.applications pads, so that its weights give the same answers."""

from keras_papers.layers._image_axes import image_size


def published_padding(x, odd_maps):
    """Returns the `padding` at strides 2 that the published weights expect.

    All of them pad an even map as `"same"` does. A map of unknown size is
    padded as if it were even; what happens to an odd one differs by family.

    Args:
        x: The map, an image batch.
        odd_maps: `"same"` or `"even"`, for maps whose size is odd.
    """
    size = image_size(x)
    if None in size:
        return "even"
    return odd_maps if any(n % 2 for n in size) else "same"
