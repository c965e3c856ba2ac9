"""Width and depth scaling, shared by the mobile families."""

from keras_papers.checks import check_alpha as check_alpha
from keras_papers.checks import check_choice, check_positive


def check_depth(depth):
    """Raises ValueError unless `depth` can multiply a table's blocks."""
    check_positive(
        "depth",
        depth,
        "the factor on the blocks of every stage",
        "EfficientNet's table 3 uses up to 4; 1.0 is the table as printed.",
    )


def unpublished_depth(depth):
    """Returns the difference to the published networks, as a dict."""
    return {} if depth == 1 else {"depth": depth}


def check_reduced_tail(reduced_tail, tails):
    """Raises ValueError unless a network has such a tail, or it is None."""
    check_choice(
        "reduced_tail",
        reduced_tail,
        (None, *tails),
        "the task for which the last stages have fewer channels",
    )


def unpublished_tail(reduced_tail):
    """Returns the difference to the published networks, as a dict."""
    return {} if reduced_tail is None else {"reduced_tail": reduced_tail}


def round_filters(filters, divisor=8):
    """Rounds to a multiple of `divisor`, losing at most a tenth.

    The published code of MobileNetV2 and of all later networks does so, for
    vector units; the papers do not mention it.
    """
    rounded = max(divisor, int(filters + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * filters else rounded
