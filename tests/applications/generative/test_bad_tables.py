"""Tables that are none: a sentence of ours, in three parts."""

import pytest

from keras_papers.applications.generative import (
    VQVAE,
    LatentVQVAE,
    PixelSNAIL,
    VQVAEAudio,
    VQVAEVideo,
    WaveNet,
    receptive_field,
    vq_vae,
    vq_vae_audio,
    vq_vae_video,
    wavenet,
)
from keras_papers.applications.generative.rows import Row, Table

NO_LAYERS = wavenet.SMALL._replace(dilations=())
UNKNOWN = Row("convolution", 3, 1, 8, True)


@pytest.mark.parametrize(
    "constructor",
    [VQVAE, VQVAEVideo, LatentVQVAE, VQVAEAudio, WaveNet, PixelSNAIL],
)
@pytest.mark.parametrize("table", [None, "SONNET", 3, vq_vae.PAPER, ()])
def test_a_table_of_another_kind_is_refused(constructor, table):
    with pytest.raises(ValueError, match=r"`table`.*Received: table=.*Try"):
        constructor(table=table)


@pytest.mark.parametrize(
    "constructor, table",
    [
        (VQVAE, wavenet.SMALL),
        (WaveNet, vq_vae.SONNET),
        (PixelSNAIL, vq_vae.SONNET),
        (VQVAEAudio, vq_vae.SONNET.encoder),
        (VQVAEVideo, vq_vae_audio.NARROW),
    ],
)
def test_a_table_of_another_network_is_refused(constructor, table):
    with pytest.raises(ValueError, match="`table`.*Received: table="):
        constructor(table=table)


@pytest.mark.parametrize(
    "table, message",
    [
        (Table((), ()), r"`encoder` of a Table.*encoder=\(\)"),
        (vq_vae.SONNET._replace(decoder=None), "`decoder`.*decoder=None"),
        (Table(((3, 1),), ()), r"tuple of Row.*\(\(3, 1\),\)"),
    ],
)
def test_a_table_has_rows_in_both_halves(table, message):
    with pytest.raises(ValueError, match=message):
        VQVAE(table=table)


def test_a_row_of_an_unknown_layer_is_named():
    table = Table((UNKNOWN,), vq_vae.SONNET.decoder)
    with pytest.raises(ValueError, match="`layer`.*'conv'.*'convolution'"):
        VQVAE(table=table)
    clips = Table((UNKNOWN,), vq_vae_video.FRAME_BY_FRAME.decoder)
    with pytest.raises(ValueError, match="'attention'.*'convolution'"):
        VQVAEVideo(table=clips)


def test_a_wavenet_has_layers():
    for build in (
        lambda: WaveNet(table=NO_LAYERS),
        lambda: receptive_field(NO_LAYERS),
        lambda: VQVAEAudio(decoder=NO_LAYERS),
    ):
        with pytest.raises(ValueError, match=r"`dilations`.*dilations=\(\)"):
            build()
    with pytest.raises(ValueError, match="`decoder`.*decoder='SMALL'"):
        VQVAEAudio(decoder="SMALL")
