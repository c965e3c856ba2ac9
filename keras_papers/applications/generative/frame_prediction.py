"""Predicts the frames of a video, wholly in the space of its codes.

Section 4.4 of the VQ-VAE paper (https://arxiv.org/abs/1711.00937): a prior
draws the codes of a frame on condition of those of the frames before it and, if
there are any, of the actions; after the last frame all are decoded at once.
"""

import numpy as np

from keras_papers.applications.generative.codes_above import (
    condition_names,
    condition_of,
)
from keras_papers.applications.generative.halves import (
    decoder,
    encoder,
    quantizers,
)
from keras_papers.applications.generative.pixel_cnn import GatedPixelCNN
from keras_papers.applications.generative.sampling import sample
from keras_papers.checks import check_positive_int, check_seed


def frame_prior(vqvae, context=2, num_actions=None, **options):
    """Builds a prior over the codes of a frame, given those before it.

    Args:
        vqvae: What `VQVAEVideo` returned.
        context: Positive int. How many maps of codes before it are seen: two
            show how things move. Defaults to 2.
        num_actions: Positive int, or None. Actions, of which one leads to each
            frame. Defaults to None.
        **options: Keyword arguments of `GatedPixelCNN`, such as `filters`.

    Returns:
        A `GatedPixelCNN` for one map of codes. Train it on `frame_examples`.

    Example:
    >>> from keras_papers.applications.generative.vq_vae_video import (
    ...     FRAME_BY_FRAME,
    ...     VQVAEVideo,
    ... )
    >>> model = VQVAEVideo((6, 16, 16, 1), 32, 16, table=FRAME_BY_FRAME)
    >>> frame_prior(model, num_layers=2).output_shape
    (None, 4, 4, 32)
    """
    check_positive_int("context", context, "a number of maps", "Try 2.")
    height, width, codes = _map_of_codes(vqvae)
    return GatedPixelCNN(
        (height, width),
        codes,
        num_classes=num_actions,
        codes_above=[(height, width, codes)] * context,
        **options,
    )


def _map_of_codes(vqvae):
    """Returns height, width and number of the codes of a frame."""
    (quantizer,) = quantizers(vqvae)
    _, height, width = encoder(vqvae).output_shape[1:]
    return height, width, quantizer.num_embeddings


def frame_examples(prior, codes, actions=None):
    """Returns what a prior of frames is trained on, of the codes of clips.

    Args:
        prior: What `frame_prior` returned.
        codes: Ints of shape `(clips, maps, height, width)`, such as
            `extract_latents(vqvae, clips).codes[0]`.
        actions: Ints of shape `(clips, maps)`, or None: the action that led to
            each map.

    Returns:
        A tuple of a dict of inputs, and the codes to predict.

    Raises:
        ValueError: If the clips are shorter than the prior's context, or it
            has none.

    Example:
    >>> prior = GatedPixelCNN((4, 4), 32, num_layers=1, codes_above=(4, 4, 32))
    >>> codes = np.zeros((3, 5, 4, 4), "int32")  # of 3 clips
    >>> inputs, targets = frame_examples(prior, codes)
    >>> sorted(inputs), targets.shape
    (['codes', 'condition'], (12, 4, 4))
    """
    codes = np.asarray(codes)
    context = len(_maps_before(prior))
    if codes.ndim != 4 or codes.shape[1] <= context:
        raise ValueError(
            "`codes` has the codes of clips, of shape (clips, maps, height, "
            f"width), with more maps than the {context} that the prior sees. "
            f"Received: codes of shape {codes.shape}. Pass longer clips, or "
            "build a prior with less context."
        )
    _check_actions(prior, actions, codes.shape[:2])
    maps = codes.shape[1]
    before = [
        _joined(codes[:, start : maps - context + start])
        for start in range(context)
    ]
    targets = _joined(codes[:, context:])
    inputs = {"codes": targets, **condition_of(before, prior)}
    if actions is not None:
        inputs["labels"] = np.asarray(actions)[:, context:].reshape(-1)
    return inputs, targets


def _maps_before(prior):
    """Returns the names of the inputs for the maps before a frame."""
    names = condition_names(prior)
    if not names:
        raise ValueError(
            "`prior` predicts a frame from the maps of codes before it. "
            f"Received: {prior.name!r}, which takes none. Pass what "
            "`frame_prior` returned."
        )
    return names


def _joined(maps):
    """Returns `(clips, maps, height, width)` as `(clips * maps, ...)`."""
    return maps.reshape(-1, *maps.shape[2:])


def _check_actions(prior, actions, shape):
    takes = isinstance(prior.input, dict) and "labels" in prior.input
    given = None if actions is None else np.shape(actions)
    if (given is not None) != takes or (takes and given != shape):
        wanted = f"ints of shape {shape}" if takes else "None"
        raise ValueError(
            "`actions` has the action that leads to each map of codes, for a "
            "prior that was built with num_actions. Received: "
            f"{'None' if given is None else f'actions of shape {given}'} for "
            f"{prior.name!r}. Pass {wanted}."
        )


