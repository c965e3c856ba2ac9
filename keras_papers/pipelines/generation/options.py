"""The options of the verbs that generate images.

What reads folders and files is imported by the check that needs it.
"""

import dataclasses
import os
import pathlib

from keras_papers.checks import check_positive_int, check_seed
from keras_papers.pipelines.data.folder_walk import CODES_FILE
from keras_papers.pipelines.options import CALL, RUN, Options, chosen, option
from keras_papers.pipelines.training import options as training
from keras_papers.pipelines.training.output_folder import (
    check_output_file,
    check_places,
)

LEVELS = (1, 2, 3)
FEWEST_CODES = 2  # of a codebook
DIGITS_SIZE, PICTURES_SIZE = 32, 64  # pixels, where no size is given
AUTOENCODER = "autoencoder.keras"
LATENTS = "latents.npz"
# Of what `decompress` writes: without an argument the original, which may be a
# PNG file beside the codes, stays as it is.
DECODED = ".decoded.png"


def _count(default, help, meaning, advice, **about):
    return option(
        default, help, training.number(meaning, advice), metavar="N", **about
    )


def _model():
    return option(
        help=f"folder of generate train, or its {AUTOENCODER}",
        check=lambda name, value: autoencoder_file(value),
        metavar="MODEL",
    )


