"""Images in, a trained model and its verified .tflite file out."""

import os
import pathlib
import time

import keras
import numpy as np

from keras_papers import applications, cost, export
from keras_papers.argument_checks import (
    check_fraction,
    check_positive,
    check_positive_int,
)
from keras_papers.pipelines.images import load_digits, load_folder
from keras_papers.pipelines.report import Report

WARM_UP = 0.1  # of all steps, in which the learning rate rises from zero


def train_image_classifier(
    data=None,
    model="MobileNetV3Small",
    alpha=0.75,
    image_size=48,
    epochs=40,
    output="keras_papers_output",
    *,
    batch_size=64,
    learning_rate=4e-3,
    weight_decay=1e-2,
    label_smoothing=0.1,
    seed=0,
    verbose="auto",
):
    """Trains a classifier from scratch, exports it, and checks both.

    AdamW with warm-up and cosine decay, on images that are turned, shifted
    and zoomed a little. A fifth of the images is held out; the accuracies of
    the report are those on it, of the Keras model and of the file run by
    LiteRT. `output` then holds `model.keras`, `model.tflite`, `labels.txt`
    and `report.json`.

    Args:
        data: Folder that holds a folder of images for each class. Defaults
            to None: scikit-learn's 1,797 scanned digits.
        model: Name of a classifier, one of `applications.list_models()`.
            Defaults to `"MobileNetV3Small"`.
        alpha: Positive float. Width multiplier. Defaults to 0.75.
        image_size: Int of at least 32. Height and width that images are
            resized to. Defaults to 48.
        epochs: Positive int. Defaults to 40.
        output: Folder for the files; made where it does not exist. Files of
            an earlier training in it are replaced.
        batch_size: Positive int. Defaults to 64.
        learning_rate: Positive float. Peak of the schedule. Defaults to 0.004.
        weight_decay: Positive float. Of the kernels. Defaults to 0.01.
        label_smoothing: Float in [0, 1). Share of the target that is spread
            over all classes. Defaults to 0.1.
        seed: Int. Draws the held-out images, the weights and the order.
        verbose: As in `keras.Model.fit`. Defaults to `"auto"`, progress bars.

    Returns:
        A `Report`, which prints as a table.

    Raises:
        ValueError: If an argument is out of its range, `data` holds no
            classes, or `output` cannot be written.
        MissingExtraError: If the extra `mobile` is not installed.
    """
    export.check_environment()
    if keras.config.image_data_format() != "channels_last":
        raise ValueError(
            "A phone's images are channels_last. Received: "
            f"image_data_format={keras.config.image_data_format()!r}. Call "
            "keras.config.set_image_data_format('channels_last') first."
        )
    constructor = applications.get(model)
    check_positive_int("epochs", epochs, "a number of epochs", "Try 40.")
    check_positive_int(
        "batch_size", batch_size, "a number of images", "Try 64."
    )
    check_positive("learning_rate", learning_rate, "the peak", "Try 0.004.")
    check_positive("weight_decay", weight_decay, "a rate", "Try 0.01.")
    check_fraction("label_smoothing", label_smoothing, "a share", "Try 0.1.")
    check_positive_int(
        "image_size", image_size, "a number of pixels", "Try 224."
    )
    _check_seed(seed)
    if not isinstance(output, str | os.PathLike):
        raise ValueError(
            "`output` is the path of the folder that the files are written to. "
            f"Received: output={output!r}. Pass a path such as 'my_model'."
        )
    # Built once for nothing, so that bad arguments show before the loading.
    constructor((image_size, image_size, 3), alpha=alpha, classes=2)
    keras.utils.set_random_seed(seed)
    if data is None:
        images = load_digits(image_size, seed)
    else:
        _check_apart(data, output)
        images = load_folder(data, image_size, seed)
    output = _make_folder(output)
    network = constructor(
        (image_size, image_size, 3),
        alpha=alpha,
        classes=len(images.names),
        include_preprocessing=True,
    )
    seconds = _fit(
        network,
        images,
        epochs,
        batch_size,
        _optimizer(
            learning_rate,
            weight_decay,
            steps=epochs * -(-len(images.train) // batch_size),
        ),
        label_smoothing,
        verbose,
    )
    file = _save(network, images, output)
    costs = cost.count(network)
    report = Report(
        model=f"{model}(alpha={alpha})",
        classes=len(images.names),
        image_size=image_size,
        epochs=epochs,
        train_images=len(images.train),
        test_images=len(images.test),
        accuracy=_accuracy(network.predict(images.test, verbose=0), images),
        tflite_accuracy=_accuracy(
            export.predict(file.path, images.test), images
        ),
        training_seconds=round(seconds, 1),
        parameters=costs.parameters,
        multiply_adds=costs.multiply_adds,
        bytes=file.bytes,
        latency_ms=round(file.latency_ms, 3),
        output=str(output),
    )
    report.save(output / "report.json")
    return report


def _check_seed(seed):
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(
            "`seed` starts every random generator and must be an integer from "
            f"0 to {2**32 - 1}. Received: seed={seed!r}. Try 0."
        )


def _check_apart(data, output):
    if not isinstance(data, str | os.PathLike):
        raise ValueError(
            "`data` is the path of a folder that holds a folder of images for "
            f"each class. Received: data={data!r}. Pass a path, or leave it "
            "out for the bundled digits."
        )
    data, output = pathlib.Path(data).resolve(), pathlib.Path(output).resolve()
    if output.is_relative_to(data):
        raise ValueError(
            "`output` must not lie inside `data`, where it would be taken for "
            f"a class. Received: output={str(output)!r}. Choose another folder."
        )


def _make_folder(output):
    output = pathlib.Path(output)
    try:
        output.mkdir(parents=True, exist_ok=True)
        if not os.access(output, os.W_OK):
            raise PermissionError("no permission to write in it")
    except OSError as error:
        raise ValueError(
            "`output` is the folder that the files are written to. "
            f"Received: output={str(output)!r} ({error.strerror or error}). "
            "Choose a folder that can be made and written."
        ) from error
    return output


def _optimizer(learning_rate, weight_decay, steps):
    warm_up = max(1, round(WARM_UP * steps))
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0,
        max(1, steps - warm_up),
        warmup_target=learning_rate,
        warmup_steps=warm_up,
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


def _fit(
    network, images, epochs, batch_size, optimizer, label_smoothing, verbose
):
    """Trains behind layers that vary the images; returns the seconds."""
    trainer = keras.Sequential(
        [
            keras.Input(network.input_shape[1:]),
            keras.layers.RandomRotation(0.03, fill_mode="nearest"),
            keras.layers.RandomTranslation(0.08, 0.08, fill_mode="nearest"),
            keras.layers.RandomZoom((-0.1, 0.1), fill_mode="nearest"),
            network,
        ]
    )
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=label_smoothing)
    trainer.compile(optimizer, loss, metrics=["accuracy"])
    start = time.perf_counter()
    # Variables that are made inside the first step make TensorFlow trace it
    # twice, and each of them in a graph of its own.
    optimizer.build(trainer.trainable_variables)
    trainer.fit(
        images.train,
        keras.utils.to_categorical(images.train_labels, len(images.names)),
        batch_size=batch_size,
        epochs=epochs,
        verbose=verbose,
    )
    return time.perf_counter() - start


def _save(network, images, output):
    """Writes the model, the labels and the verified file; each one whole."""
    draft = output / ".model.part.keras"
    network.save(draft)
    os.replace(draft, output / "model.keras")
    draft = output / ".labels.txt.part"
    draft.write_text("\n".join(images.names) + "\n")
    os.replace(draft, output / "labels.txt")
    return export.to_tflite(
        network,
        output / "model.tflite",
        labels=images.names,
        images=images.test[:32],
    )


def _accuracy(scores, images):
    return float(np.mean(np.argmax(scores, axis=-1) == images.test_labels))
