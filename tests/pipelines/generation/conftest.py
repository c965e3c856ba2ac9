"""What short trainings of a generator made of photos of two classes."""

import pytest

from keras_papers import pipelines
from tests.support.short_trainings import QUICK_GENERATOR, untraced
from tests.support.short_trainings import quick_steps as quick_steps


@pytest.fixture(scope="session")
def generated(photos, tmp_path_factory):
    """Returns the report and the folder of a training."""
    output = tmp_path_factory.mktemp("generator") / "new" / "folder"
    with untraced():
        report = pipelines.train_image_generator(
            photos, output=output, **QUICK_GENERATOR
        )
    return report, output
