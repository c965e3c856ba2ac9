"""Luong attention (Luong et al., 2015, https://arxiv.org/abs/1508.04025).

A translation model: LSTM encoder, attention, LSTM decoder.
"""

from typing import NamedTuple

import keras
from keras import layers

from keras_papers.applications import registry
from keras_papers.checks import (
    check_bool,
    check_choice,
    check_fraction,
    check_name,
    check_positive_int,
    plain_numbers,
)
from keras_papers.layers import LuongAttention
from keras_papers.layers._input_feeding import (
    InputFeedingCell,
    InputFeedingDecoder,
)
from keras_papers.layers.luong_attention import SCORES

PAPER = registry.Paper(
    "Luong attention",
    "Effective Approaches to Attention-based Neural Machine Translation",
    "Luong et al.",
    2015,
    "https://arxiv.org/abs/1508.04025",
)


class Row(NamedTuple):
    """The sizes of encoder and decoder."""

    layers: int
    cells: int  # of each LSTM layer
    embedding: int  # dimensions


# Section 4.1, which also has the 50,000 most frequent words of each language
# and sentences of at most 50 words.
SECTION_4_1 = (Row(layers=4, cells=1000, embedding=1000),)
WORDS, LENGTH = 50_000, 50


@registry.network(
    PAPER, SECTION_4_1, size=LENGTH, task=registry.SEQUENCE_TRANSLATION
)
@plain_numbers
def AttentionSeq2Seq(
    source_vocabulary=WORDS,
    target_vocabulary=WORDS,
    source_length=LENGTH,
    target_length=LENGTH,
    *,
    units=None,
    num_layers=None,
    embedding_dim=None,
    score="general",
    bidirectional=False,
    input_feeding=False,
    dropout=0.0,
    name="attention_seq2seq",
):
    """Builds a translation model with the attention of Luong et al.

    Global attention, section 3.1 of the paper. An LSTM encoder reads the
    source. An LSTM decoder starts from its last states and reads the target up
    to a step. `LuongAttention` finds the context c of its state h in the
    source. The logits are a linear layer of tanh(W [c; h]), eq. 5 and 6,
    without biases.

    Tokens are ints: 0 is padding in both languages, in the target 1 starts a
    sequence and 2 ends it. `translation_examples` makes the inputs and the
    labels of `fit` and checks the ids, and `translate` decodes. Ids that are
    passed to `fit` without it are not checked: of one beyond its vocabulary
    TensorFlow and PyTorch raise an error of their own, JAX makes NaN, and Keras
    cuts the fractions of floats off. Padding has no weight in the
    attention and, as Keras masks it, none in the loss.

    Args:
        source_vocabulary: Int of at least 2. Ids of source tokens, padding
            included. Defaults to 50,000, as in section 4.1.
        target_vocabulary: Int of at least 4. Ids of target tokens, padding,
            start and end included. Defaults to 50,000.
        source_length: Positive int. Tokens of a source, padding included; or
            None for any number. Defaults to 50, as in section 4.1.
        target_length: Positive int. Tokens of a target with its end; or None
            for any number. Defaults to 50.
        units: Positive int. Cells of each LSTM layer. Defaults to 1,000.
        num_layers: Positive int. LSTM layers of the encoder, and of the
            decoder. Defaults to 4.
        embedding_dim: Positive int. Defaults to 1,000.
        score: How target and source states are compared: `"general"`
            (default), `"dot"` or `"concat"`.
        bidirectional: Whether each layer of the encoder reads in both
            directions, each with half of the units, as in OpenNMT. Defaults
            to False, as in the paper.
        input_feeding: Whether the decoder sees its last attentional state
            (section 3.3). It is then computed step by step in training, too.
            Defaults to False.
        dropout: Float in [0, 1). Of the inputs of each LSTM layer; the same
            ones are dropped at all steps. Defaults to 0.
        name: Name of the model.

    Returns:
        A functional model. Its input is a dict of `source`, ints of shape
        `(batch, source_length)`, and `target`, ints of shape `(batch,
        target_length)`. Its output is the logits of the token after each
        target token: `(batch, target_length, target_vocabulary)`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> model = AttentionSeq2Seq(30, 20, None, None, units=8, num_layers=1)
    >>> sorted(model.input), model.output_shape
    (['source', 'target'], (None, None, 20))
    """
    check_name(name)
    (row,) = SECTION_4_1
    cells = row.cells if units is None else units
    depth = row.layers if num_layers is None else num_layers
    embedding = row.embedding if embedding_dim is None else embedding_dim
    for argument, value, meaning, advice in (
        ("units", cells, "the cells of an LSTM layer", "Try 256."),
        ("num_layers", depth, "a number of LSTM layers", "Try 1."),
        ("embedding_dim", embedding, "the length of a vector", "Try 128."),
    ):
        check_positive_int(argument, value, meaning, advice)
    for argument, value, least in (
        ("source_vocabulary", source_vocabulary, 2),
        ("target_vocabulary", target_vocabulary, 4),
    ):
        _check_vocabulary(argument, value, least)
    for argument, value in (
        ("source_length", source_length),
        ("target_length", target_length),
    ):
        if value is not None:
            check_positive_int(
                argument, value, "the tokens of a sequence", "Try 50, or None."
            )
    check_choice("score", score, SCORES, "how two states are compared")
    check_fraction("dropout", dropout, "a share", "0 drops nothing.")
    check_bool("bidirectional", bidirectional, "whether the encoder reads back")
    check_bool("input_feeding", input_feeding, "whether states are fed back")
    if bidirectional and cells % 2:
        raise ValueError(
            "`units` are divided between both directions of the encoder. "
            f"Received: units={cells} with bidirectional=True. Pass an even "
            "number."
        )

    source = keras.Input((source_length,), dtype="int32", name="source")
    target = keras.Input((target_length,), dtype="int32", name="target")
    x = layers.Embedding(
        source_vocabulary, embedding, mask_zero=True, name="source_embedding"
    )(source)
    states = []
    for index in range(1, depth + 1):
        x, *of_layer = _encoder_layer(
            x, cells, bidirectional, dropout, f"encoder{index}"
        )
        states += of_layer
    memory = x
    x = layers.Embedding(
        target_vocabulary, embedding, mask_zero=True, name="target_embedding"
    )(target)
    if input_feeding:
        cell = InputFeedingCell(cells, depth, score, dropout)
        x = InputFeedingDecoder(cell, name="decoder")([x, memory, *states])
    else:
        for index in range(1, depth + 1):
            x = layers.LSTM(
                cells,
                return_sequences=True,
                dropout=dropout,
                name=f"decoder{index}",
            )(x, initial_state=states[2 * index - 2 : 2 * index])
        context = LuongAttention(score, name="attention")([x, memory])
        x = layers.Concatenate(name="context_and_state")([context, x])
        x = layers.Dense(cells, "tanh", use_bias=False, name="attentional")(x)
    x = layers.Dense(target_vocabulary, use_bias=False, name="logits")(x)
    return keras.Model({"source": source, "target": target}, x, name=name)


def _encoder_layer(x, cells, bidirectional, dropout, name):
    """Draws a layer of the encoder.

    Returns:
        The states of all steps, and the last `h` and `c`.
    """
    lstm = layers.LSTM(
        cells // 2 if bidirectional else cells,
        return_sequences=True,
        return_state=True,
        dropout=dropout,
        name=name,
    )
    if not bidirectional:
        return lstm(x)
    x, *states = layers.Bidirectional(lstm, name=name)(x)
    return x, *(
        layers.Concatenate(name=f"{name}_{letter}")(states[start::2])
        for start, letter in enumerate("hc")
    )


def _check_vocabulary(argument, value, least):
    check_positive_int(argument, value, "a number of ids", "Try 50000.")
    if value < least:
        special = "padding" if least == 2 else "padding, start and end"
        raise ValueError(
            f"`{argument}` is the number of ids, of which {special} are "
            f"no words. Received: {argument}={value}. Pass at least {least}."
        )
