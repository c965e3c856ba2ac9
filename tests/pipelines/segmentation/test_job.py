"""A folder of pictures and masks to a segmenter, files and a report."""

import csv
import json
import os
import re
import shutil

import keras
import numpy as np
import pytest
from PIL import Image

import keras_papers.cli.main as cli
from keras_papers import export, pipelines
from keras_papers.export import metadata
from keras_papers.files.figures_json import to_json
from keras_papers.metrics import label_map
from keras_papers.pipelines.answered import job
from keras_papers.pipelines.answered.verdict import of_training
from keras_papers.pipelines.data.masks.mask_folder import (
    load_masks,
    load_test_masks,
)
from keras_papers.pipelines.data.pictures import read_picture
from keras_papers.pipelines.detection.detector_file import open_detector
from keras_papers.pipelines.models.classifier_file import open_classifier
from keras_papers.pipelines.segmentation import measures
from keras_papers.pipelines.segmentation.options import (
    SegmentOptions,
)
from keras_papers.pipelines.segmentation.segmenter_file import (
    open_segmenter,
)
from keras_papers.pipelines.segmentation.task import SEGMENTATION
from tests.support.html import parse
from tests.support.killing import KillAtWrite
from tests.support.scene_folders import write_masks
from tests.support.short_trainings import QUICK_SEGMENTER

CLASSES = ["background", "circle", "square", "triangle"]


def test_the_files_are_there_and_nothing_else(segmented):
    _, output = segmented
    assert sorted(path.name for path in output.iterdir()) == [
        *("history.csv", "labels.txt", "model.int8.tflite", "model.keras"),
        *("model.tflite", "report.html", "report.json", "split.json"),
    ]
    assert (output / "labels.txt").read_text().split() == CLASSES
    assert [row["epoch"] for row in history(output)] == ["1", "2"]
    split = json.loads((output / "split.json").read_text())
    assert len(split["models"]) == 3 and len(split["test"]) == 4


def history(folder):
    """Returns the figures of the epochs of a training."""
    with open(folder / "history.csv", newline="") as table:
        return list(csv.DictReader(table))


def test_the_report_holds_the_figures(segmented):
    report, output = segmented
    figures = json.loads((output / "report.json").read_text())
    assert figures == json.loads(to_json(report))
    assert figures["classes"] == CLASSES and len(figures["ious"]) == 4
    assert figures["train_images"] == 14 and figures["test_images"] == 4
    assert report.run["command"].startswith("keras-papers segment train")
    for text in ("mean IoU, guessed", "triangle", "model.int8.tflite"):
        assert text in str(report)


def test_the_iou_is_that_of_held_out_pictures_at_their_size(segmented, shapes):
    """Measured by Keras' metric and TensorFlow's resizing."""
    tensorflow = pytest.importorskip("tensorflow")
    report, output = segmented
    model = keras.saving.load_model(output / "model.keras")
    masks = load_masks(shapes, 0)
    test = masks.images.test
    metric = keras.metrics.MeanIoU(4)
    right = total = 0
    for file, answer in zip(test.files, test.answers, strict=True):
        pixels = read_picture(file, (64, 64))[None].astype("float32")
        logits = tensorflow.image.resize(model.predict(pixels), (72, 72))
        predicted = np.argmax(logits[0], axis=-1)
        truth = np.asarray(Image.open(answer))
        metric.update_state(truth, predicted)
        right, total = right + np.sum(truth == predicted), total + truth.size
    assert report.mean_iou == pytest.approx(float(metric.result()), abs=1e-6)
    assert report.pixel_accuracy == pytest.approx(right / total)


def test_the_files_for_phones_answer_as_the_model(segmented, shapes):
    report, output = segmented
    assert [each.file for each in report.files] == [
        "model.tflite",
        "model.int8.tflite",
    ]
    assert report.files[0].mean_iou == pytest.approx(report.mean_iou, abs=1e-3)
    description = metadata.read(output / "model.tflite")
    assert list(description.labels) == CLASSES
    model = keras.saving.load_model(output / "model.keras")
    pixels = read_picture(shapes / "images" / "s0.png", (64, 64))[None]
    pixels = pixels.astype("float32")
    images = (pixels - description.mean) / description.std
    np.testing.assert_allclose(
        export.predict(output / "model.tflite", images),
        model.predict(pixels, verbose=0),
        atol=1e-3,
    )


