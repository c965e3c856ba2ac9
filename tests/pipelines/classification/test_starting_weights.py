"""What is said of the weights that a training starts from."""

import keras
import pytest

from keras_papers.pipelines.classification.options import TrainOptions
from keras_papers.pipelines.classification.starting_weights import (
    starting_weights,
)
from tests.support.torch_files import content_of, draw_tensors


def start(weights, model="ResNet18", epochs=40):
    """Returns the `StartingWeights` of a network that normalizes pixels."""
    options = TrainOptions(model=model, weights=weights, epochs=epochs)
    images = keras.Input((32, 32, 3))
    rescaling = keras.layers.Rescaling(
        [1 / 50, 1 / 60, 1 / 70], [-2.4, -2.0, 0.0], name="preprocessing"
    )
    network = keras.Model(images, rescaling(images))
    return starting_weights(options, options.settings(), network)


@pytest.mark.parametrize(
    "model, weights, source",
    [
        ("ResNet18", "timm", "timm/resnet18.a1_in1k"),
        ("ResNet18", "timm/a2_in1k", "timm/resnet18.a2_in1k"),
        ("ResNet50", "imagenet", "ResNet50 of keras.applications"),
    ],
)
def test_a_name_is_resolved_to_the_published_weights(model, weights, source):
    found = start(weights, model)
    assert found.source == source
    assert str(found) == (
        f"{weights} ({source}); trains the classifier alone for 8 epochs, "
        "then all layers for 32"
    )


def test_a_whole_tag_is_printed_once():
    found = start("timm/resnet18.a1_in1k")
    assert str(found).startswith("timm/resnet18.a1_in1k; trains")


def test_the_network_of_a_safetensors_file_is_named(tmp_path):
    name = "mobilenetv3_small_050"
    path = tmp_path / f"{name}.safetensors"
    path.write_bytes(content_of(draw_tensors(f"timm/{name}")))
    found = start(path, "MobileNetV3Small")
    assert str(found).startswith(f"{path} ({name} of timm); ")


def test_the_normalization_is_that_of_the_network():
    found = start("timm")
    assert found.mean == [120.0, 120.0, 0.0] and found.std == [50, 60, 70]


@pytest.mark.parametrize(
    "epochs, first",
    [
        (2, "all layers from the first epoch"),
        (3, "the classifier alone for 1 epoch, then all layers for 2"),
    ],
)
def test_few_epochs_train_no_classifier_alone(epochs, first):
    found = start("folder/a.weights.h5", epochs=epochs)
    assert str(found) == f"folder/a.weights.h5; trains {first}"


def test_a_training_from_scratch_has_none():
    assert start(None) is None
