"""Creates a folder of pictures to try the command with: letters in many fonts.

    python examples/glyphs.py letters
    keras-papers train letters --augment light --output my_letters

Six letters in Matplotlib's fonts, sixty pictures of each, in two colors, with
varying size and position.
"""

import argparse
import pathlib

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

LETTERS = "ABCDEF"
PICTURES = 60  # of a letter
WIDTH, HEIGHT = 80, 60
FONTS = sorted(
    font
    for font in pathlib.Path(matplotlib.get_data_path()).rglob("DejaVu*.ttf")
    if "Display" not in font.name  # has no letters
)


def draw(letter, generator):
    """Returns a picture of a letter, darker than its background."""
    ground = generator.integers(120, 256, 3)
    ink = generator.integers(0, 110, 3)
    picture = Image.new("RGB", (WIDTH, HEIGHT), tuple(ground.tolist()))
    size = int(generator.integers(20, 44))
    font = ImageFont.truetype(FONTS[generator.integers(len(FONTS))], size)
    place = generator.integers(5, (WIDTH - size, HEIGHT - size)).tolist()
    ImageDraw.Draw(picture).text(place, letter, tuple(ink.tolist()), font)
    return picture


def main():
    """Writes the pictures into a folder for each letter."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="that is made")
    folder = parser.parse_args().folder
    if folder.exists():
        parser.error(f"{folder} is there already; name a new folder")
    generator = np.random.default_rng(0)
    for letter in LETTERS:
        (folder / letter).mkdir(parents=True)
        for index in range(PICTURES):
            draw(letter, generator).save(folder / letter / f"{index:02}.png")
    print(f"{len(LETTERS) * PICTURES} pictures in {folder}")


if __name__ == "__main__":
    main()
