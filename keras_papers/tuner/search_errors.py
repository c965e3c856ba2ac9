"""What can end a search before its trials are done."""

from keras_papers.extras import require

keras_tuner = require("keras_tuner", "tuner")


# KerasTuner takes any other error inside a trial for a failure of the trial.
class SearchFailedError(keras_tuner.errors.FatalError, RuntimeError):
    """Says why a search came to nothing."""


class ChiefGoneError(keras_tuner.errors.FatalError, ConnectionError):
    """Says that a worker has nobody to ask for trials."""


# A search that stops goes on later; a trial that failed would be lost.
class DeviceBusyError(keras_tuner.errors.FatalError, RuntimeError):
    """Says why a latency measured now would be none of the model's."""
