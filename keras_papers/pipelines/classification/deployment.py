"""Finished models as files for a phone."""

import dataclasses
import pathlib
import tempfile
import warnings
from typing import NamedTuple

import keras
import numpy as np

from keras_papers import export as files
from keras_papers.checks import MOST_CLUSTERS
from keras_papers.export.binary import has_one_score, two_scores
from keras_papers.pipelines.classification.options import (
    ExportOptions,
    QuantizeOptions,
)
from keras_papers.pipelines.classification.report_files import add_file
from keras_papers.pipelines.classification.verdict import of_files
from keras_papers.pipelines.data.images import (
    explains_lost_pictures,
    load_digits,
)
from keras_papers.pipelines.data.picture_folder import load_folder
from keras_papers.pipelines.data.split import (
    SPLIT,
    Seen,
    divided_as,
    join,
    parts_of,
    pass_on,
    seen,
    split_beside,
    warn_of_seen,
    warn_of_unknown,
)
from keras_papers.pipelines.models.classifier_file import (
    known_normalization,
    labels_beside,
    load_keras,
    read_labels,
)
from keras_papers.pipelines.options import takes
from keras_papers.pipelines.report.finding import lines
from keras_papers.pipelines.training.output_folder import claim, releases_claims
from keras_papers.pipelines.training.settings import Settings
from keras_papers.pipelines.variants.plan import check_plan, table
from keras_papers.pipelines.variants.quantized import (
    Material,
    check_installed,
    write,
)
from keras_papers.pixels.normalization import check_normalization
from keras_papers.pixels.pixel_range import with_pixels

EPOCHS = 8  # a fifth of a training's
CONSIDERABLE = 0.1  # share of weights, of which a loss is reported


@takes(ExportOptions)
def export(options):
    """Writes a .keras file as .tflite, and checks what was written.

    Args:
        model: Path of a .keras file with one image as input.
        output: Where to write. Defaults to `model` with the ending .tflite,
            .float16.tflite or .dynamic.tflite.
        quantize: None or `"none"` for float32 weights, `"float16"`, or
            `"dynamic"` for int8 weights. int8 throughout takes images, as
            `quantize` does.
        labels: Path of a text file with a label on each line. Defaults to
            `labels.txt` beside `model`, where it is.
        threads: Positive int. Threads whose latency is measured.
        normalization: `(mean, std)`, as in `export.to_tflite`. Defaults to
            what the graph of the model shows.

    Returns:
        A `keras_papers.export.TFLiteFile`, which prints as one line.

    Raises:
        ValueError: If `model` cannot be read or converted.

    Warns:
        UserWarning: If the graph does not show it; (127.5, 127.5) is assumed.
    """
    model, output, labels = options.model, options.output, options.labels
    quantize = None if options.quantize == "none" else options.quantize
    network = load_keras(model)
    path = pathlib.Path(model)
    beside = path.with_name("labels.txt")
    if labels is None and beside.is_file():
        labels = beside
    if labels is not None:
        labels = read_labels(labels)
    if output is None:
        ending = f".{quantize}.tflite" if quantize else ".tflite"
        output = path.with_suffix(ending)
    file = files.to_tflite(
        network,
        output,
        labels,
        quantize,
        threads=options.threads,
        normalization=options.normalization,
    )
    pass_on(split_beside(path), output, path)
    return file


class Quantization(NamedTuple):
    """An int8 file beside the float file of the same model."""

    model: str  # path of the .keras file
    output: str  # path of the int8 file
    mode: str
    train_images: int  # of which ranges are, and on which "qat" trains
    test_images: int  # that both files are judged by
    seen: Seen | None  # of the whole folder; None if that is not known
    agreement: float  # share of them on which both files agree
    variants: list  # two `Variant`: float32, and the file written
    verdict: list  # a `Finding`, if the file written is worse

    def __str__(self):
        text = (
            f"{table(self.variants)}\n"
            f"the same answer on {self.agreement:.2%} of {self.test_images:,} "
            f"{self._images()}"
        )
        return "\n".join([text, *lines(self.verdict)])

    def _images(self):
        """Describes what kind of images these are."""
        if self.seen is None:
            return "images, on which the model may have been trained"
        if not self.seen.held_out + self.seen.new:
            return "images that the model was trained on or chosen by"
        if self.test_images == sum(self.seen):  # none could be held out
            known = self.seen.trained_on + self.seen.watched
            return (
                f"images, {known:,} of which the model was trained on or "
                f"chosen by, and {self.seen.new:,} new"
            )
        new = self.seen.new if self.seen.held_out else 0
        left_out = f", {new:,} that are new to the model left out"
        return f"held-out images{left_out * bool(new)}"


