"""A file of torchvision's LR-ASPP, whose logits are recorded.

test_timm.py compares all networks, where torchvision is installed.
"""

import numpy as np
import pytest

from keras_papers.applications import (
    DeepLabV3MobileNetV3Large,
    LRASPPMobileNetV3Large,
)
from tests.support.answers import answers
from tests.support.torch_files import content_of, draw_even_tensors

pytestmark = pytest.mark.tensorflow
NETWORK = "torchvision/lraspp_mobilenet_v3_large"
# The first four classes at two pixels of two images: torchvision 0.28.0, in
# double precision, of the tensors of `draw_even_tensors`.
PLACES = ([3, 40], [50, 7])
# fmt: off
RECORDED = [
    [[-0.302156, -0.120928, 0.182238, -0.067295],
     [-0.040579, -0.207982, 0.222418, -0.045740]],
    [[-0.281997, -0.059156, 0.283245, -0.051290],
     [-0.035219, -0.165424, 0.142491, -0.092845]],
]
# fmt: on


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("torchvision")
    path = folder / "lraspp_mobilenet_v3_large-coco.safetensors"
    path.write_bytes(content_of(draw_even_tensors(NETWORK)))
    return path


def test_the_logits_are_those_of_torchvision(path):
    generator = np.random.default_rng(1)
    pixels = generator.uniform(0, 255, (2, 64, 64, 3)).astype("float32")
    model = LRASPPMobileNetV3Large(
        (64, 64, 3), weights=path, form="torchvision"
    )
    rows, columns = PLACES
    found = answers(model, pixels)[:, rows, columns, :4]
    np.testing.assert_allclose(found, RECORDED, atol=2e-5)


def test_a_file_of_other_arguments_says_which_it_needs(path):
    for arguments in ({}, {"form": "torchvision", "output_stride": 32}):
        with pytest.raises(ValueError, match="form='torchvision'.*stride=16"):
            LRASPPMobileNetV3Large((64, 64, 3), weights=path, **arguments)
    with pytest.raises(ValueError, match="LRASPPMobileNetV3Large"):
        DeepLabV3MobileNetV3Large((64, 64, 3), weights=path)
