"""to_tflite: what the file holds, what is checked, what is left behind."""

import concurrent.futures
import os
import zipfile

import keras
import numpy as np
import pytest

from keras_papers import applications, export, layers
from keras_papers.export import latency_process, verification
from keras_papers.export.conversion import ConversionError
from keras_papers.export.interpreter import VerificationError
from tests.support.answers import answers, perturb, random_images, spread
from tests.support.models import (
    INCEPTIONS,
    OF_ONE_SIZE,
    ONE_OF_EACH_THE_REST_SLOW,
    build,
)

pytestmark = pytest.mark.tensorflow

# XNNPACK has no pooling of 1 x 1, which keeps each second pixel.
SUBSAMPLING = ("ResNet20", "ResNet50V2")
LABELS = ["cat", "dog", "hen"]


@pytest.fixture(scope="module")
def model():
    return perturb(
        applications.MobileNetV3Small((64, 64, 3), alpha=0.35, classes=3)
    )


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "model.tflite"
    return export.to_tflite(model, path, labels=LABELS)


def test_the_result_describes_the_file(exported, model):
    assert exported.bytes == exported.path.stat().st_size
    assert exported.partitions == 1
    assert exported.parity <= 1e-4
    assert 0 < exported.latency_ms < 1000
    assert exported.ops["HARD_SWISH"] == 19
    assert exported.ops["SOFTMAX"] == 1
    assert "PAD" not in exported.ops
    line = str(exported)
    assert "\n" not in line
    for part in ("model.tflite", "MB", "1 XNNPACK partition", "parity", " ms"):
        assert part in line


def test_the_file_answers_as_the_model(exported, model):
    images = random_images(6, 64, 64, 3, low=0, high=255)
    expected = answers(model, images)
    assert spread(expected) > 0.02
    found = export.predict(exported.path, images)
    assert np.abs(found - expected).max() <= 1e-4 * spread(expected)


def test_the_signature_has_names(exported):
    from ai_edge_litert.interpreter import Interpreter

    signatures = Interpreter(str(exported.path)).get_signature_list()
    assert signatures == {
        "serving_default": {"inputs": ["image"], "outputs": ["scores"]}
    }


def test_the_labels_are_inside_the_file(exported):
    with zipfile.ZipFile(exported.path) as archive:
        assert archive.read("labels.txt").decode().split("\n") == LABELS


