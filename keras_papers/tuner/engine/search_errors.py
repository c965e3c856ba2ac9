"""What can end a search before its trials are done, or begun."""

from keras_papers.extras import require

keras_tuner = require("keras_tuner", "tuner")


class NothingFitsError(ValueError):
    """Says that even the cheapest point of a space exceeds a limit.

    Attributes:
        cost: Name of the cost that is limited.
        limit: The most that is allowed, as text.
        cheapest: What is cheapest, and what it costs, as text.
    """

    def __init__(self, cost, limit, cheapest):
        super().__init__(cost, limit, cheapest)  # as which it is pickled
        self.cost = cost
        self.limit = limit
        self.cheapest = cheapest

    def __str__(self):
        return (
            "`limits` must leave room for one point of the space at least. "
            f"Received: at most {self.limit}. The cheapest is {self.cheapest}."
        )


# KerasTuner takes any other error inside a trial for a failure of the trial.
class SearchFailedError(keras_tuner.errors.FatalError, RuntimeError):
    """Says why a search came to nothing."""


class ChiefGoneError(keras_tuner.errors.FatalError, ConnectionError):
    """Says that a worker has nobody to ask for trials."""


# A search that stops goes on later; a trial that failed would be lost.
class DeviceBusyError(keras_tuner.errors.FatalError, RuntimeError):
    """Says why a latency measured now would be none of the model's."""
