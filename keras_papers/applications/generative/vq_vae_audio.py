"""VQ-VAE (van den Oord et al., 2017, https://arxiv.org/abs/1711.00937).

For sound, with a WaveNet as decoder.
"""

import math
from typing import NamedTuple

import keras
import numpy as np
from keras import layers, ops

from keras_papers.applications import registry
from keras_papers.applications.generative.halves import encoder, quantizers
from keras_papers.applications.generative.mu_law import (
    check_amplitudes,
    mu_law_decode,
    mu_law_encode,
)
from keras_papers.applications.generative.sampling import sample
from keras_papers.applications.generative.vq_vae_paper import PAPER
from keras_papers.applications.generative.wavenet import (
    SMALL,
    WaveNet,
    check_divided,
    check_layers,
    checked_length,
)
from keras_papers.checks import (
    check_name,
    check_positive_int,
    plain_numbers,
)
from keras_papers.layers import TemporalJitter, VectorQuantizer

DECODER = "wavenet"  # name of the layer behind the codes
A_CODE = "a code"  # what divides the samples of a sound


class Row(NamedTuple):
    """A convolution over time, with a rectifier behind."""

    kernel: int
    strides: int
    filters: int


# Section 4.3: six convolutions of stride 2 and window 4, so that a code covers
# 64 samples. The paper gives no channels.
SECTION_4_3 = (Row(4, 2, 256),) * 6
# For sound of 8 kHz on a CPU.
NARROW = (Row(4, 2, 64),) * 6


@registry.network(
    PAPER, SECTION_4_3, size=7680, task=registry.AUDIO_AUTOENCODING
)
@plain_numbers
def VQVAEAudio(
    input_shape=(7680,),
    num_embeddings=512,
    embedding_dim=64,
    *,
    num_classes=None,
    quantizer=None,
    jitter=0.0,
    num_levels=256,
    num_mixtures=None,
    log_scale_min=-7.0,
    table=SECTION_4_3,
    decoder=SMALL,
    name="vq_vae_audio",
):
    """Builds a VQ-VAE for sound, with a WaveNet as decoder.

    Section 4.3 of the paper. The encoder makes a code of 64 samples; the
    decoder predicts each sample from those before, the codes and the speaker.
    So the codes need not hold who speaks, and `convert_voice` decodes them
    with another speaker.

    Train the model by `fit` on sounds as inputs, with `labels` in a dict where
    there are classes. The labels of the loss are `mu_law_encode(sounds)`, with
    `SparseCategoricalCrossentropy(from_logits=True)`; with `num_mixtures`
    they are the sounds, with `LogisticMixtureLoss`.

    Args:
        input_shape: Number of samples of a sound, a multiple of 64, in a
            tuple; or None for any such number. Defaults to 7680. Other
            numbers are named, unless `fit` is given a dataset that does not
            declare its shapes.
        num_embeddings: Positive int. Codes. Defaults to 512.
        embedding_dim: Positive int. Length of the codes. Defaults to 64; the
            paper does not give it.
        num_classes: Number of speakers, or None. The model then takes a dict
            of `audio` and `labels`, ints of shape `(batch,)`.
        quantizer: Layer with `encode` and `decode`. Defaults to None: a
            `VectorQuantizer` of `num_embeddings` codes.
        jitter: Number in [0, 1). The share of the codes that are replaced by
            a neighbor in training, `TemporalJitter`. Defaults to 0, as in the
            paper.
        num_levels: Int of at least 2. Levels of the decoder's samples.
            Defaults to 256.
        num_mixtures: Logistics of the mixture that the decoder predicts in
            place of logits, or None.
        log_scale_min: Number. The least logarithm of a scale of these
            logistics. Defaults to -7.
        table: Sequence of `Row`: the encoder. Defaults to `SECTION_4_3`.
        decoder: `Table` of a WaveNet. Defaults to `wavenet.SMALL`.
        name: Name of the model.

    Returns:
        A functional model: sounds of shape `(batch, time)` in [-1, 1] to
        logits of shape `(batch, time, num_levels)`. Its layer `"wavenet"` is
        the decoder, from which `sample` draws; `encoder` is the half before
        the codes.

    Raises:
        ValueError: If an argument is out of its range, or the codes do not
            divide the sounds.

    Example:
    >>> model = VQVAEAudio((640,), num_classes=4, table=NARROW)
    >>> model.output_shape
    (None, 640, 256)
    """
    check_name(name)
    if quantizer is not None and num_embeddings != 512:
        raise ValueError(
            "`num_embeddings` is the number of codes of the quantizer that is "
            f"made where none is passed. Received: num_embeddings="
            f"{num_embeddings} and a quantizer. Pass one of them."
        )
    check_positive_int("embedding_dim", embedding_dim, "a size", "Try 64.")
    check_layers("decoder", decoder)
    good = isinstance(table, tuple | list) and len(table) > 0
    if not good or not all(isinstance(row, Row) for row in table):
        raise ValueError(
            "`table` is the encoder, a tuple of Row of "
            f"{Row.__module__}. Received: table={table!r}. Try "
            "vq_vae_audio.SECTION_4_3."
        )
    hop = math.prod(row.strides for row in table)
    length = checked_length(input_shape, hop, A_CODE)
    audio = keras.Input((length,), name="audio")
    x = _Waveform(hop, name="waveform")(audio)
    for index, row in enumerate(table, start=1):
        x = layers.Conv1D(
            row.filters,
            row.kernel,
            row.strides,
            padding="same",
            activation="relu",
            data_format="channels_last",
            name=f"encoder{index}",
        )(x)
    x = layers.Conv1D(
        embedding_dim, 1, data_format="channels_last", name="to_codes"
    )(x)
    quantizer = quantizer or VectorQuantizer(num_embeddings, name="codes")
    x = quantizer(x)
    if jitter:
        x = TemporalJitter(jitter, name="jitter")(x)
    samples = audio
    if num_mixtures is None:
        samples = _Levels(num_levels, name="levels")(audio)
    inputs = {"audio": audio}
    given = {"codes": samples, "condition": x}
    if num_classes is not None:
        given["labels"] = inputs["labels"] = keras.Input(
            (), dtype="int32", name="labels"
        )
    outputs = WaveNet(
        (length,),
        num_levels,
        num_mixtures=num_mixtures,
        log_scale_min=log_scale_min,
        num_classes=num_classes,
        condition_channels=embedding_dim,
        upsampling=_upsampling(table),
        table=decoder,
        name=DECODER,
    )(given)
    return keras.Model(
        inputs if num_classes is not None else audio, outputs, name=name
    )


