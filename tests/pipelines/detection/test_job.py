"""A folder of pictures and boxes to a detector, files and a report."""

import csv
import io
import json
import os
import re
import shutil
import zipfile

import h5py
import keras
import numpy as np
import pytest

import keras_papers.cli.main as cli
from keras_papers import export, pipelines
from keras_papers.applications import SSDLiteMobileNetV3Small
from keras_papers.export import metadata
from keras_papers.files.figures_json import to_json
from keras_papers.metrics import AveragePrecision
from keras_papers.pipelines.answered.job import build, fit
from keras_papers.pipelines.answered.verdict import of_training
from keras_papers.pipelines.data.answered_set import AnsweredSet
from keras_papers.pipelines.data.boxes.box_folder import (
    load_boxes,
    load_test_boxes,
)
from keras_papers.pipelines.data.pictures import read_picture
from keras_papers.pipelines.data.scenes import load_scenes
from keras_papers.pipelines.detection import measures
from keras_papers.pipelines.detection.detector_file import (
    open_detector,
)
from keras_papers.pipelines.detection.options import DetectOptions
from keras_papers.pipelines.detection.task import DETECTION
from keras_papers.pipelines.models.classifier_file import open_classifier
from keras_papers.pipelines.segmentation.segmenter_file import open_segmenter
from keras_papers.pipelines.training.training_folder import StateFolder
from keras_papers.shapes_only import shapes_only
from tests.support.box_files import voc_text
from tests.support.html import parse
from tests.support.killing import KillAtWrite
from tests.support.scene_folders import write_boxes

CLASSES = ["circle", "square", "triangle"]


def history(folder):
    """Returns the figures of the epochs of a training."""
    with open(folder / "history.csv", newline="") as table:
        return list(csv.DictReader(table))


def test_the_files_are_there_and_nothing_else(detected):
    _, output = detected
    assert sorted(path.name for path in output.iterdir()) == [
        *("history.csv", "labels.txt", "model.keras", "model.tflite"),
        *("report.html", "report.json", "split.json"),
    ]
    assert (output / "labels.txt").read_text().split() == CLASSES
    assert [row["epoch"] for row in history(output)] == ["1", "2"]
    with zipfile.ZipFile(output / "model.keras") as archive:
        weights = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(weights) as file:
        assert "optimizer" not in file  # it would triple the size


def test_the_report_holds_the_figures(detected):
    report, output = detected
    figures = json.loads((output / "report.json").read_text())
    assert figures == json.loads(to_json(report))
    assert [each["name"] for each in figures["classes"]] == CLASSES
    assert figures["train_images"] == 14 and figures["test_images"] == 4
    assert figures["boxes"] == "Pascal VOC XML"
    for text in ("AP50, mean boxes", "triangle", "model.tflite"):
        assert text in str(report)


def test_the_precision_is_that_of_held_out_pictures(detected, shapes):
    """Read again by hand: predictions scaled from 64 to 96 pixels."""
    report, output = detected
    model = keras.saving.load_model(output / "model.keras")
    test = load_boxes(shapes, 0).images.test
    metric = AveragePrecision(CLASSES)
    for file, answer in zip(test.files, test.answers, strict=True):
        pixels = read_picture(file, (64, 64))[None].astype("float32")
        found = model.predict(pixels, verbose=0)
        metric.update_state(
            {"boxes": answer.boxes[None], "classes": answer.classes[None]},
            {**found, "boxes": found["boxes"] * 1.5},
        )
    assert report.ap == pytest.approx(metric.result().ap)
    assert report.ap50 == pytest.approx(metric.result().ap50)
    objects = sum(len(answer.boxes) for answer in test.answers)
    assert sum(each.objects for each in report.classes) == objects


