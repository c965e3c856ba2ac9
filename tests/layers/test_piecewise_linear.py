"""Numbers that are encoded by the intervals of their column."""

import numpy as np
import pytest

from keras_papers.layers import PiecewiseLinear
from keras_papers.testing import check_layer

pytestmark = pytest.mark.contract
EDGES = [[-1.0, 0.0, 0.5], [2.0, 4.0]]


def test_it_is_a_layer():
    check_layer(PiecewiseLinear(EDGES), (3, 2))


def test_each_interval_has_the_share_that_lies_below_the_number():
    numbers = np.random.default_rng(0).normal(0, 3, (50, 2)).astype("float32")
    expected = []
    for first, second in numbers:
        row = []
        for number, edges in ((first, EDGES[0]), (second, EDGES[1])):
            for low, high in zip(edges, edges[1:], strict=False):
                below = np.interp(number, [low, high], [0, 1])
                row.append(below)
        expected.append(row)
    found = np.asarray(PiecewiseLinear(EDGES)(numbers))
    assert 0 < np.mean((found > 0) & (found < 1)) < 1
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("edges", "sentence"),
    [
        ([[0.0, 0.0]], "increasing numbers for each column"),
        ([[0.0, 1.0], [3.0]], "for column 1"),
    ],
)
def test_edges_that_do_not_increase_are_named(edges, sentence):
    with pytest.raises(ValueError, match=sentence):
        PiecewiseLinear(edges)


def test_another_number_of_columns_is_named():
    with pytest.raises(ValueError, match=r"inputs of the shape \(None, 3\)"):
        PiecewiseLinear(EDGES).build((None, 3))
