"""How figures are written for people."""

UNITS = (1e9, "billion"), (1e6, "million")  # from the largest on


def plural(count, name):
    """Writes how many there are of something.

    Example:
    >>> plural(1, "epoch"), plural(1200, "image")
    ('1 epoch', '1,200 images')
    """
    return f"{count:,} {name}" + ("" if count == 1 else "s")


def divided(train, watched, held_out):
    """Writes how many examples are in the parts of a data set.

    Example:
    >>> divided(1300, 300, 400)
    '1,300 to train on, 300 to watch, 400 held out'
    """
    return f"{train:,} to train on, {watched:,} to watch, {held_out:,} held out"


def in_words(count):
    """Writes a count.

    Example:
    >>> in_words(950_000), in_words(12_345_678)
    ('950,000', '12.3 million')
    """
    for unit, name in UNITS:
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count:,}"


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
    """Compares the accuracy of the .tflite file with the Keras model.

    Example:
    >>> compared(0.9833, 0.9806)
    '0.27 points lower than the Keras model'
    """
    lost = accuracy - tflite_accuracy
    if abs(lost) < 5e-5:
        return "the same as the Keras model"
    side = "lower" if lost > 0 else "higher"
    return f"{abs(100 * lost):.2f} points {side} than the Keras model"
