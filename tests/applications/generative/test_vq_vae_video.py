"""The VQ-VAE of clips, and the prediction of frames in the space of codes."""

import keras
import numpy as np
import pytest

from keras_papers.applications.generative import (
    GatedPixelCNN,
    ReconstructionLoss,
    VQVAEVideo,
    decoder,
    encoder,
    extract_latents,
    frame_examples,
    frame_prior,
    predict_frames,
)
from keras_papers.applications.generative.rows import Table
from keras_papers.applications.generative.vq_vae_video import (
    FRAME_BY_FRAME,
    VIDEO_GPT,
)

CLIP = (6, 8, 8, 1)
FRAMES, HEIGHT, WIDTH, _ = CLIP


def moving_squares(number, seed=0):
    """Squares of 2 x 2 on a ring of 8 x 8, each with a velocity of its own."""
    generator = np.random.default_rng(seed)
    clips = np.zeros((number, *CLIP), "float32")
    for clip in clips:
        place = generator.integers(0, 4, size=2) * 2
        velocity = generator.integers(-1, 2, size=2) * 2
        for frame in clip:
            rows, columns = (np.arange(p, p + 2) % 8 for p in place)
            frame[np.ix_(rows, columns)] = 1.0
            place = place + velocity
    return clips


@pytest.fixture(scope="module")
def model():
    built = VQVAEVideo(CLIP, 16, 8, table=FRAME_BY_FRAME)
    noise = np.random.default_rng(0).normal(size=(4, *CLIP), scale=100.0)
    built.compile(keras.optimizers.SGD(0.0), "mse")
    built.fit(noise, noise, verbose=0)  # places the codes
    return built


@pytest.mark.contract
def test_the_public_tables_codes_are_a_quarter_each_way():
    # Of the table's rows those of one kind, which the counts do not need.
    small = Table(
        VIDEO_GPT.encoder[:4] + VIDEO_GPT.encoder[-1:],
        VIDEO_GPT.decoder[:2] + VIDEO_GPT.decoder[-3:],
    )
    model = VQVAEVideo((8, 12, 16, 3), 8, 4, table=small)
    assert encoder(model).output_shape == (None, 2, 3, 4)
    assert decoder(model).output_shape == (None, 8, 12, 16, 3)


@pytest.mark.contract
def test_codes_of_a_frame_depend_on_no_other_frame(model):
    clips = np.random.default_rng(0).normal(size=(1, *CLIP), scale=100.0)
    codes = extract_latents(model, clips).codes[0]
    assert codes.shape == (1, FRAMES, 2, 2) and len(np.unique(codes)) > 1
    clips[:, 3] *= -1
    changed = extract_latents(model, clips).codes[0] != codes
    assert changed[0, 3].any()
    assert not np.delete(changed, 3, axis=1).any()


@pytest.mark.contract
def test_a_prior_is_trained_on_the_maps_before_each():
    codes = np.arange(2 * 5 * 4).reshape(2, 5, 2, 2)
    prior = GatedPixelCNN(
        (2, 2), 40, num_layers=1, num_classes=3, codes_above=[(2, 2, 40)] * 2
    )
    actions = np.arange(10).reshape(2, 5) % 3
    inputs, targets = frame_examples(prior, codes, actions)
    np.testing.assert_array_equal(
        targets, np.concatenate([codes[0, 2:], codes[1, 2:]])
    )
    np.testing.assert_array_equal(inputs["codes"], targets)
    np.testing.assert_array_equal(inputs["condition2"], targets - 4)
    np.testing.assert_array_equal(inputs["condition1"], targets - 8)
    np.testing.assert_array_equal(inputs["labels"], [2, 0, 1, 1, 2, 0])


def test_given_frames_and_seeds_give_the_same_frames(model):
    prior = frame_prior(model, filters=4, num_layers=1)
    given = moving_squares(3)[:, :3]
    frames = predict_frames(model, prior, given, 2, seed=0, verbose=0)
    assert frames.shape == (3, 2, *CLIP[1:])
    again = predict_frames(model, prior, given, 2, seed=0, verbose=0)
    np.testing.assert_allclose(again, frames, rtol=1e-3, atol=1e-3)
    other = predict_frames(model, prior, given, 2, seed=1, verbose=0)
    assert np.abs(other - frames).max() > 1e-2


def test_actions_are_passed_for_each_frame(model):
    prior = frame_prior(model, num_actions=3, filters=4, num_layers=1)
    given, actions = moving_squares(2)[:, :3], np.array([[0, 2], [1, 1]])
    frames = predict_frames(
        model, prior, given, 2, actions=actions, seed=0, verbose=0
    )
    assert frames.shape == (2, 2, *CLIP[1:])
    for wrong in (None, actions[:, :1]):
        with pytest.raises(ValueError, match="`actions` has the action"):
            predict_frames(model, prior, given, 2, actions=wrong, verbose=0)


