"""How figures are written for people."""

import math
from typing import NamedTuple

CONFIDENCE = 1.96  # standard deviations, for 95%


class Figure(NamedTuple):
    """A figure of the strip on top of a page."""

    name: str
    value: str
    note: str


def likely(share, images):
    """Returns Wilson's interval for a share that was seen on some images.

    Example:
    >>> low, high = likely(0.5, 10)
    >>> round(low, 4), round(high, 4)
    (0.2366, 0.7634)
    """
    spread = CONFIDENCE**2 / images
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def plural(count, name):
    """Writes how many there are of something.

    Example:
    >>> plural(1, "epoch"), plural(1200, "image")
    ('1 epoch', '1,200 images')
    """
    return f"{count:,} {name}" + ("" if count == 1 else "s")


def in_words(count):
    """Writes a count.

    Example:
    >>> in_words(950_000), in_words(12_345_678)
    ('950,000', '12.3 million')
    """
    for unit, name in ((1e9, "billion"), (1e6, "million")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count:,}"


def in_bytes(count):
    """Writes the size of a file."""
    return f"{count / 1e6:.2f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def in_time(seconds):
    """Writes how long something took.

    Example:
    >>> in_time(12.4), in_time(83), in_time(7300)
    ('12 s', '1 min 23 s', '2 h 1 min')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def compared(accuracy, tflite_accuracy):
    """Tells what the .tflite file lost against the Keras model.

    Example:
    >>> compared(0.9833, 0.9806)
    '0.27 points lower than the Keras model'
    """
    lost = accuracy - tflite_accuracy
    if abs(lost) < 5e-5:
        return "the same as the Keras model"
    side = "lower" if lost > 0 else "higher"
    return f"{abs(100 * lost):.2f} points {side} than the Keras model"
