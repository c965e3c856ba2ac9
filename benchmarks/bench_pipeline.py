"""The input pipeline, compared with that of Keras.

Measured with rendered JPEG photos in a temporary folder: CPU and wall time a
photo of `batches` and of `image_dataset_from_directory`; the time of an epoch,
compared with `model.fit` on arrays with the same augmentation; and memory with
many small pictures. With --reading only the first.
"""

import argparse
import pathlib
import resource
import tempfile
import time

import numpy as np
from PIL import Image

from interleaved import compare, cpu_seconds, header

import keras  # isort: skip
from keras_papers import applications
from keras_papers.pipelines.data import images
from keras_papers.pipelines.data.augmentation import varying_layers
from keras_papers.pipelines.data.picture_folder import load_test_folder

ROUNDS, CLASSES, BATCH, SIZE = 9, 4, 32, 128
NAMES = tuple(map(str, range(CLASSES)))
PHOTOS, SMALL_PICTURES = 1200, 100_000


def render(folder, number, size, ending):
    """Writes smooth shades with grain, which compress as photos do."""
    generator = np.random.default_rng(0)
    for name in range(CLASSES):
        (folder / str(name)).mkdir(parents=True)
        for index in range(number // CLASSES):
            coarse = generator.integers(20, 236, (12, 16, 3), np.uint8)
            smooth = Image.fromarray(coarse).resize(size, Image.BICUBIC)
            grain = generator.integers(-10, 11, (size[1], size[0], 1))
            photo = (np.asarray(smooth) + grain).clip(0, 255)
            path = folder / str(name) / f"{index}.{ending}"
            Image.fromarray(photo.astype(np.uint8)).save(path)
    return folder


def wall(function):
    """Returns the wall seconds of one call: decoding runs beside training."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def read_all(data):
    """Reads every batch once."""
    for _ in data:
        pass


def reading(folder):
    """Compares a pass over the photos, decoded each time."""
    whole, _ = load_test_folder(folder, NAMES)
    kept, images.CACHE_BYTES = images.CACHE_BYTES, 0
    ours = images.batches(whole, CLASSES, SIZE, BATCH)
    images.CACHE_BYTES = kept
    theirs = keras.utils.image_dataset_from_directory(
        folder, image_size=(SIZE, SIZE), batch_size=BATCH, verbose=False
    )
    cpu, walls = ([], []), ([], [])
    for index in range(ROUNDS + 1):
        for which, data in enumerate((ours, theirs)):
            start = time.perf_counter()
            seconds, _ = cpu_seconds(lambda data=data: read_all(data))
            if index:  # the first pass traces
                cpu[which].append(1000 * seconds / len(whole))
                took = time.perf_counter() - start
                walls[which].append(1000 * took / len(whole))
    compare("a photo of 640 x 480, CPU", *cpu, "ms")
    compare("a photo of 640 x 480, wall", *walls, "ms")
    return whole


def training(whole):
    """Compares an epoch with the pipeline with one on arrays."""
    pixels = np.stack([whole.read(index, SIZE) for index in range(len(whole))])
    labels = keras.utils.to_categorical(whole.labels, CLASSES)
    network = applications.MobileNetV3Small((SIZE, SIZE, 3), classes=CLASSES)
    # Keras alone augments images by layers of the model.
    varied = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            *varying_layers("light", seed=0),
            network,
        ]
    )
    for model in (network, varied):
        model.compile("adam", "categorical_crossentropy")
        model.optimizer.build(model.trainable_variables)
    data = images.batches(whole, CLASSES, SIZE, BATCH, seed=0)
    ours, theirs = [], []
    for _ in range(ROUNDS + 1):
        ours.append(wall(lambda: network.fit(data, verbose=0, shuffle=False)))
        theirs.append(
            wall(
                lambda: varied.fit(pixels, labels, batch_size=BATCH, verbose=0)
            )
        )
    compare("an epoch of training", ours[1:], theirs[1:])


def memory(folder):
    """Prints the peak memory of the process after each pass."""
    start = time.perf_counter()
    whole, _ = load_test_folder(folder, NAMES)
    seconds = time.perf_counter() - start
    data = images.batches(whole, CLASSES, 32, 64, seed=0)
    used = []
    for _ in range(3):
        read_all(data)
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        used.append(f"{kilobytes / 1e6:.2f} GB")
    print(
        f"\n{len(whole):,} pictures of 32 x 32: found and checked in "
        f"{seconds:.0f} s; most memory after each of three passes: "
        f"{', '.join(used)}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reading", action="store_true")
    parser.add_argument("--photos", type=int, default=PHOTOS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        home = pathlib.Path(home)
        header("Keras alone")
        photos = render(home / "photos", arguments.photos, (640, 480), "jpg")
        whole = reading(photos)
        if not arguments.reading:
            training(whole)
            memory(render(home / "small", SMALL_PICTURES, (32, 32), "png"))
