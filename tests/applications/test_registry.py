"""Listing and getting models by name."""

import inspect
import subprocess
import sys

import pytest

from keras_papers import applications
from keras_papers.applications.registry import get_record
from tests.support.models import QUICK


def test_every_constructor_is_listed():
    public = {
        name
        for name, value in vars(applications).items()
        if inspect.isfunction(value) and name[0].isupper()
    }
    assert public == set(applications.list_models())


def test_a_task_selects():
    classifiers = applications.list_models(task="image_classification")
    assert "MobileNet" in classifiers and "VQVAE" not in classifiers
    by_task = {
        get_record(name).task: name for name in applications.list_models()
    }
    for task, name in by_task.items():
        assert name in applications.list_models(task=task)
    message = "`task`.*Received: task='image_clasification'.*mean 'image_class"
    with pytest.raises(ValueError, match=message):
        applications.list_models(task="image_clasification")


@pytest.mark.parametrize("name", [*QUICK, "EfficientNetLite3"])
def test_the_recorded_size_is_that_of_the_default_input(name):
    record = get_record(name)
    model = record.constructor(alpha=0.25, classes=2)
    assert model.input_shape == (None, record.size, record.size, 3)


def test_the_registry_is_filled_by_an_import_of_the_applications_alone():
    code = (
        "from keras_papers.applications.registry import list_models;"
        "print(*list_models())"
    )
    listed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert listed == applications.list_models()


@pytest.mark.parametrize("pattern", ["Mobile*V3*", "mobile*v3*"])
def test_a_pattern_selects(pattern):
    assert applications.list_models(pattern) == [
        "MobileNetV3Large",
        "MobileNetV3Small",
    ]


@pytest.mark.parametrize(
    "wrong, near",
    [("MobileNetv3small", "MobileNetV3Small"), ("MobilNet", "MobileNet")],
)
def test_a_misspelled_name_is_answered_with_the_nearest(wrong, near):
    with pytest.raises(ValueError, match=f"`model`.*{wrong}.*mean '{near}'"):
        applications.get(wrong)


def test_a_name_like_no_other_is_answered_with_where_they_are_listed():
    with pytest.raises(ValueError, match=r"list_models\(\).*'zzz'.*Choose one"):
        applications.get("zzz")
