"""Draws codes from a prior, one after the other.

The logits of a place depend on the codes before it only. Run as it is, the
network would compute the whole map again for every place. A sampler keeps what
each layer will see again, and computes each place once.

A `CodeSampler` is made of the layers of a prior. It draws `places` of the
first axis of the codes in one call, such as a row of a map, and has

- `prepare(given)`, what is computed once for a batch of the conditions, a dict
  of arrays;
- `start(batch_size)`, the state before the first call: arrays, or lists or
  dicts of them;
- `draw(inputs)`, of a dict of `noise` of shape `(batch, places, ...,
  num_embeddings)`, `scale` (1 / temperature, of shape `(batch, 1)`), `state`,
  and the conditions: `labels` as they are, a map cut as the noise is. It
  returns the codes and the next state;
- `unit`, a word for what is drawn in one call;
- `noise(generator, shape)`, where it is no Gumbel noise for each logit;
- `steps`, where the first axis of the codes can be open: its places for each
  step of the condition.
"""

import weakref

import keras
import numpy as np

from keras_papers.applications.generative.codes_above import (
    condition_names,
    condition_of,
    levels_above,
)
from keras_papers.applications.generative.pixel_cnn_sampler import (
    PixelCNNSampler,
)
from keras_papers.applications.generative.pixel_snail_sampler import (
    PixelSNAILSampler,
)
from keras_papers.applications.generative.wavenet_sampler import (
    WaveNetSampler,
)
from keras_papers.checks import (
    check_positive,
    check_positive_int,
    check_seed,
)
from keras_papers.layers import GatedCausalConv1D, GatedMaskedConv2D
from keras_papers.layers._gated_residual2d import GatedResidual2D

# A prior that has this layer, also one that was loaded: its sampler.
_SAMPLERS = (
    (GatedMaskedConv2D, PixelCNNSampler),
    (GatedCausalConv1D, WaveNetSampler),
    (GatedResidual2D, PixelSNAILSampler),
)
_COMPILED = weakref.WeakKeyDictionary()  # prior: {batch size: sampler}


def sample(
    prior,
    number=1,
    *,
    labels=None,
    condition=None,
    length=None,
    temperature=1.0,
    seed=None,
    batch_size=16,
    verbose=1,
):
    """Draws codes from a prior, such as a `GatedPixelCNN` or a `WaveNet`.

    Args:
        prior: What `GatedPixelCNN`, `PixelSNAIL` or `WaveNet` returned, or
            such a model that was loaded.
        number: Positive int. How many maps, or sounds. Defaults to 1.
        labels: Ints of shape `(number,)`, or one for all: their classes.
        condition: Maps of shape `(number, height, width, channels)`; or for a
            prior that was built with `codes_above` the codes of the level
            above, ints of shape `(number, height, width)`. A list of them from
            the top level down where there are several. For sounds of shape
            `(number, steps, channels)`.
        length: Positive int. Samples of a sound, where a `WaveNet` was built
            for any number and no `condition` has one.
        temperature: Positive number. Divides the logits; below 1 the likely
            codes become likelier. Defaults to 1.
        seed: Int, or None. The same seed gives the same maps, whatever the
            batch size is.
        batch_size: Positive int. Maps that are drawn side by side.
        verbose: 1 shows a progress bar over the rows, or over blocks of
            samples; 0 nothing.

    Returns:
        An array of int32 of shape `(number, height, width)`; of sounds
        `(number, time)`, of float32 from a mixture of logistics.

    Raises:
        ValueError: If an argument is out of its range, or does not fit the
            prior.

    Example:
    >>> from keras_papers.applications.generative import GatedPixelCNN
    >>> prior = GatedPixelCNN((4, 4), num_embeddings=8, num_layers=2)
    >>> sample(prior, 3, seed=0, verbose=0).shape
    (3, 4, 4)
    """
    check_positive_int("number", number, "how many maps to draw", "Try 16.")
    check_positive_int("batch_size", batch_size, "a number of maps", "Try 16.")
    check_positive(
        "temperature", temperature, "a divisor of the logits", "Try 1."
    )
    if seed is not None:
        check_seed(seed)
    batch_size = min(batch_size, number)
    sampler = _compiled_sampler(prior, batch_size)
    given = _conditions(prior, number, labels, condition)
    length = _checked_length(length, prior, sampler, given)
    noise = getattr(sampler, "noise", gumbel)
    size = (sampler.places, *prior.output_shape[2:])
    scale = np.full((batch_size, 1), 1 / temperature, "float32")
    starts = range(0, number, batch_size)
    calls = range(0, length, sampler.places)
    progress = keras.utils.Progbar(
        len(starts) * len(calls), unit_name=sampler.unit, verbose=verbose
    )
    sources = generators(seed, len(starts) * batch_size)
    codes = []
    for start in starts:
        # The last batch is filled up to the size of the others, so that one
        # network is compiled.
        drawn = np.arange(start, start + batch_size)
        of_batch = sampler.prepare(
            {
                name: values[np.minimum(drawn, number - 1)]
                for name, values in given.items()
            }
        )
        state, parts = sampler.start(batch_size), []
        for place in calls:
            inputs = {
                name: values
                if name == "labels"
                else values[:, place : place + sampler.places]
                for name, values in of_batch.items()
            }
            inputs["noise"] = np.stack([noise(sources[n], size) for n in drawn])
            part, state = sampler.predict_on_batch(
                {**inputs, "scale": scale, "state": state}
            )
            parts.append(part)
            progress.add(1)
        codes.append(np.concatenate(parts, axis=1)[:, :length])
    return np.concatenate(codes)[:number]


