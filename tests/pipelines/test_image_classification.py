"""The main job on few images: every file, every figure, every mistake."""

import csv
import hashlib
import json

import keras
import numpy as np
import pytest

from keras_papers import export, pipelines
from keras_papers.applications import MobileNet
from keras_papers.export import metadata
from keras_papers.pipelines.images import load_folder
from keras_papers.pipelines.pictures import read_picture
from tests.pipelines.conftest import QUICK, paint

pytestmark = pytest.mark.tensorflow


def weights(output):
    return keras.saving.load_model(output / "model.keras").get_weights()


def test_the_files_are_there_and_nothing_else(trained):
    _, output = trained
    assert sorted(path.name for path in output.iterdir()) == [
        "history.csv",
        "labels.txt",
        "metadata.json",
        "model.keras",
        "model.tflite",
        "report.html",
        "report.json",
    ]
    assert (output / "labels.txt").read_text() == "bright\ndark\n"
    assert "MobileNet" in (output / "report.html").read_text()


def test_the_report_holds_the_figures(trained):
    report, output = trained
    figures = json.loads((output / "report.json").read_text())
    assert figures == report._asdict()
    assert all(figure is not None for figure in figures.values())
    assert figures["bytes"] == (output / "model.tflite").stat().st_size
    assert figures["train_images"] == 14 and figures["test_images"] == 4
    for text in ("accuracy, Keras", "multiply-adds", "model.tflite"):
        assert text in str(report)


def test_the_metadata_tells_what_an_app_must_know(trained):
    _, output = trained
    facts = json.loads((output / "metadata.json").read_text())
    assert facts["input"]["shape"] == [1, 32, 32, 3]
    assert (facts["input"]["mean"], facts["input"]["std"]) == (0.0, 1.0)
    assert facts["output"]["labels"] == ["bright", "dark"]
    for name, digest in facts["sha256"].items():
        data = (output / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest
    assert facts["versions"]["keras"] == keras.__version__
    assert metadata.read(output / "model.tflite").labels == ("bright", "dark")


def test_the_history_has_a_row_for_each_epoch(trained):
    _, output = trained
    with open(output / "history.csv", newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert all(float(row["val_loss"]) > 0 for row in rows)


def test_model_and_file_answer_the_same(trained, photos):
    report, output = trained
    model = keras.saving.load_model(output / "model.keras")
    test = load_folder(photos, seed=0).test
    pixels = np.stack([read_picture(file, (32, 32)) for file in test.files])
    scores = model.predict(pixels.astype("float32"), verbose=0)
    found = export.predict(output / "model.tflite", pixels)
    np.testing.assert_allclose(found, scores, atol=1e-4)
    accuracy = np.mean(scores.argmax(axis=1) == test.labels)
    assert report.accuracy == report.tflite_accuracy == accuracy


@pytest.mark.slow
def test_a_seed_gives_the_same_model_twice(trained, photos, tmp_path):
    pipelines.train_image_classifier(photos, output=tmp_path / "a", **QUICK)
    for ours, again in zip(
        weights(trained[1]), weights(tmp_path / "a"), strict=True
    ):
        np.testing.assert_array_equal(ours, again)
    pipelines.train_image_classifier(
        photos, output=tmp_path / "b", **QUICK, seed=1
    )
    assert any(
        (ours != other).any()
        for ours, other in zip(
            weights(trained[1]), weights(tmp_path / "b"), strict=True
        )
    )


def test_a_finished_training_is_not_lost(trained, photos):
    _, output = trained
    before = (output / "model.tflite").read_bytes()
    with pytest.raises(ValueError, match="finished training.*--overwrite"):
        pipelines.train_image_classifier(photos, output=output, **QUICK)
    assert (output / "model.tflite").read_bytes() == before


def test_overwrite_replaces_it(photos, tmp_path):
    quick = {**QUICK, "epochs": 1}
    pipelines.train_image_classifier(photos, output=tmp_path, **quick)
    before = (tmp_path / "model.tflite").read_bytes()
    pipelines.train_image_classifier(
        photos, output=tmp_path, **quick, seed=1, overwrite=True
    )
    assert (tmp_path / "model.tflite").read_bytes() != before


@pytest.mark.slow
def test_average_early_stop_and_class_weights_train(photos, tmp_path):
    report = pipelines.train_image_classifier(
        photos,
        output=tmp_path,
        **{**QUICK, "epochs": 8},
        class_weights=True,
        ema=0.5,
        early_stopping=1,
    )
    assert 2 <= report.epochs < 8
    plain = pipelines.train_image_classifier(
        photos, output=tmp_path / "plain", **{**QUICK, "epochs": 2}
    )
    assert plain.accuracy is not None
    assert any(
        (average != raw).any()
        for average, raw in zip(
            weights(tmp_path), weights(tmp_path / "plain"), strict=True
        )
    )


def test_mixed_precision_ends_in_float32(photos, tmp_path):
    pipelines.train_image_classifier(
        photos,
        output=tmp_path,
        **QUICK,
        mixed_precision=True,
        tensorboard=True,
    )
    assert any((tmp_path / "logs").rglob("events*"))
    model = keras.saving.load_model(tmp_path / "model.keras")
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.slow
def test_given_weights_are_frozen_first(photos, tmp_path):
    start = MobileNet((32, 32, 3), alpha=0.25, classes=2)
    start.save_weights(tmp_path / "start.weights.h5")
    pipelines.train_image_classifier(
        photos,
        output=tmp_path / "out",
        **{**QUICK, "epochs": 5},
        weights=tmp_path / "start.weights.h5",
    )
    with open(tmp_path / "out" / "history.csv", newline="") as table:
        rates = [float(row["learning_rate"]) for row in csv.DictReader(table)]
    assert len(rates) == 5
    assert max(rates[1:]) <= 4e-4 < 1e-3  # fine-tuning, at a tenth


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
        ({"ema": 1}, "`ema`.*ema=1"),
        ({"early_stopping": 0}, "`early_stopping`.*early_stopping=0"),
        ({"weights": "no.h5"}, "`weights`.*'no.h5'.*Check the path"),
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
            **{"output": tmp_path / "out", **QUICK, **arguments}
        )
    assert not list(tmp_path.iterdir())


def test_the_output_is_not_taken_for_a_class(photos):
    with pytest.raises(ValueError, match="`output`.*inside `data`"):
        pipelines.train_image_classifier(
            photos, output=photos / "output", **QUICK
        )
    assert sorted(path.name for path in photos.iterdir()) == ["bright", "dark"]


def test_folders_of_train_val_and_test_are_used_as_such(tmp_path):
    for seed, split in enumerate(("train", "val", "test")):
        paint(tmp_path / "data" / split, ["a", "b"], 4, seed)
    report = pipelines.train_image_classifier(
        tmp_path / "data", output=tmp_path / "out", **{**QUICK, "epochs": 1}
    )
    assert (report.train_images, report.test_images) == (8, 8)
