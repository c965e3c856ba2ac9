"""Magnitude pruning (Zhu and Gupta, 2017, https://arxiv.org/abs/1710.01878).

TF-MOT's wrappers around the kernels of a model that is written in tf_keras.
"""

import importlib
import numbers
import warnings

from keras_papers.checks import check_fraction, check_positive_int
from keras_papers.quantization.legacy import load_tf_keras, load_tfmot
from keras_papers.quantization.to_tf_keras import to_tf_keras

# Masks are updated at so many steps of a schedule, and at least each 100
# steps: the paper finds no difference between 100 and 1000.
UPDATES = 20
MOST_STEPS_APART = 100


def prune(model, sparsity=0.5, *, steps=None):
    """Wraps `model` for a training in which its kernels become sparse.

    At training step t, the share s (1 - (1 - t / steps) ** 3) of every kernel
    is zero, equation 1 of the paper: those weights that are smallest. From
    step `steps` on it is `sparsity`, and the masks stay; train for some more
    steps, so that the other weights make up for it.

    What TF-MOT prunes are the kernels of convolutions and of dense layers,
    the first and the last of the network among them, the pointwise half of
    separable convolutions, and embeddings. Depthwise kernels, biases and
    normalizations stay dense, and so do frozen layers and layers that TF-MOT
    does not know. A layer of your own is pruned if its copy in tf_keras (see
    `register_converter`) has a method `get_prunable_weights`.

    `fit` needs `callbacks(pruned)`. Weights under the mask are moved by the
    optimizer and put back by the next step or at the end of the epoch;
    `to_keras` returns them as zeros whatever the training ended with.

    Args:
        model: Functional or built sequential model, already trained. It stays
            as it is.
        sparsity: One of three. A number in [0, 1): the share of zeros in each
            kernel that pruning ends with. Two integers (m, n), for example
            (2, 4): m zeros in each n consecutive input channels, from the
            first step on. This takes Conv2D and Dense layers whose kernels
            have a multiple of n input channels; all others stay dense. Or a
            `PruningSchedule` of TF-MOT.
        steps: Training steps (batches) in which a number is reached, if
            `sparsity` is one.

    Returns:
        A functional model of tf_keras, not compiled.

    Raises:
        ValueError: If an argument is out of its range, `steps` is missing or
            given in vain, `model` has no kernel that can be pruned, or it
            cannot be written in tf_keras.
        MissingExtraError: If the extra `quantization` is not installed.

    Example:
    >>> import keras, numpy as np
    >>> inputs = keras.Input((8,))
    >>> model = keras.Model(inputs, keras.layers.Dense(4)(inputs))
    >>> pruned = prune(model, 0.75, steps=2)
    >>> pruned.compile("sgd", "mse")
    >>> data = np.random.normal(size=(3, 8)), np.ones((3, 4))
    >>> history = pruned.fit(
    ...     *data, 1, 1, verbose=0, callbacks=callbacks(pruned)
    ... )
    >>> kernel = pruned.layers[1].get_weights()[0]
    >>> float((kernel == 0).mean())
    0.75
    """
    pruning = load_tfmot().sparsity.keras
    options = _options(pruning, sparsity, steps)
    block = options.get("sparsity_m_by_n", (0, 1))[1]
    wrapped = []

    def wrap(layer):
        if not layer.trainable or not _is_prunable(layer, block):
            return layer
        wrapped.append(layer)
        return pruning.prune_low_magnitude(layer, **options)

    clone_model = load_tf_keras().models.clone_model
    pruned = clone_model(to_tf_keras(model), clone_function=wrap)
    if not wrapped:
        raise ValueError(
            "`model` must have kernels that can be pruned: trainable ones of "
            "convolutions or dense layers"
            + (f" with a multiple of {block} input channels" * (block > 1))
            + f". Received: model {model.name!r}, which has none. Unfreeze "
            "its layers, or do without pruning."
        )
    return pruned