def test_the_files_for_phones_have_labels_and_anchors(detected):
    report, output = detected
    assert [each.file for each in report.files] == ["model.tflite"]
    description = metadata.read(output / "model.tflite")
    assert list(description.labels) == CLASSES
    model = keras.saving.load_model(output / "model.keras")
    assert len(description.decoding.anchors) == len(model.anchors)


def test_a_file_finds_the_boxes_of_the_keras_model(detected, shapes):
    """Not their average precision, which is near 0 after so few steps."""
    _, output = detected
    images = load_boxes(shapes, 0).images.test
    pixels = np.stack([read_picture(file, (64, 64)) for file in images.files])
    wanted, found = (
        open_detector(output / name).find(pixels.astype("float32"))
        for name in ("model.keras", "model.tflite")
    )
    counts = np.minimum(wanted["counts"], 20)  # later ones may change places
    assert counts.min() > 5
    for image, count in enumerate(counts):
        for name, tolerance in (("scores", 1e-4), ("boxes", 0.05)):
            np.testing.assert_allclose(
                found[name][image, :count],
                wanted[name][image, :count],
                atol=tolerance,
            )


def test_the_classes_of_a_file_without_labels_have_numbers(detected, tmp_path):
    _, output = detected
    model = keras.saving.load_model(output / "model.keras")
    path = tmp_path / "plain.tflite"
    export.to_tflite(model, path)
    assert open_detector(path).labels == ("class 0", "class 1", "class 2")
    task = export.ObjectDetection.of(model, choose_boxes=True)
    export.to_tflite(model, path, task=task)
    with pytest.raises(ValueError, match="names of its classes"):
        open_detector(path)


@pytest.mark.parametrize("open_other", [open_segmenter, open_classifier])
@pytest.mark.parametrize("name", ["model.keras", "model.tflite"])
def test_a_detector_is_a_model_of_another_job(open_other, name, detected):
    _, output = detected
    with pytest.raises(ValueError, match="of a detector. Use .* detect for it"):
        open_other(output / name)


def test_a_network_of_one_width_is_trained_without_a_width():
    with shapes_only():
        network = build(
            DetectOptions(model="SSD300VGG16", image_size=300), classes=2
        )
    assert network.classes == 2
    options = DetectOptions(model="SSD300VGG16", alpha=0.5)
    with pytest.raises(ValueError, match="alpha=0.5, and SSD300VGG16 has one"):
        build(options, classes=2)


@pytest.mark.slow
def test_a_killed_training_continues_after_its_last_epoch(tmp_path):
    sizes = {"train": 8, "validation": 4, "test": 1}
    images = load_scenes(64, 0, "boxes", "shapes", sizes)
    answers = AnsweredSet(images, "drawn scenes")
    options = DetectOptions(
        image_size=64, epochs=2, batch_size=4, augment="photo", verbose=0
    )
    folder = StateFolder(tmp_path)

    def train():
        keras.utils.set_random_seed(0)
        network = SSDLiteMobileNetV3Small((64, 64, 3), 0.25, 3)
        return fit(DETECTION, network, answers, folder, options)[0]

    # The history and the state of the first epoch, and then the next.
    kill = KillAtWrite(2, after=True)
    with kill.process():
        train()
    assert kill.happened
    assert [each.name for each in tmp_path.glob("all-*")] == ["all-000001.npz"]
    first, _ = json.loads((tmp_path / "history.json").read_text())
    again = train()
    assert len(again.history) == 2 and again.history[0] == first


def test_the_page_shows_pictures_and_curves_and_loads_nothing(detected):
    report, output = detected
    html = (output / "report.html").read_text()
    page = parse(html)
    sections = {e["aria-labelledby"]: e for e in page.all("section")}
    assert [*sections] == [
        *("figures", "verdict", "pictures", "worst", "classes"),
        *("precision", "curves", "files"),
    ]
    for name in ("pictures", "worst"):
        images = [*sections[name].all("img")]
        assert len(images) == 2 * report.test_images
    there = [each for each in report.classes if each.objects]
    assert len([*sections["precision"].all("svg")]) == len(there)
    assert not re.search(r"(src|href)=\"(?!data:|#)|url\((?!#)|<script", html)
    names = re.findall(r' id="([^"]+)"', html)
    assert len(names) == len(set(names))


