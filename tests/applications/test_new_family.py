"""A family that a module of the user's own registers works everywhere."""

import importlib.util
import sys

import pytest

import keras_papers.cli.main as cli
from keras_papers import applications, cost, pipelines, tuner
from keras_papers.applications import registry
from keras_papers.applications.variants import variant
from tests.support.photos import paint
from tests.support.short_trainings import untraced

pytestmark = pytest.mark.tensorflow
FAMILY = '''"""Tiny (Nobody, 2020, https://example.org/tiny)."""
from typing import NamedTuple

import keras

from keras_papers.applications import registry
from keras_papers.applications.variants import variant
from keras_papers.applications.image.classifier import (
    check_top, classifier, conv_norm_graph, normalization, pooled, predictions)
from keras_papers.applications.image.image_input import (
    image_input, preprocessed)
from keras_papers.applications.image.scaling import round_filters
from keras_papers.applications.pretrained.evaluation import TF_SLIM
from keras_papers.applications.pretrained.published import Family
from keras_papers.applications.pretrained.weights import check_weights
from keras_papers.applications.variants import variant
from keras_papers.layers import InvertedResidual

PAPER = registry.Paper(*("Tiny", "Tiny networks", "Nobody", 2020),
                       "https://example.org/tiny")

class Row(NamedTuple):
    t: int
    c: int
    s: int

SIZE = 96
TABLES = {"S": (Row(1, 8, 2), Row(3, 16, 2)), "L": (Row(3, 16, 2),) * 3}

def build(table, include_top=True, weights=None, input_tensor=None,
          input_shape=None, pooling=None, classes=1000,
          classifier_activation="softmax", name=None, *, alpha=1.0,
          include_preprocessing=True):
    """Builds a tiny network."""
    check_top(include_top, weights, pooling, classes, classifier_activation)
    images = image_input(input_shape, input_tensor, SIZE)
    source = check_weights(
        weights, include_top, images, Family("none", {}, {}),
        evaluation=TF_SLIM if include_preprocessing else None)
    x = preprocessed(images, source.evaluation)
    norm = normalization(0.9)
    x = conv_norm_graph(x, "stem", 8, 3, 2, **norm)
    for stage, row in enumerate(table, start=1):
        x = InvertedResidual(round_filters(row.c * alpha), row.t, strides=row.s,
                             name=f"stage{stage}_block1", **norm).draw(x)
    x = pooled(x, "avg" if include_top else pooling)
    if include_top:
        x = keras.layers.Dense(classes, name="logits")(x)
        x = predictions(x, classifier_activation)
    return classifier(images, x, name, source)

TinyS, TinyL = (
    registry.network(PAPER, table, size=SIZE)(variant(
        f"Tiny{kind}", build, table, f"Builds Tiny-{kind}.", module=__name__))
    for kind, table in TABLES.items())
'''


@pytest.fixture(scope="module", autouse=True)
def tiny(tmp_path_factory):
    """Imports the family from a file outside the package."""
    path = tmp_path_factory.mktemp("home") / "tiny.py"
    path.write_text(FAMILY)
    spec = importlib.util.spec_from_file_location("tiny", path)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_RECORDS", dict(registry._RECORDS))
        patch.setitem(sys.modules, "tiny", module)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Two classes of ten pictures each, bright and dark."""
    return paint(tmp_path_factory.mktemp("photos"), ["dark", "bright"])


def test_it_is_listed():
    names = ["TinyL", "TinyS"]
    assert applications.list_models("Tiny*", "image_classification") == names
    listed = {fact.name: str(fact) for fact in pipelines.list_models()}
    assert len(listed) == len(applications.list_models())
    assert "Tiny (Nobody, 2020, https://example.org/tiny)" in listed["TinyS"]


def test_it_is_built_counted_and_scaled(tiny):
    assert applications.get("TinyS") is tiny.TinyS
    counted = cost.count(tiny.TinyS(input_shape=(96, 96, 3), classes=2))
    # A convolution and two blocks; batch normalizations have two a channel.
    stem, norm = 3 * 3 * 3 * 8, 2
    first = 9 * 8 + 8 * 8 + norm * (8 + 8)
    second = 8 * 24 + 9 * 24 + 24 * 16 + norm * (24 + 24 + 16)
    head = 16 * 2 + 2
    assert counted.parameters == stem + norm * 8 + first + second + head
    features = applications.feature_extractor(tiny.TinyL(), (4, 16))
    assert features.output["stride16"].shape == (None, 6, 6, 16)


def test_info_describes_it():
    info = pipelines.info("TinyS")
    assert info.columns == ("t", "c", "s") and info.table[1] == (3, 16, 2)
    layers = {layer.name: layer for layer in info.layers}
    assert layers["stage2_block1"].output_shape == (12, 12, 16)
    assert sum(layer.parameters for layer in info.layers) == (
        info.fact.parameters
    )


def test_a_misspelled_name_offers_it():
    with pytest.raises(ValueError, match="mean 'TinyS'"):
        pipelines.info("TinyZS")


def test_its_name_can_be_registered_again_by_its_own_module_only(tiny):
    again = registry.network(tiny.PAPER, tiny.TABLES["S"])
    assert again(tiny.TinyS) is tiny.TinyS

    def TinyS():  # noqa: N802
        """Builds another one."""

    with pytest.raises(ValueError, match="`constructor`.*TinyS.*tiny has"):
        again(TinyS)


def test_a_network_of_another_task_is_no_classifier(tiny, monkeypatch):
    monkeypatch.setattr(registry, "_RECORDS", dict(registry._RECORDS))
    register = registry.network(
        tiny.PAPER, tiny.TABLES["S"], task="text_generation"
    )
    table = tiny.TABLES["S"]
    register(variant("TinyG", tiny.build, table, "Tiny-G.", module="tiny"))
    assert applications.list_models(task="text_generation") == ["TinyG"]
    assert applications.get("TinyG").__name__ == "TinyG"
    (fact,) = pipelines.list_models(task="text_generation")
    assert fact == pipelines.info("TinyG").fact and fact.name == "TinyG"
    task = registry.CLASSIFICATION
    names = [f.name for f in pipelines.list_models("Tiny*", task)]
    assert names == ["TinyL", "TinyS"]
    with pytest.raises(ValueError, match="`model`.*classifier.*'TinyG', a net"):
        pipelines.train(model="TinyG")


@pytest.mark.slow
def test_the_command_trains_it(photos, tmp_path):
    arguments = [
        *("train", str(photos), "--model", "TinyS", "--alpha", "0.5"),
        *("--epochs", "1", "--output", str(tmp_path / "out")),
    ]
    with untraced():
        assert cli.main(arguments) == 0
    assert "TinyS(alpha=0.5)" in (tmp_path / "out/report.html").read_text()
    (found,) = pipelines.predict(
        tmp_path / "out" / "model.tflite", photos / "dark" / "0.png"
    )
    assert sorted(found.labels) == ["bright", "dark"]
    assert sum(found.scores) == pytest.approx(1, abs=1e-4)


@pytest.mark.slow
def test_it_is_searched_for_width_and_resolution(photos, tmp_path):
    space = tuner.WidthAndResolution("TinyS", (0.5, 1.0), (32,), classes=2)
    assert [point.label for point in space.points] == ["0.5 x 32", "1 x 32"]
    with untraced():
        report = pipelines.tune(
            photos,
            output=tmp_path / "out",
            space="width-resolution",
            model="TinyS",
            image_size=32,
            trials=1,
            epochs=1,
            verbose=0,
        )
    assert report.model == "TinyS" and len(report.trials) == 1