def _upsampling(table):
    """Returns a factor for every two convolutions of an encoder."""
    strides = [row.strides for row in table]
    return tuple(
        math.prod(strides[place : place + 2])
        for place in range(0, len(strides), 2)
    )


def convert_voice(
    model,
    audio,
    speaker=None,
    *,
    temperature=1.0,
    seed=None,
    batch_size=16,
    verbose=1,
):
    """Draws sounds that say the same with another voice.

    The sounds are encoded, and the decoder draws samples for their codes and
    the speaker. With the speaker of the sounds this is a reconstruction.

    Args:
        model: What `VQVAEAudio` returned, or such a model that was loaded.
        audio: Array of shape `(number, time)`, or `(time,)` for one sound,
            with amplitudes in [-1, 1].
        speaker: Int, or ints of shape `(number,)`: the label of the voice.
            None if the model was built without classes.
        temperature: Positive number. Divides the logits. Defaults to 1.
        seed: Int, or None. The same seed gives the same sounds.
        batch_size: Positive int. Sounds that are drawn side by side.
        verbose: 1 shows a progress bar, 0 nothing.

    Returns:
        An array of float32 of the shape of `audio`.

    Raises:
        ValueError: If the speaker is unknown, the codes do not divide the
            sounds, or the sounds are ints, not finite or beyond 2.

    Example:
    >>> model = VQVAEAudio((None,), num_classes=4, table=NARROW)
    >>> convert_voice(model, np.zeros((2, 128)), 3, verbose=0).shape
    (2, 128)
    """
    wavenet = _wavenet(model)
    audio = np.asarray(audio)
    sounds = np.atleast_2d(audio)
    _check_audio(sounds, model.get_layer("waveform").hop)
    _check_speaker(speaker, wavenet, model.name)
    sounds = sounds.astype("float32")
    half = encoder(model)
    codes = half.predict(sounds, batch_size=batch_size, verbose=0)
    (quantizer,) = quantizers(model)
    drawn = sample(
        wavenet,
        len(sounds),
        labels=speaker,
        condition=ops.convert_to_numpy(quantizer.decode(codes)),
        temperature=temperature,
        seed=seed,
        batch_size=batch_size,
        verbose=verbose,
    )
    levels = wavenet.get_layer("previous").num_embeddings
    if levels is not None:
        drawn = mu_law_decode(drawn, levels)
    return drawn.reshape(audio.shape)


