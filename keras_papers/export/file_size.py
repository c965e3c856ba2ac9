"""How the sizes of files are written in text."""


def size_text(count):
    """Writes a number of bytes, a tiny file's not as 0.00 MB.

    Example:
    >>> size_text(4_170_000), size_text(3_480)
    ('4.17 MB', '3.5 kB')
    """
    return f"{count / 1e6:.2f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"