@releases_claims
@takes(QuantizeOptions)
def quantize(options):
    """Writes a .keras classifier as an int8 file, and compares the two.

    The report of the training beside the model gets the file, too, if it lies
    there and the same images are held out.

    Args:
        model: Path of a .keras file that `train_image_classifier` wrote, or
            of another classifier of square RGB images.
        data: Folder of pictures as for `train_image_classifier`, of the
            classes that `labels.txt` beside the model names. The images that
            the model was trained on give the ranges; those held out from it
            are measured on, as `split.json` beside the model lists them. New
            ones are left out; where there are no others, or no such file, they
            are divided as for a training. Defaults to None: the folder that
            `split.json` names, else scikit-learn's digits.
        mode: `"int8"`, which takes the model as it is; or `"qat"`, which
            trains on as integers compute. Defaults to `"int8"`.
        output: Where to write. Defaults to `model` with the ending
            .int8.tflite or .qat.tflite.
        epochs: Positive int. Of `"qat"`. Defaults to None: 8.
        batch_size: Positive int. Defaults to 64.
        learning_rate: Positive float. Of the first step of `"qat"`; falls to
            zero. Defaults to 0.0001.
        label_smoothing: Float in [0, 1). As in the training. Defaults to 0.1.
        preserve: `"sparsity"`, `"clusters"` or both: what `"qat"` keeps of
            pruned or clustered weights. Defaults to neither.
        strict: Whether a picture that cannot be read is an error.
        seed: Int. Divides images that `split.json` does not list.
        normalization: `(mean, std)`: the model takes (pixel - mean) / std, of
            pixels in [0, 255]. Defaults to what its graph shows.
        verbose: As in `keras.Model.fit`. Defaults to `"auto"`.

    Returns:
        A `Quantization`, which prints as a table.

    Raises:
        ValueError: If an argument is out of its range, the model cannot be
            read or converted, its graph does not show its normalization,
            `data` does not fit it, or another process writes to the folder of
            `output`.
        MissingExtraError: If an extra is not installed: `mobile`, and for
            `"qat"` `quantization`.

    Warns:
        UserWarning: If `"qat"` would lose zeros or clusters of the weights; if
            the model was trained on all images, or that is not known.
    """
    files.check_environment()
    model, data, mode = options.model, options.data, options.mode
    normalization = options.normalization
    check_installed(check_plan(mode, None, None))
    epochs = EPOCHS if options.epochs is None else options.epochs
    if normalization is not None:
        normalization = check_normalization(normalization)
    network = load_keras(model)
    if has_one_score(network):
        network = two_scores(network)
    path, output = pathlib.Path(model), options.file
    size = _side_of_images(path, network)
    normalization = normalization or known_normalization(path, network)
    claim(pathlib.Path(output).parent)
    network = with_pixels(network, *normalization)
    split = split_beside(path)
    if data is None and split is not None:
        data = split.data
    if data is None:
        images = load_digits(size, options.seed)
    else:
        images = load_folder(data, options.seed, options.strict)
    _check_classes(path, network, images.names)
    images, counts = _divided(images, split, path)
    if mode == "qat":
        _warn_of_losses(path, network, options.preserve)
    settings = Settings(
        epochs,
        options.batch_size,
        options.learning_rate,
        weight_decay=0.0,
        label_smoothing=options.label_smoothing,
        class_weights=False,
        ema=None,
        early_stopping=None,
        from_weights=True,
    )
    material = Material(images, size, settings, options.seed, options.verbose)
    with explains_lost_pictures(), tempfile.TemporaryDirectory() as folder:
        beside = pathlib.Path(folder, path.stem + ".tflite")
        before, theirs = write("float32", network, None, beside, material)
        after, ours = write(
            mode, network, mode, output, material, options.preserve, theirs
        )
    has_new = mode == "qat" and counts and counts.new and not counts.held_out
    pass_on(split, output, path, images if has_new else None)
    agreement = np.mean(ours.argmax(axis=-1) == theirs.argmax(axis=-1))
    others = options.replace(output=None, epochs=None, preserve=())
    quantize_with = others.command_with("quantize")
    worse = of_files([before, after], len(images.test), quantize_with)
    if pathlib.Path(output).resolve().parent == path.resolve().parent:
        add_file(path, before, after, theirs, material, quantize_with)
    return Quantization(
        str(model),
        str(output),
        mode,
        len(images.train),
        len(images.test),
        counts,
        float(agreement),
        [before._replace(file="float32"), after],
        [worse] if worse else [],
    )


