"""Files of torchvision's detectors, whose codes and logits are recorded.

test_torchvision.py compares all of them, where torchvision is installed.
"""

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers import applications
from tests.support.torch_files import content_of, draw_even_tensors

pytestmark = pytest.mark.tensorflow
GAIN = 1.4  # of the convolutions, with which outputs depend on the image
# Two codes and two logits of the first anchor of each map, for two images:
# torchvision 0.29.1, in double precision, of the tensors of
# `draw_even_tensors`.
# fmt: off
SSD_LITE = [
    [[-8.3736971, 1.1263447, 0.7732993, -0.1410119],
     [-13.7909324, 3.3947755, 0.8413570, 0.5996572],
     [-1.3377189, 0.1512228, 0.1756204, 1.1475840],
     [0.2348306, -0.2410078, -0.1915168, 0.0689936],
     [0.1183581, 0.0001568, -0.2533206, -0.0240440],
     [-0.0165898, 0.0913759, -0.0010641, 0.0580205]],
    [[-7.7479593, 0.6487657, 3.7771142, -0.3674588],
     [-8.1414742, 4.4165215, -3.8383819, 3.2241797],
     [-1.0888162, -0.5422067, -0.3622336, -0.5976701],
     [-0.3880547, 0.0455467, 0.1217375, 0.5564621],
     [0.1265375, 0.0757339, -0.2820022, -0.1178342],
     [0.0205033, 0.0718304, -0.0226705, 0.1180224]],
]
SSD = [
    [[-0.1161439, -0.0469541, 0.0697076, 0.0375104],
     [-142.1622675, -197.7189444, -144.4819195, -273.5678281],
     [-42.4237958, 122.1754658, 97.5947982, -173.9828289],
     [199.5099046, 142.7260449, 25.8708543, -229.4210717],
     [34.6006708, -56.2949053, -118.5614784, -0.2151413],
     [67.4972471, 35.3785334, 28.9754077, 69.3254762]],
]
# fmt: on
DETECTORS = {
    "ssdlite320_mobilenet_v3_large": (
        "SSDLiteMobileNetV3Large",
        {"input_shape": (96, 96, 3), "reduced_tail": "detection"},
        [0, 216, 270, 294, 300, 306],
        SSD_LITE,
    ),
    "ssd300_vgg16": (
        "SSD300VGG16",
        {},
        [0, 5776, 7942, 8542, 8692, 8728],
        SSD,
    ),
}


@pytest.fixture
def in_doubles():
    """Floats of 32 bits differ by the processor, by more than is allowed."""
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize(
    "network",
    [
        "ssdlite320_mobilenet_v3_large",
        pytest.param("ssd300_vgg16", marks=pytest.mark.slow),
    ],
)
def test_codes_and_logits_are_those_of_torchvision(
    network, in_doubles, tmp_path
):
    name, arguments, places, recorded = DETECTORS[network]
    path = tmp_path / f"{network}-coco.safetensors"
    tensors = draw_even_tensors(f"torchvision/{network}", gain=GAIN)
    path.write_bytes(content_of(tensors))
    model = applications.get(name)(weights=path, **arguments)
    shape = (2, *model.input_shape[1:])
    pixels = np.random.default_rng(1).uniform(0, 255, shape)
    outputs = model(pixels[: len(recorded)], training=False)
    found = np.concatenate(
        [
            ops.convert_to_numpy(outputs[kind])[:, places, :2]
            for kind in ("boxes", "scores")
        ],
        axis=-1,
    )
    # Of a map, the rounding is that of its largest outputs.
    size = np.abs(recorded).max(axis=(0, 2))[:, None]
    np.testing.assert_allclose(found / size, recorded / size, atol=1e-4)
