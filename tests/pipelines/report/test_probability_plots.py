"""ROC curves and calibration as graphics of a page."""

import re

import numpy as np

from keras_papers.pipelines.report import probability_plots


def widest_path(svg):
    """Returns the points of the path with the most of them, in pixels."""
    paths = re.findall(r' d="(M [^"]*)"', svg)
    longest = max(paths, key=lambda path: path.count("L"))
    return np.array(re.findall(r"[ML] ([\d.-]+) ([\d.-]+)", longest), float)


def test_a_long_curve_takes_few_points_and_keeps_its_ends():
    rates = np.linspace(0, 1, 5001)
    drawn = probability_plots.roc_plot(rates, np.sqrt(rates), "0.6667 ± 0.01")
    points = widest_path(drawn.svg)
    assert 20 < len(points) < 500
    low, high = points.min(axis=0), points.max(axis=0)
    # Up is less in pixels.
    np.testing.assert_allclose(points[0], [low[0], high[1]])
    np.testing.assert_allclose(points[-1], [high[0], low[1]])
    assert "The area under it is 0.6667 ± 0.01." in drawn.svg
    across, up = (points[:, 0] - low[0]) / (high - low)[0], points[:, 1]
    up = (high[1] - up) / (high - low)[1]
    np.testing.assert_allclose(up, np.sqrt(across), atol=0.01)


def test_few_points_are_all_drawn_with_what_they_are():
    bins = [(50, 0.1, 0.2), (50, 0.9, 0.8)]
    drawn = probability_plots.calibration_plot(bins)
    assert "20.0% at 10.0%, 80.0% at 90.0%." in drawn.svg
    # The line of equals, that of the points, and an interval for each.
    lines = re.findall(r'd="M [\d. -]+\nL [\d. -]+\n?"', drawn.svg)
    grid = 6 + 6
    assert len(lines) == grid + 4
    numbers = probability_plots.numbers_plot([(5, 10.0, 12.0), (5, 40.0, 38.0)])
    assert "12 at 10, 38 at 40." in numbers.svg
