"""Which smaller files are requested, and what was measured of each."""

import numbers
import pathlib
from typing import NamedTuple

from keras_papers.checks import MOST_CLUSTERS, check_choice
from keras_papers.export.file_size import size_text
from keras_papers.pipelines.report.console_table import text_table

STORED = (None, "none", "dynamic", "float16")  # of weights; needs no images
QUANTIZATIONS = (*STORED, "int8", "qat")
# Steps that make weights of their own, which are saved as .keras, too.
WEIGHTS = ("pruned", "clustered")
HEAD = "file", "Keras", ".tflite", "size", "zipped", "latency", "partitions"


class Variant(NamedTuple):
    """A .tflite file of a model: how good it is and what it costs."""

    name: str  # the steps that made it; float32 without any
    file: str
    accuracy: float | None  # in Python on held-out images; None without model
    tflite_accuracy: float  # of the file on the same, by LiteRT
    bytes: int
    zipped_bytes: int  # as an app is downloaded
    latency_ms: float  # of one image, one thread, median
    partitions: int  # parts of the graph that the XNNPACK delegate runs
    lost: int = 0  # held-out images on which the float file alone is right
    gained: int = 0  # those on which this file alone is right

    def files(self):
        """Lists its files: of weights of its own there is a .keras, too."""
        last = self.name.split(".")[-1]
        if last != "float32" and last not in WEIGHTS:
            return [self.file]
        return [self.file.replace(".tflite", ".keras"), self.file]


class Plan(NamedTuple):
    """The requested variants; `train_image_classifier` explains each."""

    prune: float | None = None
    cluster: int | None = None
    quantize: str | None = None

    def steps(self):
        """Lists the steps, each of which makes a variant of the one before."""
        asked = {
            "pruned": self.prune,
            "clustered": self.cluster,
            self.quantize: self.quantize,
        }
        return [step for step, value in asked.items() if value is not None]

    def preserved(self):
        """Lists what later steps keep of the weights of earlier ones."""
        kept = {"sparsity": self.prune, "clusters": self.cluster}
        return tuple(name for name, value in kept.items() if value is not None)


def check_plan(quantize, prune, cluster):
    """Returns the `Plan` of the requested variants.

    Raises:
        ValueError: If an argument is out of its range.
    """
    check_choice(
        "quantize", quantize, QUANTIZATIONS, "how a further file has numbers"
    )
    if prune is not None and not (
        isinstance(prune, numbers.Real) and 0 < prune < 1
    ):
        raise ValueError(
            "`prune` is the share of the weights that become zero and must "
            f"lie between 0 and 1. Received: prune={prune!r}. Try 0.6."
        )
    least = 2 if prune is None else 3  # of which zero is one
    if cluster is not None and not (
        isinstance(cluster, numbers.Integral) and cluster >= least
    ):
        raise ValueError(
            "`cluster` is the number of different weights in a kernel and "
            f"must be an integer of at least {least}. "
            f"Received: cluster={cluster!r} with prune={prune!r}. Try 16."
        )
    if cluster is not None and cluster > MOST_CLUSTERS and quantize == "qat":
        raise ValueError(
            "`cluster` is the number of different weights in a kernel, of "
            f"which integers have {MOST_CLUSTERS}. Received: "
            f"cluster={cluster!r} with quantize='qat'. Try 16."
        )
    return Plan(
        None if prune is None else float(prune),
        None if cluster is None else int(cluster),
        None if quantize == "none" else quantize,
    )


def check_mode(mode, epochs, preserve):
    """Raises ValueError unless arguments of `quantize` fit its mode."""
    check_choice("mode", mode, ("int8", "qat"), "how integers come about")
    if mode == "int8" and (epochs is not None or preserve):
        raise ValueError(
            "`epochs` and `preserve` are of a training, which mode='qat' has "
            f"and 'int8' has not. Received: epochs={epochs!r} and preserve="
            f"{preserve!r}. Leave them out, or pass mode='qat'."
        )


def quantized_path(model, mode, output=None):
    """Returns where `quantize` writes: `output`, or beside the model."""
    if output is not None:
        return output
    return pathlib.Path(model).with_suffix(f".{mode}.tflite")


def table(variants):
    """Returns variants as a table, a file on each line."""
    rows = [
        (
            each.file,
            "-" if each.accuracy is None else f"{each.accuracy:.2%}",
            f"{each.tflite_accuracy:.2%}",
            size_text(each.bytes),
            size_text(each.zipped_bytes),
            f"{each.latency_ms:.2f} ms",
            each.partitions,
        )
        for each in variants
    ]
    return text_table(rows, HEAD)
