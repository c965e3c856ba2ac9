"""What `make demo` shows, with steps traced as users have them."""

import pytest

from keras_papers import pipelines


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_demo_reaches_99_percent(tmp_path):
    report = pipelines.train_image_classifier(
        output=tmp_path, quantize="int8", verbose=0
    )
    assert report.accuracy >= 0.99
    assert report.tflite_accuracy == report.accuracy
    floats, integers = report.variants
    assert integers.tflite_accuracy >= 0.98
    assert integers.bytes < 0.4 * floats.bytes