@dataclasses.dataclass(frozen=True)
class GenerateOptions(Options):
    """What `train_image_generator` takes; it explains each."""

    data: str | None = training.data(
        "folder of pictures, or of class folders as for train"
    )
    levels: int = option(
        1,
        "maps of codes: 1 for VQ-VAE, 2 or 3 for VQ-VAE-2",
        lambda name, value: check_levels(value),
        choices=LEVELS,
    )
    image_size: int | None = option(
        None,
        "height and width, a multiple of 4, 8 or 32 for 1, 2 or 3 levels; by "
        f"default {PICTURES_SIZE}, and {DIGITS_SIZE} for the digits",
        lambda name, value: check_positive_int(
            name, value, "a number of pixels", "Try 64."
        ),
        metavar="PIXELS",
    )
    output: str = training.output("keras_papers_generator")
    _: dataclasses.KW_ONLY
    num_embeddings: int = option(
        128,
        "codes of each map's codebook",
        lambda name, value: check_num_embeddings(value),
        metavar="N",
    )
    embedding_dim: int = _count(
        32, "length of a code's vector", "a length", "Try 32."
    )
    epochs: int = training.epochs(
        20, "passes of the autoencoder over the images", "Try 20."
    )
    prior_epochs: int = training.epochs(
        20, "passes of each prior over the codes", "Try 20."
    )
    prior_layers: int = _count(
        8, "layers of each prior", "a number of layers", "Try 8."
    )
    prior_filters: int = _count(
        64, "channels of each prior", "a number of channels", "Try 64."
    )
    dropout: float = option(
        0.1,
        "share of features that each prior drops",
        training.fraction("a share", "Try 0.1."),
        metavar="SHARE",
    )
    batch_size: int = training.batch_size()
    learning_rate: float = training.learning_rate(
        1e-3, "peak of the schedules", "Try 0.001."
    )
    samples: int = _count(
        16, "pictures to draw in the end", "a number of pictures", "Try 16."
    )
    pictures_every: int | None = _count(
        None,
        "write reconstructions to OUTPUT/logs after each N epochs",
        "a number of epochs",
        "Try 5.",
        scope=RUN,
    )
    quantize: str | None = option(
        None,
        "further .tflite files of integers (default: none)",
        chosen((None, "int8"), "how numbers are stored"),
        choices=("int8",),
    )
    strict: bool = training.strict()
    overwrite: bool = training.overwrite("replace an earlier training")
    seed: int = training.seed()
    verbose: object = training.verbose()

    def check(self):
        check_places(self.data, self.output)
        super().check()
        self._check_size()
        if not self.overwrite:
            from keras_papers.pipelines.training.training_folder import (
                refuse_finished,
            )

            refuse_finished(self.output, files=self.files())
        if self.data is not None:
            from keras_papers.pipelines.data.picture_folder import check_folder

            check_folder(self.data, needs_classes=False)

    @property
    def size(self):
        """Height and width of the images."""
        default = DIGITS_SIZE if self.data is None else PICTURES_SIZE
        return default if self.image_size is None else self.image_size

    @property
    def stride(self):
        """Pixels that one code of the top map covers each way."""
        return 4 if self.levels == 1 else 2 ** (2 * self.levels - 1)

    def _check_size(self):
        if self.size % self.stride:
            near = self.stride * -(-self.size // self.stride)
            raise ValueError(
                "`image_size` is the height and width of the images, and a "
                f"multiple of {self.stride} for {self.levels} "
                f"level{'s' * (self.levels > 1)}. "
                f"Received: image_size={self.size}. Try {near}."
            )

    def priors(self):
        """Lists the files of the priors, that of the top level first."""
        if self.levels == 1:
            return ["prior.keras"]
        return [f"prior{level}.keras" for level in range(1, self.levels + 1)]

    def files(self):
        """Lists the files of a finished training, the report last."""
        halves = [
            f"{half}{kind}.tflite"
            for half in ("encoder", "decoder")
            for kind in ("", ".int8")
        ]
        priors = ["prior.keras", *(f"prior{level}.keras" for level in LEVELS)]
        return (
            *(AUTOENCODER, *priors, *halves),
            *(LATENTS, "split.json", "labels.txt", "samples.png"),
            *("reconstructions.png", "history.csv"),
            *("report.html", "report.json"),
        )


@dataclasses.dataclass(frozen=True)
class SampleOptions(Options):
    """What `draw_samples` takes; it explains each."""

    model: str = option(
        help="folder of generate train",
        check=lambda name, value: generator_files(value),
        metavar="FOLDER",
        is_positional=True,
    )
    output: str = option(
        "samples.png", "the picture to write", check_output_file, scope=RUN
    )
    _: dataclasses.KW_ONLY
    number: int = _count(
        16, "pictures to draw", "a number of pictures", "Try 16."
    )
    label: str | None = option(
        None, "class to draw; by default each in turn", metavar="NAME"
    )
    temperature: float = option(
        1.0,
        "below 1 likely codes become likelier",
        training.positive("a divisor of the logits", "Try 1."),
    )
    batch_size: int = _count(
        16, "pictures that are drawn side by side", "a number", "Try 16."
    )
    seed: int = option(
        0, "of the random numbers", lambda name, value: check_seed(value)
    )
    verbose: object = option("auto", scope=CALL)

    def check(self):
        super().check()
        _check_ending(self.output, ".png", "the picture to write")


@dataclasses.dataclass(frozen=True)
class CompressOptions(Options):
    """What `compress` takes; it explains each."""

    picture: str = option(
        help="the picture", metavar="PICTURE", is_positional=True
    )
    model: str = _model()
    output: str | None = option(
        None,
        f"the file to write; by default the picture's name with {CODES_FILE}",
        check_output_file,
        metavar=f"FILE{CODES_FILE}",
        scope=RUN,
    )

    def check(self):
        _check_is_file("picture", self.picture, "a picture")
        super().check()
        _check_ending(self.file, CODES_FILE, "the file to write")

    @property
    def file(self):
        """The path of the file to write."""
        if self.output is not None:
            return pathlib.Path(self.output)
        return pathlib.Path(self.picture).with_suffix(CODES_FILE)


@dataclasses.dataclass(frozen=True)
class DecompressOptions(Options):
    """What `decompress` takes; it explains each."""

    codes: str = option(
        help=f"the {CODES_FILE} file",
        metavar=f"FILE{CODES_FILE}",
        is_positional=True,
    )
    model: str = _model()
    output: str | None = option(
        None,
        f"the picture to write; by default the file's name with {DECODED}",
        check_output_file,
        metavar="PICTURE.png",
        scope=RUN,
    )

    def check(self):
        _check_is_file("codes", self.codes, f"a {CODES_FILE} file")
        super().check()
        _check_ending(self.file, ".png", "the picture to write")

    @property
    def file(self):
        """The path of the picture to write."""
        if self.output is not None:
            return pathlib.Path(self.output)
        return pathlib.Path(self.codes).with_suffix(DECODED)


def check_levels(levels):
    """Raises ValueError unless `levels` is 1, 2 or 3."""
    check_positive_int("levels", levels, "the number of maps", "Try 1.")
    if levels not in LEVELS:
        raise ValueError(
            "`levels` is the number of maps of codes: 1, 2 or 3. "
            f"Received: levels={levels!r}. Try 1."
        )


def check_num_embeddings(number):
    """Raises ValueError unless there are at least two codes."""
    meaning, advice = "the number of codes", "Try 128."
    check_positive_int("num_embeddings", number, meaning, advice)
    if number < FEWEST_CODES:
        raise ValueError(
            f"`num_embeddings` is {meaning} of each codebook and must be at "
            f"least {FEWEST_CODES}, as a single code stores nothing. Received: "
            f"num_embeddings={number}. {advice}"
        )


def autoencoder_file(model):
    """Returns the path of the autoencoder that `model` names.

    Raises:
        ValueError: If there is none.
    """
    _check_is_path("model", model, "a folder that generate train has written")
    path = pathlib.Path(model)
    file = path / AUTOENCODER if path.is_dir() else path
    if not file.is_file() or file.suffix != ".keras":
        raise ValueError(
            "`model` is a folder that generate train has written, or its "
            f"{AUTOENCODER}. Received: model={os.fspath(model)!r}, where "
            f"there is no such file. Check the path."
        )
    return file


def generator_files(model):
    """Returns the autoencoder and the priors in a folder, the top one first.

    Raises:
        ValueError: If one of them is missing.
    """
    _check_is_path("model", model, "a folder that generate train has written")
    folder = pathlib.Path(model)
    if folder.is_file():
        folder = folder.parent
    priors = sorted(folder.glob("prior*.keras"))
    if not priors or not (folder / AUTOENCODER).is_file():
        raise ValueError(
            "`model` is a folder that generate train has written. "
            f"Received: model={os.fspath(model)!r}, which has no "
            f"{AUTOENCODER} with a prior beside it. Check the path."
        )
    return folder / AUTOENCODER, priors


def _check_is_path(name, value, what):
    if not isinstance(value, str | os.PathLike):
        raise ValueError(
            f"`{name}` is the path of {what}. Received: {name} of type "
            f"{type(value).__name__}. Pass the path."
        )


def _check_is_file(name, value, what):
    _check_is_path(name, value, what)
    if not os.path.isfile(value):
        raise ValueError(
            f"`{name}` is the path of {what}. Received: {name}="
            f"{os.fspath(value)!r}, which is no file. Check the path."
        )


def _check_ending(path, ending, what):
    if pathlib.Path(path).suffix.lower() != ending:
        raise ValueError(
            f"`output` is {what} and ends with {ending}. "
            f"Received: output={os.fspath(path)!r}. Change the ending."
        )