def predict_frames(
    vqvae,
    prior,
    frames,
    number=1,
    *,
    actions=None,
    temperature=1.0,
    seed=None,
    batch_size=16,
    verbose=1,
):
    """Draws the frames that follow given ones.

    The given frames are encoded, the codes of the others are drawn one map
    after another, and all are decoded at once. Where the layers of the
    autoencoder reach over frames, as in `VIDEO_GPT`, the given frames are
    followed by copies of the last one when they are encoded; in
    `FRAME_BY_FRAME` nothing depends on these.

    Args:
        vqvae: What `VQVAEVideo` returned.
        prior: What `frame_prior` returned.
        frames: Array of shape `(clips, frames, height, width, channels)`: at
            least as many as the prior sees, and as the frames of a code.
        number: Positive int. How many frames to draw. With the given ones
            they are at most the frames of a clip of `vqvae`. Defaults to 1.
        actions: Ints of shape `(clips, maps)`: those that lead to each map of
            codes to draw. Needed if the prior was built with `num_actions`.
        temperature: Positive number, as in `sample`. Defaults to 1.
        seed: Int, or None. The same seed draws the same frames.
        batch_size: Positive int. Clips that are drawn side by side.
        verbose: 1 shows a progress bar for each map of codes, 0 nothing.

    Returns:
        An array of float32 of shape `(clips, number, height, width,
        channels)`, in the range of the training clips.

    Raises:
        ValueError: If an argument is out of its range, the prior is not for
            the codes of the autoencoder, or a frame is not finite.

    Example:
    >>> from keras_papers.applications.generative.vq_vae_video import (
    ...     FRAME_BY_FRAME,
    ...     VQVAEVideo,
    ... )
    >>> model = VQVAEVideo((6, 8, 8, 1), 16, 8, table=FRAME_BY_FRAME)
    >>> prior = frame_prior(model, filters=4, num_layers=1)
    >>> predict_frames(model, prior, np.zeros((1, 2, 8, 8, 1)), verbose=0).shape
    (1, 1, 8, 8, 1)
    """
    check_positive_int("number", number, "how many frames to draw", "Try 1.")
    if seed is not None:
        check_seed(seed)
    expected = _map_of_codes(vqvae)
    if tuple(prior.output_shape[1:]) != expected:
        raise ValueError(
            "`prior` is for the codes of one frame of the autoencoder, "
            f"{expected} as (height, width, num_embeddings). Received: "
            f"{prior.name!r} for {tuple(prior.output_shape[1:])}. Pass what "
            "`frame_prior` returned for it."
        )
    frames = np.asarray(frames)
    length, *image = vqvae.input_shape[1:]
    every = length // encoder(vqvae).output_shape[1]  # frames of a map
    names = _maps_before(prior)
    _check_axes(frames, tuple(image))
    given = frames.shape[1] if frames.ndim == 5 else 0
    good = given >= every * len(names) and frames.shape[2:] == tuple(image)
    if not good or given % every or number % every or given + number > length:
        raise ValueError(
            f"`frames` and `number` fill at most the {length} frames of "
            f"{tuple(image)} of a clip, in multiples of {every}, of which "
            f"{every * len(names)} at least are given. Received: frames of "
            f"shape {frames.shape} and number={number}. Pass other frames, or "
            "train on longer clips."
        )
    _check_frames(frames)
    draws = number // every
    _check_actions(prior, actions, (len(frames), draws))
    codes = _codes_of(vqvae, frames, given // every, batch_size)
    seeds = np.random.SeedSequence(seed).generate_state(draws)
    for draw in range(draws):
        before = [codes[:, place] for place in range(-len(names), 0)]
        drawn = sample(
            prior,
            len(frames),
            labels=None if actions is None else np.asarray(actions)[:, draw],
            condition=before if len(before) > 1 else before[0],
            temperature=temperature,
            seed=int(seeds[draw]),
            batch_size=batch_size,
            verbose=verbose,
        )
        codes = np.concatenate([codes, drawn[:, None]], axis=1)
    maps = length // every
    last = np.repeat(codes[:, -1:], maps - codes.shape[1], axis=1)
    decoded = decoder(vqvae).predict(
        np.concatenate([codes, last], axis=1), batch_size=batch_size, verbose=0
    )
    return decoded[:, given : given + number]


def _check_axes(frames, image):
    """Raises ValueError where frames have one axis less than clips."""
    expected = "(clips, frames, height, width, channels)"
    for axis, found, expression in (
        ("clips", frames.shape[1:], "frames[None]"),
        ("channels", (*frames.shape[2:], 1), "frames[..., None]"),
    ):
        if frames.ndim == 4 and found == image:
            raise ValueError(
                f"`frames` has the axes {expected}. Received: frames of shape "
                f"{frames.shape}, without the axis of {axis}. Pass "
                f"`{expression}`."
            )


def _check_frames(frames):
    if not len(frames):
        raise ValueError(
            "`frames` has the first frames of one clip at least. Received: "
            f"frames of shape {frames.shape}. Pass the frames of a clip."
        )
    finite = np.isfinite(frames).all(axis=(2, 3, 4))
    if not finite.all():
        clip, frame = np.argwhere(~finite)[0]
        raise ValueError(
            "`frames` are finite numbers. Received: NaN or infinity in "
            f"{(~finite).sum()} of {finite.size} frames, first in frame "
            f"{frame} of clip {clip}. Remove or replace them."
        )


def _codes_of(vqvae, frames, maps, batch_size):
    """Returns the codes of frames, behind which the last one is repeated."""
    missing = vqvae.input_shape[1] - frames.shape[1]
    last = np.repeat(frames[:, -1:], missing, axis=1)
    codes = encoder(vqvae).predict(
        np.concatenate([frames, last], axis=1), batch_size=batch_size, verbose=0
    )
    return codes[:, :maps]
