"""A VQ-VAE of spoken digits: words in codes, voices in the decoder.

    python examples/vq_vae_audio.py RECORDINGS --output sounds

RECORDINGS is a folder or a .zip of files `DIGIT_SPEAKER_TAKE.wav` of 8 kHz,
mono, 16 bit, as those of github.com/Jakobovski/free-spoken-digit-dataset. Takes
0 to 4 are for tests, as there; the others are for training.

`--epochs 1 --seeds 3` on the clips of four speakers (600 for training, 200 for
tests; a minute of CPU time each; chance is 0.10 for words, 0.25 for speakers):

    codes used                     0.763 +- 0.147
    word from codes                0.500 +- 0.036
    speaker from codes             0.800 +- 0.029
    bits of a sample               3.327 +- 0.017
    ... with another speaker       3.584 +- 0.079

and of the sounds that the first of these models drew

    recordings: right word         0.950     right voice 0.975
    reconstructions: right word    0.325     right voice 0.450
    conversions: right word        0.175     right voice 0.150

A pass over the clips is enough for codes that hold words, and for a decoder
that expects the voice it is given. It is too short for sounds with that voice,
and the codes still hold much of the speaker. Six passes, the default, were not
measured.

Needs scikit-learn, which brings SciPy: `pip install scikit-learn`.
"""

import argparse
import io
import pathlib
import zipfile
from typing import NamedTuple

import keras
import numpy as np
from scipy.io import wavfile
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from keras_papers.applications.generative import (
    VQVAEAudio,
    convert_voice,
    encoder,
    mu_law_encode,
)
from keras_papers.applications.generative.vq_vae_audio import NARROW
from keras_papers.applications.generative.wavenet import Table

WORDS = "zero one two three four five six seven eight nine".split()
RATE = 8000  # samples of a second
HOP = 64  # samples that a code covers
WINDOW = 1024  # samples of a training example
TEST_TAKES = range(5)
CODES, LEVELS = 128, 64
BATCH, LEARNING_RATE = 4, 3e-3
# A receptive field of 32 ms: what lasts longer must come from the codes.
DECODER = Table(
    first_kernel=2,
    first_bias=False,
    kernel=2,
    dilations=tuple(2**i for i in range(8)),
    residual=32,
    gate=32,
    skip=64,
    scaled=False,
)


class Clip(NamedTuple):
    """A spoken digit."""

    audio: np.ndarray  # float32, the loudest sample is 0.9
    word: int
    speaker: str
    take: int


def read_clips(path):
    """Lists the clips of a folder or of a .zip, by name."""
    path = pathlib.Path(path)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            names = [n for n in archive.namelist() if n.endswith(".wav")]
            files = {n: io.BytesIO(archive.read(n)) for n in names}
    else:
        files = {str(file): file for file in path.glob("**/*.wav")}
    clips = []
    for name in sorted(files):
        word, speaker, take = pathlib.Path(name).stem.split("_")
        rate, samples = wavfile.read(files[name])
        if rate != RATE or samples.dtype != np.int16 or samples.ndim != 1:
            raise SystemExit(f"{name} is not of 8 kHz, mono, 16 bit.")
        audio = samples.astype("float32")
        audio *= 0.9 / max(1, np.abs(audio).max())
        clips.append(Clip(audio, int(word), speaker, int(take)))
    if not clips:
        raise SystemExit(f"{path} holds no files DIGIT_SPEAKER_TAKE.wav.")
    return clips


