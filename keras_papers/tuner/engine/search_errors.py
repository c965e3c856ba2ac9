"""Errors that end a search before its trials are done, or begun."""

from keras_papers.extras import require

keras_tuner = require("keras_tuner", "tuner")


class NothingFitsError(ValueError):
    """Even the cheapest point of a space exceeds a limit.

    Attributes:
        cost: Name of the cost that is limited.
        limit: Text of the limit.
        cheapest: Text of the cheapest point and its cost.
    """

    def __init__(self, cost, limit, cheapest):
        super().__init__(cost, limit, cheapest)  # for pickle
        self.cost = cost
        self.limit = limit
        self.cheapest = cheapest

    def __str__(self):
        return (
            "`limits` must leave room for one point of the space at least. "
            f"Received: at most {self.limit}. The cheapest is {self.cheapest}."
        )


# They derive from FatalError because KerasTuner takes any other error inside a
# trial for a failure of that trial.
class SearchFailedError(keras_tuner.errors.FatalError, RuntimeError):
    """A search failed; the message gives the reason."""


class ChiefGoneError(keras_tuner.errors.FatalError, ConnectionError):
    """The chief of a worker does not answer."""


class DeviceBusyError(keras_tuner.errors.FatalError, RuntimeError):
    """Other processes load a device, so that no latency can be measured.

    It ends the search, which can be resumed: as a failed trial, the point
    would be lost.
    """
