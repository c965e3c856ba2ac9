"""The options of the verbs that classify images.

What reads folders and files is imported by the check that needs it: it brings
NumPy, for which a help text or a typing error need not wait.
"""

import dataclasses
import decimal
import functools
import os
import pathlib

from keras_papers import recipes
from keras_papers.checks import (
    check_alpha,
    check_choice,
    check_weights_path,
    names_weights,
    unpublished_weights,
)
from keras_papers.export.output_path import check_path
from keras_papers.pipelines.data.picture_list import list_pictures
from keras_papers.pipelines.models.model_facts import check_model_name
from keras_papers.pipelines.options import CALL, RUN, Options, chosen, option
from keras_papers.pipelines.training import options as training
from keras_papers.pipelines.training.output_folder import (
    check_output_file,
    check_places,
)
from keras_papers.pipelines.training.settings import (
    AUGMENTATIONS,
    LABEL_SMOOTHING,
    LEARNING_RATE,
    WEIGHT_DECAY,
    Settings,
)
from keras_papers.pipelines.variants.plan import (
    QUANTIZATIONS,
    STORED,
    check_mode,
    check_plan,
    quantized_path,
)

RECIPES = ("paper",)
WIDTH = 0.75  # of a network, where neither it nor the weights are chosen
OR_THAT = ", or that of --recipe"
DEFAULTS = {  # without a recipe
    "learning_rate": LEARNING_RATE,
    "weight_decay": WEIGHT_DECAY,
    "label_smoothing": LABEL_SMOOTHING,
}


def _check_teacher(name, value):
    from keras_papers.pipelines.models.classifier_file import check_file

    check_file(value, ".keras", argument=name)


