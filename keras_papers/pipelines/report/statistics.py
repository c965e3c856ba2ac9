"""Accuracies of few images: what is likely, and what is chance.

A difference alone is no finding. An accuracy is compared by its interval of
95 % (Wilson's), and two files that answered the same images by the sign test
at 5 %.
"""

import math

CONFIDENCE = 1.96  # standard deviations, for 95%
CHANCE = 0.05  # probability below which a difference is not taken for chance


def likely(share, images):
    """Returns Wilson's interval for a share that was measured on some images.

    Example:
    >>> low, high = likely(0.5, 10)
    >>> round(low, 4), round(high, 4)
    (0.2366, 0.7634)
    """
    spread = CONFIDENCE**2 / images
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def is_worse(lost, gained):
    """Returns whether a file that differs on so many images is worse.

    The sign test: of images on which two files differ in being right, a file
    that is as good would be wrong on half.

    Args:
        lost: Images on which the other file alone is right.
        gained: Images on which this file alone is right.

    Example:
    >>> is_worse(4, 0), is_worse(5, 0), is_worse(12, 8), is_worse(60, 40)
    (False, True, False, True)
    """
    differ = lost + gained
    ways = sum(math.comb(differ, count) for count in range(lost, differ + 1))
    return ways / 2**differ < CHANCE
