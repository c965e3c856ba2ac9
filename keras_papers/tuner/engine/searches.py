"""KerasTuner's searches by their names, made durable; see `Tuner`."""

from keras_papers.extras import require
from keras_papers.tuner.engine import durable_oracle
from keras_papers.tuner.engine.search import Tuner

keras_tuner = require("keras_tuner", "tuner")

ORACLE_ARGUMENTS = {
    "hyperparameters",
    "tune_new_entries",
    "allow_new_entries",
    "max_retries_per_trial",
    "max_consecutive_failed_trials",
}


class RandomSearch(Tuner):
    """Draws points at random.

    Args:
        hypermodel: A `HyperModel`, or a function that builds a model.
        objective: Name of a metric, such as `"val_accuracy"` or the
            `"reward"` of a space; or KerasTuner's `Objective`.
        max_trials: Positive int. Defaults to 10.
        seed: Int, or None for a random one.
        **arguments: More of `keras_tuner.RandomSearch` and of `Tuner`, such
            as `directory`.

    Example:
    >>> import numpy as np
    >>> from keras_papers import tuner
    >>> space = tuner.WidthAndResolution(
    ...     "MobileNet", alphas=(0.25,), sizes=(32, 64), classes=2
    ... )
    >>> search = tuner.RandomSearch(
    ...     space, "val_accuracy", max_trials=1, directory="study"
    ... )
    >>> images = np.zeros((4, 32, 32, 3), "uint8")
    >>> labels = np.array([0, 1, 0, 1])
    >>> search.search(
    ...     images, labels, validation_data=(images, labels), verbose=0
    ... )
    >>> len(search.get_best_hyperparameters())
    1
    """

    def __init__(
        self,
        hypermodel=None,
        objective=None,
        max_trials=10,
        seed=None,
        **arguments,
    ):
        oracle, others = _oracle(
            durable_oracle.RandomSearchOracle,
            arguments,
            objective=objective,
            max_trials=max_trials,
            seed=seed,
        )
        super().__init__(oracle, hypermodel, **others)


class GridSearch(Tuner):
    """Takes every point in turn.

    Args:
        hypermodel: A `HyperModel`, or a function that builds a model.
        objective: Name of a metric, such as `"val_accuracy"` or the
            `"reward"` of a space; or KerasTuner's `Objective`.
        max_trials: Positive int, or None for all points.
        seed: Int, or None for a random one.
        **arguments: More of `keras_tuner.GridSearch` and of `Tuner`, such as
            `directory`.
    """

    def __init__(
        self,
        hypermodel=None,
        objective=None,
        max_trials=None,
        seed=None,
        **arguments,
    ):
        oracle, others = _oracle(
            durable_oracle.GridSearchOracle,
            arguments,
            objective=objective,
            max_trials=max_trials,
            seed=seed,
        )
        super().__init__(oracle, hypermodel, **others)


class BayesianOptimization(Tuner):
    """Proposes points where a Gaussian process predicts high scores.

    Args:
        hypermodel: A `HyperModel`, or a function that builds a model.
        objective: Name of a metric, such as `"val_accuracy"` or the
            `"reward"` of a space; or KerasTuner's `Objective`.
        max_trials: Positive int. Defaults to 10.
        num_initial_points: Positive int. Random points before the first
            prediction. Defaults to None: three for each hyperparameter.
        alpha: Float. Variance of the noise in the objective.
        beta: Float. Weight of exploration against exploitation.
        seed: Int, or None for a random one.
        **arguments: More of `keras_tuner.BayesianOptimization` and of
            `Tuner`, such as `directory`.
    """

    def __init__(
        self,
        hypermodel=None,
        objective=None,
        max_trials=10,
        num_initial_points=None,
        alpha=1e-4,
        beta=2.6,
        seed=None,
        **arguments,
    ):
        require("sklearn", "tuner")
        oracle, others = _oracle(
            durable_oracle.BayesianOptimizationOracle,
            arguments,
            objective=objective,
            max_trials=max_trials,
            num_initial_points=num_initial_points,
            alpha=alpha,
            beta=beta,
            seed=seed,
        )
        super().__init__(oracle, hypermodel, **others)


def _oracle(make, arguments, **own):
    """Returns an oracle, and the arguments that it does not take."""
    others = dict(arguments)
    # KerasTuner does not know the direction of this metric. (Its `Objective`
    # cannot be compared with a str.)
    if isinstance(own["objective"], str) and own["objective"] == "reward":
        own["objective"] = keras_tuner.Objective("reward", "max")
    for name in ORACLE_ARGUMENTS & arguments.keys():
        own[name] = others.pop(name)
    return make(**own), others
