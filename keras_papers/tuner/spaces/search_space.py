"""The class of all search spaces: costs, limits, training, descriptions."""

from typing import NamedTuple

import keras
import numpy as np

from keras_papers import cost
from keras_papers.checks import check_positive
from keras_papers.extras import require
from keras_papers.first_step import prepare
from keras_papers.tuner.engine.search_errors import NothingFitsError
from keras_papers.tuner.reward import Reward
from keras_papers.tuner.spaces.description import Description
from keras_papers.tuner.spaces.names import ORACLES, SpaceOptions

keras_tuner = require("keras_tuner", "tuner")

CHUNK = 1024  # images that are resized at once
UNITS = {
    "multiply_adds": "multiply-adds",
    "parameters": "parameters",
    "latency_ms": "milliseconds",
}


class Limits(NamedTuple):
    """The most that a model of a space may cost; None for no limit."""

    multiply_adds: float | None = None  # for one image
    parameters: float | None = None  # trainable
    latency_ms: float | None = None  # median, of one image

    def share(self, costs):
        """Returns the largest share of a limit that `costs` take."""
        limits = self._asdict().items()
        return max(costs[name] / limit for name, limit in limits if limit)

    def exceeded(self, costs):
        """Names the first limit that `costs` exceed, or None."""
        for name, limit in self._asdict().items():
            if limit is not None and costs[name] > limit:
                return name
        return None


class SearchSpace(keras_tuner.HyperModel):
    """A space of classifiers, as KerasTuner's `HyperModel`.

    Every trial reports what its model costs beside the metrics of `fit`:
    `multiply_adds`, `parameters` and, where it is measured, `latency_ms`; and
    `reward`, if the space has one.

    A subclass defines `declare_hyperparameters` and `network`. To be searched
    by `pipelines.tune` it also defines `summary`, `default_model`, `as_code`
    and `from_options`, and is registered with `register_space`.

    Args:
        limits: A `Limits`. Points that exceed it are never proposed.
        latency: A `LiteRTLatency`, or another function from a model to an
            object with `median_ms`. Defaults to None: latency is not measured.
        reward: A `Reward`, or None.
        compile: Function that compiles a model. Defaults to None: Adam, and
            cross-entropy of integer labels.

    Attributes:
        summary: Str. What the space varies, as the end of a sentence.
        default_model: Name of the network that it varies, with which what is
            found is compared.
        options: Names of the `SpaceOptions` that `from_options` uses.
        oracles: Names of the oracles of `pipelines.tune` that can propose
            points; a space with too many points cannot be searched as a grid.
        points: The points that fit the limits, where they can be listed.

    Raises:
        ValueError: If an argument is none of these, or `latency` is missing.
    """

    summary = None
    default_model = None
    options = SpaceOptions._fields
    oracles = ORACLES
    points = ()

    def __init__(self, limits=None, latency=None, reward=None, compile=None):
        if limits is not None and not isinstance(limits, Limits):
            raise ValueError(
                "`limits` is the most that a model may cost and must be a "
                f"`tuner.Limits`. Received: limits={limits!r}. Try "
                "Limits(multiply_adds=60e6)."
            )
        if latency is not None and not callable(latency):
            raise ValueError(
                "`latency` measures a model and must be a function from it to "
                f"an object with `median_ms`. Received: latency={latency!r}. "
                "Pass `tuner.LiteRTLatency()`."
            )
        self.limits = limits or Limits()
        self.latency = latency
        self.reward = reward
        self.compile = compile or _compile
        for name, limit in self.limits._asdict().items():
            if limit is not None:
                check_positive(
                    f"limits.{name}",
                    limit,
                    f"the most {UNITS[name]} that a model may have",
                    "Try 5." if name == "latency_ms" else "Try 60e6.",
                )
        if reward is not None and not isinstance(reward, Reward):
            raise ValueError(
                "`reward` weighs accuracy against a cost and must be a "
                f"`tuner.Reward`. Received: reward={reward!r}. Try "
                "Reward(target=60e6, of='multiply_adds')."
            )
        if latency is None and self._needs_latency():
            raise ValueError(
                "`latency` measures models, which a limit or a reward of "
                "latency needs. Received: latency=None. Pass "
                "`tuner.LiteRTLatency()`."
            )
        super().__init__()

    @classmethod
    def from_options(cls, options, known=None, **arguments):
        """Makes the space of a search.

        Args:
            options: A `SpaceOptions`.
            known: Dict from labels to costs: the points that fit, if an
                earlier process found them. See `PointSpace`.
            **arguments: `latency` and `compile`, as the class takes them, and
                arguments of the constructor of the network.
        """
        raise NotImplementedError

    @property
    def objective(self):
        """Name of the metric that a search in this space maximizes."""
        return "val_accuracy" if self.reward is None else "reward"

    def describe(self, values):
        """Returns the `Description` of a point.

        Args:
            values: Dict from the name of each hyperparameter to its value.
        """
        if len(values) == 1:
            return Description(str(*values.values()))
        pairs = (f"{name} {value}" for name, value in values.items())
        return Description(", ".join(pairs))

    def as_code(self, values):
        """Returns Python that builds the model of a point, untrained."""
        raise NotImplementedError

    def table(self, values):
        """Returns the rows that a constructor takes, or () where none."""
        return ()

    def blocks(self, values):
        """Returns `table` as `Blocks`, for people; None where there is none."""
        return None

    def _needs_latency(self):
        of = self.reward.of if self.reward else None
        return self.limits.latency_ms is not None or of == "latency_ms"

    def declare_hyperparameters(self, hp):
        """Declares the hyperparameters of the space, as KerasTuner has it."""
        raise NotImplementedError

    def network(self, values):
        """Builds the model of a point, not compiled yet.

        Args:
            values: Dict from the name of each hyperparameter to its value.
        """
        raise NotImplementedError

    def build(self, hp):
        """Builds and compiles the model of a point; KerasTuner calls it."""
        self.declare_hyperparameters(hp)
        model = self.network(hp.values)
        self.compile(model)
        return model

    def costs(self, model, measured=True):
        """Returns what a model costs, by the names of `reward.COSTS`."""
        counted = cost.count(model)
        costs = {
            "multiply_adds": counted.multiply_adds,
            "parameters": counted.parameters,
        }
        if self.latency is not None and measured:
            costs["latency_ms"] = self.latency(model).median_ms
        return costs

    def fit(self, hp, model, x, y=None, validation_data=None, **arguments):
        """Trains a model on images of the size that it takes.

        Args:
            hp: The `HyperParameters` of the model.
            model: What `build` made of them.
            x: Images as an array of uint8 or floats, which are resized; or a
                function from an image size in pixels to what `model.fit`
                takes, for data that are read at that size.
            y: Labels, if `x` is an array.
            validation_data: Pair of images and labels, or such a function.
            **arguments: More of `model.fit`.

        Returns:
            The `History`.
        """
        size = _size(model)
        reported = ReportCosts(self.costs(model), self.reward)
        callbacks = [reported, *(arguments.pop("callbacks", None) or ())]
        if hasattr(self.latency, "give_way"):
            callbacks.append(PauseForLatency(self.latency))
        x = _at(size, x)
        prepare(model, x, y)
        return model.fit(
            x,
            y,
            validation_data=_at(size, validation_data),
            callbacks=callbacks,
            **arguments,
        )


