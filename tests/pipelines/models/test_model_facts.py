"""list_models and info: what is known of a model before it is trained."""

import json

import pytest

from keras_papers import applications, pipelines
from keras_papers.applications.pretrained.torch_source import (
    published_source,
)
from keras_papers.applications.registry import (
    CLASSIFICATION,
    DETECTION,
    SEGMENTATION,
    get_record,
)
from keras_papers.pipelines.models import model_description, model_facts
from keras_papers.pipelines.models.verbs import ListOptions
from tests.support.models import ONE_OF_EACH

OF_IMAGES = (CLASSIFICATION, DETECTION, SEGMENTATION)


def test_the_list_has_the_papers_figures():
    facts = {fact.name: fact for fact in pipelines.list_models()}
    assert list(facts) == applications.list_models()
    assert facts["MobileNetV2"].multiply_adds == 300_774_272
    assert facts["MobileNet"].parameters == 4_231_976
    assert "1905.02244" in str(facts["MobileNetV3Small"])
    assert [f.name for f in pipelines.list_models("Mobile*V2")] == [
        "MobileNetV2"
    ]


def test_the_list_may_be_of_one_task():
    listed = pipelines.list_models("Mobile*V2", task=CLASSIFICATION)
    assert [fact.name for fact in listed] == ["MobileNetV2"]
    assert [f.name for f in pipelines.list_models(task=CLASSIFICATION)] == (
        applications.list_models(task=CLASSIFICATION)
    )
    with pytest.raises(ValueError, match="`task`.*mean 'image_classification'"):
        pipelines.list_models(task="image_clasification")


def test_the_file_has_the_registered_networks_and_no_other():
    stored = json.loads(model_facts.FILE.read_text(encoding="utf-8"))
    assert list(stored) == applications.list_models()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name not in ONE_OF_EACH))
        for name in applications.list_models()
    ],
)
def test_the_facts_are_those_of_the_registered_network(name):
    """Where they are not, `make papers` updates them."""
    stored = json.loads(model_facts.FILE.read_text(encoding="utf-8"))
    assert stored[name] == model_description.describe_model(name)


def test_info_shows_table_and_layers_that_add_up():
    for name in applications.list_models():
        info = pipelines.info(name)
        assert [info.fact] == pipelines.list_models(name)
        assert info.columns == applications.table(name)[0]._fields
        assert info.table == tuple(map(tuple, applications.table(name)))
        for cost in ("parameters", "multiply_adds"):
            layers = sum(getattr(layer, cost) for layer in info.layers)
            assert layers == getattr(info.fact, cost)
        text = str(info)
        assert info.layers[-1].name in text and "multiply-adds" in text
        blocks = "stage1_block1" in text  # of a classifier, or a backbone
        assert blocks == (get_record(name).task in OF_IMAGES)


def test_a_typo_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="mean 'MobileNetV2'"):
        pipelines.info("MobilNetV2")


def test_weights_are_listed_with_their_arguments_as_data():
    facts = {fact.weights: fact for fact in pipelines.list_models(weights=True)}
    fact = facts["timm/resnet50.a1_in1k"]
    assert fact.arguments == [{"alpha": 1.0, "version": 1.5, "use_bias": False}]
    assert fact.in_words == "alpha=1.0, version=1.5, use_bias=False"
    (imagenet,) = [
        fact
        for fact in pipelines.list_models("MobileNetV3Small", weights=True)
        if fact.weights == "imagenet"
    ]
    assert imagenet.arguments == [
        {"alpha": 1.0, "minimalistic": False},
        {"alpha": 0.75, "minimalistic": False},
        {"alpha": 1.0, "minimalistic": True},
    ]


def test_the_default_of_timm_is_marked():
    """It is the one that a constructor takes for "timm"."""
    for name in ("ResNet50", "MobileNetV3Small"):
        family = applications.registry.get_record(name).published
        for fact in pipelines.list_models(name, weights=True):
            if fact.is_default:
                (variant,) = fact.arguments
                source = published_source("timm", family, variant)
                assert fact.weights == f"timm/{source.file}"
    listed = str(pipelines.list_models("ResNet18", weights=True)[0])
    assert "  timm  " in listed


@pytest.mark.parametrize(
    "pattern, options, message",
    [
        ("Nope*", {}, "'Nope\\*', which no name fits. `keras-papers list`"),
        ("Nope*", {"weights": True}, "'Nope\\*', which no name fits"),
        ("MobilNetV2", {}, "Did you mean 'MobileNetV2'?"),
        ("ZFNet", {"weights": True}, "published weights.*of which there are"),
        (
            "MobileNetV2",
            {"task": SEGMENTATION},
            f"of this task.*with task='{SEGMENTATION}', which no name fits.*"
            f"list --task {SEGMENTATION}` prints",
        ),
        (
            "*",
            {"weights": True, "task": DETECTION},
            f"with published weights.*with task='{DETECTION}', of which",
        ),
    ],
)
def test_a_pattern_that_fits_nothing_is_an_error(pattern, options, message):
    """The function and the command say the same."""
    with pytest.raises(ValueError, match=f"`pattern` must.*{message}"):
        ListOptions(pattern, **options).check()
    with pytest.raises(ValueError, match=f"`pattern` must.*{message}"):
        pipelines.list_models(pattern, **options)
