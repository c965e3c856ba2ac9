"""Limits of arguments, for checks that do not import Keras."""

MINIMUM_SIZE = 32  # pixels of an image's side: five halvings leave one
MOST_CLUSTERS = 256  # different weights of a kernel that count as clusters
