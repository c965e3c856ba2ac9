"""export and benchmark: finished models as files, and their speed."""

import shutil

import pytest

from keras_papers import pipelines
from keras_papers.export import metadata

pytestmark = pytest.mark.tensorflow


def test_export_takes_the_labels_beside_the_model(trained, tmp_path):
    _, output = trained
    for name in ("model.keras", "labels.txt"):
        shutil.copy(output / name, tmp_path)
    found = pipelines.export(tmp_path / "model.keras", quantize="float16")
    assert found.path == tmp_path / "model.float16.tflite"
    assert found.bytes < 0.7 * (output / "model.tflite").stat().st_size
    assert metadata.read(found.path).labels == ("bright", "dark")


def test_export_takes_other_labels_and_another_place(trained, tmp_path):
    _, output = trained
    (tmp_path / "names.txt").write_text("hell\ndunkel\n")
    path = tmp_path / "other.tflite"
    pipelines.export(
        output / "model.keras", path, labels=tmp_path / "names.txt"
    )
    assert metadata.read(path).labels == ("hell", "dunkel")
    with pytest.raises(ValueError, match="`labels`.*nowhere.txt"):
        pipelines.export(output / "model.keras", path, labels="nowhere.txt")
    with pytest.raises(ValueError, match="`model`.*keras file"):
        pipelines.export(output / "model.tflite")


def test_benchmark_measures_each_file(trained):
    path = trained[1] / "model.tflite"
    first, second = pipelines.benchmark([path, path], runs=5)
    assert first.path == second.path == str(path)
    assert first.latency_ms > 0 and first.partitions == 1
    assert first.bytes == path.stat().st_size
    (alone,) = pipelines.benchmark(path, runs=1)
    assert str(path) in str(alone)


def test_what_cannot_be_measured_is_told(trained, tmp_path):
    (tmp_path / "words.tflite").write_text("once upon a time")
    with pytest.raises(ValueError, match="words.tflite does not run"):
        pipelines.benchmark(tmp_path / "words.tflite")
    with pytest.raises(ValueError, match="`models`.*no file"):
        pipelines.benchmark(tmp_path / "nowhere.tflite")
    with pytest.raises(ValueError, match="`runs`.*runs=0"):
        pipelines.benchmark(trained[1] / "model.tflite", runs=0)
