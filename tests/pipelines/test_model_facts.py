"""list_models and info: what there is to know before a training."""

import pytest

from keras_papers import applications, pipelines
from tests.models import ONE_OF_EACH


def test_the_list_has_the_papers_figures():
    facts = {fact.name: fact for fact in pipelines.list_models()}
    assert list(facts) == applications.list_models()
    assert facts["MobileNetV2"].multiply_adds == 300_774_272
    assert facts["MobileNet"].parameters == 4_231_976
    assert "1905.02244" in str(facts["MobileNetV3Small"])
    assert [f.name for f in pipelines.list_models("*V2")] == ["MobileNetV2"]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name not in ONE_OF_EACH))
        for name in applications.list_models()
    ],
)
def test_info_shows_table_and_layers_that_add_up(name):
    info = pipelines.info(name)
    assert [info.fact] == pipelines.list_models(name)
    assert info.columns == applications.table(name)[0]._fields
    assert sum(layer.parameters for layer in info.layers) == (
        info.fact.parameters
    )
    assert sum(layer.multiply_adds for layer in info.layers) == (
        info.fact.multiply_adds
    )
    text = str(info)
    assert "stage1_block1" in text and "multiply-adds" in text


def test_a_typo_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="mean 'MobileNetV2'"):
        pipelines.info("MobilNetV2")