def test_boxes_of_pictures_lie_in_a_table_and_on_the_pictures(
    detected, shapes, tmp_path
):
    _, output = detected
    found = pipelines.predict_boxes(
        output / "model.tflite",
        shapes / "JPEGImages",
        output=tmp_path / "out",
        threshold=0.0,
    )
    assert len(found) == 20 and found.skipped == ()
    first = found[0]
    scores = [box.score for box in first.boxes]
    assert scores and scores == sorted(scores, reverse=True)
    assert {box.label for box in first.boxes} <= set(CLASSES)
    corners = np.array([box.box for box in first.boxes])
    assert corners.min() >= 0 and corners.max() <= 96
    with open(tmp_path / "out" / "boxes.csv", newline="") as table:
        rows = list(csv.DictReader(table))
    assert len(rows) == sum(len(each.boxes) for each in found)
    assert rows[0]["file"] == first.file
    assert float(rows[0]["score"]) == pytest.approx(scores[0], abs=1e-4)
    assert read_picture(first.drawn).shape == (96, 96, 3)
    certain = pipelines.predict_boxes(
        output / "model.tflite",
        shapes / "JPEGImages" / "s0.png",
        output=tmp_path / "out",
        threshold=1.0,
    )
    assert str(certain[0]).endswith(
        f"s0.png: nothing found: the best score, {scores[0]:.1%}, is below "
        "100.0%"
    )
    assert str(certain[0]._replace(best_score=None)).endswith(": nothing found")


def test_an_evaluation_leaves_out_what_was_trained_on(detected, shapes):
    report, output = detected
    for file in ("model.keras", "model.tflite"):
        found = pipelines.evaluate_detector(output / file, shapes)
        assert found.pictures == 4
        assert found.ap50 == pytest.approx(report.ap50, abs=0.02)
    assert "without 14 that it was trained on and 2" in str(found)
    assert [each.name for each in found.classes] == CLASSES


def test_an_evaluation_takes_the_part_to_test_on_without_a_list(
    detected, tmp_path
):
    """Measured again on the pictures of that part alone."""
    _, output = detected
    model = shutil.copy(output / "model.tflite", tmp_path)
    for seed, (part, number) in enumerate([("train", 6), ("test", 2)]):
        write_boxes(tmp_path / "set" / part, number, 96, seed)
    with pytest.warns(UserWarning, match=r"no split\.json beside"):
        found = pipelines.evaluate_detector(model, tmp_path / "set")
    part = load_test_boxes(tmp_path / "set" / "test", CLASSES)
    again = measures.measure(open_detector(model), part).metric.result()
    assert found.pictures == 2 and found.seen is None
    assert (found.ap, found.ap50) == (again.ap, again.ap50)


def test_other_classes_than_the_models_are_refused(detected, shapes, tmp_path):
    _, output = detected
    (tmp_path / "a.png").write_bytes(
        (shapes / "JPEGImages" / "s0.png").read_bytes()
    )
    text = voc_text([("cow", (1, 1, 20, 20))], (96, 96))
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(ValueError, match="known to the model.*a.xml.*'cow'"):
        pipelines.evaluate_detector(output / "model.tflite", tmp_path)


@pytest.mark.slow
def test_int8_is_measured_beside_the_floats_and_may_choose_boxes(
    detected, shapes, tmp_path
):
    report, output = detected
    path = tmp_path / "small.tflite"
    made = pipelines.export_detector(
        output / "model.keras",
        output=path,
        quantize="int8",
        choose_boxes=True,
        max_drop=0.9,
    )
    assert made.images == 4 and made.ap50 == pytest.approx(report.ap50)
    assert "in the file, on 4 held-out pictures" in str(made)
    images = np.full((1, 64, 64, 3), 120, "uint8")
    assert len(export.predict(path, images)) == 4
    test = load_boxes(shapes, 0).images.test
    again = measures.measure(open_detector(path), test).metric.result()
    assert made.tflite_ap50 == again.ap50


