"""Images in, a trained model and its verified .tflite file out."""

import hashlib
import json
import os
import warnings

import keras
import numpy as np

from keras_papers import applications, cost, export, recipes
from keras_papers.applications.registry import get_record
from keras_papers.export import metadata
from keras_papers.extras import require
from keras_papers.pipelines.classification import report_files, verdict
from keras_papers.pipelines.classification.image_size import choose_size
from keras_papers.pipelines.classification.options import (
    WIDTH,
    QuantizeOptions,
    TrainOptions,
)
from keras_papers.pipelines.classification.paper_recipe import (
    by_paper,
    followed,
    network_arguments,
)
from keras_papers.pipelines.classification.report import Report
from keras_papers.pipelines.classification.starting_weights import (
    starting_weights,
)
from keras_papers.pipelines.classification.teacher import open_teacher
from keras_papers.pipelines.data.augmentation import default_augmentation
from keras_papers.pipelines.data.images import (
    explains_lost_pictures,
    load_digits,
)
from keras_papers.pipelines.data.picture_folder import load_folder
from keras_papers.pipelines.data.split import (
    PARTS,
    SPLIT,
    divided_as,
    split_beside,
    split_of,
    warn_of_unknown,
)
from keras_papers.pipelines.options import RESULT, takes
from keras_papers.pipelines.report.report_folder import write_history
from keras_papers.pipelines.training.compilation_cache import (
    use_compilation_cache,
)
from keras_papers.pipelines.training.loop import precision, train
from keras_papers.pipelines.training.output_folder import (
    beside,
    claim,
    releases_claims,
)
from keras_papers.pipelines.training.run_record import run_record
from keras_papers.pipelines.training.training_folder import (
    MODELS,
    TrainingFolder,
)
from keras_papers.pipelines.training.training_start import start_lines
from keras_papers.pipelines.variants.quantized import (
    Material,
    after,
    check_installed,
    make_variants,
    measured,
)

# Options that are chosen when the images are known.
DECIDED = (
    *("epochs", "augment", "learning_rate", "weight_decay"),
    *("label_smoothing", "ema"),
)


