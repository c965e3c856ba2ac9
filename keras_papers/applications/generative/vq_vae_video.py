"""VideoGPT (Yan et al., 2021, https://arxiv.org/abs/2104.10157).

The autoencoder of clips. The VQ-VAE paper predicts videos in the space of the
codes (section 4.4) and prints no layers; those of VideoGPT are public.
"""

import keras
from keras import layers

from keras_papers.applications import registry
from keras_papers.applications.generative.rows import (
    Row,
    Table,
    check_rows,
    draw,
)
from keras_papers.checks import (
    check_name,
    check_positive_int,
    plain,
    plain_numbers,
)
from keras_papers.layers import AxialAttention, VectorQuantizer

PAPER = registry.Paper(
    "VideoGPT",
    "VideoGPT: Video Generation using VQ-VAE and Transformers",
    "Yan et al.",
    2021,
    "https://arxiv.org/abs/2104.10157",
)
HEADS = 2  # of each axial attention

# fmt: off
# The defaults of wilson1yan/VideoGPT. Four frames have one map of codes.
VIDEO_GPT = Table(
    encoder=(
        #   layer      kernel strides filters relu
        Row("conv",         4, 2,   240, True),
        Row("conv",         4, 2,   240, True),
        Row("conv",         3, 1,   240, False),
        Row("attention",    3, 1,   120, False),
        Row("attention",    3, 1,   120, False),
        Row("attention",    3, 1,   120, False),
        Row("attention",    3, 1,   120, False),
        Row("norm",         1, 1,  None, True),
    ),
    decoder=(
        Row("conv",         1, 1,   240, False),
        Row("attention",    3, 1,   120, False),
        Row("attention",    3, 1,   120, False),
        Row("attention",    3, 1,   120, False),
        Row("attention",    3, 1,   120, False),
        Row("norm",         1, 1,  None, True),
        Row("transposed",   4, 2,   240, True),
        Row("transposed",   4, 2,  None, False),
    ),
)
# Each frame has codes of its own, which depend on no other frame. So those of
# given frames are the same whatever follows, as prediction needs it.
FRAME_BY_FRAME = Table(
    encoder=(
        #   layer           kernel    strides filters relu
        Row("conv",       (1, 4, 4), (1, 2, 2),  32, True),
        Row("conv",       (1, 4, 4), (1, 2, 2),  64, True),
        Row("conv",       (1, 3, 3), (1, 1, 1),  64, False),
        Row("residual",   (1, 3, 3), (1, 1, 1),  32, True),
    ),
    decoder=(
        Row("conv",       (1, 3, 3), (1, 1, 1),  64, False),
        Row("residual",   (1, 3, 3), (1, 1, 1),  32, True),
        Row("transposed", (1, 4, 4), (1, 2, 2),  32, True),
        Row("transposed", (1, 4, 4), (1, 2, 2), None, False),
    ),
)
# fmt: on


