"""What a short training of a detector made of scenes of shapes."""

import pytest

from keras_papers import pipelines
from tests.support.scene_folders import write_boxes
from tests.support.short_trainings import QUICK_DETECTOR, untraced
from tests.support.short_trainings import quick_steps as quick_steps


@pytest.fixture(scope="session")
def shapes(tmp_path_factory):
    """A folder of scenes with boxes, larger than the model's images."""
    return write_boxes(tmp_path_factory.mktemp("shapes") / "set", 20, 96)


@pytest.fixture(scope="session")
def detected(shapes, tmp_path_factory):
    """Returns the report and the folder of a training."""
    output = tmp_path_factory.mktemp("detector") / "new" / "folder"
    with untraced():
        report = pipelines.train_detector(
            shapes, output=output, **QUICK_DETECTOR
        )
    return report, output
