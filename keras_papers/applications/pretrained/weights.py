"""The weights that a classifier is built with: what `weights` stands for."""

import warnings
from typing import NamedTuple

from keras_papers.applications.pretrained.caller_level import caller_level
from keras_papers.applications.pretrained.evaluation import Evaluation
from keras_papers.applications.pretrained.published import Published
from keras_papers.applications.pretrained.torch_networks import Peer, Tag
from keras_papers.applications.pretrained.torch_source import (
    assumption,
    file_source,
    is_torch_file,
    published_source,
)
from keras_papers.applications.pretrained.torch_tags import is_timm
from keras_papers.checks import check_weights_path, names_weights
from keras_papers.layers._image_axes import image_size


class Source(NamedTuple):
    """Weights, and what a network must do to serve them.

    None of the last four is what the family does without weights.
    """

    file: str | Published | Tag | None  # a path, or what to download
    peer: Peer | None = None  # network of another library that it is of
    evaluation: Evaluation | None = None  # None normalizes no pixels
    padding: str | None = None  # at strides 2
    epsilon: float | None = None  # of the batch normalizations
    counts_zeros: bool = False  # whether averages count those around the map


def check_weights(
    weights,
    include_top,
    images,
    family,
    *,
    evaluation=None,
    normalizes=True,
    padding=None,
    epsilon=None,
    counts_zeros=None,
    **variant,
):
    """Returns the `Source` of the weights.

    Args:
        weights: The constructor's argument.
        include_top: The constructor's argument.
        images: Keras tensor of the model's images.
        family: The `Family` of the constructor.
        evaluation: Recipe of the family. None normalizes no pixels.
        normalizes: Whether the model normalizes pixels. If not, the user has
            `preprocess_input` for them, which does what `evaluation` has.
        padding: The constructor's argument; None is what the weights need.
        epsilon: Likewise.
        counts_zeros: Likewise.
        **variant: The arguments that distinguish the family's networks, except
            the image size, in the order of the keys of `family.with_top`. An
            argument that no published network has is passed only where it
            differs from its default; then no key matches, and the error
            names it.

    Raises:
        ValueError: If `weights` is neither a file nor a name of published
            weights, if none are published for this variant, or if a
            safetensors file is of another network.

    Warns:
        UserWarning: If it had to be assumed what the network of a safetensors
            file does, or if its pixels are not those of `preprocess_input`.
    """
    prepared, evaluation = evaluation, evaluation if normalizes else None
    if weights is not None and not names_weights(weights):
        check_weights_path(weights)
    chosen = {
        "padding": padding,
        "epsilon": epsilon,
        "counts_zeros": counts_zeros,
    }
    if weights is None:
        return Source(None, None, evaluation, **_given(chosen))
    if is_timm(weights) or is_torch_file(weights):
        find = published_source if is_timm(weights) else file_source
        if is_timm(weights):
            family.check_host(weights)
        found = find(weights, family, variant)
        _warn_of_assumptions(found, chosen, evaluation)
        if not normalizes:
            _warn_of_pixels(weights, found.evaluation, prepared)
        return Source(
            found.file,
            found.peer,
            evaluation and found.evaluation,
            **{name: getattr(found.peer, name) for name in chosen}
            | _given(chosen),
        )
    file = weights
    if weights == "imagenet":
        file = _published(family, include_top, images, variant)
    return Source(file, None, evaluation, **_given(chosen))


def _given(chosen):
    """Returns the arguments that are not None."""
    return {name: value for name, value in chosen.items() if value is not None}


def _warn_of_assumptions(found, chosen, evaluation):
    known = {
        "padding": chosen["padding"],
        "batch_norm_epsilon": chosen["epsilon"],
        "include_preprocessing": True if evaluation is None else None,
    }
    sentence = assumption(found, _given(known))
    if sentence:
        warnings.warn(sentence, UserWarning, stacklevel=caller_level())


def _warn_of_pixels(weights, needed, prepared):
    """Warns if `preprocess_input` is not what weights were trained with."""
    if needed.pixels == prepared.pixels:
        return
    mean, std = (
        ", ".join(f"{number:.5g}" for number in numbers)
        for numbers in (needed.mean, needed.std)
    )
    warnings.warn(
        f"weights={str(weights)!r} need pixels normalized by mean ({mean}) and "
        f"std ({std}), which `preprocess_input` does not give. Pass "
        "include_preprocessing=True, or normalize them so.",
        UserWarning,
        stacklevel=caller_level(),
    )


def _published(family, include_top, images, variant):
    """Returns the `Published` weights of keras.applications for a variant."""
    family.check_host("imagenet")
    published = family.with_top if include_top else family.no_top
    if family.sizes:
        variant["size"] = _published_size(images, include_top, family.sizes)
    key = tuple(variant.values())
    if key not in published:
        received = ", ".join(f"{k}={v!r}" for k, v in variant.items())
        raise ValueError(
            "`weights='imagenet'` exists for the published variants only: "
            f"{family.variants}. Received: {received}. Build one of "
            "these, or train from weights=None."
        )
    return published[key]


def _published_size(images, include_top, sizes):
    """Returns the image size of the published weights for a model.

    A model without top takes those of 224 where its own size has none.
    """
    rows, columns = image_size(images)
    if rows == columns and (include_top or rows in sizes):
        return rows
    return (rows, columns) if include_top else 224