@registry.network(
    PAPER,
    VIDEO_GPT.encoder + VIDEO_GPT.decoder,
    size=64,
    task=registry.VIDEO_AUTOENCODING,
)
@plain_numbers
def VQVAEVideo(
    input_shape=(16, 64, 64, 3),
    num_embeddings=2048,
    embedding_dim=256,
    *,
    quantizer=None,
    table=VIDEO_GPT,
    name="vq_vae_video",
):
    """Builds a VQ-VAE for clips of video.

    Train it as a `VQVAE`, on clips as inputs and as labels. `encoder` and
    `decoder` are its halves; `frame_prior` and `predict_frames` predict the
    frames that follow given ones.

    Args:
        input_shape: Frames, height, width and channels of a clip. All but the
            channels are divided by the strides: 4 in `VIDEO_GPT`, 1 for the
            frames and 4 for the size in `FRAME_BY_FRAME`.
        num_embeddings: Positive int. Codes. Defaults to 2048.
        embedding_dim: Positive int. Length of the codes. Defaults to 256.
        quantizer: Layer with `encode` and `decode`. Defaults to None: a
            `VectorQuantizer` of `num_embeddings` codes.
        table: `VIDEO_GPT` (default), 21,141,619 parameters with axial
            attention along width, height and time; or `FRAME_BY_FRAME`, small
            and without layers that reach over frames.
        name: Name of the model.

    Returns:
        A functional model: clips to reconstructions.

    Raises:
        ValueError: If an argument is out of its range, or the size of the
            clips cannot be divided.

    Example:
    >>> clips = (6, 16, 16, 1)
    >>> model = VQVAEVideo(clips, 32, 16, table=FRAME_BY_FRAME)
    >>> model.output_shape
    (None, 6, 16, 16, 1)
    """
    check_name(name)
    if quantizer is not None and num_embeddings != 2048:
        raise ValueError(
            "`num_embeddings` is the number of codes of the quantizer that is "
            f"made where none is passed. Received: num_embeddings="
            f"{num_embeddings} and a quantizer. Pass one of them."
        )
    check_positive_int("num_embeddings", num_embeddings, "codes", "Try 2048.")
    check_positive_int("embedding_dim", embedding_dim, "a size", "Try 256.")
    check_rows(table, "vq_vae_video.VIDEO_GPT")
    shape = _clip_shape(input_shape, _reductions(table.encoder))
    clips = keras.Input(shape, name="clip")
    kinds = {"attention": _attention_residual, "norm": _norm}
    x = draw(clips, table.encoder, shape[-1], "encoder", kinds)
    x = layers.Conv3D(
        embedding_dim, 1, data_format="channels_last", name="to_codes"
    )(x)
    quantizer = quantizer or VectorQuantizer(num_embeddings, name="codes")
    x = quantizer(x)
    x = draw(x, table.decoder, shape[-1], "decoder", kinds)
    return keras.Model(clips, x, name=name)


def _attention_residual(x, kernel, filters, name):
    """Draws VideoGPT's residual unit: two convolutions, then attention."""
    shortcut = x
    for part, size, width in (
        ("inner", kernel, filters),
        ("outer", 1, shortcut.shape[-1]),
    ):
        x = _norm_relu(x, f"{name}_{part}")
        x = layers.Conv3D(
            width,
            size,
            padding="same",
            use_bias=False,
            data_format="channels_last",
            name=f"{name}_{part}",
        )(x)
    x = _norm_relu(x, f"{name}_attention")
    attended = [
        AxialAttention(HEADS, axis, name=f"{name}_attention_{along}")(x)
        for along, axis in (("width", 3), ("height", 2), ("time", 1))
    ]
    x = layers.Add(name=f"{name}_attention_add")(attended)
    return layers.Add(name=f"{name}_add")([shortcut, x])


def _norm_relu(x, name):
    x = _norm(x, None, None, f"{name}_norm")
    return layers.ReLU(name=f"{name}_relu")(x)


def _norm(x, kernel, filters, name):
    # The values of PyTorch, where the public weights were trained.
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=name)(x)


def _reductions(rows):
    """Returns how many frames, rows and columns one code covers."""
    covered = [1, 1, 1]
    for row in rows:
        strides = row.strides
        strides = (strides,) * 3 if isinstance(strides, int) else strides
        covered = [a * b for a, b in zip(covered, strides, strict=True)]
    return tuple(covered)


def _clip_shape(input_shape, divisors):
    shape = plain(input_shape)
    good = isinstance(shape, tuple | list) and len(shape) == 4
    if not good or not all(isinstance(n, int) and n > 0 for n in shape):
        raise ValueError(
            "`input_shape` is the frames, height, width and channels of a "
            f"clip. Received: input_shape={input_shape!r}. Try (16, 64, 64, 3)."
        )
    if any(n % by for n, by in zip(shape, divisors, strict=False)):
        near = [
            str(by * -(-n // by))
            for n, by in zip(shape, divisors, strict=False)
        ]
        raise ValueError(
            "`input_shape` has frames, a height and a width that are multiples "
            f"of {', '.join(map(str, divisors))}, or the reconstruction has "
            f"another size. Received: input_shape={input_shape!r}. Cut or pad "
            f"the clips to {' x '.join(near)}."
        )
    return tuple(shape)