@dataclasses.dataclass(frozen=True)
class TrainOptions(Options):
    """What `train_image_classifier` takes; it explains each."""

    data: str | None = training.data(
        "folder of class folders, or of train/, val/ and test/ with such"
    )
    model: str = option(
        "MobileNetV3Small",
        "a model's name; keras-papers list prints them",
        lambda name, value: check_model_name(value),
    )
    alpha: float | None = option(
        None,
        f"width multiplier; by default {WIDTH}, or that of published --weights",
        lambda name, value: check_alpha(value),
    )
    image_size: int | None = training.image_size(
        None,
        "height and width; by default that of the model's paper, or less if "
        "the pictures are smaller",
    )
    epochs: int | None = training.epochs(
        None,
        "passes over the images; by default 40, or more for few images, or "
        "those of --recipe",
        "Try 40.",
    )
    output: str = training.output("keras_papers_output")
    _: dataclasses.KW_ONLY
    recipe: str | None = option(
        None,
        "paper: as the paper of the model trained it, with rates for these "
        "epochs and batches; keras-papers info MODEL --recipe prints it",
        chosen(RECIPES, "how the model is trained"),
        choices=RECIPES,
    )
    weights: str | None = option(
        None,
        "'imagenet', 'timm', 'timm/TAG' or a weights file to start from",
        metavar="W",
    )
    teacher: str | None = option(
        None,
        "trained .keras file of the same classes, whose answers are learned",
        _check_teacher,
        metavar="MODEL.keras",
    )
    temperature: float = option(
        4.0,
        "divides the logits of both before they are compared",
        training.positive("a divisor", "Try 4."),
        metavar="T",
    )
    label_weight: float = option(
        0.1,
        "weight of the labels beside the teacher's answers",
        training.fraction("the weight of the labels", "Try 0.1."),
        metavar="W",
    )
    batch_size: int = training.batch_size()
    learning_rate: float | None = training.learning_rate(
        None,
        f"peak of the schedule; by default {LEARNING_RATE}{OR_THAT}",
        f"Try {LEARNING_RATE}.",
    )
    weight_decay: float | None = training.weight_decay(
        None, f"; by default {WEIGHT_DECAY}{OR_THAT}"
    )
    label_smoothing: float | None = training.label_smoothing(
        None, f"; by default {LABEL_SMOOTHING}{OR_THAT}"
    )
    class_weights: bool = option(
        False, "weight images so that every class counts the same"
    )
    ema: float | None = option(
        None,
        "momentum of a moving average of the weights; by default none"
        f"{OR_THAT}",
        training.fraction("a momentum", "Try 0.99."),
        metavar="M",
    )
    early_stopping: int | None = option(
        None,
        "epochs to wait for a lower loss",
        training.number("epochs", "Try 10."),
        metavar="N",
    )
    augment: str | None = option(
        None,
        "how images are varied; by default photo for long trainings of "
        f"photos, else light{OR_THAT}",
        chosen(AUGMENTATIONS, "how images are varied"),
        choices=AUGMENTATIONS,
    )
    mixed_precision: bool = option(
        False, "compute in float16, which GPUs do faster"
    )
    quantize: str | None = option(
        None,
        "a further, smaller file; qat trains for int8 (default: none)",
        choices=QUANTIZATIONS[1:],
    )
    prune: float | None = option(
        None,
        "share of the weights that become zero in a further file",
        metavar="SHARE",
    )
    cluster: int | None = option(
        None,
        "number of different weights in each kernel of a further file",
        metavar="N",
    )
    tensorboard: bool = option(False, "write logs to OUTPUT/logs", scope=RUN)
    strict: bool = training.strict()
    overwrite: bool = training.overwrite("replace an earlier training")
    seed: int = training.seed()
    verbose: object = training.verbose()

    def check(self):
        check_places(self.data, self.output)
        super().check()
        for name in ("temperature", "label_weight"):
            self.check_in_use(name, "teacher")
        self._check_recipe()
        plan = self.plan()
        if not self.overwrite:
            from keras_papers.pipelines.training.training_folder import (
                refuse_finished,
            )

            refuse_finished(self.output, self._command_instead(plan))
        if self.weights_file is not None:
            check_weights_path(self.weights)
        if self.weights is not None:
            self._check_weights()
        if self.data is not None:
            _check_folder(self.data)

    def _check_recipe(self):
        """Raises ValueError if a model cannot be trained as in its paper."""
        if self.recipe is None:
            return
        names = recipes.list_recipes()
        received = f"Received: recipe={self.recipe!r} with "
        if self.model not in names:
            raise ValueError(
                "`recipe` is how the paper of `model` trained it, which is "
                f"known of {', '.join(names)}. {received}model={self.model!r}. "
                "Choose one of these, or leave `recipe` (--recipe) out."
            )
        if self.weights is not None:
            raise ValueError(
                "`recipe` trains from random weights, as the papers did. "
                f"{received}weights={self.weights!r}. Leave one of them out."
            )

    @functools.cached_property
    def width(self):
        """The width: `alpha`, or one that there are weights of."""
        if self.alpha is not None:
            return self.alpha
        if self.weights is None:
            return WIDTH
        from keras_papers.applications.registry import get_record

        family = get_record(self.model).published
        widths = family.widths(self.weights) if family else []
        # That of the papers, if there is a choice.
        return next(
            (width for width in (WIDTH, 1.0) if width in widths),
            widths[0] if widths else WIDTH,
        )

    def _check_weights(self):
        """Raises ValueError if the weights are of no such network."""
        from keras_papers.applications.registry import get_record

        family = get_record(self.model).published
        if family is not None:
            family.check(self.weights, self.width, self.model)
        elif self.weights_file is None:
            raise unpublished_weights(self.weights, self.model)

    @property
    def weights_file(self):
        """The path of the weights to start from, or None of a name."""
        return None if names_weights(self.weights) else self.weights

    def plan(self):
        """Returns the `Plan` of the smaller files."""
        return check_plan(self.quantize, self.prune, self.cluster)

    def settings(self):
        """Returns the `Settings` of the training.

        What the images decide may be None: epochs and augmentation, and with
        a recipe all values that it has.
        """
        given = {
            name: getattr(self, name)
            for name in Settings._fields
            if name not in ("from_weights", "plan")
        }
        if self.recipe is None:
            for name, default in DEFAULTS.items():
                if given[name] is None:
                    given[name] = default
        return Settings(**given, from_weights=self.weights is not None)

    def _command_instead(self, plan):
        """Returns what makes a variant of a finished model, if a verb does."""
        how, model = plan.quantize, pathlib.Path(self.output, "model.keras")
        there = model.with_suffix(f".{how}.tflite").exists()
        if plan.steps() != [how] or there or not model.exists():
            return None
        if how in STORED:
            return ExportOptions(model, quantize=how).command("export")
        options = QuantizeOptions(model, self.data, how)
        return options.command("quantize", explicit=["mode"])


def _check_folder(folder, to_train=True):
    from keras_papers.pipelines.data.picture_folder import check_folder

    check_folder(folder, to_train)


def _classifier(metavar, *endings, help):
    def check(name, value):
        from keras_papers.pipelines.models.classifier_file import check_file

        check_file(value, *endings)

    return option(help=help, check=check, metavar=metavar, is_positional=True)


def _check_normalization(name, value):
    from keras_papers.pixels.normalization import check_normalization

    check_normalization(value)


def _to_normalization(black, white):
    from keras_papers.pixels.normalization import normalization_of_range

    if not black < white:
        raise ValueError("--input-range takes the smaller number first")
    return normalization_of_range(black, white)


def _to_range(normalization):
    from keras_papers.pixels.normalization import range_of_normalization

    # Not as -1e-05, which argparse takes for an option.
    return [
        format(decimal.Decimal(f"{end:.12g}"), "f")
        for end in range_of_normalization(*normalization)
    ]


def _normalization():
    return option(
        None,
        "what the model takes for a black and for a white pixel, as 0 255 or "
        "-1 1; by default what the file shows",
        _check_normalization,
        metavar=("BLACK", "WHITE"),
        flag="--input-range",
        parse=_to_normalization,
        words=_to_range,
    )


def _stored(name):
    if name in ("int8", "qat"):
        raise ValueError(
            f"{name} needs images; run keras-papers quantize --mode {name}"
        )
    return name