def padded(clips):
    """Returns the sounds as an array, with silence behind the short ones."""
    longest = max(len(clip.audio) for clip in clips)
    sounds = np.zeros((len(clips), -(-longest // HOP) * HOP), "float32")
    for row, clip in zip(sounds, clips, strict=True):
        row[: len(clip.audio)] = clip.audio
    return sounds


def windows(clips, speakers):
    """Returns windows of all clips, their speakers, and what is no padding."""
    sounds, labels, recorded = [], [], []
    for clip in clips:
        padding = (0, -len(clip.audio) % WINDOW)
        for whole, parts in (
            (clip.audio, sounds),
            (np.ones_like(clip.audio), recorded),
        ):
            parts += list(np.pad(whole, padding).reshape(-1, WINDOW))
        new = len(sounds) - len(labels)
        labels += [speakers.index(clip.speaker)] * new
    return np.array(sounds), np.array(labels), np.array(recorded)


def trained(clips, speakers, epochs, seed):
    """Returns a VQ-VAE that was trained on clips."""
    keras.utils.set_random_seed(seed)
    sounds, labels, _ = windows(clips, speakers)
    model = VQVAEAudio(
        (None,),
        CODES,
        embedding_dim=16,
        num_classes=len(speakers),
        jitter=0.12,
        num_levels=LEVELS,
        table=NARROW,
        decoder=DECODER,
    )
    steps = epochs * -(-len(sounds) // BATCH)
    rates = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    model.compile(
        keras.optimizers.Adam(rates),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        weighted_metrics=[
            keras.metrics.SparseCategoricalCrossentropy(
                "nats", from_logits=True
            )
        ],
        jit_compile=keras.config.backend() == "jax",
    )
    model.fit(
        {"audio": sounds, "labels": labels},
        mu_law_encode(sounds, LEVELS),
        batch_size=BATCH,
        epochs=epochs,
        verbose=2,
    )
    return model


def bits(model, clips, speakers):
    """Returns the bits of a sample with the right speakers and with others.

    The silence that fills up the last window of a clip is not counted.
    """
    sounds, labels, recorded = windows(clips, speakers)
    levels = mu_law_encode(sounds, LEVELS)
    found = []
    for shift in (0, 1):
        given = {"audio": sounds, "labels": (labels + shift) % len(speakers)}
        logs = model.evaluate(
            given,
            levels,
            batch_size=32,
            sample_weight=recorded,
            verbose=0,
            return_dict=True,
        )
        found.append(logs["nats"] / np.log(2))
    return found


def histograms(clips, codes, parts):
    """Returns how often each code occurs in each part of each clip."""
    rows = []
    for clip, all_codes in zip(clips, codes, strict=True):
        own = all_codes[: -(-len(clip.audio) // HOP)]
        rows.append(
            np.concatenate(
                [
                    np.bincount(part, minlength=CODES) / max(1, len(part))
                    for part in np.array_split(own, parts)
                ]
            )
        )
    return np.array(rows)


def spectra(sounds, clips, parts=4):
    """Returns the mean logarithmic spectrum of each part of each sound."""
    rows = []
    for sound, clip in zip(sounds, clips, strict=True):
        own = sound[: len(clip.audio)]
        frames = np.lib.stride_tricks.sliding_window_view(own, 256)[::64]
        power = np.abs(np.fft.rfft(frames * np.hanning(256))[:, 1:]) ** 2
        bands = power.reshape(len(frames), 32, 4).mean(-1)
        loudness = np.log(bands + 1e-3)
        rows.append(
            np.concatenate(
                [part.mean(0) for part in np.array_split(loudness, parts)]
            )
        )
    return np.array(rows)


def probe(features, labels):
    """Returns a linear classifier that was fitted to features."""
    classifier = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.01, max_iter=1000)
    )
    return classifier.fit(features, labels)


def of(clips, field):
    return np.array([getattr(clip, field) for clip in clips])


def measured(model, train, test, speakers, output):
    """Returns the figures of a model; with a folder, draws sounds, too."""
    figures = {}
    figures["bits of a sample"], figures["... with another speaker"] = bits(
        model, test, speakers
    )
    half = encoder(model)
    of_train, of_test = (
        half.predict(padded(clips), batch_size=16, verbose=0)
        for clips in (train, test)
    )
    used = np.unique(np.concatenate([of_train.ravel(), of_test.ravel()]))
    figures["codes used"] = len(used) / CODES
    for field, parts in (("word", 8), ("speaker", 1)):
        classifier = probe(histograms(train, of_train, parts), of(train, field))
        features = histograms(test, of_test, parts)
        figures[f"{field} from codes"] = classifier.score(
            features, of(test, field)
        )
    if output is None:
        return figures
    # Sounds are judged by classifiers of the training's recordings.
    word, speaker = (
        probe(spectra(padded(train), train), of(train, field))
        for field in ("word", "speaker")
    )
    clips = [clip for clip in test if clip.take == TEST_TAKES[0]]
    sounds = padded(clips)
    own = np.array([speakers.index(clip.speaker) for clip in clips])
    others = (own + 1) % len(speakers)
    drawn = {
        "recordings": (sounds, own),
        "reconstructions": (
            convert_voice(model, sounds, own, seed=0, verbose=0),
            own,
        ),
        "conversions": (
            convert_voice(model, sounds, others, seed=0, verbose=0),
            others,
        ),
    }
    for kind, (audio, voices) in drawn.items():
        features = spectra(audio, clips)
        names = np.array(speakers)[voices]
        figures[f"{kind}: right word"] = word.score(features, of(clips, "word"))
        figures[f"{kind}: right voice"] = speaker.score(features, names)
        write(output, kind, audio, clips, names)
    return figures


def write(output, kind, audio, clips, names):
    folder = pathlib.Path(output) / kind
    folder.mkdir(parents=True, exist_ok=True)
    for sound, clip, name in zip(audio, clips, names, strict=True):
        samples = np.round(sound[: len(clip.audio)] * 32767).astype("int16")
        voice = "" if name == clip.speaker else f"_as_{name}"
        path = folder / f"{WORDS[clip.word]}_{clip.speaker}{voice}.wav"
        wavfile.write(path, RATE, samples)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recordings")
    parser.add_argument("--output", default="sounds")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    clips = read_clips(options.recordings)
    speakers = sorted({clip.speaker for clip in clips})
    train = [clip for clip in clips if clip.take not in TEST_TAKES]
    test = [clip for clip in clips if clip.take in TEST_TAKES]
    print(f"{len(train)} clips for training, {len(test)} for tests; {speakers}")
    runs = []
    for seed in range(options.seeds):
        model = trained(train, speakers, options.epochs, seed)
        output = options.output if seed == 0 else None
        runs.append(measured(model, train, test, speakers, output))
        print(runs[-1], flush=True)
    for name in runs[0]:
        values = [run[name] for run in runs if name in run]
        print(f"{name:30} {np.mean(values):.3f} +- {np.std(values):.3f}")


if __name__ == "__main__":
    main()
