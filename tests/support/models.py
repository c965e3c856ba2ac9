"""The networks that tests build, and those of keras.applications."""

import re

import keras
import numpy as np
import pytest

from keras_papers import applications
from keras_papers.applications.mnasnet import Row
from keras_papers.applications.registry import CLASSIFICATION, get_record
from keras_papers.pipelines.models.model_facts import list_models as list_facts
from tests.support.answers import perturb

# Networks of many layers, which test_inception.py tests with few of them.
INCEPTIONS = ["GoogLeNet", *applications.list_models("*Inception*")]
LARGE = 1e9  # multiply-adds


def _cheapest_of_each():
    """Lists the cheapest network of each table.

    Of the large networks of a module, which have one builder and a table
    each, the cheapest only.
    """
    facts = sorted(list_facts(task=CLASSIFICATION), key=_multiply_adds)
    names, seen = [], set()
    for fact in facts:
        if fact.name in INCEPTIONS:
            continue
        record = get_record(fact.name)
        table, module = record.table, record.constructor.__module__
        large = fact.multiply_adds > LARGE
        if table not in seen and not (large and module in seen):
            names.append(fact.name)
            seen |= {table, module}
    return sorted(names)


def _multiply_adds(fact):
    return fact.multiply_adds


ONE_OF_EACH = _cheapest_of_each()
# Tests of the other networks are slow.
QUICK = ["EfficientNetB0", "MobileNet", "MobileNetV2", "MobileNetV3Small"]
if keras.config.backend() == "jax":
    # JAX compiles each operation of an eager call, for each shape. These two
    # have each kind of block; EfficientNet's runs in few rows, test_rows.py.
    QUICK = ["MobileNet", "MobileNetV3Small"]
ONE_OF_EACH_THE_REST_SLOW = [
    pytest.param(name, marks=[pytest.mark.slow] * (name not in QUICK))
    for name in ONE_OF_EACH
]
THERE = [name for name in ONE_OF_EACH if hasattr(keras.applications, name)]
# Their dense layers have weights for each place of the map.
OF_ONE_SIZE = ["AlexNet", "VGG11", "ZFNet"]
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])

# fmt: off
UNUSUAL = (  # what no published table has
    #   t  k  SE    skip  filters layers s
    Row(0, 3, 0.25, True,      16,     2, 2),
    Row(0, 5, 0,    "pool",    16,     1, 2),
    Row(6, 3, 0,    "pool",    16,     2, 2),
)
# fmt: on


def build(name, size=32, **arguments):
    """Builds one of our networks for square images, of its minimum or more."""
    size = size and max(size, get_record(name).minimum)
    return applications.get(name)(input_shape=(size, size, 3), **arguments)


def blocks_of(model):
    """Returns the layers of each block, as dicts by the names inside it."""
    blocks = {}
    for layer in model.layers:
        found = re.fullmatch(r"(stage\d+_block\d+)_(.+)", layer.name)
        if found:
            blocks.setdefault(found[1], {})[found[2]] = layer
    return blocks


def peer(name, **arguments):
    """Builds a network of keras.applications with perturbed weights.

    It normalizes images by ImageNet's statistics, and has no dropout.
    """
    if name.startswith("EfficientNet"):
        for option in ("alpha", "dropout", "stochastic_depth"):
            arguments.pop(option, None)
    model = getattr(keras.applications, name)(weights=None, **arguments)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    for layer in normalizations(model):
        layer.set_weights([MEAN, STD**2, np.array(0, "int32")])
        layer.finalize_state()
    return perturb(model)


def normalizations(model):
    """Lists the layers whose statistics are constants in our networks."""
    kind = keras.layers.Normalization
    return [layer for layer in model.layers if isinstance(layer, kind)]


def weights_of(model):
    """Lists the weights of a model without those of `normalizations`."""
    constant = {id(w) for n in normalizations(model) for w in n.weights}
    return [w.numpy() for w in model.weights if id(w) not in constant]
