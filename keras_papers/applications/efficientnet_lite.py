"""EfficientNet-Lite (Liu, 2020, https://github.com/tensorflow/tpu).

EfficientNet without what is slow or inexact in integers: no
squeeze-and-excite, ReLU6 in place of swish, and no scaling of stem, head, and
the depth of the first and the last row. See models/official/efficientnet/lite
there.
"""

from keras_papers.applications.efficientnet import (
    TABLE_1,
    Network,
    Scaling,
    constructor,
)
from keras_papers.applications.pretrained.evaluation import efficient_net_lite
from keras_papers.applications.pretrained.published import of_torch
from keras_papers.applications.registry import Paper

PAPER = Paper(
    "EfficientNet-Lite",
    "EfficientNet-Lite, code of the authors",
    "Liu",
    2020,
    "https://github.com/tensorflow/tpu",
)
WITHOUT_SE = tuple(row._replace(se=0) for row in TABLE_1)
# fmt: off
SCALINGS = {
    #            width depth size  dropout
    "0": Scaling(1.0, 1.0, 224, 0.2),
    "1": Scaling(1.0, 1.1, 240, 0.2),
    "2": Scaling(1.1, 1.2, 260, 0.3),
    "3": Scaling(1.2, 1.4, 280, 0.3),
    "4": Scaling(1.4, 1.8, 300, 0.3),
}
# fmt: on
NETWORKS = {
    kind: Network(
        WITHOUT_SE,
        scaling,
        efficient_net_lite,
        of_torch(f"EfficientNetLite{kind}"),
        activation="relu6",
        fixed_ends=True,
    )
    for kind, scaling in SCALINGS.items()
}


def _constructor(kind, summary=None, **omit):
    network = NETWORKS[kind]
    summary = summary or (
        f"{network.scaling.width} times as wide as Lite0, "
        f"{network.scaling.depth} times as deep"
    )
    return constructor(
        f"EfficientNetLite{kind}",
        network,
        PAPER,
        f"Builds EfficientNet-Lite{kind}: {summary}.",
        __name__,
        **omit,
    )


EfficientNetLite0 = _constructor("0", "table 1 without SE, or `rows`", omit=())
EfficientNetLite1 = _constructor("1")
EfficientNetLite2 = _constructor("2")
EfficientNetLite3 = _constructor("3")
EfficientNetLite4 = _constructor("4")
