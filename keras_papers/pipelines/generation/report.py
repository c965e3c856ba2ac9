"""The figures that a generator's training ends with."""

import pathlib
from typing import NamedTuple

from keras_papers.export.file_size import size_text
from keras_papers.files.figures_json import write_json
from keras_papers.pipelines.report.console_table import text_table
from keras_papers.pipelines.report.finding import lines
from keras_papers.pipelines.report.labelled_lines import labelled
from keras_papers.pipelines.report.page_text import divided, in_time, plural

LEFT_OUT = "without the decoder's term, p(image | codes)"


class Half(NamedTuple):
    """A .tflite file of the encoder or of the decoder."""

    file: str
    bytes: int
    latency_ms: float  # of one image, one thread, median
    partitions: int
    # Of the encoder the share of held-out codes that are the Keras model's; of
    # the decoder the largest difference / range of the pixels.
    equal_codes: float | None
    parity: float | None
    mse: float  # of the chain of this file and the float other half
    psnr: float
    images: int  # held out, on which codes, MSE and PSNR are measured


class GenerationReport(NamedTuple):
    """What a trained generator reached and what it costs."""

    model: str
    classes: int  # 0: not class-conditional
    image_size: int
    epochs: int  # of the autoencoder
    best_epoch: int  # from 1, whose weights it has
    train_images: int
    validation_images: int  # watched in training, to choose the weights by
    test_images: int  # held out from both
    skipped_files: int  # that could not be read as pictures
    mse: float  # on the held-out images, pixels in [0, 255]
    psnr: float
    relative_mse: float  # MSE / variance of the held-out pixels
    bits_per_pixel: float  # of the codes, each in ceil(log2 K) bits
    levels: list  # a `Level` for each map of codes, the top one first
    bits_per_dimension: float  # of the priors, on held-out images
    left_out: str  # what these bits do not count
    files: list  # a `Half` for each .tflite file
    parameters: int  # of the autoencoder
    prior_parameters: int
    training_seconds: float
    output: str  # the folder with the files
    verdict: list  # a `Finding` for each thing that stands out
    run: dict | None = None  # what `run_record` returned

    def save(self, path):
        """Writes the figures as JSON."""
        write_json(path, self)

    def __str__(self):
        output = pathlib.Path(self.output)
        size = f"{self.image_size} x {self.image_size}"
        of_classes = f", {self.classes} classes" if self.classes else ""
        parts = divided(
            self.train_images, self.validation_images, self.test_images
        )
        rows = [
            ("model", f"{self.model}, {size}"),
            (
                "images",
                f"{parts}{of_classes}"
                + f", {self.skipped_files:,} unreadable files skipped"
                * bool(self.skipped_files),
            ),
            (
                "reconstruction",
                f"PSNR {self.psnr:.2f} dB, MSE {self.mse:.4g}, "
                f"{self.relative_mse:.2%} of the variance",
            ),
            *(_codes(level) for level in self.levels),
            ("bits per pixel", f"{self.bits_per_pixel:.3g}, codes as stored"),
            (
                "bits per dim",
                f"{self.bits_per_dimension:.3g}, {self.left_out}",
            ),
            (
                "training",
                f"{in_time(self.training_seconds)}, "
                f"{plural(self.epochs, 'epoch')} of the autoencoder",
            ),
            ("parameters", f"{self.parameters:,}"),
            ("of the prior", f"{self.prior_parameters:,}"),
            ("samples", str(output / "samples.png")),
        ]
        page = output / "report.html"
        if page.exists():
            rows.append(("look at", str(page)))
        text = f"{labelled(rows)}\n\n{files_table(self.files)}\n"
        return "\n".join([text, *lines(self.verdict)])


def _codes(level):
    """Returns the row of a map of codes: a label and a text."""
    shape = " x ".join(map(str, level.shape))
    layer = f" (layer {level.layer})" if level.place else ""
    return f"codes {level.place}".strip(), (
        f"{shape} of {level.num_embeddings}{layer}: usage {level.usage:.1%}, "
        f"perplexity {level.perplexity:.1f}; {level.prior} "
        f"{level.bits_per_code:.3f} bits per code, unigram "
        f"{level.unigram_bits:.3f}, uniform {level.uniform_bits:.3f}"
    )


def files_table(files):
    """Returns the .tflite files as lines of text."""
    heads = ("file", "agrees with Keras", "PSNR", "size", "latency")
    return text_table(
        [
            (
                each.file,
                agreement(each),
                f"{each.psnr:.2f} dB",
                size_text(each.bytes),
                f"{each.latency_ms:.3g} ms",
            )
            for each in files
        ],
        heads,
    )


def agreement(half):
    """Describes how far a file agrees with the Keras model."""
    if half.equal_codes is not None:
        return f"{half.equal_codes:.2%} of codes"
    return f"to {half.parity:.1e} of the range"