def _divided(images, split, path):
    """Returns images with the parts that they had for the model, and `Seen`."""
    if split is None:
        warn_of_unknown(path)
        return images, None
    whole = join(images)
    parts = parts_of(split, whole.hashes)
    counts = seen(parts)
    # Beside held-out images new ones are not needed, and the figures are
    # those of the training.
    images = divided_as(split, images, with_new=not counts.held_out)
    if not len(images.train):
        raise ValueError(
            "`data` must hold images that the model was trained on, to measure "
            f"ranges. Received: data with {counts.held_out:,} that were held "
            f"out and {counts.watched:,} that were watched, by the {SPLIT} "
            f"beside {str(path)!r}. Take the folder of the training."
        )
    if not len(images.test):
        warn_of_seen(path)
        images = dataclasses.replace(images, test=whole)
    return images, counts


def _warn_of_losses(path, network, preserve):
    """Warns of zeros and clusters that a training would not keep."""
    kernels = [
        keras.ops.convert_to_numpy(weight)
        for weight in network.weights
        if weight.name.endswith("kernel")
    ]
    every = sum(kernel.size for kernel in kernels) or 1
    zero = sum(np.sum(kernel == 0) for kernel in kernels)
    few = sum(kernel.size for kernel in kernels if _is_clustered(kernel))
    for name, share, what in (
        ("sparsity", zero / every, "are zero"),
        ("clusters", few / every, "share few values"),
    ):
        if share >= CONSIDERABLE and name not in preserve:
            warnings.warn(
                f"{share:.0%} of the weights in {path} {what}, which qat will "
                f"not keep without preserve={name!r} (--preserve {name})",
                UserWarning,
                stacklevel=3,
            )


def _is_clustered(kernel):
    """Returns whether the weights that are not zero repeat few values."""
    weights = kernel[kernel != 0]
    values = len(np.unique(weights))
    return 0 < values <= min(MOST_CLUSTERS, weights.size / 2)


def _side_of_images(path, network):
    """Returns the height and width of the images that a model takes."""
    shape = getattr(network, "input_shape", None)
    # A model of several inputs has a list or a dict here.
    is_image = isinstance(shape, tuple) and len(shape) == 4
    if not is_image or shape[1] != shape[2] or shape[3] != 3:
        wrong = f"images of shape {shape}"
    elif shape[1] is None:
        wrong = "images of any size"
    else:
        return shape[1]
    raise ValueError(
        "`model` must take square RGB images of one size, as those of "
        "`train_image_classifier` do. "
        f"Received: model={str(path)!r}, which takes {wrong}. Use "
        "keras_papers.export.to_tflite(quantize='int8')."
    )


def _check_classes(path, network, names):
    known = labels_beside(path)
    if known and known != list(names):
        raise ValueError(
            "`data` must hold the classes that the model knows, "
            f"{', '.join(known)}. Received: data with {', '.join(names)}. "
            "Take the folder of the training."
        )
    classes = network.output_shape[-1]
    if len(names) != classes:
        raise ValueError(
            f"`data` must hold the {classes} classes that the model knows. "
            f"Received: data with {len(names)}, {', '.join(names)}. Take the "
            "folder of the training."
        )
