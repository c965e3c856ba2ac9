"""Smaller files of a trained classifier: pruned, clustered, quantized.

A variant is named after the steps that made it, in their order:
`pruned.qat` are weights of which many are zero, trained once more as integers
compute, and its file is `model.pruned.qat.tflite`.
"""

import math
import pathlib
import warnings
import zlib
from typing import NamedTuple

import keras
import numpy as np

from keras_papers import export, quantization
from keras_papers.export.interpreter import VerificationError
from keras_papers.extras import require
from keras_papers.pipelines.data.image_set import ImageSet, some_of_each_class
from keras_papers.pipelines.data.images import batches
from keras_papers.pipelines.models.classifier_file import load_keras
from keras_papers.pipelines.training.loop import class_weights
from keras_papers.pipelines.training.settings import LEARNING_RATE, Settings
from keras_papers.pipelines.variants.plan import Variant
from keras_papers.quantization.legacy import load_tfmot

SHARE = 0.2  # of the training's epochs, in which a variant is trained on
FEWEST_EPOCHS = 2
# Of the training's learning rate. Rounding moves a network little, and a high
# rate more; where weights are taken away, others have to move.
RATE = 1 / 40
RATE_OF_PRUNING = 20  # times as much
RATE_OF_CLUSTERING = 2
PRUNING = 1 / 2  # of the steps, after which no more weights become zero
REPRESENTATIVE = 300  # images that ranges are measured on
COMPARED = 32  # images on which a file is compared with its model
DONE = "variants.json"


