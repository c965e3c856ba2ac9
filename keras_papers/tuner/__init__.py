"""Searches for scalings and architectures, as KerasTuner's users know them."""

import typing as _typing

from keras_papers.lazy_names import lazy_names as _lazy_names

if _typing.TYPE_CHECKING:  # what is imported when it is first used
    from keras_papers.tuner.engine.launcher import launch as launch
    from keras_papers.tuner.engine.search import Tuner as Tuner
    from keras_papers.tuner.engine.search_errors import (
        ChiefGoneError as ChiefGoneError,
    )
    from keras_papers.tuner.engine.search_errors import (
        DeviceBusyError as DeviceBusyError,
    )
    from keras_papers.tuner.engine.search_errors import (
        NothingFitsError as NothingFitsError,
    )
    from keras_papers.tuner.engine.search_errors import (
        SearchFailedError as SearchFailedError,
    )
    from keras_papers.tuner.engine.searches import (
        BayesianOptimization as BayesianOptimization,
    )
    from keras_papers.tuner.engine.searches import GridSearch as GridSearch
    from keras_papers.tuner.engine.searches import RandomSearch as RandomSearch
    from keras_papers.tuner.engine.traced_graphs import (
        release_graphs as release_graphs,
    )
    from keras_papers.tuner.engine.trial_table import Trial as Trial
    from keras_papers.tuner.engine.trial_table import (
        pareto_front as pareto_front,
    )
    from keras_papers.tuner.engine.trial_table import trials as trials
    from keras_papers.tuner.engine.worker import is_worker as is_worker
    from keras_papers.tuner.latency import LiteRTLatency as LiteRTLatency
    from keras_papers.tuner.reward import Reward as Reward
    from keras_papers.tuner.spaces.compound_scaling import (
        CompoundScaling as CompoundScaling,
    )
    from keras_papers.tuner.spaces.compound_scaling import (
        feasible_triples as feasible_triples,
    )
    from keras_papers.tuner.spaces.description import (
        Description as Description,
    )
    from keras_papers.tuner.spaces.mnas import MnasSpace as MnasSpace
    from keras_papers.tuner.spaces.mnas import rows as rows
    from keras_papers.tuner.spaces.names import SpaceOptions as SpaceOptions
    from keras_papers.tuner.spaces.point_space import Point as Point
    from keras_papers.tuner.spaces.point_space import PointSpace as PointSpace
    from keras_papers.tuner.spaces.register import (
        register_space as register_space,
    )
    from keras_papers.tuner.spaces.search_space import Limits as Limits
    from keras_papers.tuner.spaces.search_space import (
        SearchSpace as SearchSpace,
    )
    from keras_papers.tuner.spaces.width_and_resolution import (
        WidthAndResolution as WidthAndResolution,
    )

_HOMES = {
    "BayesianOptimization": "engine.searches.BayesianOptimization",
    "ChiefGoneError": "engine.search_errors.ChiefGoneError",
    "CompoundScaling": "spaces.compound_scaling.CompoundScaling",
    "Description": "spaces.description.Description",
    "DeviceBusyError": "engine.search_errors.DeviceBusyError",
    "GridSearch": "engine.searches.GridSearch",
    "Limits": "spaces.search_space.Limits",
    "LiteRTLatency": "latency.LiteRTLatency",
    "MnasSpace": "spaces.mnas.MnasSpace",
    "NothingFitsError": "engine.search_errors.NothingFitsError",
    "Point": "spaces.point_space.Point",
    "PointSpace": "spaces.point_space.PointSpace",
    "RandomSearch": "engine.searches.RandomSearch",
    "Reward": "reward.Reward",
    "SearchFailedError": "engine.search_errors.SearchFailedError",
    "SearchSpace": "spaces.search_space.SearchSpace",
    "SpaceOptions": "spaces.names.SpaceOptions",
    "Trial": "engine.trial_table.Trial",
    "Tuner": "engine.search.Tuner",
    "WidthAndResolution": "spaces.width_and_resolution.WidthAndResolution",
    "feasible_triples": "spaces.compound_scaling.feasible_triples",
    "is_worker": "engine.worker.is_worker",
    "launch": "engine.launcher.launch",
    "pareto_front": "engine.trial_table.pareto_front",
    "register_space": "spaces.register.register_space",
    "release_graphs": "engine.traced_graphs.release_graphs",
    "rows": "spaces.mnas.rows",
    "trials": "engine.trial_table.trials",
}
__all__ = [*_HOMES]
__getattr__, __dir__ = _lazy_names(__name__, _HOMES)
