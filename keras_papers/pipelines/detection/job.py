"""A folder of pictures and boxes in; a detector, files and a report out."""

import inspect
import os

import keras

from keras_papers import applications, cost, export
from keras_papers.pipelines.answered.options import FILES
from keras_papers.pipelines.answered.start import start_lines
from keras_papers.pipelines.data.answered_batches import most_objects
from keras_papers.pipelines.data.answered_set import answers_in_a_line
from keras_papers.pipelines.data.boxes.box_folder import BoxSet, load_boxes
from keras_papers.pipelines.data.images import explains_lost_pictures
from keras_papers.pipelines.data.scenes import load_scenes
from keras_papers.pipelines.data.split import SPLIT, split_of
from keras_papers.pipelines.detection import page
from keras_papers.pipelines.detection.detector_file import of_model
from keras_papers.pipelines.detection.files import write_files
from keras_papers.pipelines.detection.measures import guessed, measure
from keras_papers.pipelines.detection.options import DetectOptions
from keras_papers.pipelines.detection.report import (
    DetectionReport,
    class_scores,
)
from keras_papers.pipelines.detection.training import fit_detector
from keras_papers.pipelines.detection.verdict import of_training
from keras_papers.pipelines.options import RESULT, takes
from keras_papers.pipelines.report.report_folder import (
    write_history,
    write_report,
)
from keras_papers.pipelines.training.compilation_cache import (
    use_compilation_cache,
)
from keras_papers.pipelines.training.output_folder import (
    beside,
    claim,
    releases_claims,
)
from keras_papers.pipelines.training.run_record import run_record
from keras_papers.pipelines.training.training_folder import TrainingFolder


@releases_claims
@takes(DetectOptions)
def train_detector(options):
    """Trains a network that finds objects in images.

    The pictures are stretched to squares, and varied with their boxes. The
    model gets the weights of the epoch with the lowest validation loss, and is
    measured on the held-out pictures by COCO's average precision.

    `output` then holds `model.keras`, `model.tflite` for a phone, with the
    classes, the anchors and what a task library needs inside, `labels.txt`,
    `split.json`, `history.csv`, `report.json` and, with the extra `report`,
    `report.html`. The models take RGB pixels in [0, 255]. A training that was
    stopped continues from its last epoch when it is started again with the
    same arguments and pictures.

    Args:
        data: Folder of pictures and boxes, as Pascal VOC XML, COCO JSON or
            YOLO text. Folders `train`, `val` and `test`, or such lists, divide
            it; else a fifth is held out, and a tenth of the rest is watched.
            Defaults to None: drawn scenes of scikit-learn's digits.
        model: Name of a detector. Defaults to `"SSDLiteMobileNetV3Small"`.
        alpha: Positive float. Its width. Defaults to 1.
        image_size: Positive int. Height and width that pictures are resized
            to. Defaults to None: 320, and 160 for the scenes.
        epochs: Positive int. Defaults to 60.
        output: Folder for the files; made where it does not exist.
        weights_backbone: None (random), `"imagenet"`, `"timm"`,
            `"timm/<tag>"` or the path of a weights file of the classifier
            that the network is built on.
        batch_size: Positive int. Defaults to 16.
        learning_rate: Positive float. Peak of the schedule.
        max_objects: Positive int. Boxes that a picture may have; one with
            more is an error. Defaults to None: those of the fullest picture.
        repair: Whether boxes are cut at the sides of their pictures, and
            those of no size left out. Defaults to False: they are an error.
        augment: `"none"`; `"light"`: scaled a little; or `"photo"`: mirrored,
            cropped by the rule of SSD or made smaller. Both change brightness
            and contrast. Defaults to None: `"photo"`, and `"light"` for the
            scenes.
        quantize: `"int8"` for a further file of integers, whose ranges are
            measured on up to 100 training pictures. Defaults to None.
        strict: Whether a picture that cannot be read is an error.
        overwrite: Whether an earlier training in `output` gives way.
        seed: Int. Draws the held-out pictures, the weights and the order.
        verbose: As in `keras.Model.fit`. Defaults to `"auto"`.

    Returns:
        A `DetectionReport`, which prints as tables.

    Raises:
        ValueError: If an argument is out of its range, a picture or its boxes
            cannot be used, or `output` cannot be written, is taken, or another
            process writes to it.
        MissingExtraError: If the extra `mobile` is not installed.
    """
    export.check_environment()
    use_compilation_cache()
    # Built once only to check the arguments before pictures are read.
    _network(options, classes=2)
    claim(options.output)
    boxes = _load(options)
    images = boxes.images
    run = run_record("detect train", options)
    split = split_of(images, options.data, options.seed, run)
    keras.utils.set_random_seed(options.seed)
    network = _network(
        options,
        classes=len(images.names),
        weights_backbone=options.weights_backbone,
    )
    folder = TrainingFolder(
        options.output,
        {
            **options.of_scope(RESULT),
            "data": options.data and os.path.abspath(options.data),
            "image_size": options.size,
            "augment": options.variation,
            "classes": images.names,
            "images": split.in_a_line(),
            "boxes": answers_in_a_line(images),
        },
        options.overwrite,
        DetectOptions,
        FILES,
    )
    most = options.max_objects or most_objects(images)
    if options.verbose:
        more = [("objects", f"at most {most:,} in a picture")]
        print(start_lines(images, boxes.format, options, more), flush=True)
    with folder.explains_how_to_resume(), explains_lost_pictures():
        report = _train(network, boxes, most, folder, options, run)
        models = [folder.state / name for name in FILES if "model" in name]
        models = [path for path in models if path.exists()]
        split.save_for(models, folder.state / SPLIT)
        folder.finish()
    return report


