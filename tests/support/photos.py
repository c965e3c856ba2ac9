"""Folders of pictures of classes that differ in brightness."""

import numpy as np
from PIL import Image


def paint(folder, classes, number=10, seed=0):
    """Writes pictures of noise, each class brighter than the one before."""
    generator = np.random.default_rng(seed)
    for index, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        low = index * 150 // max(1, len(classes) - 1)
        for picture in range(number):
            pixels = generator.integers(low, low + 100, (40, 50, 3), "uint8")
            Image.fromarray(pixels).save(folder / name / f"{picture}.png")
    return folder