@pytest.mark.parametrize("open_other", [open_detector, open_classifier])
@pytest.mark.parametrize("name", ["model.keras", "model.tflite"])
def test_a_segmenter_is_a_model_of_another_job(open_other, name, segmented):
    _, output = segmented
    with pytest.raises(ValueError, match="of a segmenter. Use .* segment for"):
        open_other(output / name)


@pytest.mark.slow
def test_a_killed_training_continues_after_its_last_epoch(
    segmented, shapes, tmp_path, monkeypatch
):
    _, output = segmented
    monkeypatch.setattr(job, "write_files", lambda *arguments: [])
    # Arguments, history and state of the first epoch, and then the next.
    kill = KillAtWrite(3, after=True)
    with kill.process():
        train(shapes, tmp_path)
    assert kill.happened
    state = tmp_path / ".training" / "segmenter"
    assert [path.name for path in state.glob("all-*")] == ["all-000001.npz"]
    again = train(shapes, tmp_path)
    assert again.epochs == 2
    assert not (tmp_path / ".training").exists()
    first, second = history(output), history(tmp_path)
    assert first[0]["loss"] == second[0]["loss"]


def train(shapes, output):
    return pipelines.train_segmenter(shapes, output=output, **QUICK_SEGMENTER)


def test_the_page_shows_pictures_and_loads_nothing(segmented):
    report, output = segmented
    html = (output / "report.html").read_text()
    page = parse(html)
    sections = {e["aria-labelledby"]: e for e in page.all("section")}
    assert [*sections] == [
        *("figures", "verdict", "pictures", "worst", "classes", "curves"),
        "files",
    ]
    for name in ("pictures", "worst"):
        images = [*sections[name].all("img")]
        assert len(images) == 2 * report.test_images
    rows = [row.text for row in sections["classes"].all("tr")]
    assert len(rows) == 5 and any("triangle" in row for row in rows)
    assert not re.search(r"(src|href)=\"(?!data:|#)|url\((?!#)|<script", html)


def test_masks_of_pictures_have_their_size_and_the_indices(
    segmented, shapes, tmp_path
):
    _, output = segmented
    found = pipelines.predict_masks(
        output / "model.tflite", shapes / "images", output=tmp_path / "out"
    )
    assert len(found) == 20 and found.skipped == ()
    first = found[0]
    mask = Image.open(first.mask)
    assert mask.mode == "P" and mask.size == (72, 72)
    indices = np.asarray(mask)
    for name, share in first.shares.items():
        assert share == np.mean(indices == CLASSES.index(name))
    model = keras.saving.load_model(output / "model.keras")
    pixels = read_picture(first.file, (64, 64))[None].astype("float32")
    logits = model.predict(pixels, verbose=0)
    (expected,) = label_map(logits, (72, 72))
    assert np.mean(indices == expected) > 0.99
    painted = np.asarray(Image.open(first.painted))
    changed = (painted != read_picture(first.file)).any(-1)
    assert not changed[indices == 0].any()


def test_an_evaluation_leaves_out_what_was_trained_on(segmented, shapes):
    report, output = segmented
    for file in ("model.keras", "model.tflite"):
        found = pipelines.evaluate_segmenter(output / file, shapes)
        assert found.pictures == 4
        assert found.mean_iou == pytest.approx(report.mean_iou, abs=1e-3)
    assert "without 14 that it was trained on and 2" in str(found)
    assert list(found.ious) == CLASSES


def test_an_evaluation_takes_the_part_to_test_on_without_a_list(
    segmented, tmp_path
):
    """Measured again on the pictures of that part alone."""
    _, output = segmented
    model = shutil.copy(output / "model.tflite", tmp_path)
    for seed, (part, number) in enumerate([("train", 6), ("test", 2)]):
        write_masks(tmp_path / "set" / part, number, 96, seed)
    with pytest.warns(UserWarning, match=r"no split\.json beside"):
        found = pipelines.evaluate_segmenter(model, tmp_path / "set")
    part, reader = load_test_masks(tmp_path / "set" / "test", CLASSES)
    again = measures.measure(open_segmenter(model), part, reader)
    assert found.pictures == 2 and found.seen is None
    assert found.mean_iou == again.score


def test_other_classes_than_the_models_are_refused(segmented, tmp_path):
    _, output = segmented
    folder = write_masks(tmp_path / "set", 6)
    (folder / "masks" / "s0.png").unlink()
    (folder / "images" / "s0.png").unlink()
    Image.fromarray(np.full((64, 64), 7, np.uint8)).save(
        folder / "masks" / "s1.png"
    )
    with pytest.raises(ValueError, match="of the 4 classes, .*s1.png' with 7"):
        pipelines.evaluate_segmenter(output / "model.tflite", folder)