@releases_claims
@takes(TrainOptions)
def train_image_classifier(options):
    """Trains a classifier, exports it, and checks both.

    AdamW with warm-up and cosine decay, on images that are varied; or the
    recipe of the paper. The model
    gets the weights of the epoch with the lowest validation loss. The
    accuracies of the report are those on images held out, of the Keras model
    and of the file run by LiteRT. Pictures are read from disk as they are
    needed.

    `output` then holds `model.keras`, `model.tflite`, `labels.txt`,
    `metadata.json`, `split.json`, `history.csv`, `report.json` and, with the
    extra `report`, `report.html`. `split.json` lists the pictures of each part
    with their hashes, by which `evaluate` and `quantize` know them. A training
    that was stopped continues from its last epoch when it is started again with
    the same arguments and pictures.

    `prune`, `cluster` and `quantize` make smaller files beside these, and
    each continues from what the one before it made: `model.pruned`, then
    `model.pruned.clustered`, then `model.pruned.clustered.int8.tflite`. Of
    pruned and of clustered weights there is a .keras file, too. Those two and
    `"qat"` train for a fifth of the epochs, and keep the zeros and clusters
    that are there. The report compares all files.

    Args:
        data: Folder that holds a folder of pictures for each class, or
            folders `train`, `val` and `test` that do. `test` is held out, and
            `val` is watched, by which the model may be chosen. Of two folders
            the other one is held out, else a fifth of each class; and a
            twentieth of the rest is watched. Defaults to None: scikit-learn's
            1,797 scanned digits.
        model: Name of a classifier, one of `applications.list_models()`.
            Defaults to `"MobileNetV3Small"`.
        alpha: Positive float. Width multiplier. Defaults to None: 0.75; or
            that of published `weights`, if there are none of this width
            (docs/WEIGHTS.md says of which files it is known).
        image_size: Int of at least 32. Height and width that images are
            resized to. Defaults to None: that of the model's paper, 224 for
            most; less if half of the pictures are smaller; 48 for the
            bundled digits. Published weights take their own always.
        epochs: Positive int. Defaults to None: 40; or with few images as
            many as make 800 steps, unless the training starts from weights.
        output: Folder for the files; made where it does not exist.
        recipe: `"paper"` trains as the paper of `model` did, one of
            `recipes.list_recipes()`: its optimizer, schedule, weight decay,
            label smoothing, moving average, dropout, epochs, and the
            augmentation nearest to its. Rates are scaled to `batch_size` and
            `epochs`, and the arguments below take precedence where they are
            passed. The report names what is not as in the paper. Defaults to
            None: the values below.
        weights: None (random), `"imagenet"`, `"timm"`, `"timm/<tag>"` or the
            path of a weights file to start from (docs/WEIGHTS.md). Pictures
            that a `split.json` beside that file lists keep their part; where
            none lists the file, it may have been trained on pictures held out
            here. The first fifth of the epochs then trains the new classifier
            alone. Defaults to None.
        teacher: Path of a trained .keras file of the same classes, whose
            answers the model learns by `distillation.Distiller`. It sees the
            images as they were resized for the model. Pictures that a
            `split.json` beside it lists keep their part. Defaults to None.
        temperature: Positive float by which the logits of both are divided.
            Defaults to 4.
        label_weight: Float in [0, 1). Weight of the labels beside the answers
            of the teacher. Defaults to 0.1.
        batch_size: Positive int. Defaults to 64.
        learning_rate: Positive float. Peak of the schedule. Defaults to None:
            0.004, or that of the recipe.
        weight_decay: Positive float. Of the kernels, by AdamW; with a recipe
            the factor on half the squares of the weights that decay in it.
            Defaults to None: 0.01, or that of the recipe.
        label_smoothing: Float in [0, 1). Share of the target that is spread
            over all classes. Defaults to None: 0.1, or that of the recipe.
        class_weights: Whether images of rare classes count more, so that
            every class counts the same. Defaults to False.
        ema: Float in [0, 1), momentum of an exponential moving average of
            the weights, which is the model in the end: that of the last
            epoch, or with `early_stopping` that of the lowest validation
            loss. Defaults to None: none, or that of the recipe.
        early_stopping: Positive int. Epochs without a lower validation loss
            after which the training ends. Defaults to None: all epochs.
        augment: How images are varied: `"none"`; `"light"`, turned, shifted
            and zoomed a little; or `"photo"`, also mirrored, zoomed in
            further, and changed in brightness and contrast; or
            `"inception"`, crops down to 8 % of the area. Defaults to
            None: that of the recipe; `"photo"` for trainings of 400 steps or
            more and those from weights; else `"light"`, as for the bundled
            digits.
        mixed_precision: Whether to compute in float16, which GPUs do faster.
            Defaults to False.
        quantize: `"float16"`, `"dynamic"` (int8 weights) or `"int8"` for a
            further file as in `export.to_tflite`, ranges being measured on up
            to 300 training images; `"qat"` for int8 after training as
            integers compute. Defaults to None or `"none"`: no such file.
        prune: Float in (0, 1). Share of the weights that become zero in a
            further file. Defaults to None: no such file.
        cluster: Int of at least 2. Number of different weights in each kernel
            of a further file. Defaults to None: no such file.
        tensorboard: Whether to write logs for TensorBoard to `output/logs`.
        strict: Whether a picture that cannot be read is an error. Defaults
            to False: it is left out, and named.
        overwrite: Whether an earlier training in `output` gives way.
        seed: Int. Draws the held-out images, the weights and the order.
        verbose: As in `keras.Model.fit`. Defaults to `"auto"`, progress bars.

    Returns:
        A `Report`, which prints as a table.

    Raises:
        ValueError: If an argument is out of its range, `data` holds no
            classes, or `output` cannot be written, is taken, or another
            process writes to it.
        MissingExtraError: If the extra `mobile` is not installed, or
            `quantization`, which `prune`, `cluster` and `"qat"` need.

    Warns:
        UserWarning: If it is not known what the file `weights` was trained
            on. Of published files it is.
    """
    export.check_environment()
    constructor = applications.get(options.model)
    data, output, weights = options.data, options.output, options.weights
    alpha, image_size, seed = options.width, options.image_size, options.seed
    plan, settings = options.plan(), options.settings()
    check_installed(plan)
    if options.tensorboard:
        require("tensorboard", "report")
    use_compilation_cache()
    # Built once only to check the arguments before images are read.
    least = get_record(options.model).minimum
    shape = (image_size or least,) * 2 + (3,)
    constructor(input_shape=shape, alpha=alpha, classes=2)
    claim(output)
    images = None if data is None else load_folder(data, seed, options.strict)
    why = "as given"
    if image_size is None:
        image_size, why = choose_size(options.model, weights, images, alpha)
    shape = (image_size, image_size, 3)
    if images is None:
        images = load_digits(image_size, seed)
    # What these were trained on must not be held out.
    files = [options.weights_file, options.teacher]
    published = get_record(options.model).published
    before = None
    for file in filter(None, files):
        found = split_beside(file)
        if found is None and published and published.has_file(file):
            continue  # which was trained on ImageNet
        if found is None:
            warn_of_unknown(file)
        elif before is None:
            before = found
            images = divided_as(before, images, with_new=True)
            _check_parts(images, file)
        elif found.parts != before.parts:
            raise ValueError(
                "`teacher` and `weights` were trained on the same pictures. "
                f"Received: {files}, whose {SPLIT} differ. Leave one out."
            )
    teacher = None
    if options.teacher is not None:
        teacher = open_teacher(options.teacher, images.names)
    if options.recipe is not None:
        settings = by_paper(settings, options, images)
    if settings.epochs is None:
        settings = settings._replace(
            epochs=settings.enough_epochs(images.train)
        )
    if settings.augment is None:
        kind = default_augmentation(settings, images.train)
        settings = settings._replace(augment=kind)
    decided = options.replace(
        alpha=alpha,
        image_size=image_size,
        **{name: getattr(settings, name) for name in DECIDED},
    )
    paper = followed(options, settings, image_size)
    run = run_record("train", decided)
    split = split_of(images, data, seed, run)
    if before is not None:
        split = split.with_pictures_of(before)

    needed = published.arguments_for(weights, alpha) if published else {}

    def build():
        return constructor(
            input_shape=shape,
            alpha=alpha,
            weights=weights,
            classes=len(images.names),
            include_preprocessing=True,
            **network_arguments(options.model, settings.plan),
            **needed,
        )

    keras.utils.set_random_seed(seed)
    with precision("mixed_float16" if options.mixed_precision else None):
        network = build()
        start = starting_weights(options, settings, network)
        if paper is not None:
            recipes.add_weight_decay(network, settings.plan.recipe)
        folder = TrainingFolder(
            output,
            training_arguments(decided, images.names, split.in_a_line()),
            options.overwrite,
            TrainOptions,
        )
        if options.verbose:
            more = [] if paper is None else paper.rows()
            if teacher is not None:
                more = [("teacher", str(teacher.taught(options))), *more]
            if start is not None:
                more = [("weights", str(start)), *more]
            if options.alpha is None and alpha != WIDTH:
                more = [("alpha", f"{alpha:g}, that of the weights"), *more]
            lines = start_lines(images, image_size, why, settings, more)
            print(lines, flush=True)
        with folder.explains_how_to_resume(), explains_lost_pictures():
            trained = train(
                network,
                images,
                image_size,
                folder,
                settings,
                seed,
                folder.path / "logs" if options.tensorboard else None,
                options.verbose,
                teacher and teacher.trains(options),
            )
    if options.mixed_precision:
        # What was computed in half precision is answered in full.
        # Other weights may need another graph: these are read again.
        with warnings.catch_warnings(action="ignore"):
            half, network = network, build()
        network.set_weights(half.get_weights())
    with folder.explains_how_to_resume(), explains_lost_pictures():
        material = Material(
            images, image_size, after(settings), seed, options.verbose
        )
        report = _write(
            network,
            plan,
            material,
            folder,
            trained,
            split,
            options,
            settings,
            teacher,
            start,
        )
        folder.finish()
    return report