def _network(options, **arguments):
    """Builds the network, at a width if it has several."""
    constructor = applications.get(options.model)
    if "alpha" in inspect.signature(constructor).parameters:
        arguments["alpha"] = options.alpha
    elif options.alpha != 1:
        raise ValueError(
            "`alpha` is the width of a network that has several. Received: "
            f"alpha={options.alpha:g}, and {options.model} has one. Leave "
            "alpha (--alpha) out."
        )
    return constructor((options.size, options.size, 3), **arguments)


def _load(options):
    if options.data is None:
        images = load_scenes(options.size, options.seed, "boxes")
        return BoxSet(images, "drawn scenes")
    return load_boxes(
        options.data,
        options.seed,
        repair=options.repair,
        strict=options.strict,
    )


def _train(network, boxes, most, folder, options, run):
    images = boxes.images
    trained = fit_detector(
        network, images, most, folder.stage("detector"), options
    )
    write_history(trained.history, folder.state)
    # A copy stays without an optimizer, which would triple the file.
    model = type(network).from_config(network.get_config())
    model.set_weights(network.get_weights())
    model.save(folder.state / "model.keras")
    (folder.state / "labels.txt").write_text(
        "\n".join(images.names) + "\n", encoding="utf-8"
    )
    finder = of_model(model, images.names)
    found = measure(finder, images.test)
    scores = found.metric.result()
    files = write_files(model, finder, images, folder.state, options)
    costs = cost.count(model)
    report = DetectionReport(
        model=f"{options.model}(alpha={options.alpha})",
        classes=class_scores(found.metric, images.test, images.names),
        image_size=options.size,
        boxes=boxes.format,
        epochs=len(trained.history),
        best_epoch=trained.best_epoch,
        epoch_rule=trained.rule,
        augmentation=options.variation,
        train_images=len(images.train),
        validation_images=len(images.validation),
        test_images=len(images.test),
        skipped_files=len(images.skipped),
        ap=scores.ap,
        ap50=scores.ap50,
        ap75=scores.ap75,
        guessed_ap50=guessed(images.train, images.test, images.names),
        files=files,
        parameters=costs.parameters,
        multiply_adds=costs.multiply_adds,
        training_seconds=sum(row["seconds"] for row in trained.history),
        output=str(folder.path),
        verdict=[],
        run=run,
    )
    again = options.replace(output=beside(options.output))
    report = report._replace(
        verdict=of_training(report, options, again.command_with("detect train"))
    )
    shown = page.Shown(finder.size, images, found, trained.history)
    write_report(report, lambda: page.render(report, shown), folder.state)
    return report
