"""Pruned, clustered and quantized files beside the float one."""

import hashlib
import json
import os
import sys
import zlib

import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from keras_papers import export, pipelines
from keras_papers.extras import MissingExtraError
from keras_papers.pipelines.data.image_set import ImageSet, Part
from keras_papers.pipelines.data.picture_folder import load_folder
from keras_papers.pipelines.training import loop as training
from keras_papers.pipelines.training.settings import Settings
from keras_papers.pipelines.training.training_folder import (
    FILES,
    STATE,
    TrainingFolder,
)
from keras_papers.pipelines.variants import quantized as variants
from keras_papers.pipelines.variants.plan import (
    Plan,
    Variant,
    check_plan,
    table,
)
from keras_papers.pipelines.variants.quantized import (
    Material,
    check_installed,
    make_variants,
)
from tests.support.extra import with_tfmot
from tests.support.short_trainings import QUICK, untraced

pytestmark = pytest.mark.tensorflow
SETTINGS = Settings(40, 64, 4e-3, 1e-2, 0.1, False, None, None, False)
FLOAT = Variant("float32", "model.tflite", 0.99, 0.98, 4170000, 38e5, 0.112, 1)
SMALL = Variant("int8", "model.int8.tflite", None, 0.97, 13e5, 11e5, 0.06, 3)


@pytest.fixture(scope="module")
def integers(photos, tmp_path_factory):
    """Returns the report and the folder of a training with an int8 file."""
    output = tmp_path_factory.mktemp("integers")
    with untraced():
        report = pipelines.train(
            photos, output=output, **QUICK, quantize="int8"
        )
    return report, output


def test_an_int8_file_lies_beside_the_float_one(integers, trained):
    _, output = integers
    names = {path.name for path in output.iterdir()}
    others = {path.name for path in trained[1].iterdir()}
    assert names == others | {"model.int8.tflite"}
    for ours, before in zip(
        *(
            keras.saving.load_model(folder / "model.keras").get_weights()
            for folder in (output, trained[1])
        ),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, before)
    facts = json.loads((output / "metadata.json").read_text())
    data = (output / "model.int8.tflite").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    assert facts["sha256"]["model.int8.tflite"] == digest


def test_the_report_compares_the_files(integers, photos):
    report, output = integers
    first, second = report.variants
    assert (first.name, first.file) == ("float32", "model.tflite")
    assert (second.name, second.file) == ("int8", "model.int8.tflite")
    assert first.accuracy == report.accuracy
    assert first.tflite_accuracy == report.tflite_accuracy
    assert second.accuracy is None
    data = (output / second.file).read_bytes()
    assert second.bytes == len(data) < 0.5 * first.bytes
    assert second.zipped_bytes == len(zlib.compress(data, 9)) < second.bytes
    assert second.latency_ms > 0 and second.partitions >= 1
    test = load_folder(photos, seed=0).test
    pixels = np.stack([test.read(index, 32) for index in range(len(test))])
    predicted = export.predict(output / second.file, pixels).argmax(axis=-1)
    assert second.tflite_accuracy == np.mean(predicted == test.labels)
    figures = json.loads((output / "report.json").read_text())
    assert figures["variants"] == [each._asdict() for each in report.variants]
    assert table(report.variants) in str(report)
    assert "model.int8.tflite" in (output / "report.html").read_text()


def test_the_int8_file_works_where_files_do(integers, photos):
    """It takes pixels as uint8, and says about what the float file says."""
    _, output = integers
    paths = [output / "model.tflite", output / "model.int8.tflite"]
    picture = photos / "bright" / "0.png"
    scores = []
    for path in paths:
        (found,) = pipelines.predict(path, picture)
        scores.append(dict(zip(found.labels, found.scores, strict=True)))
        assert pipelines.evaluate(path, photos).images == 4  # held out
    assert scores[1] == pytest.approx(scores[0], abs=0.1)
    for speed in pipelines.benchmark(paths, runs=3):
        assert speed.latency_ms > 0


@pytest.fixture(scope="module")
def chain(photos, tmp_path_factory):
    """Returns the report and the folder of a training of all steps."""
    output = tmp_path_factory.mktemp("chain")
    steps = {"prune": 0.6, "cluster": 8, "quantize": "qat"}
    with untraced():
        report = pipelines.train(
            photos, output=output, **QUICK, **steps, class_weights=True
        )
    return report, output


def kernels(path):
    """Returns the kernels of pointwise convolutions of a .keras file."""
    model = keras.saving.load_model(path)
    return [
        w.numpy() for w in model.weights if w.path.endswith("_pointwise/kernel")
    ]