def training_arguments(options, classes, images):
    """Returns what a training must be started with again to be resumed.

    Args:
        options: The `TrainOptions`, in which nothing is chosen later.
        classes: Tuple of names.
        images: Str. The images, by their number and hash.
    """
    arguments = {
        **options.of_scope(RESULT),
        **options.plan()._asdict(),
        "model": f"{options.model}(alpha={options.alpha})",
        "data": options.data and os.path.abspath(options.data),
        "classes": classes,
        "images": images,
    }
    del arguments["alpha"]  # as in files of earlier versions, part of `model`
    return arguments


def _check_parts(images, weights):
    counts = [len(getattr(images, name)) for name in PARTS]
    if not all(counts):
        raise ValueError(
            "`data` must hold pictures that `weights` was trained on, watched "
            "by, and tested on, or new ones of each. "
            "Received: {} to train on, {} to watch and {} held out, by the "
            "{} beside {!r}. Add pictures.".format(*counts, SPLIT, str(weights))
        )
    there = set(images.train.labels.tolist())
    missing = [n for i, n in enumerate(images.names) if i not in there]
    if missing:
        raise ValueError(
            "`data` must hold pictures of every class to train on. Received: "
            f"data with none of {missing}, whose pictures were all watched or "
            f"held out, by the {SPLIT} beside {str(weights)!r}. Add pictures."
        )