class ReportCosts(keras.callbacks.Callback):
    """Adds the costs of a model, and the reward, to the metrics of an epoch."""

    def __init__(self, costs, reward):
        super().__init__()
        self.costs = costs
        self.reward = reward

    def on_epoch_end(self, epoch, logs=None):
        logs |= self.costs
        if self.reward is not None:
            logs["reward"] = self.reward.of_logs(logs)


class PauseForLatency(keras.callbacks.Callback):
    """Pauses a training while another process measures a latency."""

    def __init__(self, latency):
        super().__init__()
        self.latency = latency

    def on_train_batch_begin(self, batch, logs=None):
        self.latency.give_way()

    def on_test_batch_begin(self, batch, logs=None):
        self.latency.give_way()


def check_limit_reached(cheapest, limits, what):
    """Raises NothingFitsError unless the cheapest point fits limits.

    Args:
        cheapest: Its costs.
        limits: The `Limits`.
        what: Name of that point.
    """
    name = limits.exceeded(cheapest)
    if name is None:
        return
    limit, least = (
        f"{value:,.10g} {UNITS[name]}"
        for value in (getattr(limits, name), cheapest[name])
    )
    raise NothingFitsError(name, limit, f"{what} with {least}")


def _compile(model):
    model.compile(
        keras.optimizers.Adam(1e-3),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def _size(model):
    """Returns the height and width of the images that a model takes."""
    shape = model.input_shape[1:]
    first = keras.config.image_data_format() == "channels_first"
    return shape[1:] if first else shape[:2]


def _at(size, data):
    """Returns data at an image size; pairs keep their labels."""
    if data is None:
        return None
    if callable(data):
        height, _ = size
        return data(height)
    if isinstance(data, tuple | list) and len(data) > 1:
        images, *rest = data
        return (_at(size, images), *rest)
    if isinstance(data, np.ndarray) and data.ndim == 4:
        return _resized(data, size)
    return data


def _resized(images, size):
    first = keras.config.image_data_format() == "channels_first"
    if images.shape[2:] == size if first else images.shape[1:3] == size:
        return images
    return np.concatenate(
        [
            keras.ops.convert_to_numpy(
                keras.ops.image.resize(
                    images[start : start + CHUNK].astype("float32"),
                    size,
                    antialias=True,
                )
            )
            for start in range(0, len(images), CHUNK)
        ]
    )
