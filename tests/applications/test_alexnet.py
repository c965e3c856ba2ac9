"""AlexNet and ZFNet: the sizes of the papers' maps, groups, the minimum."""

import numpy as np
import pytest

from keras_papers import applications
from keras_papers.shapes_only import shapes_only
from tests.support.answers import answers, perturb, random_images, spread


@pytest.mark.parametrize(
    "name, sizes",
    [
        ("AlexNet", {"stage1_block1_conv": 55, "stage1_pool": 27}),
        ("AlexNet", {"stage2_pool": 13, "stage3_pool": 6}),
        ("ZFNet", {"stage1_block1_conv": 110, "stage1_pool": 55}),
        ("ZFNet", {"stage2_block1_conv": 26, "stage2_pool": 13}),
        ("ZFNet", {"stage3_pool": 6}),
    ],
)
def test_maps_have_the_sizes_of_the_figure(name, sizes):
    with shapes_only():
        model = applications.get(name)(include_top=False)
    for layer, size in sizes.items():
        assert model.get_layer(layer).output.shape[1:3] == (size, size)


def test_the_normalizations_are_where_the_papers_have_them():
    for name, order in (
        ("AlexNet", ["activation", "norm", "pool"]),
        ("ZFNet", ["activation", "pool", "norm"]),
    ):
        with shapes_only():
            model = applications.get(name)(include_top=False)
        names = [layer.name for layer in model.layers]
        for stage in (1, 2):
            first = names.index(f"stage{stage}_block1_activation")
            found = [n.rpartition("_")[2] for n in names[first : first + 3]]
            assert found == order
        assert "stage3_norm" not in names


def test_groups_are_two_halves_that_do_not_see_each_other():
    options = {"alpha": 0.25, "include_top": False, "input_shape": (63, 63, 3)}
    grouped = perturb(applications.AlexNet(**options))
    one = applications.AlexNet(**options, grouped=False)
    for layer, whole in zip(grouped.layers, one.layers, strict=True):
        for mine, weight in zip(layer.weights, whole.weights, strict=True):
            weight.assign(widened(mine.numpy(), weight.shape))
    images = random_images(2, 63, 63, 3)
    expected = answers(one, images)
    assert spread(expected) > 1e-3
    np.testing.assert_allclose(
        answers(grouped, images), expected, atol=1e-5 * spread(expected) + 1e-6
    )


def widened(kernel, shape):
    """Returns a kernel with zeros between the two halves."""
    if kernel.shape == tuple(shape):
        return kernel
    first, second = np.split(kernel, 2, axis=-1)
    zeros = np.zeros_like(first)
    above = np.concatenate([first, zeros], axis=-1)
    below = np.concatenate([zeros, second], axis=-1)
    return np.concatenate([above, below], axis=-2)