def _wavenet(model):
    for layer in getattr(model, "layers", ()):
        if layer.name == DECODER:
            return layer
    raise ValueError(
        "`model` is an autoencoder of sounds whose decoder is a WaveNet. "
        f"Received: model={getattr(model, 'name', model)!r}, which has none. "
        "Pass what VQVAEAudio returned."
    )


def _check_audio(sounds, hop):
    if sounds.ndim != 2 or not sounds.size:
        raise ValueError(
            "`audio` is sounds of shape (number, time), at least one of them. "
            f"Received: audio of shape {sounds.shape}. Pass such an array, or "
            "one sound of shape (time,)."
        )
    check_amplitudes("audio", sounds)
    check_divided("audio", sounds.shape[1], hop, A_CODE)


def _check_speaker(speaker, wavenet, name):
    classes = None
    if "labels" in wavenet.input:
        classes = wavenet.get_layer("classes").input_dim
    if (speaker is None) != (classes is None):
        raise ValueError(
            "`speaker` is the label of a voice. Received: speaker="
            f"{speaker!r} for {name!r}, which was built "
            f"{'without' if classes is None else 'with'} speakers. Pass "
            f"{'None' if classes is None else 'a label'}."
        )
    values = np.asarray([] if speaker is None else speaker)
    known = classes is None or (
        values.dtype.kind in "iu" and np.all((values >= 0) & (values < classes))
    )
    if not known:
        raise ValueError(
            "`speaker` is the label of a voice that the model was trained "
            f"with. Received: speaker={speaker!r} for {name!r}, which has "
            f"{classes}. Pass ints from 0 to {classes - 1}."
        )


@keras.saving.register_keras_serializable(package="keras_papers")
class _Waveform(keras.layers.Layer):
    """Gives sounds an axis of channels; their length must be divided.

    Args:
        hop: Samples that a code covers.
        **kwargs: Base layer keyword arguments.
    """

    def __init__(self, hop, **kwargs):
        super().__init__(**kwargs)
        self.hop = hop

    def call(self, inputs):
        if inputs.shape[1] is not None:
            check_divided("audio", inputs.shape[1], self.hop, A_CODE)
        return inputs[..., None]

    def compute_output_spec(self, inputs):
        # JAX traces `call` with a length of its own where it is open.
        return keras.KerasTensor((*inputs.shape, 1), dtype=self.compute_dtype)

    def multiply_adds(self, output_shape):
        """Returns 0 for `cost.count`: values are moved only."""
        return 0

    def get_config(self):
        return {**super().get_config(), "hop": self.hop}


@keras.saving.register_keras_serializable(package="keras_papers")
class _Levels(keras.layers.Layer):
    """Returns the levels of the mu-law of amplitudes.

    Args:
        num_levels: Int of at least 2.
        **kwargs: Base layer keyword arguments.
    """

    def __init__(self, num_levels, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.num_levels = num_levels

    def call(self, inputs):
        return mu_law_encode(inputs, self.num_levels)

    def multiply_adds(self, output_shape):
        """Returns 0 for `cost.count`: the levels are no layer of a network."""
        return 0

    def get_config(self):
        return {**super().get_config(), "num_levels": self.num_levels}
