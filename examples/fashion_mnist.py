"""Fashion-MNIST as a folder of pictures: 70,000 of ten classes of clothes.

    apt install dataset-fashion-mnist
    python examples/fashion_mnist.py fashion
    keras-papers train fashion --image-size 32 --epochs 5 --output clothes

Debian packages the images of Xiao et al., 2017 (arxiv.org/abs/1708.07747), with
their split into `train` and `test`.
"""

import gzip
import pathlib
import sys

import numpy as np
from PIL import Image

SOURCE = pathlib.Path("/usr/share/datasets/fashion-mnist")
NAMES = (
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "boot",
)
SIZE = 28
FILES = {"train": "train", "test": "t10k"}


def read(name, header):
    """Returns the bytes of a file of Yann LeCun's format, without header."""
    with gzip.open(SOURCE / f"{name}-ubyte.gz") as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def main(folder):
    """Writes one PNG file for each image."""
    for part, prefix in FILES.items():
        images = read(f"{prefix}-images-idx3", 16).reshape(-1, SIZE, SIZE)
        labels = read(f"{prefix}-labels-idx1", 8)
        for index, (image, label) in enumerate(
            zip(images, labels, strict=True)
        ):
            place = pathlib.Path(folder, part, NAMES[label])
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(place / f"{index:05}.png")


if __name__ == "__main__":
    if not SOURCE.is_dir():
        sys.exit(f"{SOURCE} is missing: apt install dataset-fashion-mnist")
    main(sys.argv[1])
