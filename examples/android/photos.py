"""Effect of the handling of a photo in an app on the accuracy.

    keras-papers train --epochs 20 --output OUT
    python examples/android/photos.py OUT/model.tflite

MediaPipe (`pip install mediapipe`) runs the file as the app does. It prints how
many of 100 scanned digits are classified correctly (2026-11-22):

    of the size of the input           100
    stretched to 144 x 48              100
    turned by 90 degrees                 9
    the same, rotation_degrees=90      100
    in the middle third of 144 x 48     26
    the same, region_of_interest       100
    2048 x 1536, noise                  50
    the same, halved to 64 x 48         99
    LiteRT, pixels in [0, 1]            12

Most of the digits were in the training images: the rows compare ways to pass a
picture, not models.
"""

import argparse

import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions
from mediapipe.tasks.python.components.containers.rect import RectF
from mediapipe.tasks.python.vision import (
    ImageClassifier,
    ImageClassifierOptions,
)
from mediapipe.tasks.python.vision.core.image_processing_options import (
    ImageProcessingOptions,
)
from PIL import Image
from sklearn.datasets import load_digits

from keras_papers import export

SIZE = 48  # of the model's input
DIGITS = 100
LARGE = (2048, 1536)
MIDDLE = RectF(left=1 / 3, top=0, right=2 / 3, bottom=1)


def enlarge(digit, size=(SIZE, SIZE)):
    """Returns an 8 x 8 digit as an RGB picture."""
    gray = Image.fromarray((digit * 255 / 16).round().astype(np.uint8))
    return gray.convert("RGB").resize(size, Image.Resampling.BILINEAR)


def turn(digit):
    """Rotates a digit to its left side, as a camera's sensor does."""
    return enlarge(digit).transpose(Image.Transpose.ROTATE_90)


def widen(digit):
    """Puts a digit into the middle of a picture three times as wide."""
    wide = Image.new("RGB", (3 * SIZE, SIZE))
    wide.paste(enlarge(digit), (SIZE, 0))
    return wide


def photograph(digit):
    """Returns a large picture with the noise of a sensor in poor light."""
    large = np.asarray(enlarge(digit, LARGE), np.float32)
    noise = np.random.default_rng(0).normal(0, 80, large.shape)
    return Image.fromarray((large + noise).clip(0, 255).astype(np.uint8))


def halve(picture):
    """Does what ImageClassifierActivity.kt does to a large photo."""
    while min(picture.size) >= 2 * SIZE:
        picture = picture.reduce(2)  # each pixel the mean of four
    return picture


CASES = (
    ("of the size of the input", enlarge, {}),
    ("stretched to 144 x 48", lambda digit: enlarge(digit, (144, 48)), {}),
    ("turned by 90 degrees", turn, {}),
    ("the same, rotation_degrees=90", turn, {"rotation_degrees": 90}),
    ("in the middle third of 144 x 48", widen, {}),
    ("the same, region_of_interest", widen, {"region_of_interest": MIDDLE}),
    ("2048 x 1536, noise", photograph, {}),
    ("the same, halved to 64 x 48", lambda d: halve(photograph(d)), {}),
)


def classify(classifier, picture, options):
    """Returns the index of the best class."""
    image = mediapipe.Image(
        image_format=mediapipe.ImageFormat.SRGB, data=np.asarray(picture)
    )
    result = classifier.classify(image, ImageProcessingOptions(**options))
    return result.classifications[0].categories[0].index


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("file", help="a .tflite file that reads digits")
    file = parser.parse_args().file
    digits = load_digits()
    pictures, labels = digits.images[:DIGITS], digits.target[:DIGITS]
    options = ImageClassifierOptions(BaseOptions(model_asset_path=file))
    with ImageClassifier.create_from_options(options) as classifier:
        for name, prepare, processing in CASES:
            found = [
                classify(classifier, prepare(picture), processing)
                for picture in pictures
            ]
            print(f"    {name:34} {np.sum(found == labels):3}")
    pixels = np.stack([np.asarray(enlarge(picture)) for picture in pictures])
    found = export.predict(file, pixels / 255).argmax(axis=1)
    print(f"    {'LiteRT, pixels in [0, 1]':34} {np.sum(found == labels):3}")