@pytest.mark.slow
@with_tfmot
def test_each_step_goes_on_with_the_weights_of_the_one_before(chain):
    report, output = chain
    assert [each.file for each in report.variants] == [
        "model.tflite",
        "model.pruned.tflite",
        "model.pruned.clustered.tflite",
        "model.pruned.clustered.qat.tflite",
    ]
    assert all(each.accuracy is not None for each in report.variants)
    zipped = [each.zipped_bytes for each in report.variants]
    assert zipped == sorted(zipped, reverse=True)
    assert zipped[3] < 0.2 * zipped[0]
    pruned = kernels(output / "model.pruned.keras")
    clustered = kernels(output / "model.pruned.clustered.keras")
    assert len(pruned) == len(clustered) == 13
    for sparse, few in zip(pruned, clustered, strict=True):
        assert np.mean(sparse == 0) == pytest.approx(0.6, abs=0.01)
        assert (few[sparse == 0] == 0).all()
        assert 2 < len(np.unique(few)) <= 8


@pytest.mark.slow
@with_tfmot
def test_the_int8_file_has_the_zeros_and_the_clusters(chain):
    _, output = chain
    data = (output / "model.pruned.clustered.qat.tflite").read_bytes()
    model = schema.ModelT.InitFromPackedBuf(data)
    (graph,) = model.subgraphs
    found = []
    for op in graph.operators:
        code = model.operatorCodes[op.opcodeIndex].builtinCode
        if code == schema.BuiltinOperator.CONV_2D:
            tensor = graph.tensors[op.inputs[1]]
            if tuple(tensor.shape[1:3]) == (1, 1):
                values = model.buffers[tensor.buffer].data.view(np.int8)
                found.append(values.reshape(tensor.shape[0], -1))
    assert len(found) >= 13
    for kernel in found:
        assert np.mean(kernel == 0) > 0.59
        assert max(len(np.unique(row)) for row in kernel) <= 8


@pytest.mark.slow
@with_tfmot
def test_a_stop_between_variants_repeats_no_training(
    photos, tmp_path, monkeypatch
):
    arguments = {**QUICK, "output": tmp_path, "prune": 0.5, "quantize": "int8"}

    def stop(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Material, "representative", stop)
        with pytest.raises(KeyboardInterrupt) as stopped:
            pipelines.train(photos, **arguments)
    assert "to continue" in stopped.value.__notes__[0]
    assert os.listdir(tmp_path) == [STATE]
    before = kernels(tmp_path / STATE / "model.pruned.keras")
    monkeypatch.setattr(training.Memory, "on_epoch_end", stop)
    monkeypatch.setattr(variants.quantization, "fine_tune", stop)
    with pytest.raises(ValueError, match="prune=0.6, where it was 0.5"):
        pipelines.train(photos, **{**arguments, "prune": 0.6})
    report = pipelines.train(photos, **arguments)
    assert [each.name for each in report.variants] == [
        "float32",
        "pruned",
        "pruned.int8",
    ]
    assert "model.pruned.int8.tflite" in os.listdir(tmp_path)
    for ours, theirs in zip(
        kernels(tmp_path / "model.pruned.keras"), before, strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_a_variant_that_fails_costs_no_other(tmp_path, monkeypatch):
    def fail(name, *args):
        if name == "pruned.int8":
            raise ValueError("no such grid")
        return SMALL, None

    monkeypatch.setattr(variants, "write", fail)
    monkeypatch.setitem(variants.WEIGHT_STEPS, "pruned", lambda net, *_: net)
    model = keras.Sequential([keras.Input((1, 1, 3)), keras.layers.Flatten()])
    folder, plan = TrainingFolder(tmp_path, {}), Plan(0.5, None, "int8")
    with pytest.warns(UserWarning, match="model.pruned.int8.tflite is left"):
        found = make_variants(model, plan, material([2, 2]), folder)
    assert found == [SMALL]
    assert (folder.state / "model.pruned.keras").exists()


def test_what_is_done_is_not_made_again(tmp_path):
    folder = TrainingFolder(tmp_path, {})
    folder.write_json("variants.json", {"float16": SMALL._asdict()})
    (folder.state / "model.float16.tflite").write_text("whole")
    found = make_variants(None, Plan(quantize="float16"), None, folder)
    assert found == [SMALL]


def test_what_a_kill_left_moved_out_is_made_again(tmp_path, monkeypatch):
    """Else it would be removed as of an earlier training."""

    def write(name, network, how, path, *others):
        path.write_text("again")
        return SMALL, None

    monkeypatch.setattr(variants, "write", write)
    folder = TrainingFolder(tmp_path, {})
    folder.write_json("variants.json", {"int8": SMALL._asdict()})
    (tmp_path / "model.int8.tflite").write_text("moved")
    plan = Plan(quantize="int8")
    assert make_variants(None, plan, material([2, 2]), folder) == [SMALL]
    folder.finish()
    assert (tmp_path / "model.int8.tflite").read_text() == "again"


def test_files_are_named_after_their_steps():
    plan = check_plan("int8", None, None)
    assert plan.steps() == ["int8"] and plan.preserved() == ()
    assert check_plan("none", None, None) == check_plan(None, None, None)
    assert check_plan("none", None, None).steps() == []
    plan = Plan(0.5, 16, "qat")
    assert plan.steps() == ["pruned", "clustered", "qat"]
    assert plan.preserved() == ("sparsity", "clusters")
    for file in ("pruned.keras", "clustered.float16.tflite", "dynamic.tflite"):
        assert f"model.{file}" in FILES
    assert "model.pruned.clustered.qat.tflite" in FILES
    assert len(set(FILES)) == len(FILES) == 24 + 6


def test_variants_of_an_earlier_training_do_not_stay(tmp_path):
    (tmp_path / "model.pruned.qat.tflite").write_text("old")
    folder = TrainingFolder(tmp_path, {}, overwrite=True)
    (folder.state / "report.json").write_text("new")
    folder.finish()
    assert os.listdir(tmp_path) == ["report.json"]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"quantize": "int4"}, "`quantize`.*quantize='int4'.*mean 'int8'"),
        ({"quantize": 8}, "`quantize`.*quantize=8"),
        ({"prune": 0}, "`prune`.*prune=0"),
        ({"prune": 1.0}, "`prune`.*prune=1.0"),
        ({"prune": "0.6"}, "`prune`.*prune='0.6'"),
        ({"cluster": 1}, "`cluster`.*at least 2.*cluster=1"),
        ({"cluster": 2, "prune": 0.5}, "`cluster`.*at least 3.*cluster=2"),
        ({"cluster": 16.0}, "`cluster`.*cluster=16.0"),
    ],
)
def test_bad_arguments_are_refused_before_the_training(
    arguments, message, photos, tmp_path
):
    with pytest.raises(ValueError, match=message):
        pipelines.train(photos, output=tmp_path / "out", **QUICK, **arguments)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments", [{"quantize": "qat"}, {"prune": 0.5}, {"cluster": 16}]
)
@pytest.mark.parametrize(
    "package", ["tf_keras", "tensorflow_model_optimization"]
)
def test_a_missing_extra_is_named_before_the_training(
    package, arguments, photos, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r"keras-papers\[quantization"):
        pipelines.train(photos, output=tmp_path / "out", **QUICK, **arguments)
    assert not list(tmp_path.iterdir())
    check_installed(check_plan("int8", None, None))  # needs neither