def callbacks(model):
    """Lists the callbacks that `model` needs when it is fitted.

    Pruning counts the steps of the training in one. Models that are not
    pruned need none.

    Args:
        model: Model of tf_keras, as `prune`, `cluster`, `quantize_aware` or
            `to_tf_keras` return it.

    Returns:
        A new list, for `model.fit(..., callbacks=[...])`.

    Example:
    >>> import keras
    >>> inputs = keras.Input((8,))
    >>> model = keras.Model(inputs, keras.layers.Dense(4)(inputs))
    >>> [type(each).__name__ for each in callbacks(prune(model, steps=9))]
    ['UpdatePruningStep']
    >>> callbacks(to_tf_keras(model))
    []
    """
    load_tfmot()
    wrapper = importlib.import_module(
        "tensorflow_model_optimization.python.core.sparsity.keras."
        "pruning_wrapper"
    )
    if not wrapper.collect_prunable_layers(model):
        return []
    return [load_tfmot().sparsity.keras.UpdatePruningStep()]


def check_reached(model, steps=None):
    """Warns if a pruned model has not yet reached its sparsity.

    Args:
        model: Model of tf_keras.
        steps: Training steps that it is about to get. Defaults to None: it is
            about to be used.
    """
    late = []
    for layer in model.layers:
        end = getattr(getattr(layer, "pruning_schedule", None), "end_step", -1)
        done = max(0, int(layer.pruning_step)) if end >= 0 else 0
        if done + (steps or 0) < end:
            late.append((done, end))
    if late:
        done, end = late[0]
        had = f"had {done}" if steps is None else f"gets {done + steps}"
        warnings.warn(
            f"Pruning reaches its sparsity in {end} training steps, and this "
            f"model {had}: fewer weights are zero than requested. Train "
            "for more epochs, or give `prune` as `steps` about half of epochs "
            "times batches.",
            UserWarning,
            stacklevel=3,
        )


def _options(pruning, sparsity, steps):
    """Returns the arguments of TF-MOT's wrapper, checked."""
    if isinstance(sparsity, numbers.Real):
        return {"pruning_schedule": _schedule(pruning, sparsity, steps)}
    if isinstance(sparsity, pruning.PruningSchedule):
        options = {"pruning_schedule": sparsity}
    else:
        options = {"sparsity_m_by_n": _pattern(sparsity)}
    if steps is not None:
        raise ValueError(
            "`steps` is the number of training steps in which a sparsity that "
            "is a number is reached. "
            f"Received: steps={steps!r} and sparsity={sparsity!r}. Leave "
            "`steps` out: a pattern holds from the first step on, and a "
            "schedule knows its steps."
        )
    return options


def _schedule(pruning, sparsity, steps):
    check_fraction(
        "sparsity",
        sparsity,
        "the share of zeros in each kernel",
        "0.5 costs most networks little.",
    )
    check_positive_int(
        "steps",
        steps,
        "the number of training steps in which the sparsity is reached",
        "Give about half of epochs times batches.",
    )
    frequency = min(MOST_STEPS_APART, max(1, steps // UPDATES))
    # From such a step on that the last of them is one at which masks are
    # found: TF-MOT would stop at the one before.
    begin = steps % frequency
    return pruning.PolynomialDecay(
        0.0, float(sparsity), begin, int(steps), frequency=frequency
    )


def _pattern(sparsity):
    try:
        zeros, block = map(int, sparsity)
        if 0 < zeros < block and (zeros, block) == tuple(sparsity):
            return zeros, block
    except (TypeError, ValueError):
        pass  # The error is below.
    raise ValueError(
        "`sparsity` is the share of zeros, a number in [0, 1), or a pair "
        "(m, n) for m zeros in each n input channels, 0 < m < n, or a "
        "PruningSchedule of TF-MOT. "
        f"Received: sparsity={sparsity!r}. Write for example 0.5 or (2, 4)."
    )


def _is_prunable(layer, block):
    """Returns whether a layer has kernels to prune, in blocks of channels."""
    layers = load_tf_keras().layers
    if block > 1:
        # TF-MOT would prune an incomplete block too, which no runtime reads.
        kinds = (layers.Conv2D, layers.Dense)
        return type(layer) in kinds and layer.kernel.shape[-2] % block == 0
    registry = importlib.import_module(
        "tensorflow_model_optimization.python.core.sparsity.keras."
        "prune_registry"
    ).PruneRegistry
    if not hasattr(layer, "get_prunable_weights"):
        if not registry.supports(layer):
            return False
        registry.make_prunable(layer)
    return bool(layer.get_prunable_weights())