def _write(
    network,
    plan,
    material,
    folder,
    trained,
    split,
    options,
    settings,
    teacher,
    start,
):
    """Makes all files in the state of the training; returns the report."""
    history = trained.history
    state, images = folder.state, material.images
    image_size = material.image_size
    network.save(state / "model.keras")
    (state / "labels.txt").write_text(
        "\n".join(images.names) + "\n", encoding="utf-8"
    )
    file = material.to_tflite(network, state / "model.tflite")
    scores = network.predict(material.test(), verbose=0)
    accuracy = material.accuracy(scores)
    by_litert = material.by_litert(file.path)
    variants = make_variants(network, plan, material, folder, by_litert)
    if variants:
        first = measured("float32", file, accuracy, by_litert, material)
        variants = [first, *variants]
    costs = cost.count(network)
    report = Report(
        model=folder.arguments["model"],
        classes=len(images.names),
        image_size=image_size,
        epochs=len(history),
        best_epoch=trained.best_epoch,
        epoch_rule=trained.rule,
        augmentation=material.settings.augment,
        training_accuracy=history[trained.best_epoch - 1]["accuracy"],
        train_images=len(images.train),
        validation_images=len(images.validation),
        test_images=len(images.test),
        skipped_files=len(images.skipped),
        accuracy=accuracy,
        tflite_accuracy=material.accuracy(by_litert),
        guessed_accuracy=images.test.commonest_share(),
        training_seconds=round(sum(row["seconds"] for row in history), 1),
        parameters=costs.parameters,
        multiply_adds=costs.multiply_adds,
        bytes=file.bytes,
        latency_ms=round(file.latency_ms, 3),
        output=str(folder.path),
        teacher=teacher and teacher.measured(material, options),
        variants=variants,
        verdict=[],
        run=split.run,
        recipe=followed(options, settings, image_size),
        weights=start,
    )
    models = [state / name for name in MODELS if (state / name).exists()]
    split.save_for(models, state / SPLIT)
    report = report._replace(
        verdict=_verdict(report, images, scores, options, settings)
    )
    write_history(history, state)
    (state / "metadata.json").write_text(
        json.dumps(_metadata(file.path, report, images), indent=2) + "\n"
    )
    report_files.write(report, history, scores, material, state)
    return report


def _verdict(report, images, scores, options, settings):
    """Returns what stands out of a training, with commands to try next."""
    published = get_record(options.model).published
    training = verdict.Training(
        images.names,
        images.test.labels,
        np.argmax(scores, axis=-1),
        np.bincount(images.train.labels, minlength=len(images.names)),
        settings,
        settings.enough_epochs(images.train),
        options.data is not None
        and published is not None
        and published.has_width(options.alpha),
    )
    model = os.path.join(options.output, "model.keras")
    integers = QuantizeOptions(model, options.data, seed=options.seed)
    return verdict.of_training(
        report,
        training,
        options.replace(output=beside(options.output)).command_with("train"),
        integers.command_with("quantize"),
    )


def _metadata(path, report, images):
    """Returns what a person or a build script wants to know of the file."""
    description = metadata.read(path)
    return {
        "model": report.model,
        "input": {
            "name": "image",
            "shape": [1, report.image_size, report.image_size, 3],
            "dtype": "float32",
            "channels": "RGB",
            "mean": description.mean,
            "std": description.std,
        },
        "output": {
            "name": "scores",
            "shape": [1, report.classes],
            "dtype": "float32",
            "labels": list(images.names),
        },
        "sha256": {
            name: hashlib.sha256((path.parent / name).read_bytes()).hexdigest()
            for name in MODELS
            if (path.parent / name).exists()
        },
        **report.run,
    }
