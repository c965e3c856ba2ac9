"""The models against the papers' tables and the published networks."""

import inspect
import math
import pathlib
import re

import keras
import pytest

from keras_papers import applications, cost
from keras_papers.applications.registry import CLASSIFICATION, get_record
from keras_papers.shapes_only import shapes_only
from tests.paper_facts import (
    FACTS,
    FORMS,
    as_markdown,
    call_of,
    differences,
)
from tests.support.models import build

BLOCK = re.compile(r"stage\d+_block\d+")
PAPERS_PAGE = pathlib.Path(__file__, "../../../docs/PAPERS.md").resolve()


LARGE = {f"EfficientNetB{size}" for size in range(4, 8)}


def _with_large_ones_slow(facts):
    return [
        pytest.param(
            fact,
            id=call_of(fact),
            marks=[pytest.mark.slow]
            * (fact.model in LARGE or fact.parameters > 80e6),
        )
        for fact in facts
    ]


@pytest.mark.parametrize("fact", _with_large_ones_slow(FACTS))
def test_exact_parameters_and_multiply_adds(fact):
    with shapes_only():
        model = applications.get(fact.model)(**fact.arguments)
        found = cost.count(model)
    assert found.unknown == ()
    assert found.parameters == fact.parameters
    assert round(found.multiply_adds / 1e6, 1) == fact.mega_adds


@pytest.mark.parametrize(
    "fact", [fact for fact in FACTS if fact.printed], ids=call_of
)
def test_the_paper_prints_the_same_or_a_note_explains_why_not(fact):
    agree = all(
        each.is_rounding or abs(each.relative) <= 0.015
        for each in differences(fact)
    )
    assert agree == (fact.note == "")
    # No note explains more: a larger difference is a misplaced figure.
    assert all(abs(each.relative) <= 0.15 for each in differences(fact))


LITE = [fact for fact in FACTS if fact.model.startswith("EfficientNetLite")]


@pytest.mark.parametrize("fact", LITE, ids=call_of)
def test_efficientnet_lite_counts_as_its_readme_does(fact):
    model = applications.get(fact.model)(**fact.arguments)
    normalized = sum(
        math.prod(layer.output.shape[1:])
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    )
    counted = fact._replace(mega_adds=fact.mega_adds + 3 * normalized / 1e6)
    assert abs(differences(counted)[1].relative) <= 0.005


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.model)
def test_tables_halve_the_image_32_times_in_their_blocks(form):
    size = 299 if get_record(form.model).size == 299 else 224
    with shapes_only():
        model = build(form.model, size)
        taps = applications.feature_extractor(model, tuple(form.channels))
    names = (BLOCK.match(layer.name) for layer in model.layers)
    assert len({name.group() for name in names if name}) == form.blocks
    for stride, channels in form.channels.items():
        _, *sides, last = taps.output[f"stride{stride}"].shape
        assert last == channels
        # Convolutions without padding leave less than the whole.
        assert all(0.8 * size < n * stride <= size for n in sides)


def test_every_model_has_its_facts():
    with_facts = {fact.model for fact in FACTS}
    assert with_facts == set(applications.list_models())
    assert [form.model for form in FORMS] == (
        applications.list_models(task=CLASSIFICATION)
    )


def test_the_papers_page_is_made_from_the_facts():
    assert PAPERS_PAGE.read_text() == as_markdown()


@pytest.mark.parametrize("model", applications.list_models())
def test_modules_open_with_their_paper_and_its_link(model):
    module = inspect.getmodule(applications.get(model))
    assert module.__doc__.splitlines()[0] == f"{get_record(model).paper}."