@pytest.mark.slow
def test_squares_are_predicted_better_than_by_the_last_frame():
    keras.utils.set_random_seed(0)
    training, held_out = moving_squares(512), moving_squares(64, seed=1)
    model = VQVAEVideo(CLIP, 32, 16, table=FRAME_BY_FRAME)
    model.compile(
        keras.optimizers.Adam(3e-3), ReconstructionLoss(training.var())
    )
    model.fit(training, training, epochs=8, batch_size=32, verbose=0)
    codes = extract_latents(model, training).codes[0]
    prior = frame_prior(model, filters=32, num_layers=4)
    prior.compile(
        keras.optimizers.Adam(3e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    prior.fit(*frame_examples(prior, codes), epochs=8, batch_size=64, verbose=0)
    frames = predict_frames(
        model, prior, held_out[:, :3], 3, seed=0, batch_size=64, verbose=0
    )
    error = np.mean((frames - held_out[:, 3:]) ** 2)
    copied = np.mean((held_out[:, 2:3] - held_out[:, 3:]) ** 2)
    assert copied > 0.04
    assert error < 0.4 * copied


@pytest.mark.parametrize(
    "frames, number",
    [
        ((2, 3, 8, 8, 1), 4),  # more than a clip has
        ((2, 1, 8, 8, 1), 2),  # fewer than the prior sees
        ((2, 3, 8, 12, 1), 2),
        ((3, 8, 9, 1), 2),
    ],
)
def test_frames_that_do_not_fit_are_named(model, frames, number):
    prior = frame_prior(model, filters=4, num_layers=1)
    with pytest.raises(ValueError, match=f"number={number}"):
        predict_frames(model, prior, np.zeros(frames), number, verbose=0)


@pytest.mark.parametrize(
    "frames, message",
    [
        ((3, 8, 8, 1), r"axis of clips. Pass `frames\[None\]`"),
        ((2, 3, 8, 8), r"axis of channels. Pass `frames\[..., None\]`"),
    ],
)
def test_an_axis_that_frames_lack_is_named(model, frames, message):
    prior = frame_prior(model, filters=4, num_layers=1)
    with pytest.raises(ValueError, match=message):
        predict_frames(model, prior, np.zeros(frames), verbose=0)


def test_a_prior_for_other_codes_is_named(model):
    prior = GatedPixelCNN((2, 2), 8, filters=4, num_layers=1)
    with pytest.raises(ValueError, match="`prior` is for the codes of one fr"):
        predict_frames(model, prior, moving_squares(2)[:, :3], verbose=0)


def test_clips_that_are_shorter_than_the_context_are_named(model):
    prior = frame_prior(model, filters=4, num_layers=1)
    with pytest.raises(ValueError, match="more maps than the 2"):
        frame_examples(prior, np.zeros((3, 2, 2, 2), int))


def test_a_prior_without_maps_before_a_frame_is_named(model):
    prior = GatedPixelCNN((2, 2), 16, filters=4, num_layers=1)
    with pytest.raises(ValueError, match="`prior` predicts.*takes none"):
        predict_frames(model, prior, moving_squares(2)[:, :3], verbose=0)
    with pytest.raises(ValueError, match="`prior` predicts.*takes none"):
        frame_examples(prior, np.zeros((3, 4, 2, 2), int))


def test_frames_that_are_none_or_not_finite_are_named(model):
    prior = frame_prior(model, filters=4, num_layers=1)
    frames = moving_squares(2)[:, :3]
    with pytest.raises(ValueError, match=r"one clip at least.*\(0, 3, 8, 8, 1"):
        predict_frames(model, prior, frames[:0], verbose=0)
    for value in (np.nan, np.inf):
        frames[1, 2, 0, 0] = value
        with pytest.raises(ValueError, match="1 of 6 frames.*2 of clip 1"):
            predict_frames(model, prior, frames, verbose=0)


@pytest.mark.parametrize(
    "shape, message",
    [
        ((16, 64, 64), "is the frames, height, width"),
        ((6, 64, 64, 3), "pad the clips to 8 x 64 x 64"),
        ((8, 64, 63, 3), "pad the clips to 8 x 64 x 64"),
    ],
)
def test_clips_that_the_strides_do_not_divide_are_refused(shape, message):
    with pytest.raises(ValueError, match=message):
        VQVAEVideo(shape)
