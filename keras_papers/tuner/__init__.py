"""Searches for scalings and architectures, as KerasTuner's users know them."""

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
from keras_papers.tuner.engine.trial_table import pareto_front as pareto_front
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
from keras_papers.tuner.spaces.mnas import MnasSpace as MnasSpace
from keras_papers.tuner.spaces.mnas import rows as rows
from keras_papers.tuner.spaces.point_space import Point as Point
from keras_papers.tuner.spaces.point_space import PointSpace as PointSpace
from keras_papers.tuner.spaces.search_space import Limits as Limits
from keras_papers.tuner.spaces.search_space import SearchSpace as SearchSpace
from keras_papers.tuner.spaces.width_and_resolution import (
    WidthAndResolution as WidthAndResolution,
)
