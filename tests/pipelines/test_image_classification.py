"""The main job on few images: every file, every figure, every mistake."""

import json
import shutil

import keras
import numpy as np
import pytest
from PIL import Image

from keras_papers import export, pipelines
from keras_papers.pipelines.images import load_digits, load_folder

pytestmark = pytest.mark.tensorflow

QUICK = {"image_size": 32, "epochs": 1, "alpha": 0.35, "verbose": 0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two classes of ten pictures each, dark and bright."""
    folder = tmp_path_factory.mktemp("photos")
    generator = np.random.default_rng(0)
    for name, low in (("dark", 0), ("bright", 150)):
        (folder / name).mkdir()
        for index in range(10):
            pixels = generator.integers(low, low + 100, (40, 50, 3), "uint8")
            Image.fromarray(pixels).save(folder / name / f"{index}.png")
    return folder


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    output = tmp_path_factory.mktemp("output") / "new" / "folder"
    report = pipelines.train_image_classifier(
        folder, output=output, batch_size=8, **QUICK
    )
    return report, output


def test_the_files_are_there_and_nothing_else(trained):
    _, output = trained
    assert sorted(path.name for path in output.iterdir()) == [
        "labels.txt",
        "model.keras",
        "model.tflite",
        "report.json",
    ]
    assert (output / "labels.txt").read_text() == "bright\ndark\n"


def test_the_report_holds_the_figures(trained):
    report, output = trained
    figures = json.loads((output / "report.json").read_text())
    assert figures == report._asdict()
    for name in (
        "accuracy",
        "tflite_accuracy",
        "training_seconds",
        "parameters",
        "multiply_adds",
        "bytes",
        "latency_ms",
    ):
        assert figures[name] is not None
    assert figures["bytes"] == (output / "model.tflite").stat().st_size
    assert figures["train_images"] == 16 and figures["test_images"] == 4
    for text in ("accuracy, Keras", "multiply-adds", "model.tflite"):
        assert text in str(report)


def test_model_and_file_answer_the_same(trained, folder):
    report, output = trained
    model = keras.saving.load_model(output / "model.keras")
    test = load_folder(folder, 32, seed=0).test
    scores = model.predict(test, verbose=0)
    found = export.predict(output / "model.tflite", test)
    np.testing.assert_allclose(found, scores, atol=1e-4)
    assert report.accuracy == report.tflite_accuracy


def test_digits_are_split_by_class_and_scaled_to_pixels():
    images = load_digits(32, seed=0)
    assert images.train.shape == (1437, 32, 32, 3)
    assert images.test.shape == (360, 32, 32, 3)
    assert images.train.max() == 255 and images.train.min() == 0
    counts = np.bincount(images.test_labels)
    assert counts.min() >= 34 and counts.max() <= 37
    assert images.names == tuple("0123456789")


def test_the_held_out_photos_are_not_trained_on(folder):
    images = load_folder(folder, 32, seed=0)
    train = {image.tobytes() for image in images.train}
    test = {image.tobytes() for image in images.test}
    assert len(train) == 16 and len(test) == 4
    assert not train & test


@pytest.mark.slow
def test_the_demo_reaches_99_percent(tmp_path):
    report = pipelines.train_image_classifier(output=tmp_path, verbose=0)
    assert report.accuracy >= 0.99
    assert report.tflite_accuracy == report.accuracy


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"data": "no/such/folder"}, "`data`.*no folder"),
        ({"model": "MobilNetV3Small"}, "`model`.*mean 'MobileNetV3Small'"),
        ({"alpha": 0}, "`alpha`.*alpha=0"),
        ({"epochs": 0}, "`epochs`.*epochs=0"),
        ({"image_size": 16}, r"at least 32 x 32.*\(16, 16, 3\)"),
        ({"batch_size": -1}, "`batch_size`.*batch_size=-1"),
        ({"learning_rate": 0}, "`learning_rate`.*learning_rate=0"),
        ({"label_smoothing": 1}, "`label_smoothing`.*label_smoothing=1"),
        ({"seed": -1}, "`seed`.*seed=-1"),
        ({"seed": "0"}, "`seed`.*seed='0'"),
        ({"data": 3}, "`data`.*data=3"),
        ({"output": None}, "`output`.*output=None"),
        ({"output": "/proc/nowhere"}, "`output`.*/proc/nowhere"),
        ({"output": __file__}, "`output`.*Choose a folder"),
    ],
)
def test_bad_arguments_are_explained(arguments, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        pipelines.train_image_classifier(
            **{"output": tmp_path, **QUICK, **arguments}
        )
    assert not list(tmp_path.iterdir())


def test_one_class_is_no_folder_of_classes(folder, tmp_path):
    (tmp_path / "only").mkdir()
    with pytest.raises(ValueError, match="`data`.*two classes.*'only'"):
        load_folder(tmp_path, 32, seed=0)


@pytest.mark.parametrize(
    "pictures", [{"a": 1, "b": 9}, {"a": 0, "b": 0}, {"a": 0, "b": 3}]
)
def test_too_few_pictures_are_refused(pictures, tmp_path):
    for name, number in pictures.items():
        (tmp_path / name).mkdir()
        for index in range(number):
            Image.new("RGB", (40, 40)).save(tmp_path / name / f"{index}.png")
    with pytest.raises(ValueError, match="`data`.*(five images|can be read)"):
        load_folder(tmp_path, 32, seed=0)


def test_a_file_that_is_no_picture_is_refused(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "photos")
    (tmp_path / "photos" / "dark" / "broken.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="`data`.*that can be read"):
        load_folder(tmp_path / "photos", 32, seed=0)


def test_a_rare_class_is_held_out_too(tmp_path):
    for name, number in (("often", 48), ("rare", 5)):
        (tmp_path / name).mkdir()
        for index in range(number):
            Image.new("RGB", (40, 40)).save(tmp_path / name / f"{index}.png")
    images = load_folder(tmp_path, 32, seed=0)
    assert np.bincount(images.train_labels).tolist() == [38, 4]
    assert np.bincount(images.test_labels).tolist() == [10, 1]


def test_the_output_is_not_taken_for_a_class(folder):
    with pytest.raises(ValueError, match="`output`.*inside `data`"):
        pipelines.train_image_classifier(
            folder, output=folder / "output", **QUICK
        )
    assert sorted(path.name for path in folder.iterdir()) == ["bright", "dark"]
