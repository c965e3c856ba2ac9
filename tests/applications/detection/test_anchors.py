"""Anchors of three conventions, with values recorded from their authors."""

import numpy as np
import pytest

from keras_papers.applications import detection

MAPS_320 = [(20, 20), (10, 10), (5, 5), (3, 3), (2, 2), (1, 1)]
# Of ssd300_vgg16 of torchvision 0.28.0, and what it passes.
MAPS_300 = [(38, 38), (19, 19), (10, 10), (5, 5), (3, 3), (1, 1)]
SSD300 = {
    "ratios": [(2,), (2, 3), (2, 3), (2, 3), (2,), (2,)],
    "scales": (0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05),
    "steps": (8, 16, 32, 64, 100, 300),
}


def test_anchors_of_ssdlite_are_those_recorded_from_torchvision():
    found = detection.default_boxes(MAPS_320, (320, 320), [(2, 3)] * 6)
    assert found.shape == (3234, 4) and found.dtype == np.float32
    np.testing.assert_allclose(found[0], [-24, -24, 40, 40], atol=4e-5)
    last = [72.24275, 0, 247.75725, 320]
    np.testing.assert_allclose(found[-1], last, atol=4e-5)
    assert found.sum(dtype="float64") == pytest.approx(2.06976e6, rel=1e-5)
    outside = ((found < 0) | (found > 320)).any(axis=1)
    assert outside.sum() == 1500  # and are not clipped


def test_anchors_of_ssd300_are_at_its_steps():
    found = detection.default_boxes(MAPS_300, (300, 300), **SSD300)
    assert found.shape == (8732, 4)
    np.testing.assert_allclose(found[0], [-6.5, -6.5, 14.5, 14.5], atol=1e-4)
    # A column farther, eight pixels and not 300 / 38.
    np.testing.assert_allclose(found[4] - found[0], [8, 0, 8, 0], atol=1e-4)
    # The last scale, 1.05, is cut to the image before its box is centered.
    np.testing.assert_allclose(found[-4], [19.5, 19.5, 280.5, 280.5], 1e-5)


def test_wide_boxes_come_before_high_ones_and_rows_before_columns():
    found = detection.default_boxes([(2, 3)], (200, 300), [(2,)], (0.1, 0.2))
    assert found.shape == (2 * 3 * 4, 4)
    widths, heights = (found[:, 2:] - found[:, :2]).T
    np.testing.assert_allclose(widths[:2], [30, 300 * 0.02**0.5], rtol=1e-5)
    assert widths[2] / 300 > heights[2] / 200 and widths[3] < heights[3]
    x, y = ((found[::4, :2] + found[::4, 2:]) / 2).T
    np.testing.assert_allclose(x, [50, 150, 250] * 2, rtol=1e-5)
    np.testing.assert_allclose(y, [50] * 3 + [150] * 3, rtol=1e-5)


@pytest.mark.parametrize(
    "maps, number",
    [
        (MAPS_320, 2034),
        ([(19, 19), (10, 10), (5, 5), (3, 3), (2, 2), (1, 1)], 1917),
    ],
)
def test_the_object_detection_api_has_three_boxes_at_first(maps, number):
    found = detection.object_detection_boxes(maps, (320, 320))
    assert found.shape == (number, 4)
    sides = (found[:, 2:] - found[:, :2]) / 320
    root = 2**0.5
    expected = [(0.1, 0.1), (0.2 * root, 0.2 / root), (0.2 / root, 0.2 * root)]
    np.testing.assert_allclose(sides[:3], expected, rtol=1e-5)
    # On the second map the ratio 1 is first, and the larger square last.
    second = sides[3 * maps[0][0] * maps[0][1] :][:6]
    np.testing.assert_allclose(second[0], [0.35, 0.35], rtol=1e-5)
    np.testing.assert_allclose(second[5], [(0.35 * 0.5) ** 0.5] * 2, rtol=1e-5)
    np.testing.assert_allclose(
        second[:5, 0] / second[:5, 1], [1, 2, 0.5, 3, 0.3333], rtol=1e-5
    )


def test_both_of_ssd_have_the_same_boxes_in_another_order():
    maps = MAPS_320[1:]
    scales = detection.spaced_scales(6)[1:]
    theirs = detection.object_detection_boxes(
        maps, (320, 320), scales=scales, reduced_first=False
    )
    ours = detection.default_boxes(maps, (320, 320), [(2, 3)] * 5, scales)
    order = [0, 5, 1, 2, 3, 4]
    same = theirs.reshape(-1, 6, 4)[:, order].reshape(-1, 4)
    sides, others = (boxes[:, 2:] - boxes[:, :2] for boxes in (ours, same))
    # The API's ratio is 0.3333, and its boxes are not cut to the image.
    np.testing.assert_allclose(sides, np.minimum(others, 320), rtol=1e-3)
    assert not np.allclose(ours, theirs, rtol=1e-3)


def test_anchors_of_faster_rcnn_are_whole_pixels_around_corners():
    maps, sizes = [(3, 2), (1, 1)], [(32, 64), (128,)]
    found = detection.sliding_anchors(maps, (48, 48), sizes)
    assert found.shape == (3 * 2 * 6 + 3, 4)
    of_32 = [(-23, -11, 23, 11), (-16, -16, 16, 16), (-11, -23, 11, 23)]
    assert found[:6:2].tolist() == [list(box) for box in of_32]
    stride_x, stride_y = 48 // 2, 48 // 3
    assert (found[6] - found[0]).tolist() == [stride_x, 0, stride_x, 0]
    assert (found[12] - found[0]).tolist() == [0, stride_y, 0, stride_y]


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: detection.default_boxes([(1, 1)], (8, 8), [(2,)] * 2),
            "`ratios` has an entry for each map. Received: ratios=",
        ),
        (
            lambda: detection.default_boxes([(1, 1)], (8, 8), [(2,)], (0.2,)),
            "`scales` .* one more .* Received: scales=\\(0.2,\\) for 1 maps",
        ),
        (
            lambda: detection.object_detection_boxes([(1, 1)], (8, 0)),
            "`image_size` .*Received: image_size=0",
        ),
        (
            lambda: detection.sliding_anchors([(1, 1)], (8, 8), []),
            "`sizes` has an entry for each map. Received: sizes=\\[\\]",
        ),
        (lambda: detection.spaced_scales(0), "`levels` .*Received: levels=0"),
    ],
)
def test_lists_of_other_lengths_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