@dataclasses.dataclass(frozen=True)
class ExportOptions(Options):
    """What `export` takes; it explains each."""

    model: str = _classifier("MODEL.keras", ".keras", help="the trained model")
    output: str | None = option(
        None, "where to write; by default beside the model", scope=RUN
    )
    _: dataclasses.KW_ONLY
    quantize: str | None = option(
        None,
        "dynamic for a quarter of the size, float16 for half; int8 and qat "
        "are what keras-papers quantize makes (default: none)",
        choices=STORED[1:],
        parse=_stored,
    )
    labels: str | None = option(
        None, "file of labels; by default labels.txt beside the model"
    )
    threads: int = option(
        1,
        "threads that latency is measured on",
        training.number("a number of threads", "Try 1."),
    )
    normalization: tuple[float, float] | None = _normalization()

    def check(self):
        if self.quantize in ("int8", "qat"):
            raise ValueError(
                "`quantize` is how weights are stored, and a file of integers "
                f"needs images, too. Received: quantize={self.quantize!r}. "
                "Call pipelines.quantize (keras-papers quantize), which makes "
                "'int8' and 'qat', or take 'dynamic'."
            )
        check_choice(
            "quantize", self.quantize, STORED, "how weights are stored"
        )
        super().check()
        if self.output is not None:
            check_path(self.output)
        if self.labels is not None:
            from keras_papers.pipelines.models.classifier_file import (
                read_labels,
            )

            read_labels(self.labels)


@dataclasses.dataclass(frozen=True)
class QuantizeOptions(Options):
    """What `quantize` takes; it explains each."""

    model: str = _classifier("MODEL.keras", ".keras", help="the trained model")
    data: str | None = training.data("folder that it was trained on")
    mode: str = option(
        "int8",
        "int8 quantizes the model as it is, qat trains it further",
        choices=("int8", "qat"),
    )
    output: str | None = option(
        None,
        "where to write; by default beside the model",
        metavar="FILE",
        scope=RUN,
    )
    epochs: int | None = training.epochs(
        None, "epochs of qat; by default 8", "Try 8."
    )
    _: dataclasses.KW_ONLY
    batch_size: int = training.batch_size()
    learning_rate: float = training.learning_rate(
        1e-4, "learning rate of the first step of qat", "Try 0.0001."
    )
    label_smoothing: float = training.label_smoothing()
    preserve: tuple[str, ...] = option(
        (),
        "what qat preserves of pruned or clustered weights",
        choices=("sparsity", "clusters"),
    )
    strict: bool = training.strict()
    seed: int = training.seed("divides images that split.json does not list")
    normalization: tuple[float, float] | None = _normalization()
    verbose: object = training.verbose()

    def check(self):
        check_mode(self.mode, self.epochs, self.preserve)
        super().check()
        check_path(self.file)
        if self.data is not None:
            _check_folder(self.data)

    @property
    def file(self):
        """The path of the file to write."""
        return quantized_path(self.model, self.mode, self.output)


@dataclasses.dataclass(frozen=True)
class PredictOptions(Options):
    """What `predict` takes; it explains each."""

    model: str = _classifier(
        "MODEL", ".tflite", ".keras", help=".tflite or .keras"
    )
    images: list[str] = option(
        help="pictures, folders of them, or patterns such as 'photos/*.jpg'",
        check=lambda name, value: list_pictures(value),
        metavar="IMAGE",
        is_positional=True,
    )
    top: int = option(
        5, "classes to name", training.number("a number of classes", "Try 5.")
    )
    _: dataclasses.KW_ONLY
    csv: str | None = option(
        None,
        "write a table of the predictions",
        check_output_file,
        metavar="FILE",
    )
    html: str | None = option(
        None, "write a page of thumbnails", check_output_file, metavar="FILE"
    )
    each: object = option(None, scope=CALL)
    normalization: tuple[float, float] | None = _normalization()


@dataclasses.dataclass(frozen=True)
class EvaluateOptions(Options):
    """What `evaluate` takes; it explains each."""

    model: str = _classifier(
        "MODEL", ".tflite", ".keras", help=".tflite or .keras"
    )
    data: str = option(
        help="folder of class folders",
        check=lambda name, value: _check_folder(value, to_train=False),
        metavar="DIR",
        is_positional=True,
    )
    _: dataclasses.KW_ONLY
    normalization: tuple[float, float] | None = _normalization()


@dataclasses.dataclass(frozen=True)
class BenchmarkOptions(Options):
    """What `benchmark` takes; it explains each."""

    models: list[str] = option(
        help="the files", metavar="MODEL.tflite", is_positional=True
    )
    threads: int = option(
        1, "threads to run on", training.number("a number of threads", "Try 1.")
    )
    runs: int = option(
        50,
        "measured runs, of which the median is taken",
        training.number("a number of measured runs", "Try 50."),
    )

    def check(self):
        super().check()
        for path in self.paths():
            if not path.is_file():
                raise ValueError(
                    "`models` are paths of .tflite files. Received: "
                    f"{str(path)!r}, which is no file. Check the path."
                )

    def paths(self):
        """Returns the paths of the files."""
        one = isinstance(self.models, str | os.PathLike)
        return [*map(pathlib.Path, [self.models] if one else self.models)]
