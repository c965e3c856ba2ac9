"""The files of a model, and when one of integers is refused."""

import math
import types

import keras
import pytest

from keras_papers.export import TFLiteFile, metadata
from keras_papers.pipelines.answered import files
from keras_papers.pipelines.answered.job import build
from keras_papers.pipelines.data.answered_set import AnsweredSet
from keras_papers.pipelines.data.scenes import load_scenes
from keras_papers.pipelines.detection.options import (
    DetectOptions,
    ExportBoxesOptions,
)
from keras_papers.pipelines.detection.task import DETECTION
from keras_papers.pipelines.segmentation.options import SegmentOptions
from keras_papers.pipelines.segmentation.task import SEGMENTATION

SIZES = {"train": 4, "validation": 1, "test": 2}
PREDICTOR = types.SimpleNamespace(size=(64, 64), labels=("a", "b"))


def scenes(number):
    sizes = {"train": number, "validation": 1, "test": 1}
    return load_scenes(64, 0, "boxes", "shapes", sizes)


def test_the_seed_draws_the_pictures_of_the_ranges_of_int8(monkeypatch):
    images = scenes(8)
    monkeypatch.setattr(files, "REPRESENTATIVE", 4)
    monkeypatch.setattr(files, "pictures_of", lambda part, few, size: few)
    monkeypatch.setattr(
        files.export,
        "to_tflite",
        lambda *arguments, **options: options["representative_data"],
    )
    drawn = [
        sorted(files.to_tflite(None, PREDICTOR, "", "int8", images, seed))
        for seed in (0, 0, 1)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert [len(set(few)) for few in drawn] == [4, 4, 4]


@pytest.mark.filterwarnings("ignore:no split.json beside")
@pytest.mark.parametrize(
    ("reached", "refused"),
    [
        ((0.8, 0.79), None),
        ((0.8, 0.3), r"max_drop=0\.1, and 80\.00% became 30\.00%\. Train"),
        ((0.8, math.nan), r"80\.00% became nan%\. Train"),
        ((math.nan, math.nan), "whose boxes show no class"),
    ],
)
def test_a_file_of_integers_that_collapsed_is_not_written(
    reached, refused, tmp_path, monkeypatch
):
    model = tmp_path / "model.keras"
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]).save(model)
    monkeypatch.setattr(files, "to_tflite", write_nothing)
    scores = iter(reached)
    task = DETECTION._replace(
        load=lambda *data, **options: AnsweredSet(scenes(2), "boxes"),
        of_model=lambda *model: PREDICTOR,
        open_file=lambda path: PREDICTOR,
        measure=lambda *part: types.SimpleNamespace(score=next(scores)),
    )
    path = tmp_path / "small.tflite"
    options = ExportBoxesOptions(model, tmp_path, path, quantize="int8")
    if refused:
        with pytest.raises(ValueError, match=refused):
            files.export_model(task, options)
    else:
        *_, images, floats, ints = files.export_model(task, options)
        assert (images, floats, ints) == (1, *reached)
    assert path.exists() != bool(refused)


def test_a_detectors_file_may_choose_boxes(tmp_path, monkeypatch):
    given = {}
    monkeypatch.setattr(files, "load_keras", lambda path: "model")
    monkeypatch.setattr(
        files.export.ObjectDetection,
        "of",
        lambda model, choose_boxes: (model, choose_boxes),
    )
    monkeypatch.setattr(
        files, "to_tflite", lambda *arguments, **more: given.update(more)
    )
    task = DETECTION._replace(of_model=lambda *model: PREDICTOR)
    path = tmp_path / "model.keras"
    files.export_model(task, ExportBoxesOptions(path))
    assert given == {}
    files.export_model(task, ExportBoxesOptions(path, choose_boxes=True))
    assert given == {"task": ("model", True)}


@pytest.mark.slow
@pytest.mark.tensorflow
# Weights that are hardly trained: a rounding may change the answer.
@pytest.mark.filterwarnings(r"ignore:.*model\.qat\.tflite answers otherwise")
@pytest.mark.parametrize(
    ("task", "kind", "options"),
    [
        (
            SEGMENTATION,
            "masks",
            SegmentOptions(
                model="LRASPPMobileNet", epochs=1, batch_size=2, verbose=0
            ),
        ),
        (
            DETECTION,
            "boxes",
            DetectOptions(
                model="SSDLiteMobileNet", epochs=1, batch_size=2, verbose=0
            ),
        ),
    ],
    ids=["masks", "boxes"],
)
def test_a_file_is_trained_further_as_integers_compute(
    task, kind, options, tmp_path
):
    options = options.replace(image_size=64, alpha=0.25, quantize="qat")
    images = load_scenes(64, 0, kind, "shapes", SIZES)
    model = build(options, classes=len(images.names))
    written = files.write_files(
        task,
        model,
        task.of_model(model, images.names),
        AnsweredSet(images, "drawn scenes"),
        tmp_path,
        options,
    )
    floats, integers = written
    assert [floats.file, integers.file] == ["model.tflite", "model.qat.tflite"]
    assert integers.bytes < floats.bytes / 2
    assert metadata.read(tmp_path / integers.file) == metadata.read(
        tmp_path / floats.file
    )


def write_nothing(model, predictor, path, *arguments):
    path.write_bytes(b"")
    return TFLiteFile(*[None] * len(TFLiteFile._fields))
