"""Classifiers of one sigmoid: in every verb they have two classes."""

import keras
import numpy as np
import pytest
from PIL import Image

from keras_papers import export, pipelines
from keras_papers.export import metadata
from tests.support.answers import random_images
from tests.support.photos import paint

pytestmark = pytest.mark.tensorflow
LABELS = ["bright", "dark"]


def classifier(end="dense", pixels=True):
    """A classifier of dark pictures, built in one of the usual ways."""
    layers = [keras.layers.Rescaling(1 / 255)] * pixels
    layers += [
        keras.layers.Conv2D(4, 3, activation="relu"),
        keras.layers.GlobalAveragePooling2D(),
    ]
    ends = {
        "dense": [keras.layers.Dense(1, "sigmoid")],
        "activation": [
            keras.layers.Dense(1, use_bias=False),
            keras.layers.Activation("sigmoid", dtype="float32"),
        ],
        "convolution": [
            keras.layers.Reshape((1, 1, 4)),
            keras.layers.Conv2D(1, 1),
            keras.layers.Reshape((1,)),
            keras.layers.Activation("sigmoid"),
            keras.layers.Activation("linear", dtype="float32"),
        ],
    }
    model = keras.Sequential([keras.Input((32, 32, 3)), *layers, *ends[end]])
    noise = np.random.default_rng(0)
    for layer in model.layers:
        # The brighter, the less of the second class.
        if isinstance(layer, keras.layers.Conv2D) and layer.filters == 4:
            kernel = noise.normal(1 / 27, 1e-3, (3, 3, 3, 4))
            layer.set_weights([kernel, np.zeros(4)])
        elif layer.weights:
            kernel, *bias = layer.get_weights()
            bias = [np.array([8.0])] * len(bias)
            kernel = noise.normal(-4.0, 0.1, kernel.shape)
            layer.set_weights([kernel, *bias])
    return model


@pytest.mark.parametrize("end", ["dense", "activation", "convolution"])
@pytest.mark.parametrize("nested", [False, True])
def test_two_scores_are_those_of_the_sigmoid(end, nested):
    model = classifier(end)
    if nested:
        image = keras.Input((32, 32, 3))
        model = keras.Model(image, model(image))
    images = random_images(4, 32, 32, 3, low=0, high=255)
    p = keras.ops.convert_to_numpy(model(images))
    assert np.ptp(p) > 0
    scores = keras.ops.convert_to_numpy(export.two_scores(model)(images))
    np.testing.assert_allclose(scores, np.hstack([1 - p, p]), atol=1e-6)
    again = keras.ops.convert_to_numpy(model(images))
    np.testing.assert_array_equal(again, p)  # the model stays as it was


def refused(end):
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.GlobalAveragePooling2D(),
            end,
        ]
    )
    return model


@pytest.mark.parametrize("activation", ["linear", "tanh", "hard_sigmoid"])
def test_one_number_that_is_no_sigmoid_is_refused(activation, tmp_path):
    model = refused(keras.layers.Dense(1, activation))
    model.save(tmp_path / "one.keras")
    export.to_tflite(model, tmp_path / "one.tflite", runs=1)  # of a regression
    paint(tmp_path / "photos", LABELS, 1)
    for call in (
        lambda: export.two_scores(model),
        lambda: export.to_tflite(model, tmp_path / "two.tflite", LABELS),
        lambda: pipelines.evaluate(tmp_path / "one.keras", tmp_path / "photos"),
        lambda: pipelines.evaluate(
            tmp_path / "one.tflite", tmp_path / "photos"
        ),
        lambda: pipelines.quantize(tmp_path / "one.keras", tmp_path / "photos"),
    ):
        with pytest.raises(ValueError, match="one sigmoid for two classes"):
            call()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A model in each form, its labels, and photos of both classes."""
    home = tmp_path_factory.mktemp("binary")
    model = classifier()
    model.save(home / "model.keras")
    (home / "labels.txt").write_text("bright\ndark\n")
    export.to_tflite(model, home / "model.tflite", LABELS, runs=1)
    export.to_tflite(model, home / "one.tflite", runs=1)
    paint(home / "photos", ["dark", "bright"], 10)
    return home


def test_a_file_with_labels_has_two_scores(home):
    assert metadata.read(home / "model.tflite").labels == ("bright", "dark")
    images = random_images(4, 32, 32, 3, low=0, high=255)
    one = export.predict(home / "one.tflite", images)
    two = export.predict(home / "model.tflite", images)
    assert np.ptp(one) > 0
    np.testing.assert_allclose(two, np.hstack([1 - one, one]), atol=1e-6)


@pytest.mark.parametrize(
    "file, labels",
    [
        ("model.keras", LABELS),
        ("model.tflite", LABELS),
        ("one.tflite", ["0", "1"]),
    ],
)
def test_both_classes_are_predicted_and_judged(file, labels, home, tmp_path):
    for index, name in enumerate(LABELS):
        picture = tmp_path / f"{name}.png"
        shade = (250, 5)[index]
        Image.new("RGB", (40, 40), (shade,) * 3).save(picture)
        (found,) = pipelines.predict(home / file, picture)
        assert found.labels[0] == labels[index] and len(found.labels) == 2
        assert sum(found.scores) == pytest.approx(1)
        assert found.scores[0] > 0.8
    if file == "one.tflite":
        return
    with pytest.warns(UserWarning, match="split"):
        found = pipelines.evaluate(home / file, home / "photos")
    assert found.accuracy == 1 and set(found.recall) == set(LABELS)


@pytest.mark.parametrize("mode", ["int8", "qat"])
def test_integers_have_two_labelled_scores(mode, home, tmp_path):
    if mode == "qat":
        pytest.importorskip("tensorflow_model_optimization")
    path = tmp_path / "integers.tflite"
    epochs = {"epochs": 1} if mode == "qat" else {}
    with pytest.warns(UserWarning, match="split"):
        found = pipelines.quantize(
            *(home / "model.keras", home / "photos", mode, path),
            **epochs,
            verbose=0,
        )
    assert found.variants[-1].tflite_accuracy == 1
    assert metadata.read(path).labels == ("bright", "dark")


def test_labels_that_do_not_fit_are_named(home, tmp_path):
    (tmp_path / "labels.txt").write_text("dark\n")
    classifier().save(tmp_path / "model.keras")
    Image.new("RGB", (32, 32)).save(tmp_path / "black.png")
    with pytest.warns(UserWarning, match="2 scores, and its labels are 1"):
        pipelines.predict(tmp_path / "model.keras", tmp_path / "black.png")
