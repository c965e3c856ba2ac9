"""A learning rate that falls where the validation loss does not."""

import keras

LEAST = 1e-4  # by which a loss must be lower to count, as in Keras


class Plateaus(keras.callbacks.Callback):
    """Multiplies the learning rate where the validation loss stops falling.

    The rates are those of `keras.callbacks.ReduceLROnPlateau`. They follow
    from the losses alone, so that a training that is resumed with the losses
    of its first epochs continues with the rate that it had.

    Args:
        learning_rate: Positive number. Its peak.
        factor: Number in (0, 1).
        patience: Positive int. Epochs without a lower loss before a drop.
        losses: Validation losses of the epochs that are done. Defaults to
            none.

    Raises:
        ValueError: In `fit`, if it has no `validation_data`.
    """

    def __init__(self, learning_rate, factor, patience, losses=()):
        super().__init__()
        self.peak, self.factor = learning_rate, factor
        self.patience = patience
        self.losses = list(losses)

    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = self.rate()

    def on_epoch_end(self, epoch, logs=None):
        if "val_loss" not in (logs or {}):
            raise ValueError(
                "`validation_data` has the loss by which the learning rate "
                f"falls. Received: fit with the figures {sorted(logs or {})}. "
                "Pass validation_data to fit."
            )
        self.losses.append(float(logs["val_loss"]))

    def rate(self):
        """Returns the learning rate of the next epoch."""
        rate, lowest, waited = self.peak, float("inf"), 0
        for loss in self.losses:
            if loss < lowest - LEAST:
                lowest, waited = loss, 0
                continue
            waited += 1
            if waited == self.patience:
                rate, waited = self.factor * rate, 0
        return rate