def material(counts, settings=SETTINGS):
    """Material of images of one pixel, of which that is the class."""
    labels = np.repeat(np.arange(len(counts)), counts)
    pixels = np.tile(labels[:, None, None, None], (1, 1, 1, 3)).astype("uint8")
    part = Part(pixels, labels)
    names = tuple(map(str, range(len(counts))))
    return Material(ImageSet(names, part, part, part), 1, settings, 0, 0)


def test_ranges_are_measured_on_images_of_all_classes():
    images = material([900, 50, 3]).representative()
    assert images.shape == (300, 1, 1, 3) and images.dtype == np.float32
    assert np.bincount(images[:, 0, 0, 0].astype(int)).tolist() == [247, 50, 3]
    assert len(material([4, 2]).representative()) == 6


def test_a_variant_trains_for_a_fifth_of_the_epochs():
    settings = variants.after(SETTINGS)
    assert (settings.epochs, settings.learning_rate) == (8, 1e-4)
    assert variants.after(SETTINGS._replace(epochs=1)).epochs == 2
    tuned = variants.after(SETTINGS._replace(from_weights=True))
    assert tuned.learning_rate == pytest.approx(1e-5)
    assert material([60, 60], settings).steps() == 8 * 2


def test_a_message_on_a_file_has_its_name_only(trained, photos, tmp_path):
    """For it is moved away from where it is made."""
    model = keras.saving.load_model(trained[1] / "model.keras")
    images = load_folder(photos, seed=0)
    path = tmp_path / "model.dynamic.tflite"
    found = Material(images, 32, SETTINGS, 0, 0)
    with pytest.warns(UserWarning, match="^model.dynamic.tflite runs in sev"):
        variants.write("dynamic", model, "dynamic", path, found)
    model.set_weights([np.nan * weight for weight in model.get_weights()])
    with pytest.raises(ValueError, match="^model.dynamic.tflite "):
        variants.write("dynamic", model, "dynamic", path, found)


def test_weights_of_their_own_have_a_keras_file():
    assert FLOAT.files() == ["model.keras", "model.tflite"]
    assert SMALL.files() == ["model.int8.tflite"]
    pruned = SMALL._replace(name="pruned", file="model.pruned.tflite")
    assert pruned.files() == ["model.pruned.keras", "model.pruned.tflite"]
    both = SMALL._replace(name="pruned.qat", file="model.pruned.qat.tflite")
    assert both.files() == ["model.pruned.qat.tflite"]


def test_the_table_is_aligned():
    assert table([FLOAT, SMALL]).splitlines() == [
        "file                Keras  .tflite     size   zipped  latency  "
        "partitions",
        "model.tflite       99.00%   98.00%  4.17 MB  3.80 MB  0.11 ms  "
        "         1",
        "model.int8.tflite       -   97.00%  1.30 MB  1.10 MB  0.06 ms  "
        "         3",
    ]
