"""AP50 or mean IoU, and size, of quantized, pruned and clustered files.

    keras-papers detect train --image-size 96 --output ssd
    python benchmarks/bench_dense_quantization.py ssd 6
    keras-papers segment train --output lraspp
    python benchmarks/bench_dense_quantization.py lraspp 3

The arguments are the output folder of a training on drawn scenes, the epochs of
fine-tuning for each file, and the learning rates: of pruning, and of the rest.
The held-out scenes are measured with the files in LiteRT. `float32.longer` has
the fine-tuning alone, so that it shows what more epochs change.
"""

import os
import pathlib
import sys
import zlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

from keras_papers import export, quantization
from keras_papers.export.file_size import size_text
from keras_papers.pipelines.data.answered_batches import (
    box_batches,
    mask_batches,
    most_objects,
)
from keras_papers.pipelines.data.masks.mask_reader import IGNORE
from keras_papers.pipelines.data.pictures_of import pictures_of
from keras_papers.pipelines.data.scenes import load_scenes
from keras_papers.pipelines.detection import measures as box_measures
from keras_papers.pipelines.detection.detector_file import (
    open_detector,
)
from keras_papers.pipelines.models.classifier_file import (
    labels_beside,
    load_keras,
)
from keras_papers.pipelines.report.console_table import text_table
from keras_papers.pipelines.segmentation import measures as mask_measures
from keras_papers.pipelines.segmentation.segmenter_file import open_segmenter

SPARSITY, CLUSTERS, BATCH = 0.6, 16, 16
SEED = 1000  # of scenes that the training did not draw


class Detection:
    """Scenes with boxes, and AP50."""

    metric = "AP50"

    def __init__(self, model, labels):
        self.model, self.labels = model, labels
        self.size = model.input_size[0]
        self.images = load_scenes(self.size, 0, "boxes")
        self.loss = model.object_loss()
        self.task = export.ObjectDetection.of(model)

    def batches(self):
        part, most = self.images.train, most_objects(self.images)
        redraw = self.images.redraw
        return box_batches(part, self.size, BATCH, most, SEED, "light", redraw)

    def score(self, path):
        finder = open_detector(path)
        measured = box_measures.measure(finder, self.images.test)
        return measured.score


class Segmentation:
    """Scenes with masks, and mean IoU."""

    metric = "mIoU"

    def __init__(self, model, labels):
        self.model, self.labels = model, labels
        self.size = model.input_shape[1]
        self.images = load_scenes(self.size, 0, "masks")
        self.loss = keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, ignore_class=IGNORE
        )
        self.task = None

    def batches(self):
        part, redraw = self.images.train, self.images.redraw
        return mask_batches(part, None, self.size, BATCH, SEED, "light", redraw)

    def score(self, path):
        segmenter = open_segmenter(path)
        return mask_measures.measure(segmenter, self.images.test, None).score


def main(run, epochs="8", rate_of_pruning="1e-3", rate="1e-4"):
    """Prints the table of one training."""
    path = pathlib.Path(run) / "model.keras"
    model, labels = load_keras(path), labels_beside(path)
    kind = Detection if hasattr(model, "object_loss") else Segmentation
    job = kind(model, labels)
    some = pictures_of(job.images.train, range(100), (job.size, job.size))
    folder = pathlib.Path(run) / "variants"
    folder.mkdir(exist_ok=True)
    rows = []

    def tune(wrapped, rate=rate):
        keras.utils.set_random_seed(0)
        quantization.fine_tune(
            wrapped,
            job.batches(),
            int(epochs),
            learning_rate=float(rate),
            loss=job.loss,
            metrics=[],
            verbose=0,
        )
        return wrapped

    def row(name, network, **options):
        options.setdefault("images", some[:8])
        file = export.to_tflite(
            network,
            folder / f"{name}.tflite",
            labels,
            task=job.task,
            runs=20,
            **options,
        )
        zipped = len(zlib.compress(file.path.read_bytes(), 9))
        rows.append(
            (
                file.path.name,
                f"{job.score(file.path):.1%}",
                size_text(file.bytes),
                size_text(zipped),
                file.partitions,
            )
        )
        print(*rows[-1], flush=True)

    def rows_of(name, network, preserve=()):
        """Measures weights in floats, in int8, and trained as int8."""
        dot = f"{name}." if name else ""
        row(name or "float32", network)
        row(f"{dot}int8", network, quantize="int8", representative_data=some)
        aware = quantization.quantize_aware(network, some, preserve=preserve)
        row(f"{dot}qat", tune(aware))

    rows_of("", model)
    # What the further epochs alone change.
    longer = tune(quantization.to_tf_keras(model))
    row("float32.longer", quantization.to_keras(longer, model))
    steps = int(epochs) * len(job.batches()) // 2
    pruned = quantization.prune(model, SPARSITY, steps=steps)
    sparse = quantization.to_keras(tune(pruned, rate_of_pruning), model)
    rows_of("pruned", sparse, "sparsity")
    few = quantization.to_keras(tune(quantization.cluster(model)), model)
    rows_of("clustered", few, "clusters")
    both = quantization.cluster(sparse, CLUSTERS, preserve_sparsity=True)
    both = quantization.to_keras(tune(both), sparse)
    rows_of("pruned.clustered", both, ("sparsity", "clusters"))
    head = "file", job.metric, "size", "zipped", "partitions"
    print(f"\n{len(job.images.test.labels):,} scenes held out\n")
    print(text_table(rows, head))


if __name__ == "__main__":
    main(*sys.argv[1:])