def test_weak_classes_and_worse_files_are_named(detected):
    report, output = detected
    options = DetectOptions(output=str(output))

    def findings(**changes):
        changed = report._replace(**changes)
        found = of_training(
            DETECTION, changed, options, lambda **new: f"again {new}"
        )
        return {each.about: each for each in found}

    strong = [each._replace(ap50=0.9) for each in report.classes]
    good = {"ap50": 0.9, "guessed_ap50": 0.2, "classes": strong}
    good |= {"test_images": 100, "files": []}
    assert [*findings(**good)] == ["no fault found"]
    weak = [strong[0], strong[1]._replace(ap50=0.1), strong[2]]
    weak = findings(**{**good, "classes": weak})["weak classes"]
    assert "square 10%" in weak.text
    guessed = findings(**{**good, "ap50": 0.1})["guessing"]
    assert guessed.command == "again {'epochs': 120}"
    worse = report.files[0]._replace(ap50=0.8)
    worse = findings(**{**good, "files": [worse]})["worse file"]
    assert "10.0% lower" in worse.text
    collapsed = report.files[0]._replace(file="model.qat.tflite", ap50=0.7)
    collapsed = findings(**{**good, "files": [collapsed]})["worse file"]
    assert "20.0% lower, too much to use it" in collapsed.text
    assert collapsed.command == "again {'epochs': 120}"
    fewer = report.files[0]._replace(ap50=0.9, phone_ap50=0.7)
    fewer = findings(**{**good, "files": [fewer], "output": "my out"})
    assert "20.0% lower" in fewer["on phones"].text
    assert fewer["on phones"].command == (
        "keras-papers detect export 'my out/model.keras' --choose-boxes"
    )


def fails(capsys, *arguments):
    assert cli.main(["detect", *map(str, arguments)]) == 2
    printed = capsys.readouterr()
    assert not printed.out
    (line,) = printed.err.strip().splitlines()
    assert line.startswith("keras-papers: ")
    return line


def test_a_mistake_is_one_sentence(detected, shapes, tmp_path, capsys):
    _, output = detected
    line = fails(capsys, "train", tmp_path / "none")
    assert "which is no folder" in line
    line = fails(capsys, "train", shapes, "--model", "MobileNetV2")
    assert "the name of a detector" in line
    line = fails(capsys, "train", shapes, "--output", output)
    assert "without a finished training" in line
    new = tmp_path / "new"
    line = fails(capsys, "train", shapes, "--max-objects", 1, "--output", new)
    assert "max_objects=1, and" in line and ".png' has" in line
    assert not new.exists()
    line = fails(capsys, "train", shapes, "--image-size", 8)
    assert "image_size=8. Try 320, or 160 for the scenes." in line
    model = output / "model.tflite"
    line = fails(capsys, "predict", model, shapes, "--threshold", "1.5")
    assert "must lie in [0, 1]" in line
    line = fails(capsys, "evaluate", model, tmp_path)
    assert "there is no such file of boxes" in line
    assert not os.path.exists(tmp_path / "boxes")


def test_the_verbs_end_with_a_line(detected, shapes, tmp_path, capsys):
    _, output = detected
    model = str(output / "model.tflite")
    assert cli.main(["detect", "evaluate", model, str(shapes)]) == 0
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.startswith("AP50 ")
    picture = str(shapes / "JPEGImages" / "s0.png")
    arguments = ["detect", "predict", model, picture]
    assert cli.main([*arguments, "--output", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{picture}: ") and "in 1 picture" in out
