"""The ids of tokens: checked, padded, and made into examples for training."""

import keras
import numpy as np

PADDING, START, END = 0, 1, 2  # what is no word; start and end: of a target


def translation_examples(sources, targets, model):
    """Returns what `fit` takes to train an `AttentionSeq2Seq`.

    Teacher forcing: the decoder reads the start and the target, and is to
    output the target and the end.

    Args:
        sources: Sequences of tokens: lists of ints of any lengths, or an array
            `(number, tokens)` padded with 0 at the end.
        targets: As many sequences, without start and end.
        model: The model that is to be trained.

    Returns:
        A dict of `source` and `target`, and the labels: arrays of int32, as
        long as the model takes them, or as the longest sequence where it takes
        any length.

    Raises:
        ValueError: If a sequence is empty or longer than the model takes, an
            id is not one of its words, or the numbers of sequences differ.

    Example:
    >>> from keras_papers.applications import AttentionSeq2Seq
    >>> model = AttentionSeq2Seq(9, 9, None, None, units=4, num_layers=1)
    >>> inputs, labels = translation_examples(
    ...     [[5, 6, 7], [8]], [[3], [4, 5]], model
    ... )
    >>> inputs["source"].tolist(), inputs["target"].tolist()
    ([[5, 6, 7], [8, 0, 0]], [[1, 3, 0], [1, 4, 5]])
    >>> labels.tolist()
    [[3, 2, 0], [4, 5, 2]]
    """
    check_translator(model)
    if len(sources) != len(targets):
        raise ValueError(
            "`targets` has a translation of each source. Received: "
            f"{len(sources)} sources and {len(targets)} targets. Pass as many."
        )
    source = source_ids(sources, model)
    limit = model.input["target"].shape[1]
    vocabulary = model.get_layer("target_embedding").input_dim
    words = _rows("targets", targets, END + 1, vocabulary)
    _check_lengths("targets", words, limit and limit - 1)
    with_end = [[*row, END] for row in words]
    labels = _padded(with_end, limit)
    target = np.roll(labels, 1, axis=1)
    target[target == END] = PADDING
    target[:, 0] = START
    return {"source": source, "target": target}, labels


def source_ids(sources, model):
    """Returns checked sources as an array, padded to the model's length.

    Args:
        sources: Sequences of tokens.
        model: An `AttentionSeq2Seq`.

    Raises:
        ValueError: If there is no source, one is empty or too long, or an id is
            not one of the source's words.
    """
    limit = model.input["source"].shape[1]
    vocabulary = model.get_layer("source_embedding").input_dim
    rows = _rows("sources", sources, PADDING + 1, vocabulary)
    _check_lengths("sources", rows, limit)
    return _padded(rows, limit)


def check_translator(model):
    """Raises ValueError unless a model is an `AttentionSeq2Seq`."""
    inputs = getattr(model, "input", None)
    names = sorted(inputs) if isinstance(inputs, dict) else None
    if names == ["source", "target"] and isinstance(model, keras.Model):
        layers = {layer.name for layer in model.layers}
        if {"source_embedding", "target_embedding", "logits"} <= layers:
            return
    raise ValueError(
        "`model` is a translation model. Received: "
        f"model={getattr(model, 'name', model)!r}. Pass what AttentionSeq2Seq "
        "returned, or such a model that was loaded."
    )


def _rows(name, sequences, first, vocabulary):
    """Returns sequences as lists of ints, without the padding at the end."""
    rows = []
    for number, sequence in enumerate(sequences):
        row = np.asarray(sequence)
        if row.ndim == 1 and row.size == 0:
            row = row.astype("int32")
        if row.ndim != 1 or row.dtype.kind not in "iu":
            raise ValueError(
                f"`{name}` are sequences of ids. Received: {name}[{number}]="
                f"{sequence!r}. Pass a list of ints for each."
            )
        row = np.trim_zeros(row, "b")
        if not row.size:
            raise ValueError(
                f"`{name}` are sequences of at least one token. Received: "
                f"{name}[{number}], which is empty. Remove it."
            )
        wrong = row[(row < first) | (row >= vocabulary)]
        if wrong.size:
            raise ValueError(
                f"`{name}` are ids of words, from {first} to {vocabulary - 1}, "
                f"and {PADDING} behind the last. Received: {int(wrong[0])} in "
                f"{name}[{number}]. Map it to the id of unknown words."
            )
        rows.append(row.tolist())
    if not rows:
        raise ValueError(
            f"`{name}` are sequences of ids. Received: none. Pass at least one."
        )
    return rows


def _check_lengths(name, rows, limit):
    for number, row in enumerate(rows):
        if limit is not None and len(row) > limit:
            behind = ", to which the end is added" if name == "targets" else ""
            raise ValueError(
                f"`{name}` have at most {limit} tokens in this model{behind}. "
                f"Received: {len(row)} tokens in {name}[{number}]. Shorten it, "
                f"or build the model with another {name[:-1]}_length."
            )


def _padded(rows, length):
    """Returns lists as an int32 array of a length, or that of the longest."""
    length = length or max(map(len, rows))
    ids = np.full((len(rows), length), PADDING, "int32")
    for row, values in zip(ids, rows, strict=True):
        row[: len(values)] = values
    return ids
