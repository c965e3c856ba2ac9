"""The classic networks: construction, training step and prediction.

Compared with keras.applications; or, if a Python with PyTorch is passed, the
networks that keras.applications lacks with those of timm and torchvision there:

    python benchmarks/bench_classics.py
    python benchmarks/bench_classics.py torch-environment/bin/python

Each package has one process, of one thread, and the two measure in turn.
"""

import functools
import os
import subprocess
import sys

from interleaved import compare, cpu_seconds, header

SIZE, BATCH, CLASSES, ROUNDS, CONSTRUCTIONS = 96, 4, 10, 5, 3
OF_KERAS = (
    "ResNet50",
    "InceptionV3",
    "ResNet50V2",
    "VGG16",
    "InceptionResNetV2",
)
OF_TORCH = {  # arguments of ours, with which the networks are the same
    "ResNet18": {},
    "GoogLeNet": {"batch_normalization": True, "kernels_5x5": False},
    "InceptionV4": {},
}


def keras_work(package, name):
    """Returns what is measured of a Keras model, as functions by name."""
    import keras
    import numpy as np

    import keras_papers

    home = {"ours": keras_papers.applications, "theirs": keras.applications}
    arguments = OF_TORCH.get(name, {})
    construct = functools.partial(
        getattr(home[package], name),
        input_shape=(SIZE, SIZE, 3),
        weights=None,
        classes=CLASSES,
        **arguments,
    )
    keras.backend.clear_session()
    model = construct()
    model.compile("adam", "sparse_categorical_crossentropy")
    images = np.random.default_rng(0).uniform(-1, 1, (BATCH, SIZE, SIZE, 3))
    images, labels = images.astype("float32"), np.arange(BATCH) % CLASSES
    return {
        "construction": construct,
        "training step": lambda: model.train_on_batch(images, labels),
        "prediction": lambda: model.predict_on_batch(images),
    }


def torch_work(name):
    """Returns the same of a network of timm or torchvision."""
    import timm
    import torch
    import torchvision

    torch.set_num_threads(1)
    construct = functools.partial(timm.create_model, num_classes=CLASSES)
    construct = {
        "ResNet18": functools.partial(construct, "resnet18"),
        "InceptionV4": functools.partial(construct, "inception_v4"),
        "GoogLeNet": functools.partial(
            torchvision.models.googlenet,
            num_classes=CLASSES,
            aux_logits=False,
            init_weights=True,
        ),
    }[name]
    model = construct()
    optimizer = torch.optim.Adam(model.parameters())
    images = torch.rand(BATCH, 3, SIZE, SIZE) * 2 - 1
    labels = torch.arange(BATCH) % CLASSES

    def step():
        model.train()
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()

    def predict():
        model.eval()
        with torch.inference_mode():
            model(images)

    return {
        "construction": construct,
        "training step": step,
        "prediction": predict,
    }


def serve(package):
    """Answers each line, a network and what to measure, with CPU seconds."""
    answers, sys.stdout = sys.stdout, sys.stderr
    built, work = None, {}
    for line in sys.stdin:
        name, _, what = line.strip().partition(" ")
        if name != built:
            work = torch_work(name) if package == "torch" else None
            work = work or keras_work(package, name)
            built = name
            for first in ("training step", "prediction"):
                work[first]()
        seconds, _ = cpu_seconds(work[what])
        print(seconds, file=answers, flush=True)


def started(python, package):
    """Starts a process that serves; returns a function that asks it."""
    process = subprocess.Popen(
        [python, __file__, package],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "MKL_NUM_THREADS": "1"},
    )

    def ask(name, what):
        print(name, what, file=process.stdin, flush=True)
        return float(process.stdout.readline())

    return ask


def measure(names, ours, theirs):
    """Prints the rows of some networks."""
    for name in names:
        for what in ("construction", "training step", "prediction"):
            found = {ours: [], theirs: []}
            rounds = CONSTRUCTIONS if what == "construction" else ROUNDS
            for turn in range(rounds):
                for ask in (ours, theirs) if turn % 2 else (theirs, ours):
                    found[ask].append(ask(name, what))
            compare(f"{name}, {what}", found[ours], found[theirs])


if __name__ == "__main__":
    if sys.argv[1:] in (["ours"], ["theirs"], ["torch"]):
        serve(sys.argv[1])
        sys.exit()
    ask_ours = started(sys.executable, "ours")
    if len(sys.argv) > 1:
        header("PyTorch")
        measure(OF_TORCH, ask_ours, started(sys.argv[1], "torch"))
    else:
        header("keras.applications")
        measure(OF_KERAS, ask_ours, started(sys.executable, "theirs"))
