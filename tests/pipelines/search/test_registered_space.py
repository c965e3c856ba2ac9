"""A space that is defined outside the package, searched from images to code."""

import importlib
import json

import pytest

from keras_papers import cost, pipelines
from keras_papers.tuner.spaces.names import SPACES

MODULE = '''
import keras

from keras_papers.tuner import PointSpace, register_space


def network(units, size, classes, include_preprocessing):
    images = keras.Input((size, size, 3))
    x = keras.layers.Rescaling(1 / 127.5, -1)(images)
    x = keras.layers.Conv2D(units, 3, strides=4, activation="relu")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, keras.layers.Dense(classes, "softmax")(x))


@register_space("mine")
class Units(PointSpace):
    """The units of one convolution."""

    summary = "units of one convolution"
    default_model = "MobileNet"
    options = ("image_size",)

    @classmethod
    def from_options(cls, options, known=None, *, latency, compile, **others):
        points = {
            f"{units} units": {
                "units": units, "size": options.image_size, **others
            }
            for units in (4, 8)
        }
        return cls(
            network, points, "units", known, latency=latency, compile=compile
        )
'''


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("module")
    (folder / "my_units.py").write_text(MODULE)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield importlib.import_module("my_units")
    del SPACES["mine"]


def test_a_space_of_the_user_is_searched_and_its_code_builds_the_best(
    mine, tmp_path
):
    output = tmp_path / "found"
    report = pipelines.tune(
        space="mine",
        image_size=32,
        epochs=1,
        trials=2,
        oracle="grid",
        output=output,
        verbose=0,
    )
    assert {each.values["units"] for each in report.trials} == {
        *("4 units", "8 units")
    }
    assert f"trial {report.best.trial}" in str(report)
    assert report.best.values["units"] in str(report)
    names = {}
    exec(report.code, names)
    counted = cost.count(names["model"])
    assert counted.multiply_adds == report.best.metrics["multiply_adds"]
    page = (output / "report.html").read_text()
    assert "The search varied units of one convolution" in page
    assert "from my_units import network" in page
    figures = json.loads((output / "report.json").read_text())
    assert figures["code"] == report.code


def test_an_option_that_the_space_does_not_use_is_refused(mine, tmp_path):
    for given in ({"width": 0.5}, {"budget_madds": 1e6}):
        (name,) = given
        with pytest.raises(ValueError, match=f"`{name}`.*which uses image"):
            pipelines.tune(space="mine", output=tmp_path / "found", **given)
    assert not (tmp_path / "found").exists()


def test_workers_cannot_import_a_space_of_the_program(
    mine, tmp_path, monkeypatch
):
    record = SPACES["mine"]._replace(home="__main__.Units")
    monkeypatch.setitem(SPACES, "mine", record)
    with pytest.raises(ValueError, match="`space`.*Move it to a module"):
        pipelines.tune(space="mine", workers=2, output=tmp_path / "found")
