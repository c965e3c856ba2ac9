"""The range that a model takes, in evaluate, predict, export and quantize.

The networks here say bright or dark by the mean of what reaches them, so that
pixels of another range are all one class.
"""

import keras
import numpy as np
import pytest
from keras import layers

import keras_papers.cli.main as cli
from keras_papers import export, pipelines
from keras_papers.export import metadata
from keras_papers.pipelines.data.pictures import read_picture
from keras_papers.pixels.normalization import normalization_of_range
from tests.support.extra import with_tfmot
from tests.support.photos import paint

pytestmark = [
    pytest.mark.tensorflow,
    # These models were trained on nothing.
    pytest.mark.filterwarnings("ignore:no split.json beside"),
]

SIZE = (16, 16, 3)
CLASSES = ["bright", "dark"]
peers = keras.applications


@pytest.fixture(scope="module")
def shades(tmp_path_factory):
    return paint(tmp_path_factory.mktemp("shades"), CLASSES[::-1], 6)


@pytest.fixture(scope="module")
def arrays(shades):
    """Returns the pixels of the pictures, and their classes."""
    files = sorted(shades.glob("*/*.png"))
    pixels = [read_picture(file, SIZE[:2]) for file in files]
    labels = [CLASSES.index(file.parent.name) for file in files]
    return np.stack(pixels).astype("float32"), np.array(labels)


def network(front, ends=(0, 255), behind=()):
    """Builds a classifier of shades behind what `front` draws.

    Args:
        front: Function of the images.
        ends: What it takes for black and for white.
        behind: Layers after its scores.
    """
    image = keras.Input(SIZE)
    x = front(image)
    convolution = layers.Conv2D(2, 1)
    pool = layers.GlobalAveragePooling2D()
    inside = keras.Model(image, x) if x is not image else None
    scores = pool(convolution(x))
    for layer in [*behind, layers.Softmax()]:
        scores = layer(scores)
    found = [np.full((1, *SIZE), end, "float32") for end in ends]
    if inside is not None:
        found = [keras.ops.convert_to_numpy(inside(end)) for end in found]
    black, white = (float(end.mean()) for end in found)
    # Bright pictures have 150 to 250, dark ones 0 to 100.
    gain, middle = 8 / (white - black), (black + white) / 2
    convolution.set_weights(
        [
            np.array([[[[gain, -gain]] * 3]]) / 3,
            np.array([-gain, gain]) * middle,
        ]
    )
    return keras.Model(image, scores)


def saved(model, folder):
    (folder / "labels.txt").write_text("\n".join(CLASSES))
    model.save(folder / "model.keras")
    return folder / "model.keras"


def keras_says(model, images, labels):
    model.compile(metrics=["accuracy"], loss="sparse_categorical_crossentropy")
    return model.evaluate(images, labels, verbose=0, return_dict=True)[
        "accuracy"
    ]


def nested(image):
    inner = keras.Sequential(
        [keras.Input(SIZE), layers.Rescaling(1 / 127.5, -1)]
    )
    return inner(image)


def adapted(image):
    return layers.Normalization(mean=[127.0] * 3, variance=[3600.0] * 3)(image)


FRONTS = {
    "tf mode": peers.mobilenet_v2.preprocess_input,
    "caffe mode": peers.vgg16.preprocess_input,
    "torch mode": peers.densenet.preprocess_input,
    "adapted": adapted,
    "nested": nested,
}


@pytest.mark.parametrize("front", FRONTS.values(), ids=FRONTS)
def test_evaluate_reads_what_keras_reads(front, shades, arrays, tmp_path):
    model = network(front)
    assert keras_says(model, *arrays) == 1
    found = pipelines.evaluate(saved(model, tmp_path), shades)
    assert found.accuracy == 1 and found.images == 12


def test_evaluate_reads_what_keras_reads_over_time(shades, arrays, tmp_path):
    image = keras.Input(SIZE)
    inner = network(FRONTS["tf mode"])
    steps = layers.Reshape((1, *SIZE))(image)
    scores = layers.Flatten()(layers.TimeDistributed(inner)(steps))
    model = keras.Model(image, scores)
    assert keras_says(model, *arrays) == 1
    assert pipelines.evaluate(saved(model, tmp_path), shades).accuracy == 1


@pytest.mark.parametrize(
    "ends, behind",
    [((-1, 1), [layers.Rescaling(1 / 2)]), ((0, 1), [])],
    ids=["rescaled scores", "nothing"],
)
def test_a_range_that_the_graph_does_not_show_is_asked_for(
    ends, behind, shades, arrays, tmp_path
):
    model = network(lambda x: x, ends, behind)
    pixels, labels = arrays
    mean, std = normalization_of_range(*ends)
    assert keras_says(model, (pixels - mean) / std, labels) == 1
    path = saved(model, tmp_path)
    for job in (
        lambda: pipelines.evaluate(path, shades),
        lambda: pipelines.predict(path, shades / "dark" / "0.png"),
        lambda: pipelines.quantize(path, shades),
    ):
        with pytest.raises(ValueError, match="must show in its graph.*normali"):
            job()
    pair = {"normalization": (mean, std)}
    assert pipelines.evaluate(path, shades, **pair).accuracy == 1
    (found,) = pipelines.predict(path, shades / "dark" / "0.png", **pair)
    assert found.labels[0] == "dark"


