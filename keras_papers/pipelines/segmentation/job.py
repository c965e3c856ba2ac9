"""A folder of pictures and masks in; a segmenter, files and a report out."""

import os

import keras

from keras_papers import applications, cost, export
from keras_papers.metrics import MeanIoU
from keras_papers.pipelines.answered.options import FILES
from keras_papers.pipelines.answered.start import start_lines
from keras_papers.pipelines.data.answered_batches import mask_batches
from keras_papers.pipelines.data.answered_set import answers_in_a_line
from keras_papers.pipelines.data.images import explains_lost_pictures
from keras_papers.pipelines.data.masks.mask_folder import MaskSet, load_masks
from keras_papers.pipelines.data.masks.mask_reader import IGNORE
from keras_papers.pipelines.data.scenes import load_scenes
from keras_papers.pipelines.data.split import SPLIT, split_of
from keras_papers.pipelines.options import RESULT, takes
from keras_papers.pipelines.report.report_folder import (
    write_history,
    write_report,
)
from keras_papers.pipelines.segmentation import page
from keras_papers.pipelines.segmentation.files import write_files
from keras_papers.pipelines.segmentation.measures import measure
from keras_papers.pipelines.segmentation.options import SegmentOptions
from keras_papers.pipelines.segmentation.report import SegmentationReport
from keras_papers.pipelines.segmentation.segmenter_file import of_model
from keras_papers.pipelines.segmentation.verdict import of_training
from keras_papers.pipelines.training.compilation_cache import (
    use_compilation_cache,
)
from keras_papers.pipelines.training.output_folder import (
    beside,
    claim,
    releases_claims,
)
from keras_papers.pipelines.training.run_record import run_record
from keras_papers.pipelines.training.stages import train_stage
from keras_papers.pipelines.training.training_folder import TrainingFolder


@releases_claims
@takes(SegmentOptions)
def train_segmenter(options):
    """Trains a network that finds the class of each pixel.

    The pictures are stretched to squares, and varied with their masks. The
    model gets the weights of the epoch with the lowest validation loss, and is
    measured on the held-out pictures at the size of their masks.

    `output` then holds `model.keras`, `model.tflite` for a phone, with the
    classes and what a task library needs inside, `labels.txt`, `split.json`,
    `history.csv`, `report.json` and, with the extra `report`, `report.html`.
    The models take RGB pixels in [0, 255] and answer logits. A training that
    was stopped continues from its last epoch when it is started again with
    the same arguments and pictures.

    Args:
        data: Folder of pictures and masks (docs/SEGMENTATION.md describes
            which). Folders `train`, `val` and `test` divide it; else a fifth
            is held out, and a tenth of the rest is watched. Defaults to None:
            drawn scenes of scikit-learn's digits.
        model: Name of a network for segmentation. Defaults to
            `"LRASPPMobileNetV3Small"`.
        alpha: Positive float. Its width. Defaults to 1.
        image_size: Positive int. Height and width that pictures are resized
            to. Defaults to None: 256, and 160 for the scenes.
        epochs: Positive int. Defaults to 40.
        output: Folder for the files; made where it does not exist.
        weights_backbone: None (random), `"imagenet"`, `"timm"`,
            `"timm/<tag>"` or the path of a weights file of the classifier
            that the network is built on.
        batch_size: Positive int. Defaults to 16.
        learning_rate: Positive float. Peak of the schedule.
        ignore: Int. Index of pixels of no class in the masks, beside 255.
        augment: `"none"`; `"light"`: scaled a little; or `"photo"`: mirrored
            and scaled by 0.67 to 2. Both change brightness and contrast.
            Defaults to None: `"photo"`, and `"light"` for the scenes.
        quantize: `"int8"` for a further file of integers, whose ranges are
            measured on up to 100 training pictures. Defaults to None.
        strict: Whether a picture that cannot be read is an error.
        overwrite: Whether an earlier training in `output` gives way.
        seed: Int. Draws the held-out pictures, the weights and the order.
        verbose: As in `keras.Model.fit`. Defaults to `"auto"`.

    Returns:
        A `SegmentationReport`, which prints as tables.

    Raises:
        ValueError: If an argument is out of its range, a picture or a mask
            cannot be used, or `output` cannot be written, is taken, or another
            process writes to it.
        MissingExtraError: If the extra `mobile` is not installed.
    """
    export.check_environment()
    use_compilation_cache()
    constructor = applications.get(options.model)
    shape = (options.size, options.size, 3)
    # Built once only to check the arguments before pictures are read.
    constructor(input_shape=shape, alpha=options.alpha, classes=2)
    claim(options.output)
    masks = _load(options)
    images = masks.images
    run = run_record("segment train", options)
    split = split_of(images, options.data, options.seed, run)
    keras.utils.set_random_seed(options.seed)
    network = constructor(
        input_shape=shape,
        alpha=options.alpha,
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
            "masks": answers_in_a_line(images),
        },
        options.overwrite,
        SegmentOptions,
        FILES,
    )
    if options.verbose:
        print(start_lines(images, masks.kind, options), flush=True)
    with folder.explains_how_to_resume(), explains_lost_pictures():
        report = _train(network, masks, folder, options, run)
        models = [folder.state / name for name in FILES if "model" in name]
        models = [path for path in models if path.exists()]
        split.save_for(models, folder.state / SPLIT)
        folder.finish()
    return report


def _load(options):
    if options.data is None:
        images = load_scenes(options.size, options.seed, "masks")
        return MaskSet(images, None, "drawn scenes")
    return load_masks(
        options.data,
        options.seed,
        ignore=options.ignore,
        strict=options.strict,
    )


def _train(network, masks, folder, options, run):
    images, reader = masks.images, masks.reader

    def batches(part, seed=None, redraw=None):
        return mask_batches(
            part,
            reader,
            options.size,
            options.batch_size,
            seed,
            options.variation,
            redraw,
        )

    trained = train_stage(
        network,
        keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, ignore_class=IGNORE
        ),
        lambda done: batches(images.train, options.seed + done, images.redraw),
        batches(images.validation),
        folder.stage("segmenter"),
        options.epochs,
        options.learning_rate,
        verbose=options.verbose,
        metrics=[MeanIoU(len(images.names), IGNORE)],
    )
    write_history(trained.history, folder.state)
    network.save(folder.state / "model.keras")
    (folder.state / "labels.txt").write_text(
        "\n".join(images.names) + "\n", encoding="utf-8"
    )
    segmenter = of_model(network, images.names)
    found = measure(segmenter, images.test, reader)
    files = write_files(network, segmenter, masks, folder.state, options)
    costs = cost.count(network)
    report = SegmentationReport(
        model=f"{options.model}(alpha={options.alpha})",
        classes=list(images.names),
        image_size=options.size,
        masks=masks.kind,
        epochs=len(trained.history),
        best_epoch=trained.best_epoch,
        epoch_rule=trained.rule,
        augmentation=options.variation,
        train_images=len(images.train),
        validation_images=len(images.validation),
        test_images=len(images.test),
        skipped_files=len(images.skipped),
        mean_iou=found.mean_iou,
        pixel_accuracy=found.confusion.result().pixel_accuracy,
        guessed_iou=found.guessed_iou,
        ious=found.ious(),
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
        verdict=of_training(
            report, options, again.command_with("segment train")
        )
    )
    shown = page.Shown(
        segmenter, images, reader, found.by_picture, trained.history
    )
    write_report(report, lambda: page.render(report, shown), folder.state)
    return report
