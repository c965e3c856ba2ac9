"""A training step of SSDLite, compared with torchvision's on the CPU.

    python benchmarks/bench_dense_training.py [--batch 8] [--rounds 3]

`ssdlite320_mobilenet_v3_large` of both: 320 x 320 pixels, 3234 anchors, 90
classes, random weights, five objects an image, SGD with momentum. A step is
the network, the matching of anchors, the losses, the gradients and the update;
torchvision's resizes the images, too. CPU time on one thread, medians of the
steps of a process, the packages in processes in turn. The second row is what
the parts of our step take that are no network: the targets of the anchors and
both losses, with their gradient.
"""

import argparse
import json
import statistics
import subprocess
import sys

from interleaved import compare, cpu_seconds, header  # sets one thread

SIZE, CLASSES, OBJECTS = 320, 90, 5
RATE, MOMENTUM = 0.01, 0.9


def examples(batch):
    """Returns images of pixels, and boxes and classes of objects."""
    import numpy as np

    random = np.random.default_rng(0)
    images = random.uniform(0, 255, (batch, SIZE, SIZE, 3)).astype("float32")
    corners = random.uniform(0, SIZE / 2, (batch, OBJECTS, 2))
    sides = random.uniform(SIZE / 8, SIZE / 2, (batch, OBJECTS, 2))
    boxes = np.concatenate([corners, corners + sides], -1).astype("float32")
    return images, boxes, random.integers(0, CLASSES, (batch, OBJECTS))


def ours(batch):
    """Returns functions of a step, and of its targets and losses."""
    import keras
    import tensorflow as tf

    from keras_papers.applications import SSDLiteMobileNetV3Large

    images, boxes, classes = examples(batch)
    objects = {"boxes": boxes, "classes": classes.astype("int32")}
    model = SSDLiteMobileNetV3Large(classes=CLASSES, reduced_tail="detection")
    model.compile(keras.optimizers.SGD(RATE, MOMENTUM), jit_compile=False)
    outputs = model(images)

    @tf.function
    def losses():
        with tf.GradientTape() as tape:
            tape.watch(outputs)
            loss = model.compute_loss(None, objects, outputs)
        return tape.gradient(loss, outputs)

    return lambda: model.train_on_batch(images, objects), losses


def theirs(batch):
    """Returns a function of torchvision's step."""
    import torch

    torch.set_num_threads(1)
    if not hasattr(torch.ops.torchvision, "nms"):
        # A wheel without its operators, which training does not call.
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor b, Tensor s, float t) -> Tensor")
    import torchvision

    images, boxes, classes = examples(batch)
    images = [torch.tensor(each.transpose(2, 0, 1) / 255) for each in images]
    targets = [
        {"boxes": torch.tensor(b), "labels": torch.tensor(c + 1)}
        for b, c in zip(boxes, classes, strict=True)
    ]
    model = torchvision.models.detection.ssdlite320_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=CLASSES + 1
    ).train()
    optimizer = torch.optim.SGD(model.parameters(), RATE, MOMENTUM)

    def step():
        optimizer.zero_grad()
        sum(model(images, targets).values()).backward()
        optimizer.step()

    return (step,)


def measure(package, batch, steps):
    """Returns the median CPU seconds of each function of a package."""
    found = []
    for run in {"ours": ours, "theirs": theirs}[package](batch):
        run()  # warms up
        times = [cpu_seconds(run)[0] for _ in range(steps)]
        found.append(statistics.median(times))
    return found


def in_own_process(package, arguments):
    """Runs `measure` in a fresh process."""
    sizes = str(arguments.batch), str(arguments.steps)
    answer = subprocess.run(
        [sys.executable, __file__, "--measure", package, *sizes],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(answer.stdout.splitlines()[-1])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        package, batch, steps = sys.argv[2:]
        print(json.dumps(measure(package, int(batch), int(steps))))
        sys.exit()
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    found = {"ours": [], "theirs": []}
    for turn in range(arguments.rounds):
        for package in ("ours", "theirs") if turn % 2 else ("theirs", "ours"):
            found[package].append(in_own_process(package, arguments))
            print(f"{package}: {found[package][-1]}", file=sys.stderr)
    header("torchvision")
    steps, parts = zip(*found["ours"], strict=True)
    peers = [step for (step,) in found["theirs"]]
    compare(f"SSDLite320, a step of {arguments.batch} images", steps, peers)
    print(f"| its targets and losses | {statistics.median(parts):.3f} s | | |")