def test_the_command_takes_the_range(shades, tmp_path, capsys):
    path = saved(network(lambda x: x, (-1, 1)), tmp_path)
    arguments = ["evaluate", str(path), str(shades)]
    assert cli.main(arguments) == 2
    assert "--input-range -1 1" in capsys.readouterr().err
    assert cli.main([*arguments, "--input-range", "-1", "1"]) == 0
    assert "accuracy 100.00%" in capsys.readouterr().out
    picture = str(shades / "bright" / "0.png")
    arguments = ["predict", str(path), picture, "--input-range", "-1", "1"]
    assert cli.main([*arguments, "--top=1"]) == 0
    assert "0.png: bright" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.main([*arguments[:-2], "1", "-1"])
    assert "the smaller number first" in capsys.readouterr().err


def test_a_file_has_the_range_of_the_graph(shades, tmp_path):
    path = saved(network(FRONTS["tf mode"]), tmp_path)
    file = pipelines.export(path)
    found = metadata.read(file.path)
    assert (found.mean, found.std) == (0, 1)
    assert pipelines.evaluate(file.path, shades).accuracy == 1
    # What the user passes goes before what the file says.
    other = {"normalization": (127.5, 127.5)}
    assert pipelines.evaluate(file.path, shades, **other).accuracy == 0.5


def test_a_file_whose_range_is_assumed_comes_with_a_warning(shades, tmp_path):
    path = saved(network(lambda x: x, (0, 255)), tmp_path)
    with pytest.warns(UserWarning, match=r"\[-1, 1\] is assumed.*--input-rang"):
        file = pipelines.export(path)
    found = metadata.read(file.path)
    assert (found.mean, found.std) == (127.5, 127.5)
    file = pipelines.export(path, normalization=(0, 1))
    assert pipelines.evaluate(file.path, shades).accuracy == 1


def test_images_are_held_against_the_range(arrays, tmp_path):
    model = network(lambda x: x, (0, 255))
    pixels, _ = arrays
    path = tmp_path / "model.tflite"
    for options in (
        {"images": pixels},
        {"images": pixels / 255},
        {"quantize": "int8", "representative_data": pixels},
        {"quantize": "int8", "representative_data": pixels / 255},
    ):
        with pytest.raises(ValueError, match=r"in \[-1, 1\].*normalization="):
            export.to_tflite(model, path, **options)
    assert not path.exists()
    # Numbers below zero confirm the assumption, without a warning.
    signed = pixels / 127.5 - 1
    export.to_tflite(network(lambda x: x, (-1, 1)), path, images=signed, runs=1)
    assert metadata.read(path)[2:4] == (127.5, 127.5)


@pytest.mark.parametrize(
    "front, ends, options",
    [
        (FRONTS["tf mode"], (0, 255), {}),
        (lambda x: x, (-1, 1), {"normalization": (127.5, 127.5)}),
    ],
    ids=["found", "passed"],
)
def test_any_known_range_becomes_integers(
    front, ends, options, shades, tmp_path
):
    path = saved(network(front, ends), tmp_path)
    found = pipelines.quantize(path, shades, **options)
    assert found.agreement == 1
    assert [each.tflite_accuracy for each in found.variants] == [1, 1]
    assert pipelines.evaluate(found.output, shades).accuracy == 1
    with pytest.raises(ValueError, match="one of integers takes pixels as"):
        pipelines.evaluate(found.output, shades, normalization=(0, 1))


@with_tfmot
def test_training_for_integers_asks_for_a_range(arrays):
    from keras_papers import quantization

    model = network(lambda x: x, (0, 255))
    pixels, _ = arrays
    with pytest.raises(ValueError, match=r"quantize_aware\(..., input_range="):
        quantization.quantize_aware(model, pixels)
    with pytest.warns(UserWarning, match=r"\[-1, 1\] is assumed.*input_range="):
        aware = quantization.quantize_aware(model)
    with pytest.raises(ValueError, match="`data` must hold.*input_range="):
        quantization.fine_tune(aware, (pixels, np.eye(2)[[0] * 12]))
    quantization.quantize_aware(model, pixels, input_range=(0, 255))
    quantization.quantize_aware(network(FRONTS["tf mode"]), pixels)


def test_a_pair_that_is_no_normalization_is_refused(shades, tmp_path):
    path = saved(network(FRONTS["tf mode"]), tmp_path)
    for pair in (127.5, (0, 0), (0, float("nan")), ("a", 1)):
        for job in (
            lambda pair: pipelines.evaluate(path, shades, normalization=pair),
            lambda pair: pipelines.quantize(path, shades, normalization=pair),
            lambda pair: pipelines.export(path, normalization=pair),
        ):
            with pytest.raises(ValueError, match="`normalization`.*Received"):
                job(pair)