@pytest.mark.parametrize(
    "name",
    # ResNet20 has no convolution in a shortcut.
    [
        *ONE_OF_EACH_THE_REST_SLOW,
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("ResNet50", *INCEPTIONS)
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:.*leaves out . MAX_POOL_2D:UserWarning")
def test_every_model_exports_in_one_partition(name, tmp_path):
    inside = {}
    if name in (*OF_ONE_SIZE, *SUBSAMPLING):  # whose pixels are not found
        inside = {"include_preprocessing": True}
    if name in INCEPTIONS:
        inside = {"depth": 0.1, "include_preprocessing": True}
    model = perturb(build(name, alpha=0.35, classes=3, **inside))
    found = export.to_tflite(model, tmp_path / "model.tflite")
    assert (found.partitions == 1) == (name not in SUBSAMPLING)
    assert set(found.not_delegated) <= {"MAX_POOL_2D"}


def test_float16_halves_the_file(exported, model, tmp_path):
    half = export.to_tflite(model, tmp_path / "half.tflite", quantize="float16")
    assert 0.45 < half.bytes / exported.bytes < 0.6  # the graph stays
    assert 0 < half.parity <= 2e-2


def test_nothing_is_printed(model, tmp_path, capfd):
    export.to_tflite(model, tmp_path / "model.tflite", runs=1)
    assert capfd.readouterr().out == ""


def test_an_open_size_is_closed(tmp_path):
    model = applications.MobileNet((None, None, 3), alpha=0.25, classes=3)
    with pytest.raises(ValueError, match="`input_shape`.*fixed graph"):
        export.to_tflite(model, tmp_path / "model.tflite")
    export.to_tflite(model, tmp_path / "model.tflite", input_shape=(48, 64, 3))
    images = random_images(1, 48, 64, 3)
    found = export.predict(tmp_path / "model.tflite", images)
    np.testing.assert_allclose(found, answers(model, images), atol=1e-5)


def test_layers_of_the_users_own_graph_export(tmp_path):
    images = keras.Input((32, 32, 1))
    x = layers.DepthwiseSeparable(4, strides=2)(images)
    x = layers.SqueezeExcite(2)(layers.HSwish()(x))
    scores = keras.layers.Dense(2)(keras.layers.Flatten()(x))
    model = perturb(keras.Model(images, scores))
    found = export.to_tflite(model, tmp_path / "own.tflite")
    assert found.parity <= 1e-4


def test_predict_refuses_another_size(exported):
    with pytest.raises(ValueError, match=r"`images`.*\(64, 64, 3\).*32"):
        export.predict(exported.path, random_images(1, 32, 32, 3))


def test_a_file_that_fails_is_not_left_and_the_one_before_survives(
    model, tmp_path, monkeypatch
):
    path = tmp_path / "model.tflite"
    path.write_bytes(b"from before")
    monkeypatch.setitem(verification.PARITY, None, -1.0)
    with pytest.raises(VerificationError, match="answers otherwise"):
        export.to_tflite(model, path)
    assert path.read_bytes() == b"from before"
    assert os.listdir(tmp_path) == ["model.tflite"]


def test_a_link_at_the_path_stays_a_link(model, tmp_path):
    (tmp_path / "shelf").mkdir()
    link = tmp_path / "model.tflite"
    link.symlink_to(tmp_path / "shelf" / "version2.tflite")
    found = export.to_tflite(model, link, runs=1)
    assert link.is_symlink() and found.path == link
    assert os.listdir(tmp_path / "shelf") == ["version2.tflite"]


def test_a_file_that_takes_too_long_is_stopped(model, tmp_path, monkeypatch):
    monkeypatch.setattr(latency_process, "PATIENCE", 0.01)
    with pytest.raises(VerificationError, match="50 runs did not end"):
        export.to_tflite(model, tmp_path / "model.tflite")
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"path": "model.tfl"}, "`path`.*'.tflite'"),
        ({"path": "no/such/folder/model.tflite"}, "folder that exists"),
        ({"quantize": "flaot16"}, "`quantize`.*mean 'float16'"),
        ({"labels": ["cat", "dog"]}, "`labels`.*2.*3 classes"),
        ({"labels": "cat"}, "`labels`.*one string for each"),
        ({"labels": 3}, "`labels`.*labels=3"),
        ({"path": None}, "`path`.*path=None"),
        ({"path": "/proc/model.tflite"}, "`path`.*written to.*/proc"),
        ({"labels": ["cat", "cat", "dog"]}, "`labels`.*name of its own"),
        ({"labels": ["cat", "dog\n", "hen"]}, "`labels`.*one line"),
        ({"input_shape": (32, 32, 3)}, r"`input_shape`.*\(64, 64, 3\)"),
        ({"normalization": 127.5}, "`normalization`.*=127.5"),
        ({"normalization": (0, 0)}, "`normalization`.*above 0"),
        ({"threads": 0}, "`threads`.*threads=0"),
        ({"runs": 0}, "`runs`.*runs=0"),
    ],
)
def test_bad_arguments_are_explained(model, arguments, message, tmp_path):
    arguments = {"path": tmp_path / "model.tflite", **arguments}
    with pytest.raises(ValueError, match=message):
        export.to_tflite(model, **arguments)
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize(
    "model",
    [
        keras.Sequential([keras.layers.Dense(2)]),
        keras.layers.Dense(2),
    ],
)
def test_a_model_that_is_not_built_is_refused(model, tmp_path):
    with pytest.raises(ValueError, match="`model`.*one input.*Received"):
        export.to_tflite(model, tmp_path / "model.tflite")


def test_a_dict_of_one_output_keeps_its_name(model, tmp_path):
    maps = applications.feature_extractor(model, strides=(8,))
    file = export.to_tflite(maps, tmp_path / "maps.tflite", runs=1)
    (name,) = maps.output
    assert list(file.parities) == [str(name)]
    images = random_images(2, 64, 64, 3, low=0, high=255)
    expected = np.asarray(maps(images)[name])
    assert spread(expected) > 0.02
    np.testing.assert_allclose(
        export.predict(file.path, images), expected, atol=1e-4
    )


def test_what_the_converter_refuses_is_explained(tmp_path):
    image = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.ops.erfinv(image))
    model, path = keras.Model(image, x), tmp_path / "model.tflite"
    with pytest.raises(ConversionError, match="`model`.*Erfinv.*Replace"):
        export.to_tflite(model, path, normalization=(127.5, 127.5))
    assert not os.listdir(tmp_path)


@pytest.mark.slow
def test_exports_side_by_side_leave_the_streams_alone(model, tmp_path, capfd):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        paths = [tmp_path / "one.tflite", tmp_path / "two.tflite"]
        found = list(
            pool.map(lambda path: export.to_tflite(model, path, runs=1), paths)
        )
    assert [file.path for file in found] == paths
    print("still here")
    assert capfd.readouterr().out == "still here\n"


def test_a_failure_names_the_path_that_was_asked_for(
    model, tmp_path, monkeypatch
):
    monkeypatch.setitem(verification.PARITY, None, -1.0)
    with pytest.raises(VerificationError) as failed:
        export.to_tflite(model, tmp_path / "model.tflite", runs=1)
    assert str(failed.value).startswith(str(tmp_path / "model.tflite"))
