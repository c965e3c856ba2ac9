"""How a training on pictures with answers begins, and begins again."""

import numpy as np
import pytest
from PIL import Image

from keras_papers.first_step import prepare
from keras_papers.pipelines.answered import job
from keras_papers.pipelines.data.answered_set import AnsweredSet
from keras_papers.pipelines.data.scenes import load_scenes
from keras_papers.pipelines.detection.options import DetectOptions
from keras_papers.pipelines.detection.task import DETECTION
from keras_papers.pipelines.segmentation.options import SegmentOptions
from keras_papers.pipelines.segmentation.task import SEGMENTATION
from keras_papers.pipelines.training import stages
from keras_papers.pipelines.training.output_folder import releases_claims
from keras_papers.pipelines.training.training_folder import StateFolder
from tests.support.scene_folders import write_boxes, write_masks


@pytest.fixture
def stopped(tmp_path, monkeypatch):
    """Returns a function that trains one epoch, and is stopped then."""
    monkeypatch.setattr(job, "build", lambda *options, **arguments: None)

    def stop(task, network, answers, folder, options):
        (folder.state / "all-000001.npz").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "fit", stop)
    return releases_claims(job.train)


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("task", "options"),
    [
        (SEGMENTATION, SegmentOptions(model="LRASPPMobileNet")),
        (DETECTION, DetectOptions(model="SSDLiteMobileNet")),
    ],
    ids=["masks", "boxes"],
)
def test_variables_exist_before_the_first_step(
    task, options, tmp_path, monkeypatch
):
    options = options.replace(image_size=64, alpha=0.25)
    sizes = {"train": 2, "validation": 1, "test": 1}
    images = load_scenes(64, 0, task.answers, "shapes", sizes)
    network = job.build(options, classes=len(images.names))
    answers = AnsweredSet(images, "drawn scenes")

    def stop(model, data):
        assert prepare(model, data)
        raise KeyboardInterrupt

    monkeypatch.setattr(stages, "prepare", stop)
    with pytest.raises(KeyboardInterrupt):
        job.fit(task, network, answers, StateFolder(tmp_path), options)


@pytest.mark.tensorflow
def test_a_training_prints_what_its_first_step_does(stopped, tmp_path, capsys):
    folder = write_masks(tmp_path / "set", 10)
    with pytest.raises(KeyboardInterrupt):
        stopped(SEGMENTATION, SegmentOptions(str(folder), output=tmp_path))
    assert "first step" in capsys.readouterr().out


def test_a_training_is_not_resumed_with_other_masks(stopped, tmp_path):
    folder = write_masks(tmp_path / "set", 10)
    options = SegmentOptions(str(folder), output=tmp_path / "out", verbose=0)
    for _ in range(2):  # with the same masks it is resumed
        with pytest.raises(KeyboardInterrupt):
            stopped(SEGMENTATION, options)
    path = folder / "masks" / "s3.png"
    mask = np.array(Image.open(path))
    mask[0, 0] = 1 - mask[0, 0]
    Image.fromarray(mask).save(path)
    with pytest.raises(ValueError, match=r"Received: masks='SHA-256 .* it was"):
        stopped(SEGMENTATION, options)


def test_a_training_is_not_resumed_with_other_boxes(stopped, tmp_path):
    folder = write_boxes(tmp_path / "set", 10)
    options = DetectOptions(str(folder), output=tmp_path / "out", verbose=0)
    with pytest.raises(KeyboardInterrupt):
        stopped(DETECTION, options)
    path = folder / "Annotations" / "s3.xml"
    text = path.read_text()
    assert "<xmax>" in text
    path.write_text(text.replace("<xmax>", "<xmax>0", 1))  # the same number
    with pytest.raises(KeyboardInterrupt):
        stopped(DETECTION, options)
    number = text.partition("<xmin>")[2].partition("<")[0]
    moved = f"<xmin>{float(number) - 1:g}"
    path.write_text(text.replace(f"<xmin>{number}", moved, 1))
    with pytest.raises(ValueError, match=r"Received: boxes='SHA-256 .* it was"):
        stopped(DETECTION, options)
