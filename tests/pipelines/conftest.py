"""Photos of two classes, and what a short training made of them."""

import pytest

from keras_papers import pipelines
from tests.support.photos import paint
from tests.support.short_trainings import QUICK, untraced
from tests.support.short_trainings import quick_steps as quick_steps


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """Two classes of ten pictures each, bright and dark."""
    return paint(tmp_path_factory.mktemp("photos"), ["dark", "bright"])


@pytest.fixture(scope="session")
def trained(photos, tmp_path_factory):
    """Returns the report and the folder of a training."""
    output = tmp_path_factory.mktemp("output") / "new" / "folder"
    with untraced():
        report = pipelines.train_image_classifier(
            photos, output=output, **QUICK
        )
    return report, output
