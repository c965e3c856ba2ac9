"""How keras.applications pads, so that its weights give the same answers."""

from keras_papers.checks import check_choice, check_positive
from keras_papers.layers._image_axes import image_size

PADDINGS = ("same", "symmetric")


def check_padding(padding, epsilon):
    """Raises ValueError unless these suit the weights of some library."""
    check_choice(
        "padding",
        padding,
        (None, *PADDINGS),
        "how maps are padded at strides 2",
    )
    check_epsilon(epsilon)


def check_epsilon(epsilon):
    """Raises ValueError unless `epsilon` is None or a positive number."""
    if epsilon is not None:
        check_positive(
            "batch_norm_epsilon",
            epsilon,
            "what batch normalizations add to a variance",
            "Keras has 1e-3, PyTorch 1e-5.",
        )


def published_padding(x, odd_maps, padding=None):
    """Returns the `padding` at strides 2 that the published weights expect.

    Those of keras.applications pad an even map as `"same"` does. A map of
    unknown size is padded as if it were even; what happens to an odd one
    differs by family. Those of PyTorch pad all maps alike.

    Args:
        x: The map, an image batch.
        odd_maps: `"same"` or `"even"`, for maps whose size is odd.
        padding: What other weights need, or a user wants. Defaults to None,
            as keras.applications.
    """
    if padding is not None:
        return padding
    size = image_size(x)
    if None in size:
        return "even"
    return odd_maps if any(n % 2 for n in size) else "same"