class Material(NamedTuple):
    """What variants are trained on and measured with."""

    images: ImageSet
    image_size: int
    settings: Settings  # of what follows the training
    seed: int
    verbose: object

    def test(self):
        """Returns the held-out images in batches."""
        names = self.images.names
        return batches(self.images.test, len(names), self.image_size, 32)

    def to_train(self, part, size):
        """Returns images in batches, varied by the settings."""
        return batches(
            part,
            len(self.images.names),
            self.image_size,
            size,
            self.seed,
            self.settings.augment,
        )

    def some_tests(self):
        """Returns pixels of held-out images, spread over the classes."""
        test = self.images.test  # sorted by class
        few = range(0, len(test), max(1, len(test) // COMPARED))
        return np.stack([test.read(index, self.image_size) for index in few])

    def representative(self):
        """Returns pixels of up to 300 training images, each class in turn."""
        train = self.images.train
        drawn = some_of_each_class(train, REPRESENTATIVE, self.seed)
        pixels = [train.read(index, self.image_size) for index in drawn]
        return np.stack(pixels).astype("float32")

    def steps(self):
        """Counts the training steps of `tune`."""
        size = self.settings.batch_size
        return self.settings.epochs * math.ceil(len(self.images.train) / size)

    def tune(self, model, rate=1):
        """Trains a model of tf_keras by the settings, `rate` times as fast."""
        # A resumed training draws what it would have drawn.
        keras.utils.set_random_seed(self.seed)
        data = self.to_train(self.images.train, self.settings.batch_size)
        if self.settings.class_weights:
            tf = require("tensorflow", "mobile")
            row = tf.constant([*class_weights(self.images).values()])
            data = data.map(lambda x, y: (x, y, tf.linalg.matvec(y, row)))
        quantization.fine_tune(
            model,
            data,
            self.settings.epochs,
            learning_rate=rate * self.settings.learning_rate,
            loss=keras.losses.CategoricalCrossentropy(
                label_smoothing=self.settings.label_smoothing
            ),
            verbose=self.verbose,
        )

    def to_tflite(self, model, path, **options):
        """Writes a .tflite file as `export.to_tflite` does, labels inside.

        The file is moved later, so warnings and errors name it without the
        folder that it is written to.
        """
        with warnings.catch_warnings(record=True) as caught:
            try:
                file = export.to_tflite(
                    model,
                    path,
                    self.images.names,
                    images=self.some_tests(),
                    **options,
                )
            except VerificationError as error:
                raise VerificationError(_by_name(error, path)) from None
        for warning in caught:
            message = _by_name(warning.message, path)
            warnings.warn(message, warning.category, stacklevel=3)
        return file

    def by_litert(self, path):
        """Returns the scores of a .tflite file for the held-out images."""
        answers = [export.predict(path, x.numpy()) for x, _ in self.test()]
        return np.concatenate(answers)

    def accuracy(self, scores):
        """Returns the share of the held-out images that scores are right on."""
        return float(np.mean(self.right(scores)))

    def right(self, scores):
        """Returns for each held-out image whether scores are right on it."""
        return np.argmax(scores, axis=-1) == self.images.test.labels


def _by_name(message, path):
    return str(message).replace(str(path), pathlib.Path(path).name)


def check_installed(plan):
    """Raises MissingExtraError unless the steps of a `Plan` can be made.

    For jobs that train first, so that they need not find out at their end.
    """
    if plan.preserved() or plan.quantize == "qat":
        load_tfmot()


def after(settings):
    """Returns the settings by which variants are trained after a training.

    They are trained by Adam, for which the rate of a recipe is of no use.
    """
    rate = settings.phases()[-1].learning_rate
    return settings._replace(
        epochs=max(FEWEST_EPOCHS, math.ceil(SHARE * settings.epochs)),
        learning_rate=RATE * (LEARNING_RATE if settings.plan else rate),
    )


def make_variants(network, plan, material, folder, floats=None):
    """Writes the variants of a plan, each made of the one before.

    What stands in the state of the folder, its files included, is not made
    again.

    Args:
        network: The trained classifier; takes pixels in [0, 255].
        plan: A `Plan`.
        material: A `Material`.
        folder: The `TrainingFolder` of the training.
        floats: Scores of the float file on the held-out images.

    Returns:
        A list of `Variant`.
    """
    done = folder.read_json(DONE) or {}
    steps = plan.steps()
    names = [".".join(steps[: end + 1]) for end in range(len(steps))]
    for step, name in zip(steps, names, strict=True):
        path = folder.state / f"model.{name}.tflite"
        has_weights = step in WEIGHT_STEPS
        files = [path, path.with_suffix(".keras")][: 1 + has_weights]
        # A kill may have come when some were moved out of the state.
        if name in done and all(file.exists() for file in files):
            if has_weights:
                network = load_keras(path.with_suffix(".keras"))
            continue
        if material.verbose:
            print(f"makes {path.name}")
        try:
            if has_weights:
                network = WEIGHT_STEPS[step](network, plan, material)
                network.save(path.with_suffix(".keras"))
            how = None if has_weights else step
            variant, _ = write(
                name, network, how, path, material, plan.preserved(), floats
            )
        except ValueError as error:
            # The float files are whole, and shall not be lost by this one.
            warnings.warn(
                f"{path.name} is left out: {error}", UserWarning, stacklevel=4
            )
            path.with_suffix(".keras").unlink(missing_ok=True)
            break
        done[name] = variant._asdict()
        folder.write_json(DONE, done)
    return [Variant(**done[name]) for name in names if name in done]


def measured(name, file, accuracy, by_litert, material, floats=None):
    """Returns the `Variant` of a `TFLiteFile`."""
    ours = theirs = material.right(by_litert)
    if floats is not None:
        theirs = material.right(floats)
    return Variant(
        name,
        file.path.name,
        accuracy,
        material.accuracy(by_litert),
        file.bytes,
        len(zlib.compress(file.path.read_bytes(), 9)),
        round(file.latency_ms, 3),
        file.partitions,
        int(np.sum(theirs & ~ours)),
        int(np.sum(ours & ~theirs)),
    )


def write(name, network, how, path, material, preserve=(), floats=None):
    """Writes a .tflite file of a classifier, and measures it.

    Args:
        name: Of the variant.
        network: The classifier; takes pixels in [0, 255].
        how: One of `QUANTIZATIONS`, None for a float file.
        path: Where to write.
        material: A `Material`.
        preserve: As in `quantization.quantize_aware`.
        floats: Scores of the float file on the held-out images.

    Returns:
        The `Variant`, and its scores on the held-out images.
    """
    model, options, accuracy = network, {}, None
    if how in ("int8", "qat"):
        images = material.representative()
    if how == "qat":
        model = quantization.quantize_aware(network, images, preserve=preserve)
        material.tune(model)
    elif how == "int8":
        options = {"quantize": how, "representative_data": images}
    else:
        options = {"quantize": how}
    file = material.to_tflite(model, path, **options)
    if how in (None, "qat"):
        scores = model.predict(material.test(), verbose=0)
        accuracy = material.accuracy(scores)
    by_litert = material.by_litert(file.path)
    variant = measured(name, file, accuracy, by_litert, material, floats)
    return variant, by_litert


def _prune(network, plan, material):
    steps = max(1, round(PRUNING * material.steps()))
    pruned = quantization.prune(network, plan.prune, steps=steps)
    material.tune(pruned, RATE_OF_PRUNING)
    return quantization.to_keras(pruned, network)


def _cluster(network, plan, material):
    clustered = quantization.cluster(
        network, plan.cluster, preserve_sparsity=plan.prune is not None
    )
    material.tune(clustered, RATE_OF_CLUSTERING)
    return quantization.to_keras(clustered, network)


WEIGHT_STEPS = {"pruned": _prune, "clustered": _cluster}
