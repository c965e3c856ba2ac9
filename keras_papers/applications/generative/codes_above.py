"""The codes of the levels above, as a condition of a prior.

A prior that is built with `codes_above` has the codes of these levels as
inputs, and the layers that make a map of its own size of them. So training
and sampling pass codes, and a loaded prior knows what to do with them.
"""

import keras
from keras import layers

from keras_papers.checks import plain

MAP = "above"  # name of the layer whose output is the map


def condition_of(codes_above, prior):
    """Returns the inputs of a prior for the codes of the levels above.

    Args:
        codes_above: Codes of all levels above, from the top level down: a list
            of arrays of ints of shape `(batch, height, width)`. One array is
            one level.
        prior: What `GatedPixelCNN` or `PixelSNAIL` returned, or such a model
            that was loaded.

    Returns:
        A dict to add to the other inputs: empty if the prior has no
        condition. A prior that was built for fewer levels has the nearest.

    Raises:
        ValueError: If the prior needs more levels.

    Example:
    >>> from keras_papers.applications.generative import GatedPixelCNN
    >>> top, bottom = keras.ops.ones((2, 4, 4)), keras.ops.ones((2, 8, 8))
    >>> prior = GatedPixelCNN((8, 8), codes_above=(4, 4, 512), num_layers=2)
    >>> inputs = {"codes": bottom, **condition_of(top, prior)}
    >>> tuple(prior(inputs).shape)
    (2, 8, 8, 512)
    """
    names = condition_names(prior)
    if hasattr(codes_above, "shape"):
        codes_above = [codes_above]
    if len(names) > len(codes_above):
        raise ValueError(
            "`codes_above` are the codes of the levels above, of which the "
            f"prior needs {len(names)}. Received: {len(codes_above)} for "
            f"{prior.name!r}. Pass those of all levels, the top level first."
        )
    nearest = codes_above[len(codes_above) - len(names) :]
    return dict(zip(names, nearest, strict=True))


def condition_names(prior):
    """Lists the inputs of a prior that are conditions, the top level first."""
    inputs = prior.input if isinstance(prior.input, dict) else {}
    names = [name for name in inputs if name.startswith("condition")]
    # `condition10` follows `condition9`.
    return sorted(names, key=lambda name: (len(name), name))


def checked_levels(codes_above, size):
    """Returns the levels of an argument `codes_above` as a list.

    Args:
        codes_above: A tuple `(height, width, num_embeddings)` or a sequence
            of them, from the top level down.
        size: Height and width of the level of the prior.
    """
    levels = plain(codes_above)
    if isinstance(levels, tuple | list) and len(levels) and _is_level(levels):
        levels = [levels]
    good = isinstance(levels, tuple | list) and len(levels) > 0
    if not good or not all(_is_level(level) for level in levels):
        raise ValueError(
            "`codes_above` is the height, width and number of codes of the "
            "level above, or a list of such tuples from the top level down. "
            f"Received: codes_above={codes_above!r}. Try (32, 32, 512)."
        )
    below = [tuple(level[:2]) for level in levels[1:]] + [tuple(size)]
    for level, finer in zip(levels, below, strict=True):
        if finer[0] % level[0] or finer[1] % level[1]:
            raise ValueError(
                "`codes_above` are of levels whose size divides that of the "
                "level below, as each of their codes covers the same number "
                f"of places. Received: a level of {level[0]} x {level[1]} "
                f"above one of {finer[0]} x {finer[1]}. Pass the sizes of the "
                "maps that the encoder outputs."
            )
    return [tuple(level) for level in levels]


def _is_level(level):
    return (
        isinstance(level, tuple | list)
        and len(level) == 3
        and all(isinstance(n, int) and n > 0 for n in level)
    )


def codes_inputs(levels):
    """Returns an input for the codes of each level, by name."""
    names = [f"condition{n}" for n in range(1, len(levels) + 1)]
    if len(levels) == 1:
        names = ["condition"]
    return {
        name: keras.Input((height, width), dtype="int32", name=name)
        for name, (height, width, _) in zip(names, levels, strict=True)
    }


def draw_map(inputs, levels, size, filters):
    """Draws the layers from codes to a map of a size.

    Every level is embedded and repeated to the size of the nearest; two
    convolutions follow, the second at the size of the map, so that places that
    one code covers can differ.

    Args:
        inputs: What `codes_inputs` returned.
        levels: What `checked_levels` returned.
        size: Height and width of the map.
        filters: Channels of the map.

    Returns:
        A symbolic tensor of shape `(batch, height, width, filters)`.
    """
    maps, nearest = [], levels[-1]
    for number, (codes, level) in enumerate(
        zip(inputs.values(), levels, strict=True), start=1
    ):
        x = layers.Embedding(level[2], filters, name=f"{MAP}{number}_embed")(
            codes
        )
        maps.append(repeat(x, level, nearest, f"{MAP}{number}_repeat"))
    x = maps[0]
    if len(maps) > 1:
        x = layers.Concatenate(axis=-1, name=f"{MAP}_levels")(maps)
    x = _conv(x, filters, f"{MAP}_conv")
    x = repeat(x, nearest, size, f"{MAP}_repeat")
    return _conv(x, filters, MAP)


def repeat(x, size, wanted, name):
    """Draws a layer that repeats each place, up to a height and width."""
    times = (wanted[0] // size[0], wanted[1] // size[1])
    return layers.UpSampling2D(times, data_format="channels_last", name=name)(x)


def _conv(x, filters, name):
    return layers.Conv2D(
        filters,
        3,
        padding="same",
        activation="relu",
        data_format="channels_last",
        name=name,
    )(x)


def map_network(prior):
    """Returns the part of a prior from codes above to their map, or None."""
    if not any(layer.name == MAP for layer in prior.layers):
        return None
    inputs = {name: prior.input[name] for name in condition_names(prior)}
    return keras.Model(inputs, prior.get_layer(MAP).output, name="codes_above")


def levels_above(prior):
    """Lists height, width and number of codes of the levels above a prior."""
    found = []
    for number, name in enumerate(condition_names(prior), start=1):
        embedding = f"{MAP}{number}_embed"
        if any(layer.name == embedding for layer in prior.layers):
            size = tuple(prior.input[name].shape[1:])
            found.append((*size, prior.get_layer(embedding).input_dim))
    return found


def map_size(input_shape):
    """Returns the height and width of a map of codes, checked."""
    size = plain(input_shape)
    good = isinstance(size, tuple | list) and len(size) == 2
    if not good or not all(isinstance(n, int) and n > 0 for n in size):
        raise ValueError(
            "`input_shape` is the height and width of a map of codes. "
            f"Received: input_shape={input_shape!r}. Try (32, 32)."
        )
    return size
