"""SSDLite and keras-hub's RetinaNet after the same CPU time of training.

    python benchmarks/bench_retinanet.py --minutes 4 --seeds 3
    python benchmarks/bench_retinanet.py BCCD --size 224 --minutes 8

The data and the measures of bench_detection.py, for random weights: SSDLite on
MobileNetV3-Small, and RetinaNet on ResNet-18 with the defaults of keras-hub.
Both have AdamW, whose rate follows the same schedule over the CPU time.
"""

from interleaved import spreads  # isort: skip (one thread)

import keras
import numpy as np
from bench_detection import BATCH, mean_boxes, pictures, row, scenes
from equal_time import parser, train_for

from keras_papers.applications import SSDLiteMobileNetV3Small


class RetinaNet:
    """keras-hub's detector, of pixels, with the data of this package.

    Args:
        size: Height and width of the images.
        classes: Number of classes.
    """

    rate = 5e-4  # at its peak

    def __init__(self, size, classes):
        from keras_hub import models

        body = models.ResNetBackbone(
            input_conv_filters=[64],
            input_conv_kernel_sizes=[7],
            stackwise_num_filters=[64, 128, 256, 512],
            stackwise_num_blocks=[2, 2, 2, 2],
            stackwise_num_strides=[1, 2, 2, 2],
            block_type="basic_block",
            image_shape=(size, size, 3),
        )
        backbone = models.RetinaNetBackbone(
            body, 3, 7, use_p5=False, image_shape=(size, size, 3)
        )
        self.model = models.RetinaNetObjectDetector(backbone, classes, "xyxy")

    def compile(self, optimizer):
        """Compiles it, with its own losses."""
        self.model.compile(optimizer, jit_compile=False)

    def batches(self, batches):
        """Returns batches with scaled pixels and its names of the objects."""

        def renamed(images, objects):
            names = {"boxes": objects["boxes"], "labels": objects["classes"]}
            return images / 127.5 - 1, names

        return batches.map(renamed)

    def predict(self, images):
        """Returns the objects, by our names."""
        found = {"boxes": [], "scores": [], "classes": []}
        names = {"scores": "confidence", "classes": "labels"}
        for start in range(0, len(images), BATCH):
            # Not by `predict`: its suppression needs to know the batch size,
            # which TensorFlow's graphs do not (keras-hub 0.32).
            x = images[start : start + BATCH] / 127.5 - 1
            outputs = self.model(x, training=False)
            objects = self.model.decode_predictions(outputs, x)
            for name, parts in found.items():
                parts.append(np.asarray(objects[names.get(name, name)]))
        return {name: np.concatenate(x) for name, x in found.items()}


class SSDLite(RetinaNet):
    """This package's detector."""

    rate = 2e-3

    def __init__(self, size, classes):
        self.model = SSDLiteMobileNetV3Small((size, size, 3), classes=classes)

    def batches(self, batches):
        """Returns them as they are."""
        return batches

    def predict(self, images):
        """Returns the objects."""
        return self.model.predict(images, verbose=0)


NETWORKS = {network.__name__: network for network in (SSDLite, RetinaNet)}


def measure(network, load, names, arguments, seed):
    """Trains once; returns the average precision, and prints it."""
    keras.utils.set_random_seed(seed)
    test = load(0)[1]
    peer = network(arguments.size, len(names))
    peer.compile(keras.optimizers.AdamW(network.rate, weight_decay=1e-4))

    def draw(epoch):
        return peer.batches(load(1000 * seed + epoch)[0].batches)

    seconds = 60 * arguments.minutes
    steps = train_for(peer.model, seconds, network.rate, draw)
    count = f"{peer.model.count_params():,} | {BATCH * steps:,}"
    label = f"{network.__name__}, seed {seed} | {count}"
    return row(label, names, test, peer.predict(test.images))


def main():
    """Measures each network with each seed."""
    options = parser(__doc__.partition("\n")[0], NETWORKS)
    options.add_argument("folder", nargs="?")
    arguments = options.parse_args()
    kind = scenes if arguments.folder is None else pictures
    load, names = kind(arguments.size, arguments)
    print("| | parameters | images | AP | AP50 | AP75 |")
    print("|---|---|---|---|---|---|")
    for name in arguments.networks:
        found = [
            measure(NETWORKS[name], load, names, arguments, seed)
            for seed in range(arguments.seeds)
        ]
        if len(found) > 1:
            cells = " | ".join(spreads(found))
            print(f"| {name}, mean of {len(found)} | | | {cells} |", flush=True)
    part, test = load(0)
    boxes = mean_boxes(part.truth, len(test.images))
    row("mean box | |", names, test, boxes)


if __name__ == "__main__":
    main()
