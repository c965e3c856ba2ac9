"""The options of the verbs that segment images.

What reads folders and files is imported by the check that needs it.
"""

import dataclasses

from keras_papers.checks import check_number
from keras_papers.pipelines.answered import options as answered
from keras_papers.pipelines.options import option
from keras_papers.pipelines.training import options as training
from keras_papers.tasks import IMAGE_SEGMENTATION

IGNORE = 255
SCENES_SIZE, PICTURES_SIZE = 160, 256  # pixels, where no size is given


def _check_ignore(name, value):
    check_number(name, value, "an index in the masks", "Try 255.")
    if not 0 <= value <= 255 or int(value) != value:
        raise ValueError(
            f"`{name}` is the index of pixels of no class in the masks, from "
            f"0 to 255. Received: {name}={value!r}. Try 255."
        )


def _ignore():
    return option(
        IGNORE,
        "index in the masks of pixels that count for no class, beside 255",
        _check_ignore,
        metavar="N",
    )


def _check_data(name, value):
    from keras_papers.pipelines.data.masks.mask_folder import check_mask_folder

    check_mask_folder(value)


@dataclasses.dataclass(frozen=True)
class SegmentOptions(answered.TrainOptions):
    """What `train_segmenter` takes; it explains each."""

    pictures_size, scenes_size = PICTURES_SIZE, SCENES_SIZE
    check_data = staticmethod(_check_data)

    data: str | None = answered.training_data("masks")
    model: str = answered.network("LRASPPMobileNetV3Small", IMAGE_SEGMENTATION)
    alpha: float = answered.alpha()
    image_size: int | None = answered.image_size(PICTURES_SIZE, SCENES_SIZE)
    epochs: int = answered.epochs(40)
    output: str = training.output("keras_papers_segmenter")
    _: dataclasses.KW_ONLY
    weights_backbone: str | None = answered.weights_backbone()
    batch_size: int = answered.batch_size()
    learning_rate: float = answered.learning_rate(4e-3)
    ignore: int = _ignore()
    augment: str | None = answered.augment("masks")
    quantize: str | None = answered.quantize()
    strict: bool = training.strict()
    overwrite: bool = training.overwrite("replace an earlier training")
    seed: int = training.seed()
    verbose: object = training.verbose()


@dataclasses.dataclass(frozen=True)
class PredictMasksOptions(answered.PredictOptions):
    """What `predict_masks` takes; it explains each."""

    _: dataclasses.KW_ONLY
    output: str = option(
        "masks",
        "folder to write a mask and a painted picture of each to; earlier "
        "ones are replaced",
    )


@dataclasses.dataclass(frozen=True)
class EvaluateMasksOptions(answered.EvaluateOptions):
    """What `evaluate_segmenter` takes; it explains each."""

    data: str = answered.test_data("masks", _check_data)
    _: dataclasses.KW_ONLY
    ignore: int = _ignore()


@dataclasses.dataclass(frozen=True)
class ExportMasksOptions(answered.ExportOptions):
    """What `export_segmenter` takes; it explains each."""

    check_data = staticmethod(_check_data)

    _: dataclasses.KW_ONLY
    max_drop: float = answered.max_drop("mean IoU")
    ignore: int = _ignore()
