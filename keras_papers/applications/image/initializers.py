"""How the authors of MnasNet and EfficientNet draw fresh weights.

Convolutions, depthwise ones too, by the connections that leave a channel; see
mnasnet_model.py and efficientnet_model.py in github.com/tensorflow/tpu.
"""

CONVOLUTION = {  # normal, of variance 2 / fan_out
    "class_name": "VarianceScaling",
    "config": {
        "scale": 2.0,
        "mode": "fan_out",
        "distribution": "truncated_normal",
    },
}
DENSE = {  # uniform, up to 1 / sqrt(units)
    "class_name": "VarianceScaling",
    "config": {"scale": 1 / 3, "mode": "fan_out", "distribution": "uniform"},
}
