"""Average precision of SSDLite after a short training from random weights.

    python benchmarks/bench_detection.py
    python benchmarks/bench_detection.py BCCD --size 224 --seeds 3

Without a folder: scenes of scikit-learn's digits on textured canvases, new ones
each epoch, and the held-out digits in 200 scenes. With one: its boxes, as
`load_boxes` divides them, varied as for photos; the pictures are stretched to a
square. COCO's average precision of the held-out pictures, in pixels of the
input.

The last row of a seed is a baseline that looks at no picture: for each class
the mean box of the training, with the share of its pictures that show the class
as the score. The last row of all is the mean of the seeds, and their standard
deviation.
"""

import argparse
import time
import warnings

from interleaved import spreads  # isort: skip (one thread)

import keras
import numpy as np

from keras_papers import applications
from keras_papers.metrics import AveragePrecision
from keras_papers.pipelines.data.answered_batches import (
    box_batches,
    most_objects,
    padded_boxes,
)
from keras_papers.pipelines.data.boxes.box_folder import load_boxes
from keras_papers.pipelines.data.scenes import load_scenes

BATCH, EVERY = 16, 10


def measure(load, names, size, arguments, seed):
    """Trains once, prints a row each `EVERY` epochs, and returns the last."""
    keras.utils.set_random_seed(seed)
    model = applications.get(arguments.model)(
        (size, size, 3), alpha=arguments.alpha, classes=len(names)
    )
    part, test = load(0)
    steps = arguments.epochs * -(-len(part) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=arguments.rate, warmup_steps=steps // 20
    )
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=1e-4), jit_compile=False
    )
    start = time.process_time()
    for epoch in range(1, arguments.epochs + 1):
        train = load(1000 * seed + epoch)[0]
        model.fit(train.batches, shuffle=False, verbose=0)
        if epoch % EVERY == 0 or epoch == arguments.epochs:
            seconds = time.process_time() - start
            found = model.predict(test.images, verbose=0)
            last = row(f"epoch {epoch}, {seconds:.0f} s", names, test, found)
    row("mean box", names, test, mean_boxes(part.truth, len(test.images)))
    return last


class Part:
    """A part of a set: batches to train on, or arrays.

    Args:
        part: `AnsweredPart` of `Boxes`.
        size: Height and width of the images.
        most: Boxes of an image.
        **batches: Arguments of `box_batches`.
    """

    def __init__(self, part, size, most, **batches):
        self.truth = padded_boxes(part, size, most)
        self.batches = box_batches(part, size, BATCH, most, **batches)

    def __len__(self):
        return len(self.truth["classes"])

    @property
    def images(self):
        """All images, as an array."""
        return np.concatenate([images for images, _ in self.batches])


def mean_boxes(truth, images):
    """Returns what a detector finds that knows the training's boxes only."""
    classes = np.unique(truth["classes"])
    classes = classes[classes >= 0]
    boxes = [truth["boxes"][truth["classes"] == each] for each in classes]
    shares = [(truth["classes"] == each).any(1).mean() for each in classes]
    found = {
        "boxes": np.array([each.mean(0) for each in boxes], "float32"),
        "scores": np.array(shares, "float32"),
        "classes": classes,
    }
    return {name: np.stack([x] * images) for name, x in found.items()}


def row(label, names, test, found):
    """Prints and returns the average precision of all images."""
    metric = AveragePrecision(names)
    metric.update_state(test.truth, found)
    scores = metric.result()
    scores = scores.ap, scores.ap50, scores.ap75
    cells = (f"{x:.3f}" for x in scores)
    print(f"| {label} | {' | '.join(cells)} |", flush=True)
    return scores


def main():
    """Measures each seed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--model", default="SSDLiteMobileNetV3Small")
    parser.add_argument("--alpha", type=float, default=1.0)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--scenes", type=int, default=1000, help="of an epoch")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    size = arguments.size
    if arguments.folder is None:
        load, names = scenes(size, arguments)
    else:
        load, names = pictures(size, arguments)
    print("| | AP | AP50 | AP75 |\n|---|---|---|---|")
    found = []
    for seed in range(arguments.seeds):
        print(f"| **seed {seed}** | | | |")
        found.append(measure(load, names, size, arguments, seed))
    if len(found) > 1:
        print(f"| mean of {len(found)} | {' | '.join(spreads(found))} |")


def scenes(size, arguments):
    """Returns a function of the epoch to the parts, and the classes."""
    sizes = {"train": arguments.scenes, "validation": 1, "test": 200}
    first = load_scenes(size, 0, "boxes", sizes=sizes)
    most = most_objects(first)
    test = Part(first.test, size, most)

    def load(epoch):
        few = {"train": arguments.scenes, "validation": 1, "test": 1}
        drawn = load_scenes(size, epoch, "boxes", sizes=few)
        return Part(drawn.train, size, 4, seed=epoch), test

    return load, first.names


def pictures(size, arguments):
    """Returns the same of a folder, whose boxes of no size are left out."""
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        images = load_boxes(arguments.folder, 0, repair=True).images
    most = most_objects(images)
    test = Part(images.test, size, most)

    def load(epoch):
        train = Part(images.train, size, most, seed=epoch, augment="photo")
        return train, test

    return load, images.names


if __name__ == "__main__":
    main()
