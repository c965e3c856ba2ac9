"""AttentionSeq2Seq against NumPy, and what `translate` finds with it."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers.applications import AttentionSeq2Seq
from keras_papers.applications.sequences import (
    translate,
    translation_examples,
)

SOURCES = [[3, 4, 5], [2, 2], [8, 1, 7, 1]]
START, END = 1, 2
WORDS = (3, 4, 5)
LONGEST = 3  # tokens of a target with its end


def model_of(vocabularies=(9, 6), lengths=(None, None), **arguments):
    """Returns a small model with drawn weights."""
    sizes = {"units": 6, "num_layers": 1, "embedding_dim": 5}
    model = AttentionSeq2Seq(*vocabularies, *lengths, **sizes | arguments)
    generator = np.random.default_rng(1)
    for weight in model.weights:
        weight.assign(generator.normal(size=weight.shape))
    return model


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "feeding"])
def model(request):
    return model_of(input_feeding=request.param)


@pytest.fixture(scope="module")
def large():
    """A model with all options at once."""
    return model_of(
        num_layers=2,
        score="concat",
        bidirectional=True,
        input_feeding=True,
        dropout=0.5,
    )


# The model in NumPy


class Reference:
    """Sections 3 to 3.3 of the paper for one sentence, step by step."""

    def __init__(self, model):
        layers = {layer.name: layer for layer in model.layers}
        arrays = {name: layer.get_weights() for name, layer in layers.items()}
        self.feeds_back = "decoder" in layers
        if self.feeds_back:
            cell = layers["decoder"].cell
            self.lstm = cell.cells[0].get_weights()
            (self.kernel,) = cell.attention.get_weights()
            (self.combine,) = cell.combine.get_weights()
        else:
            self.lstm = arrays["decoder1"]
            (self.kernel,) = arrays["attention"]
            (self.combine,) = arrays["attentional"]
        self.encoder = arrays["encoder1"]
        (self.of_source,) = arrays["source_embedding"]
        (self.of_target,) = arrays["target_embedding"]
        (self.logits,) = arrays["logits"]

    def log_probabilities(self, source, target):
        """Returns those of the token after each of the target."""
        h = c = np.zeros(6)
        memory = []
        for token in source:
            h, c = step_of_lstm(self.of_source[token], h, c, self.encoder)
            memory.append(h)
        memory, fed, found = np.stack(memory), np.zeros(6), []
        for token in target:
            x = self.of_target[token]
            x = np.concatenate([x, fed]) if self.feeds_back else x
            h, c = step_of_lstm(x, h, c, self.lstm)
            weights = np.exp(h @ self.kernel @ memory.T)
            context = weights / weights.sum() @ memory
            fed = np.tanh(np.concatenate([context, h]) @ self.combine)
            logits = fed @ self.logits
            found.append(logits - np.log(np.exp(logits).sum()))
        return np.stack(found)

    def beam(self, source, width):
        """Returns the best hypothesis: its score and its tokens.

        Those that ended stay, the others are extended and compete for the
        remaining places.
        """
        ended, alive = [], [(0.0, [START])]
        for _ in range(LONGEST):
            extended = []
            for score, tokens in alive:
                added = self.log_probabilities(source, tokens)[-1]
                extended += [
                    (score + added[token], [*tokens, token])
                    for token in (END, *WORDS)
                ]
            extended.sort(key=lambda each: -each[0])
            alive = extended[: width - len(ended)]
            ended += [each for each in alive if each[1][-1] == END]
            alive = [each for each in alive if each[1][-1] != END]
        best = [(score / (len(t) - 1), t[1:]) for score, t in ended or alive]
        return max(best, key=lambda each: each[0])


def step_of_lstm(x, h, c, weights):
    kernel, recurrent, bias = weights
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def padded(sequences, length):
    return np.array([[*row, *[0] * (length - len(row))] for row in sequences])


def logits_of(model, sources, targets, length=4):
    inputs = {
        "source": padded(sources, length),
        "target": padded(targets, LONGEST),
    }
    return ops.convert_to_numpy(model(inputs))


TARGETS = [[1, 3, 5], [1, 4], [1, 5, 5]]


@pytest.mark.contract
def test_the_logits_are_those_of_a_loop_in_numpy(model):
    found = ops.convert_to_numpy(
        ops.log_softmax(logits_of(model, SOURCES, TARGETS))
    )
    reference = Reference(model)
    for row, source, target in zip(found, SOURCES, TARGETS, strict=True):
        expected = reference.log_probabilities(source, target)
        assert np.ptp(expected) > 1
        np.testing.assert_allclose(row[: len(target)], expected, 1e-4, 1e-4)


@pytest.mark.parametrize("units", [6, 8])
@pytest.mark.parametrize(
    ("arguments", "attention"),
    [
        ({"score": "dot"}, lambda h: 0),
        ({"score": "general", "num_layers": 3}, lambda h: h * h),
        ({"score": "concat", "bidirectional": True}, lambda h: 2 * h * h + h),
        ({"input_feeding": True, "num_layers": 2}, lambda h: h * h),
    ],
)
def test_parameters_are_those_of_the_closed_form(units, arguments, attention):
    h, e, depth = units, 5, arguments.get("num_layers", 1)

    def lstm(inputs, cells):
        return 4 * cells * (inputs + cells + 1)

    fed = h if arguments.get("input_feeding") else 0
    directions = 2 if arguments.get("bidirectional") else 1
    expected = (
        (9 + 6) * e
        + directions * lstm(e, h // directions)
        + lstm(e + fed, h)
        + 2 * (depth - 1) * lstm(h, h)
        + attention(h)
        + 2 * h * h
        + 6 * h
    )
    model = AttentionSeq2Seq(
        9,
        6,
        None,
        None,
        embedding_dim=e,
        **{"num_layers": 1} | arguments,
        units=units,
    )
    assert model.count_params() == expected


def test_more_padding_of_the_source_changes_nothing(large, model):
    for each in (large, model):
        found = logits_of(each, SOURCES, TARGETS, 4)
        more = logits_of(each, SOURCES, TARGETS, 7)
        assert np.ptp(found) > 1
        np.testing.assert_allclose(more, found, rtol=1e-5, atol=1e-5)


@pytest.mark.contract
def test_padding_counts_neither_in_the_loss_nor_in_the_metrics(model):
    inputs, labels = translation_examples(SOURCES, [[3, 5], [4], [5]], model)
    assert (labels == 0).any()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(loss=loss, metrics=["accuracy"])
    found = model.evaluate(inputs, labels, verbose=0, return_dict=True)
    reference, losses, right = Reference(model), [], []
    for source, target, of_row in zip(
        SOURCES, inputs["target"], labels, strict=True
    ):
        length = (of_row > 0).sum()
        logs = reference.log_probabilities(source, target[:length])
        losses += [-logs[step, of_row[step]] for step in range(length)]
        right += list(logs.argmax(-1) == of_row[:length])
    assert found["loss"] == pytest.approx(np.mean(losses), rel=1e-4)
    assert found["accuracy"] == pytest.approx(np.mean(right))


def test_dropout_acts_in_training_only(large):
    inputs = {"source": padded(SOURCES, 4), "target": padded(TARGETS, 3)}
    calm = [ops.convert_to_numpy(large(inputs)) for _ in range(2)]
    np.testing.assert_array_equal(*calm)
    first, second = (
        ops.convert_to_numpy(large(inputs, training=True)) for _ in range(2)
    )
    assert np.abs(first - second).max() > 0.1
    assert np.abs(first - calm[0]).max() > 0.1


@pytest.mark.contract
def test_all_options_train_and_are_saved_with_the_decoding(tmp_path):
    model = model_of(
        num_layers=2,
        score="concat",
        bidirectional=True,
        input_feeding=True,
        dropout=0.1,
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss)
    before = model.get_weights()
    inputs, labels = translation_examples(SOURCES, [[3, 5], [4], [5]], model)
    model.fit(inputs, labels, verbose=0)
    for weight, old in zip(model.weights, before, strict=True):
        new = ops.convert_to_numpy(weight)
        assert np.isfinite(new).all() and (new != old).any(), weight.path
    found = translate(model, SOURCES, 2, LONGEST, return_attention=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    again = translate(loaded, SOURCES, 2, LONGEST, return_attention=True)
    np.testing.assert_array_equal(found.ids, again.ids)
    for one, other in zip(found[1:], again[1:], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_mixed_precision_searches_in_float32():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = model_of(input_feeding=True)
    finally:
        keras.config.set_dtype_policy("float32")
    found = translate(model, SOURCES, 2, LONGEST, return_attention=True)
    reference = Reference(model)
    for source, ids, score in zip(SOURCES, *found[:2], strict=True):
        tokens = ids[ids > 0].tolist()
        logs = reference.log_probabilities(source, [START, *tokens[:-1]])
        expected = logs[range(len(tokens)), tokens].mean()
        assert score == pytest.approx(expected, abs=0.05)


# Decoding


@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_beam_keeps_the_best_of_each_step(model, width):
    found = translate(model, SOURCES, width, LONGEST)
    reference = Reference(model)
    for source, ids, score in zip(SOURCES, *found[:2], strict=True):
        expected, tokens = reference.beam(source, width)
        assert ids[ids > 0].tolist() == tokens
        assert score == pytest.approx(expected, rel=1e-4)


def test_a_beam_of_one_is_greedy(model):
    found = translate(model, SOURCES, max_length=LONGEST)
    for source, ids in zip(SOURCES, found.ids, strict=True):
        tokens = [START]
        while tokens[-1] != END and len(tokens) <= LONGEST:
            logits = logits_of(model, [source], [tokens])[0, len(tokens) - 1]
            logits[:END] = -np.inf
            tokens.append(int(logits.argmax()))
        assert ids[ids > 0].tolist() == tokens[1:]


@pytest.mark.contract
@pytest.mark.parametrize("power", [0.0, 1.0])
def test_a_beam_as_wide_as_all_targets_is_exhaustive(model, power):
    found = translate(model, SOURCES, 40, LONGEST, length_penalty=power)
    targets = [
        [*words, END]
        for length in range(LONGEST)
        for words in itertools.product(WORDS, repeat=length)
    ]
    reference = Reference(model)
    for source, ids, score in zip(SOURCES, *found[:2], strict=True):
        scores = [
            reference.log_probabilities(source, [START, *target[:-1]])[
                range(len(target)), target
            ].sum()
            / len(target) ** power
            for target in targets
        ]
        assert ids[ids > 0].tolist() == targets[int(np.argmax(scores))]
        assert score == pytest.approx(max(scores), rel=1e-4)


def test_the_attention_is_returned_for_the_tokens_of_each_source(large):
    found = translate(large, SOURCES, 2, LONGEST, return_attention=True)
    assert found.attention.shape == (3, LONGEST, 4)
    np.testing.assert_allclose(found.attention.sum(-1), found.ids > 0, 1e-5)
    for source, weights, ids in zip(
        SOURCES, found.attention, found.ids, strict=True
    ):
        assert (weights[ids > 0][:, : len(source)] > 0).all()
        assert (weights[:, len(source) :] == 0).all()
    assert translate(large, SOURCES, 2, LONGEST).attention is None


def test_a_source_is_decoded_alone_as_among_others(large):
    together = translate(large, SOURCES, 2, LONGEST, return_attention=True)
    one_by_one = translate(large, SOURCES, 2, LONGEST, batch_size=2)
    np.testing.assert_array_equal(one_by_one.ids, together.ids)
    np.testing.assert_allclose(one_by_one.scores, together.scores, 1e-5)
    array = translate(large, padded(SOURCES, 6), 2, LONGEST)
    np.testing.assert_array_equal(array.ids, together.ids)


def test_the_search_has_the_weights_of_later_training():
    model = model_of()
    before = translate(model, SOURCES, max_length=LONGEST).scores
    model.set_weights([0 * weight for weight in model.get_weights()])
    after = translate(model, SOURCES, max_length=LONGEST).scores
    assert np.abs(before - after).max() > 0.01
    np.testing.assert_allclose(after, -np.log(6), rtol=1e-5)


def test_a_model_of_fixed_lengths_pads_by_itself():
    model = model_of(lengths=(5, 4))
    inputs, labels = translation_examples(SOURCES, [[3], [4, 5, 3], [5]], model)
    assert model.predict(inputs, verbose=0).shape == (3, 4, 6)
    assert labels.shape == (3, 4) and inputs["source"].shape == (3, 5)
    assert translate(model, SOURCES).ids.shape == (3, 4)
    assert translate(model, SOURCES, max_length=2).ids.shape == (3, 2)


# Bad input


def small(**arguments):
    sizes = {"units": 2, "num_layers": 1, "embedding_dim": 2}
    return AttentionSeq2Seq(9, 6, 4, 3, **sizes | arguments)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AttentionSeq2Seq(1), "no words. Received: source_vocabulary"),
        (lambda: AttentionSeq2Seq(9, 3), "Pass at least 4"),
        (lambda: AttentionSeq2Seq(9, 9, 0), "`source_length`.*Received: sou"),
        (lambda: small(units=0), "`units` is the cells"),
        (lambda: small(units=3, bidirectional=True), "Pass an even number"),
        (lambda: small(score="bahdanau"), "Received: score='bahdanau'"),
        (lambda: small(dropout=1.0), "`dropout` is a share"),
        (lambda: small(input_feeding=1), "Received: input_feeding=1"),
    ],
)
def test_bad_arguments_of_the_model_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("sources", "arguments", "message"),
    [
        ([[3], [9]], {}, r"1 to 8.*Received: 9 in sources\[1\]"),
        ([[3], [-1]], {}, r"Received: -1 in sources\[1\]"),
        ([[3, 0, 4]], {}, r"Received: 0 in sources\[0\]"),
        ([[3.5]], {}, r"Received: sources\[0\]=\[3.5\]"),
        ([3, 4], {}, r"Received: sources\[0\]=3"),
        ([[3], []], {}, r"sources\[1\], which is empty"),
        ([[0, 0]], {}, r"sources\[0\], which is empty"),
        ([], {}, "Received: none"),
        ([[3] * 5], {}, r"at most 4 tokens.*Received: 5 tokens in sources\[0"),
        ([[3]], {"beam_width": 0}, "`beam_width` is hypo.*beam_width=0"),
        ([[3]], {"max_length": 4}, "at most 3 tokens.*max_length=4"),
        ([[3]], {"max_length": 0}, "Received: max_length=0"),
        ([[3]], {"batch_size": 0}, "Received: batch_size=0"),
        ([[3]], {"length_penalty": -1}, "length_penalty=-1. Pass at least 0"),
    ],
)
def test_bad_arguments_of_the_decoding_are_named(sources, arguments, message):
    with pytest.raises(ValueError, match=message):
        translate(small(), sources, **arguments)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([[6]], r"`targets` are ids of words, from 3 to 5.*6 in targets\[0\]"),
        ([[END]], r"Received: 2 in targets\[0\]"),
        ([[]], r"targets\[0\], which is empty"),
        ([[3, 3, 3]], r"at most 2 tokens in this model, to which the end is"),
        ([[3], [3]], "1 sources and 2 targets"),
    ],
)
def test_bad_targets_are_named(targets, message):
    with pytest.raises(ValueError, match=message):
        translation_examples([[3]], targets, small())


def test_other_models_and_an_open_length_are_named():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="Pass what AttentionSeq2Seq returned"):
        translate(model, [[3]])
    open_model = AttentionSeq2Seq(
        9, 6, None, None, units=2, num_layers=1, embedding_dim=2
    )
    with pytest.raises(ValueError, match="max_length=None.*Try 50"):
        translate(open_model, [[3]])
