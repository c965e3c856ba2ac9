"""What a short training of a segmenter made of scenes of shapes."""

import pytest

from keras_papers import pipelines
from tests.support.scene_folders import write_masks
from tests.support.short_trainings import QUICK_SEGMENTER, untraced
from tests.support.short_trainings import quick_steps as quick_steps


@pytest.fixture(scope="session")
def shapes(tmp_path_factory):
    """A folder of scenes with masks, of other proportions than the model's."""
    return write_masks(tmp_path_factory.mktemp("shapes") / "set", 20, 72)


@pytest.fixture(scope="session")
def segmented(shapes, tmp_path_factory):
    """Returns the report and the folder of a training."""
    output = tmp_path_factory.mktemp("segmenter") / "new" / "folder"
    with untraced():
        report = pipelines.train_segmenter(
            shapes, output=output, quantize="int8", **QUICK_SEGMENTER
        )
    return report, output
