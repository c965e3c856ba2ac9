"""A space of listed points."""

from typing import NamedTuple

from keras_papers.extras import require
from keras_papers.tuner.spaces.description import call_as_code
from keras_papers.tuner.spaces.search_space import (
    SearchSpace,
    check_limit_reached,
)

keras_tuner = require("keras_tuner", "tuner")


class Point(NamedTuple):
    """A point of a space: its label, its model and the cost of that."""

    label: str  # value of the hyperparameter
    arguments: dict  # of the function that builds the model
    costs: dict  # by the names of `reward.COSTS`; empty without limits


class PointSpace(SearchSpace):
    """A list of points, which are the values of one hyperparameter.

    If there is a limit, all of them are built and counted before the search,
    and those beyond it are left out: no trial is spent on a point that can be
    excluded without training. The latency, which takes longest, is measured
    last.

    Args:
        constructor: Function that builds the model of a point. `as_code`
            imports it by its name.
        points: Dict from labels to the arguments of `constructor`, which
            `as_code` writes down.
        hyperparameter: Name of the hyperparameter.
        known: Dict from labels to costs, of the points that are known to fit.
            Defaults to None: all points are built and counted.
        **arguments: Those of `SearchSpace`.

    Raises:
        ValueError: If nothing fits; the cheapest point is named.
    """

    def __init__(
        self, constructor, points, hyperparameter, known=None, **arguments
    ):
        super().__init__(**arguments)
        self.constructor = constructor
        self.hyperparameter = hyperparameter
        found = [Point(label, each, {}) for label, each in points.items()]
        if known is None:
            self.points = self._within_limits(found)
        else:
            self.points = [
                point._replace(costs=known[point.label])
                for point in found
                if point.label in known
            ]

    def _within_limits(self, points):
        """Lists the points that fit; latency is measured last."""
        counted = self.limits._replace(latency_ms=None)
        for limits, measured in ((counted, False), (self.limits, True)):
            if any(limits) and (measured is False or limits != counted):
                points = self._fitting(points, limits, measured)
        return points

    def _fitting(self, points, limits, measured):
        points = [
            point._replace(costs=self.costs(self._model(point), measured))
            for point in points
        ]
        fitting = [each for each in points if not limits.exceeded(each.costs)]
        if not fitting:
            cheapest = min(points, key=lambda each: limits.share(each.costs))
            check_limit_reached(cheapest.costs, limits, cheapest.label)
        return fitting

    def _model(self, point):
        return self.constructor(**point.arguments)

    def declare_hyperparameters(self, hp):
        hp.Choice(self.hyperparameter, [point.label for point in self.points])

    def point(self, values):
        """Returns the `Point` of a dict of values.

        Raises:
            ValueError: If there is no such point.
        """
        label = values.get(self.hyperparameter)
        for point in self.points:
            if point.label == label:
                return point
        raise ValueError(
            "`values` are those of a point of this space: of "
            f"{self.hyperparameter!r}, one of {len(self.points)} labels. "
            f"Received: values={values!r}. Try {self.points[0].label!r}, or "
            "make the space with the limits under which the point was found."
        )

    def network(self, values):
        return self._model(self.point(values))

    def as_code(self, values):
        return call_as_code(self.constructor, self.point(values).arguments)
