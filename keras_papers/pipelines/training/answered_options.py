"""Options that the jobs share which train on boxes or masks."""

from keras_papers.pipelines.options import Options, chosen, option
from keras_papers.pipelines.training import options as training

AUGMENTATIONS = ("none", "light", "photo")
SCENES = "without it, drawn scenes of digits"


def image_size(pictures, scenes):
    """Height and width of the images; None where the job chooses."""
    return training.image_size(
        None,
        f"height and width; by default {pictures}, and {scenes} for the scenes",
    )


def weights_backbone():
    return option(
        None,
        "'imagenet', 'timm', 'timm/TAG' or a weights file of the classifier "
        "to start from",
        metavar="W",
    )


def batch_size():
    return option(
        16, "images in a batch", training.number("a number", "Try 16.")
    )


def augment(what):
    """How pictures are varied with their boxes or masks."""
    return option(
        None,
        f"how pictures are varied with their {what}; by default photo, and "
        "light for the scenes",
        chosen(AUGMENTATIONS, "how pictures are varied"),
        choices=AUGMENTATIONS,
    )


def quantize():
    return option(
        None,
        "a further .tflite file of integers (default: none)",
        chosen((None, "int8"), "how numbers are stored"),
        choices=("int8",),
    )


def stored():
    """How numbers are stored in a file that is exported."""
    return option(
        None,
        "how numbers are stored (default: float32)",
        chosen((None, "float16", "dynamic", "int8"), "how numbers are stored"),
        choices=("float16", "dynamic", "int8"),
    )


def max_drop(measure):
    return option(
        0.1,
        f"{measure} that int8 may lose; a file that loses more is not written",
        training.fraction(f"a difference of {measure}", "Try 0.1."),
        metavar="SHARE",
    )


class AnsweredOptions(Options):
    """Base of the options of trainings on pictures with boxes or masks."""

    pictures_size = scenes_size = None  # where no size is given

    @property
    def size(self):
        """Height and width of the images."""
        default = self.scenes_size if self.data is None else self.pictures_size
        return default if self.image_size is None else self.image_size

    @property
    def variation(self):
        """How pictures are varied."""
        default = "light" if self.data is None else "photo"
        return default if self.augment is None else self.augment
