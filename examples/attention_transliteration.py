"""Luong attention: letters to a syllabary, and where the decoder looks.

    KERAS_BACKEND=jax python examples/attention_transliteration.py \
        attention_transliteration.png

learns the rules of Japanese katakana from words of random syllables, and draws
the attention weights of a word that was not among them. It prints, for 1,000
such words, the share that is right in each sign, and the share of the signs
whose largest weight is at one of their letters
(2026-11-30; 70 s of CPU time with JAX, several minutes with TensorFlow):

                  right words  right places  by chance
    greedy             100.0%        100.0%      14.2%
    a beam of 4        100.0%        100.0%      14.2%
"""

import sys

import keras
import matplotlib

matplotlib.use("agg")
import numpy as np
from matplotlib import pyplot

from keras_papers.applications import AttentionSeq2Seq
from keras_papers.applications.sequences import (
    translate,
    translation_examples,
)

VOWELS, CONSONANTS = list("aiueo"), list("kgsztdhbpmr")
GLIDES = ["ya", "yu", "yo"]
# Signs by their names: KA, the small ya, the nasal, a doubled consonant, a
# long vowel.
SYLLABLES = [c + v for c in ["", "n", *CONSONANTS] for v in VOWELS]
SIGNS = [name.upper() for name in SYLLABLES] + [*GLIDES, "N", "Q", "-"]
LETTERS = [*VOWELS, *CONSONANTS, "n", "y", "x"]
SEEN, HELD_OUT, EPOCHS = 32_000, 1_000, 15
LONGEST = 40  # signs of a word


def transliterate(word):
    """Returns the signs of a word, and for each the places of its letters.

    A consonant and a vowel are one sign, and with y between them two. There is
    a sign for n without a vowel, for the first of a doubled consonant, and for
    the second of a doubled vowel. The letter x has two.
    """
    found, place = [], 0
    while place < len(word):
        letter, behind = word[place], word[place + 1 : place + 2]
        pair, length = word[place : place + 2], 1
        if letter == "x":
            found += [("KU", {place}), ("SU", {place})]
        elif letter in VOWELS:
            long = place > 0 and word[place - 1] == letter
            found.append(("-" if long else letter.upper(), {place}))
        elif letter == "n" and behind not in VOWELS:
            found.append(("N", {place}))
        elif letter == behind:
            found.append(("Q", {place}))
        elif behind == "y":
            glide, length = word[place + 1 : place + 3], 3
            found.append((f"{letter}i".upper(), {place, place + 1}))
            found.append((glide, {place + 1, place + 2}))
        else:
            found.append((pair.upper(), {place, place + 1}))
            length = 2
        place += length
    return [sign for sign, _ in found], [places for _, places in found]


def draw_word(generator):
    """Draws a word of 2 to 8 syllables."""
    word = ""
    for _ in range(generator.integers(2, 9)):
        c, v = generator.choice(CONSONANTS), generator.choice(VOWELS)
        glide = c + generator.choice(GLIDES)
        kinds = [
            c + v,
            v,
            f"n{v}",
            f"n{c}{v}",
            c + c + v,
            c + v + v,
            glide,
            "x",
        ]
        shares = [0.35, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.05]
        word += generator.choice(kinds, p=shares)
    return word


def draw_words(number):
    """Draws words, each once."""
    generator, words = np.random.default_rng(0), {}
    while len(words) < number:
        words[draw_word(generator)] = None
    return list(words)


def ids_of(words):
    """Returns the ids of the letters and of the signs of words."""
    letters = {letter: number for number, letter in enumerate(LETTERS, 1)}
    signs = {sign: number for number, sign in enumerate(SIGNS, 3)}
    return (
        [[letters[letter] for letter in word] for word in words],
        [[signs[sign] for sign in transliterate(word)[0]] for word in words],
    )


def evaluate(model, words, beam_width):
    """Returns the share of right words, and of right places in those.

    The last number is the share of a decoder that looks anywhere.
    """
    sources, targets = ids_of(words)
    found = translate(
        model, sources, beam_width, LONGEST, return_attention=True
    )
    right, places, by_chance = [], [], []
    for word, target, ids, weights in zip(
        words, targets, found.ids, found.attention, strict=True
    ):
        right.append(ids[ids > 2].tolist() == target)
        if right[-1]:
            for step, of_sign in enumerate(transliterate(word)[1]):
                places.append(weights[step].argmax() in of_sign)
                by_chance.append(len(of_sign) / len(word))
    return np.mean(right), np.mean(places), np.mean(by_chance)


def draw_alignment(model, word, path):
    """Draws the attention weights of a word."""
    found = translate(
        model, ids_of([word])[0], 1, LONGEST, return_attention=True
    )
    signs = [SIGNS[number - 3] for number in found.ids[0] if number > 2]
    figure, axes = pyplot.subplots(figsize=(5, 3.4), layout="constrained")
    image = axes.imshow(
        found.attention[0, : len(signs)], cmap="Blues", vmin=0, vmax=1
    )
    axes.set_xticks(range(len(word)), word)
    axes.set_yticks(range(len(signs)), signs)
    axes.set(xlabel="letters", ylabel="signs")
    figure.colorbar(image, label="attention weight")
    figure.savefig(path, dpi=100)


keras.utils.set_random_seed(0)
words = draw_words(SEEN + HELD_OUT)
seen, held_out = words[:SEEN], words[SEEN:]
model = AttentionSeq2Seq(
    len(LETTERS) + 1,
    len(SIGNS) + 3,
    None,
    None,
    units=64,
    num_layers=1,
    embedding_dim=32,
    bidirectional=True,
)
inputs, labels = translation_examples(*ids_of(seen), model)
decay = keras.optimizers.schedules.CosineDecay(5e-3, EPOCHS * (SEEN // 64 + 1))
model.compile(
    keras.optimizers.Adam(decay),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
model.fit(inputs, labels, batch_size=64, epochs=EPOCHS, verbose=2)

print("              right words  right places  by chance")
for name, width in (("greedy", 1), ("a beam of 4", 4)):
    right, places, by_chance = evaluate(model, held_out, width)
    print(f"{name:14}{right:11.1%}{places:14.1%}{by_chance:11.1%}")
if len(sys.argv) > 1:
    draw_alignment(model, "kyottoxanmaa", sys.argv[1])