@pytest.mark.slow
def test_int8_is_measured_beside_the_floats(segmented, tmp_path):
    report, output = segmented
    path = tmp_path / "small.tflite"
    made = pipelines.export_segmenter(
        output / "model.keras", output=path, quantize="int8", max_drop=0.9
    )
    assert path.exists() and made.images == 4
    assert made.mean_iou == pytest.approx(report.mean_iou)
    assert made.tflite_mean_iou == report.files[1].mean_iou
    assert "in the file, on 4 held-out pictures" in str(made)


def test_int8_is_refused_where_nothing_can_be_measured(
    segmented, shapes, tmp_path
):
    """The held-out masks are of pixels of no class: the mean IoU is NaN."""
    _, output = segmented
    folder = shutil.copytree(shapes, tmp_path / "set")
    split = json.loads((output / "split.json").read_text())
    for picture in split["test"]:
        mask = folder / "masks" / os.path.basename(picture)
        Image.fromarray(np.full((72, 72), 255, np.uint8)).save(mask)
    path = tmp_path / "small.tflite"
    with pytest.raises(ValueError, match="whose masks show no class"):
        pipelines.export_segmenter(
            output / "model.keras", folder, path, quantize="int8"
        )
    assert not path.exists()


def test_weak_classes_and_worse_files_are_named(segmented):
    report, output = segmented
    options = SegmentOptions(output=str(output))

    def findings(**changes):
        changed = report._replace(**changes)
        found = of_training(
            SEGMENTATION, changed, options, lambda **new: f"again {new}"
        )
        return {each.about: each for each in found}

    good = {"mean_iou": 0.9, "guessed_iou": 0.2, "ious": [0.9] * 4}
    good |= {"test_images": 100, "files": [], "best_epoch": 1}
    assert [*findings(**good)] == ["no fault found"]
    weak = findings(**{**good, "ious": [0.9, 0.2, 0.1, None]})["weak classes"]
    assert "square 10%, circle 20%; each epoch draws new scenes" in weak.text
    assert weak.command == "again {'epochs': 80}"
    options = options.replace(data="streets")
    weak = findings(**{**good, "ious": [0.9, 0.2, 0.1, None]})["weak classes"]
    assert "; more pictures of these" in weak.text
    guessed = findings(**{**good, "mean_iou": 0.1})["guessing"]
    assert guessed.command == "again {'epochs': 80}"
    worse = report.files[0]._replace(mean_iou=0.8)
    worse = findings(**{**good, "files": [worse]})["worse file"]
    assert worse.text.endswith("10.0% lower") and worse.command is None
    collapsed = report.files[1]._replace(mean_iou=0.7)
    collapsed = findings(**{**good, "files": [collapsed]})["worse file"]
    assert "20.0% lower, too much to use it" in collapsed.text
    assert collapsed.command == "again {'quantize': 'qat'}"


def fails(capsys, *arguments):
    assert cli.main(["segment", *map(str, arguments)]) == 2
    printed = capsys.readouterr()
    assert not printed.out
    (line,) = printed.err.strip().splitlines()
    assert line.startswith("keras-papers: ")
    return line


def test_a_mistake_is_one_sentence(segmented, shapes, tmp_path, capsys):
    _, output = segmented
    line = fails(capsys, "train", tmp_path / "none")
    assert "which is no folder" in line
    line = fails(capsys, "train", shapes, "--output", shapes / "out")
    assert "must not lie inside `data`" in line
    line = fails(capsys, "train", shapes, "--model", "MobileNetV2")
    assert "a network for segmentation" in line
    line = fails(capsys, "train", shapes, "--ignore", "300")
    assert "from 0 to 255" in line
    line = fails(capsys, "train", shapes, "--output", output)
    assert "without a finished training" in line
    line = fails(capsys, "evaluate", tmp_path / "none.tflite", shapes)
    assert "file that is there" in line


def test_the_verbs_end_with_a_line(segmented, shapes, tmp_path, capsys):
    _, output = segmented
    model = str(output / "model.tflite")
    assert cli.main(["segment", "evaluate", model, str(shapes)]) == 0
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.startswith("mean IoU ")
    picture = str(shapes / "images" / "s0.png")
    masks = str(tmp_path / "masks")
    arguments = ["segment", "predict", model, picture, "--output", masks]
    assert cli.main(arguments) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{picture}: background") and "1 mask by" in out
