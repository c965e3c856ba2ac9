"""AttentionSeq2Seq learns to transliterate, and attends to the right letters.

examples/attention_transliteration.py does so with all rules of a syllabary.
"""

import keras
import numpy as np
import pytest

from keras_papers.applications import AttentionSeq2Seq
from keras_papers.applications.sequences import (
    translate,
    translation_examples,
)

VOWELS, CONSONANTS = "aiu", "kst"
LETTERS = [*VOWELS, *CONSONANTS, "x"]
SYLLABLES = [c + v for c in ["", *CONSONANTS] for v in VOWELS]
SIGNS = [*SYLLABLES, "long", "doubled", "x1", "x2"]


def transliterate(word):
    """Returns the signs of a word, and for each the places of its letters."""
    signs, places = [], []
    for place, letter in enumerate(word):
        before = word[place - 1] if place else ""
        if letter == "x":
            signs += ["x1", "x2"]
            places += [{place}, {place}]
        elif letter in CONSONANTS and word[place + 1] == letter:
            signs.append("doubled")
            places.append({place})
        elif letter in VOWELS and letter == before:
            signs.append("long")
            places.append({place})
        elif letter in VOWELS:
            consonant = before if before in CONSONANTS else ""
            signs.append(consonant + letter)
            places.append({place - len(consonant), place})
    return signs, places


def words_of(number):
    generator, words = np.random.default_rng(0), {}
    while len(words) < number:
        word = ""
        for _ in range(generator.integers(2, 7)):
            c, v = generator.choice([*CONSONANTS]), generator.choice([*VOWELS])
            word += generator.choice([c + v, v, c + c + v, c + v + v, "x"])
        words[word] = None
    return list(words)


@pytest.mark.slow
def test_a_transliteration_is_learned_with_the_right_alignment():
    keras.utils.set_random_seed(0)
    words = words_of(4500)
    sources = [[1 + LETTERS.index(letter) for letter in word] for word in words]
    targets = [
        [3 + SIGNS.index(sign) for sign in transliterate(word)[0]]
        for word in words
    ]
    model = AttentionSeq2Seq(
        1 + len(LETTERS),
        3 + len(SIGNS),
        None,
        None,
        units=48,
        num_layers=1,
        embedding_dim=16,
        bidirectional=True,
    )
    steps = 10 * 63
    model.compile(
        keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(1e-2, steps)
        ),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    inputs, labels = translation_examples(sources[:4000], targets[:4000], model)
    model.fit(inputs, labels, batch_size=64, epochs=10, verbose=0)
    found = translate(
        model, sources[4000:], 1, 20, return_attention=True, batch_size=500
    )
    right, looks, chances = [], [], []
    for word, target, ids, weights in zip(
        words[4000:], targets[4000:], found.ids, found.attention, strict=True
    ):
        right.append(ids[ids > 2].tolist() == target)
        for step, places in enumerate(transliterate(word)[1]):
            looks.append(weights[step].argmax() in places)
            chances.append(len(places) / len(word))
    # Found: 0.996, 0.956 and 0.156.
    assert np.mean(right) >= 0.98
    assert np.mean(looks) >= 0.9 > 3 * np.mean(chances)
