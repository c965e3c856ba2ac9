"""Mean IoU of segmenters after a short training from random weights.

    python benchmarks/bench_segmentation.py
    python benchmarks/bench_segmentation.py --minutes 4 --seeds 3

Scenes of scikit-learn's digits on textured canvases, whose masks are exact: new
ones each epoch, and 200 scenes of held-out digits, ten classes and the
background. Each network is trained for the same CPU time, with the same
optimizer, loss and schedule; where keras-hub is installed, its DeepLabV3+ on
ResNet-18 too. Mean IoU at the resolution of the masks. The last row is what
always answering the commonest class, the background, has.
"""

import importlib.util

from interleaved import spreads  # isort: skip (one thread)

import keras
import numpy as np
from equal_time import parser, train_for

from keras_papers import applications
from keras_papers.metrics import ConfusionMatrix, label_map
from keras_papers.pipelines.data.answered_batches import mask_batches
from keras_papers.pipelines.data.scenes import load_scenes

BATCH = 16
CLASSES = 11  # with the background
NETWORKS = {
    "LR-ASPP, MobileNetV3-Small": "LRASPPMobileNetV3Small",
    "R-ASPP, MobileNetV2": "RASPPMobileNetV2",
    "DeepLabV3, MobileNetV3-Small": "DeepLabV3MobileNetV3Small",
}
PEER = "keras-hub's DeepLabV3+, ResNet-18"


def keras_hub_model(size):
    """Returns keras-hub's DeepLabV3+, as its docstring builds it, of pixels."""
    from keras_hub import models

    pixels = keras.Input((size, size, 3))
    body = models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 128, 256, 512],
        stackwise_num_blocks=[2, 2, 2, 2],
        stackwise_num_strides=[1, 2, 2, 2],
        block_type="basic_block",
        image_shape=(size, size, 3),
    )
    backbone = models.DeepLabV3Backbone(
        image_encoder=body,
        low_level_feature_key="P2",
        spatial_pyramid_pooling_key="P5",
        upsampling_size=8,
        dilation_rates=[6, 12, 18],
    )
    segmenter = models.DeepLabV3ImageSegmenter(backbone, CLASSES)
    scaled = keras.layers.Rescaling(1 / 127.5, -1)(pixels)
    return keras.Model(pixels, segmenter(scaled))


def create(name, size):
    """Returns a network with random weights."""
    if name == PEER:
        return keras_hub_model(size)
    constructor = applications.get(NETWORKS[name])
    return constructor((size, size, 3), classes=CLASSES)


def measure(name, arguments, test, seed):
    """Trains once; returns what is measured, and prints it."""
    keras.utils.set_random_seed(seed)
    model = create(name, arguments.size)
    model.compile(
        keras.optimizers.AdamW(arguments.rate, weight_decay=1e-4),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )

    def draw(epoch):
        sizes = {"train": arguments.scenes, "validation": 1, "test": 1}
        epoch += 1000 * seed
        drawn = load_scenes(arguments.size, epoch, "masks", sizes=sizes)
        return mask_batches(drawn.train, None, arguments.size, BATCH, epoch)

    seconds = 60 * arguments.minutes
    steps = train_for(model, seconds, arguments.rate, draw)
    images = test.sources.astype("float32")
    predicted = []
    for start in range(0, len(images), BATCH):
        logits = model.predict_on_batch(images[start : start + BATCH])
        predicted += [*label_map(logits, images.shape[1:3])]
    count = f"{model.count_params():,} | {BATCH * steps:,}"
    return row(f"{name}, seed {seed} | {count}", test, predicted)


def row(label, test, predicted):
    """Prints and returns the mean IoU and the share of right pixels."""
    confusion = ConfusionMatrix(CLASSES)
    confusion.update_state(np.stack([*test.answers]), np.stack(predicted))
    scores = confusion.result()
    scores = scores.mean_iou, scores.pixel_accuracy
    cells = (f"{x:.3f}" for x in scores)
    print(f"| {label} | {' | '.join(cells)} |", flush=True)
    return scores


def main():
    """Measures each network with each seed."""
    every = [*NETWORKS, *[PEER] * bool(importlib.util.find_spec("keras_hub"))]
    options = parser(__doc__.partition("\n")[0], every)
    options.add_argument("--rate", type=float, default=2e-3)
    arguments = options.parse_args()
    sizes = {"train": 1, "validation": 1, "test": 200}
    test = load_scenes(arguments.size, 0, "masks", sizes=sizes).test
    print("| | parameters | images | mean IoU | pixels |")
    print("|---|---|---|---|---|")
    for name in arguments.networks:
        found = [
            measure(name, arguments, test, seed)
            for seed in range(arguments.seeds)
        ]
        if len(found) > 1:
            cells = " | ".join(spreads(found))
            print(f"| {name}, mean of {len(found)} | | | {cells} |", flush=True)
    labels = np.stack([*test.answers])
    commonest = np.bincount(labels.ravel()).argmax()
    row("the commonest class | |", test, np.full_like(labels, commonest))


if __name__ == "__main__":
    main()
