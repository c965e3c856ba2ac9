"""The training of a detector, through kills and second starts."""

import keras

from keras_papers.pipelines.data.answered_batches import box_batches
from keras_papers.pipelines.training.loop import (
    epochs_done,
    rising_and_falling,
)
from keras_papers.pipelines.training.stages import fit_stage


def fit_detector(network, images, most, folder, options):
    """Trains a detector, from where the state in `folder` ends.

    Args:
        network: The `Detector`. It gets the weights of the epoch with the
            lowest validation loss.
        images: An `ImageSet` of `Boxes`.
        most: Rows for boxes of each image.
        folder: The `StateFolder` of this training.
        options: The `DetectOptions`.

    Returns:
        What was `Trained`.
    """

    def batches(part, seed=None, redraw=None):
        return box_batches(
            part,
            options.size,
            options.batch_size,
            most,
            seed,
            options.variation,
            redraw,
        )

    seed = options.seed + epochs_done(folder)
    data = batches(images.train, seed, images.redraw)
    schedule = rising_and_falling(
        options.learning_rate, options.epochs * len(data)
    )
    network.compile(keras.optimizers.Adam(schedule))
    return fit_stage(
        network,
        data,
        batches(images.validation),
        folder,
        options.epochs,
        options.learning_rate,
        len(data),
        verbose=options.verbose,
        shuffle=False,  # `box_batches` did
    )
