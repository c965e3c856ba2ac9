"""Listing and getting models by name."""

import inspect

import pytest

from keras_papers import applications


def test_every_constructor_is_listed():
    public = {
        name
        for name, value in vars(applications).items()
        if inspect.isfunction(value) and name[0].isupper()
    }
    assert public == set(applications.list_models())


def test_a_pattern_selects():
    assert applications.list_models("*V3*") == [
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


def test_a_name_like_no_other_is_answered_with_the_list():
    with pytest.raises(ValueError, match="'MobileNetV2'.*'zzz'.*Choose one"):
        applications.get("zzz")
