"""Decodes with a translation model, greedily or with a beam."""

import weakref
from typing import Any, NamedTuple

import numpy as np

from keras_papers.applications.sequences.beam_search import BeamSearch
from keras_papers.applications.sequences.tokens import (
    check_translator,
    source_ids,
)
from keras_papers.checks import check_number, check_positive_int

BLOCK = 8  # sources of open length are padded to a multiple of this
_COMPILED = weakref.WeakKeyDictionary()  # model: {sizes of a beam: search}


class Translations(NamedTuple):
    """What `translate` found for each source.

    Example:
    >>> from keras_papers.applications import AttentionSeq2Seq
    >>> model = AttentionSeq2Seq(9, 9, None, None, units=4, num_layers=1)
    >>> ids, scores, attention = translate(
    ...     model, [[5, 6, 7]], max_length=4, return_attention=True
    ... )
    >>> attention.shape
    (1, 4, 3)
    """

    ids: Any  # int32 (number, tokens): the target, its end, and padding
    scores: Any  # float32 (number,)
    attention: Any  # float32 (number, tokens, source tokens), or None


def translate(
    model,
    sources,
    beam_width=1,
    max_length=None,
    *,
    length_penalty=1.0,
    return_attention=False,
    batch_size=32,
):
    """Decodes the likeliest targets of sources.

    A hypothesis is extended until it ends or has `max_length` tokens. A beam
    keeps the likeliest ones of each step, and ended ones too. At the end the
    score of a hypothesis is its log-probability divided by a power of its
    length, as longer ones have more factors below 1; the best that ended is
    returned, or where none did, the best.

    The network is compiled once for each number of sources in a batch, length
    of the sources in steps of 8, `beam_width` and `max_length`.

    Args:
        model: What `AttentionSeq2Seq` returned, or such a model that was
            loaded.
        sources: Sequences of tokens: lists of ints of any lengths, or an array
            `(number, tokens)` padded with 0 at the end.
        beam_width: Positive int. Hypotheses of each source. Defaults to 1:
            greedy decoding.
        max_length: Positive int. Tokens of a target with its end. Defaults to
            None: that of the model. Needed where the model takes any length.
        length_penalty: Number of at least 0. The power of the length; with 0
            the score is the log-probability, with 1 its mean of each token.
            Defaults to 1.
        return_attention: Whether to return the attention weights, too.
            Defaults to False.
        batch_size: Positive int. Sources that are decoded side by side.
            Defaults to 32.

    Returns:
        `Translations`: `ids` `(number, max_length)`, in which 2 ends a target
        and 0 follows; `scores` `(number,)`; `attention` `(number, max_length,
        source tokens)`, whose row of a step sums to 1 and is 0 after the end,
        or None.

    Raises:
        ValueError: If an argument is out of its range, or a source is empty,
            too long or has ids that are not in the vocabulary.

    Example:
    >>> from keras_papers.applications import AttentionSeq2Seq
    >>> model = AttentionSeq2Seq(9, 9, None, None, units=4, num_layers=1)
    >>> found = translate(model, [[5, 6, 7], [8]], beam_width=3, max_length=4)
    >>> found.ids.shape, found.scores.shape
    ((2, 4), (2,))
    """
    check_translator(model)
    check_positive_int("beam_width", beam_width, "hypotheses", "Try 1.")
    check_positive_int("batch_size", batch_size, "a number", "Try 32.")
    check_number("length_penalty", length_penalty, "a power", "Try 1.")
    if length_penalty < 0:
        raise ValueError(
            "`length_penalty` is the power of a length that divides a score. "
            f"Received: length_penalty={length_penalty}. Pass at least 0."
        )
    max_length = _checked_max_length(max_length, model)
    source = source_ids(sources, model)
    number, steps = source.shape
    if model.input["source"].shape[1] is None:
        source = np.pad(source, ((0, 0), (0, -steps % BLOCK)))
    batch_size = min(batch_size, number)
    search = _compiled_search(model, int(beam_width), max_length)
    parts = []
    for start in range(0, number, batch_size):
        # The last batch is filled up to the size of the others, so that one
        # network is compiled.
        rows = np.minimum(np.arange(start, start + batch_size), number - 1)
        found = search.predict_on_batch(source[rows])
        parts.append(_best(found, length_penalty))
    ids, scores, attention = (
        np.concatenate(part)[:number] for part in zip(*parts, strict=True)
    )
    attention = attention[:, :, :steps] if return_attention else None
    return Translations(ids, scores, attention)


def _best(found, length_penalty):
    """Returns the ids, the score and the weights of the best hypotheses."""
    scores = found["scores"].astype("float64")
    scores /= np.maximum(found["lengths"], 1) ** float(length_penalty)
    ended = found["ended"] > 0
    of_those = np.where(ended.any(1, keepdims=True), ended, True)
    place = np.where(of_those, scores, -np.inf).argmax(1)
    rows = np.arange(len(place))
    scores = scores[rows, place].astype("float32")
    ids, weights = [], []
    # A beam may end before the last step: the steps behind have no parents.
    taken = int(found["lengths"].max())
    for step in reversed(range(len(found["tokens"]))):
        ids.append(found["tokens"][step, rows, place])
        weights.append(found["weights"][step, rows, place])
        if step < taken:
            place = found["parents"][step, rows, place]
    ids, weights = (np.stack(part[::-1], axis=1) for part in (ids, weights))
    return ids, scores, weights.astype("float32")


def _compiled_search(model, beam_width, max_length):
    """Returns the search of a model, compiled once for each beam."""
    searches = _COMPILED.setdefault(model, {})
    sizes = beam_width, max_length
    if sizes not in searches:
        search = BeamSearch(model, *sizes)
        search.compile()
        searches[sizes] = search
    return searches[sizes]


def _checked_max_length(max_length, model):
    """Returns the tokens of the longest target that is decoded."""
    limit = model.input["target"].shape[1]
    if max_length is None and limit is None:
        raise ValueError(
            "`max_length` is the tokens of the longest target, which a model "
            f"of any length leaves open. Received: max_length=None for "
            f"{model.name!r}. Try 50."
        )
    if max_length is None:
        return limit
    check_positive_int(
        "max_length", max_length, "a number of tokens", "Try 50."
    )
    if limit is not None and max_length > limit:
        raise ValueError(
            f"`max_length` is at most {limit} tokens in this model. Received: "
            f"max_length={max_length}. Leave it out, or build the model with "
            "another target_length."
        )
    return int(max_length)