def _compiled_sampler(prior, batch_size):
    """Returns the sampler of a prior, compiled once for each batch size."""
    samplers = _COMPILED.setdefault(prior, {})
    if batch_size not in samplers:
        sampler = _sampler_class(prior)(prior)
        # Without a compiler each step of the loop is a call of Python.
        sampler.compile(jit_compile=keras.config.backend() != "torch")
        samplers[batch_size] = sampler
    return samplers[batch_size]


def _sampler_class(prior):
    """Returns the class that samples from networks of a prior's layers."""
    if isinstance(prior, keras.Model):
        for layer_class, sampler_class in _SAMPLERS:
            if any(isinstance(layer, layer_class) for layer in prior.layers):
                return sampler_class
    raise ValueError(
        "`prior` is a network over codes that `sample` can compute place by "
        f"place. Received: prior={getattr(prior, 'name', prior)!r}, which has "
        "no layer of such a network. Pass what GatedPixelCNN returned, not "
        "flattened or converted."
    )


def generators(seed, number):
    """Returns a random generator for each map, independent of the others."""
    return [
        np.random.default_rng(sequence)
        for sequence in np.random.SeedSequence(seed).spawn(number)
    ]


def gumbel(generator, shape):
    """Draws noise of which the largest sum with logits is a sample of them."""
    return generator.gumbel(size=shape).astype("float32")


def _conditions(prior, number, labels, condition):
    """Returns the conditions as arrays, one element for each map."""
    inputs = prior.input if isinstance(prior.input, dict) else {}
    names = condition_names(prior)
    for name, value, needed in (
        ("labels", labels, "labels" in inputs),
        ("condition", condition, len(names) > 0),
    ):
        if needed != (value is not None):
            needs = "needs" if needed else "takes no"
            raise ValueError(
                f"`{name}` is what the prior is conditioned on. Received: "
                f"{name}={value if value is None else type(value).__name__} "
                f"for {prior.name!r}, which {needs} {name}. "
                "Pass what it was built for."
            )
    given = {} if labels is None else {"labels": labels}
    if len(names) == 1:
        condition = [condition]
    elif names and not hasattr(condition, "__len__"):
        raise ValueError(
            f"`condition` is a list of {len(names)} for a prior of so many "
            "levels above. Received: condition="
            f"{condition!r} for {prior.name!r}. Pass the codes of each level, "
            "the top level first."
        )
    if names:
        given |= condition_of(list(condition), prior)
    given = {
        name: _one_for_each(name, values, tuple(inputs[name].shape[1:]), number)
        for name, values in given.items()
    }
    limits = {"labels": _num_classes(prior)}
    for name, (_, _, codes) in zip(names, levels_above(prior), strict=False):
        limits[name] = codes
    for name, values in given.items():
        if limits.get(name) is not None:
            _check_indices(name, values, limits[name])
        elif not np.isfinite(values).all():
            raise ValueError(
                f"`{name}` is what the prior is conditioned on. Received: "
                f"{name} with {int((~np.isfinite(values)).sum())} values that "
                "are not finite. Remove or replace them."
            )
    return given


def _num_classes(prior):
    """Returns what the labels of a prior are below, or None."""
    found = [getattr(layer, "num_classes", None) for layer in prior.layers]
    found += [
        layer.input_dim for layer in prior.layers if layer.name == "classes"
    ]
    return max((number for number in found if number), default=None)


def _check_indices(name, values, limit):
    found = None
    if values.dtype.kind not in "iu":
        found = f"of {values.dtype}"
    elif values.min() < 0 or values.max() >= limit:
        found = f"from {values.min()} to {values.max()}"
    if found:
        raise ValueError(
            f"`{name}` are indices that the prior was built for. Received: "
            f"{name} {found}. Pass ints from 0 to {limit - 1}."
        )


def _one_for_each(name, values, shape, number):
    """Returns `number` arrays of a shape; one is repeated."""
    values = np.asarray(values)
    if _fits(values.shape, shape):
        values = np.broadcast_to(values, (number, *values.shape))
    if not _fits(values.shape, (number, *shape)):
        raise ValueError(
            f"`{name}` has an element for each map. Received: {name} of "
            f"shape {values.shape} for number={number}. Pass the shape "
            f"{(number, *shape)}."
        )
    return values


def _fits(shape, expected):
    """Returns whether a shape is one that may have open sizes."""
    return len(shape) == len(expected) and all(
        size is None or size == found
        for found, size in zip(shape, expected, strict=True)
    )


def _checked_length(length, prior, sampler, given):
    """Returns how many places of the first axis to draw."""
    if length is not None:
        check_positive_int("length", length, "samples of a sound", "Try 8000.")
    of_prior = prior.output_shape[1]
    if of_prior is None and "condition" in given:
        of_prior = given["condition"].shape[1] * sampler.steps
    if of_prior is None and length is None:
        raise ValueError(
            "`length` is the number of samples to draw from a prior that was "
            f"built for any number. Received: length=None for {prior.name!r}. "
            "Try 8000."
        )
    if None not in (of_prior, length) and of_prior != length:
        raise ValueError(
            "`length` is the number of samples to draw where neither the "
            f"prior nor a condition has one. Received: length={length} for "
            f"{of_prior} samples of {prior.name!r}. Leave it out."
        )
    return of_prior or length
