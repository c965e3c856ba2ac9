"""Latencies: measured in turns, kept by architecture, or refused."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

import keras
import keras_tuner
import numpy as np
import pytest

from keras_papers import applications, flatten
from keras_papers.tuner.architecture_hash import architecture
from keras_papers.tuner.latency import (
    DeviceBusyError,
    LiteRTLatency,
    LocalDevice,
)
from keras_papers.tuner.spaces.width_and_resolution import WidthAndResolution
from tests.support.answers import perturb
from tests.tuner.stopwatch import Stopwatch, dense, take_turns

pytestmark = pytest.mark.tensorflow


@pytest.fixture(autouse=True)
def no_turns_of_others(tmp_path_factory, monkeypatch):
    """Keeps locks apart from those of tests that run at the same time."""
    folder = tmp_path_factory.mktemp("locks")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))


def small(alpha=0.25, **arguments):
    return applications.MobileNet(
        input_shape=(32, 32, 3), alpha=alpha, classes=4, **arguments
    )


@contextlib.contextmanager
def busy_core():
    """Keeps the core busy on which what is started meanwhile has to run."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    loop = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        loop.kill()
        loop.wait()
        os.sched_setaffinity(0, cores)


@pytest.mark.slow
def test_a_small_model_runs_as_often_as_asked_and_for_a_second(tmp_path):
    class Here(LocalDevice):
        def measure(self, path, threads, runs):
            start = time.monotonic()
            found = super().measure(path, threads, runs)
            self.took = time.monotonic() - start
            assert 0 < found["cpu_share"] <= 1 and found["iqr_ms"] >= 0
            return {**found, "cpu_share": 1.0, "iqr_ms": 0.0}  # come what may

    device = Here()
    smaller, larger = (
        LiteRTLatency(device=device, cache=tmp_path / "found.json")(model)
        for model in (small(), small(alpha=0.5))
    )
    assert 0 < smaller.median_ms < larger.median_ms < 1000
    assert device.took > 1
    assert smaller.device == device.name and "core" in device.name
    assert len(json.loads((tmp_path / "found.json").read_text())) == 2


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="needs Linux' affinities"
)
@pytest.mark.slow
def test_a_machine_whose_core_is_taken_is_refused():
    class Taken(LocalDevice):
        def measure(self, path, threads, runs):
            with busy_core():
                return super().measure(path, threads, runs)

    latency = LiteRTLatency(device=Taken(), patience=0.1)
    with pytest.raises(DeviceBusyError, match=r"for [1-8]?\d% of the "):
        latency(small())


def test_a_latency_prints_as_one_line():
    found = LiteRTLatency(threads=2, device=Stopwatch(iqr_ms=0.2))(dense(1))
    assert str(found) == "4.00 ms (IQR 0.20, 2 threads, a stopwatch)"
    assert found.spread == pytest.approx(0.05)


def test_a_model_is_measured_once_whatever_its_weights_and_names():
    device = Stopwatch()
    latency = LiteRTLatency(threads=2, runs=7, device=device)
    first = latency(dense(3, "one"))
    assert latency(perturb(dense(3, "other"))) == first
    assert device.asked == [(2, 7)]
    latency(dense(4, "one"))
    assert len(device.asked) == 2


def test_what_was_measured_is_kept_in_a_file(tmp_path):
    path = tmp_path / "study" / "latencies.json"
    first = LiteRTLatency(device=Stopwatch(), cache=path)(dense(3))
    later = Stopwatch(median_ms=9.0)
    assert LiteRTLatency(device=later, cache=path)(dense(3)) == first
    assert not later.asked
    for arguments in ({"threads": 2}, {"quantize": "float16"}, {"runs": 60}):
        LiteRTLatency(device=later, cache=path, **arguments)(dense(3))
    later.name = "another stopwatch"
    LiteRTLatency(device=later, cache=path)(dense(3))
    assert len(later.asked) == 4
    assert len(json.loads(path.read_text())) == 5


def test_two_devices_lose_nothing_of_one_file(tmp_path):
    path = tmp_path / "latencies.json"

    class Slow(Stopwatch):
        name = "a slow stopwatch"

        def measure(self, file, threads, runs):
            quick(dense(3))
            return super().measure(file, threads, runs)

    quick = LiteRTLatency(device=Stopwatch(), cache=path)
    slow = LiteRTLatency(device=Slow(), cache=path)
    slow(dense(3))
    assert len(json.loads(path.read_text())) == 2


def test_names_weights_and_training_are_no_part_of_an_architecture():
    model = small()
    frozen = small(name="another")
    frozen.trainable = False
    regular = keras.models.clone_model(
        flatten(model),
        clone_function=lambda layer: type(layer).from_config(
            layer.get_config()
            | {"name": f"other_{layer.name}"}
            | ({"seed": 3} if "seed" in layer.get_config() else {})
        ),
    )
    for same in (perturb(small()), frozen, flatten(model), regular):
        assert architecture(same) == architecture(model)


def test_a_wrapped_layer_s_name_is_no_part_of_an_architecture():
    def wrapped(units):
        layer = keras.layers.TimeDistributed(keras.layers.Dense(units))
        return keras.Sequential([keras.Input((4, 8)), layer])

    assert architecture(wrapped(2)) == architecture(wrapped(2))
    assert architecture(wrapped(2)) != architecture(wrapped(3))


def test_a_saved_model_has_the_architecture_it_had(tmp_path):
    model = small()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert architecture(loaded) == architecture(model)


def convolution(kernel=3, strides=1, activation="relu", size=8, dtype=None):
    layer = keras.layers.Conv2D(
        4, kernel, strides, activation=activation, dtype=dtype
    )
    return keras.Sequential([keras.Input((size, size, 3)), layer])


@pytest.mark.parametrize(
    "other",
    [
        {"kernel": 5},
        {"strides": 2},
        {"activation": "silu"},
        {"size": 16},
        {"dtype": "mixed_bfloat16"},
    ],
)
def test_what_a_layer_computes_is_part_of_an_architecture(other):
    assert architecture(convolution(**other)) != architecture(convolution())


def test_how_layers_are_connected_is_part_of_an_architecture():
    def joined(second_of):
        x = keras.Input((8,))
        layers = [keras.layers.Dense(8) for _ in range(2)]
        first = layers[0](x)
        second = layers[1]({"input": x, "first": first}[second_of])
        return keras.Model(x, keras.layers.Add()([first, second]))

    def twice(shared):
        x = keras.Input((8,))
        layers = [keras.layers.Dense(8) for _ in range(2)]
        return keras.Model(x, layers[0 if shared else 1](layers[0](x)))

    assert architecture(joined("input")) != architecture(joined("first"))
    assert architecture(joined("first")) == architecture(joined("first"))
    assert architecture(twice(True)) != architecture(twice(False))
    assert architecture(small(alpha=0.5)) != architecture(small())


@pytest.mark.parametrize(
    "text", ["{", "[1]", '{"a": 1}', '{"a": {"median_ms": 1}}', "\x00\xff"]
)
def test_a_torn_or_foreign_file_is_answered_with_one_sentence(tmp_path, text):
    path = tmp_path / "latencies.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match="`cache`.*damaged.*Delete it"):
        LiteRTLatency(cache=path)
    assert path.read_text(encoding="latin-1") == text


@pytest.mark.parametrize(
    "figures", [{"cpu_share": 0.6}, {"iqr_ms": 2.0}], ids=["share", "spread"]
)
def test_a_loaded_device_is_asked_again_and_then_refused(tmp_path, figures):
    device = Stopwatch(**figures)
    path = tmp_path / "latencies.json"
    latency = LiteRTLatency(device=device, patience=0.2, cache=path)
    with pytest.raises(DeviceBusyError, match="a stopwatch.*Stop other"):
        latency(dense(3))
    assert len(device.asked) > 1
    assert not path.exists()
    device.figures = Stopwatch().figures
    assert latency(dense(3)).median_ms == 4


def test_a_device_that_gets_free_is_waited_for(monkeypatch):
    monkeypatch.setattr("keras_papers.tuner.latency.PAUSE", 0.01)

    class Calming(Stopwatch):
        def measure(self, path, threads, runs):
            share = 0.3 * (1 + len(self.asked))
            return {
                **super().measure(path, threads, runs),
                "cpu_share": min(1.0, share),
            }

    device = Calming()
    assert LiteRTLatency(device=device)(dense(3)).cpu_share == 1
    assert len(device.asked) == 4


def test_trainings_give_way_to_what_is_measured_on_their_machine(tmp_path):
    there, go, batches = threading.Event(), threading.Event(), []

    class Here(Stopwatch):
        here = True

        def measure(self, path, threads, runs):
            there.set()
            assert go.wait(60)
            return super().measure(path, threads, runs)

    class Counted(LiteRTLatency):
        def give_way(self):
            super().give_way()
            batches.append(there.is_set() and not go.is_set())

    def train(latency):
        """Trains for two batches, and validates on one."""
        space = WidthAndResolution(
            alphas=(0.25,), sizes=(32,), classes=2, latency=latency
        )
        hp = keras_tuner.HyperParameters()
        model = space.build(hp)
        model.compile("sgd", "sparse_categorical_crossentropy")
        model.run_eagerly = True
        data = np.zeros((2, 32, 32, 3), "uint8"), np.zeros(2, "int")
        space.fit(hp, model, *data, data, batch_size=1, verbose=0)

    latency = Counted(device=Here(), cache=tmp_path / "found.json")
    go.set()
    train(latency)
    assert batches == [False] * 4  # on a machine on which nothing is measured
    go.clear()
    there.clear()
    batches.clear()
    holder = threading.Thread(
        target=LiteRTLatency(device=Here()), args=[small()]
    )
    training = threading.Thread(target=train, args=[latency])
    holder.start()
    try:
        assert there.wait(60)
        LiteRTLatency(
            device=Stopwatch()
        ).give_way()  # a phone, which shares none
        training.start()
        training.join(3)
        assert training.is_alive() and not batches
    finally:
        go.set()
        holder.join()
    training.join(60)
    assert batches == [False] * 4


def test_a_device_in_use_is_waited_for_and_then_refused(tmp_path):
    there, go = threading.Event(), threading.Event()

    class Held(Stopwatch):
        def measure(self, path, threads, runs):
            there.set()
            assert go.wait(60)
            return super().measure(path, threads, runs)

    patient = Stopwatch()
    holder, waiter = (
        threading.Thread(
            target=LiteRTLatency(device=device, cache=tmp_path / "found.json"),
            args=[dense(3)],
        )
        for device in (Held(), patient)
    )
    holder.start()
    try:
        assert there.wait(60)
        waiter.start()
        impatient = LiteRTLatency(device=Stopwatch(), patience=0.1)
        with pytest.raises(DeviceBusyError, match="other processes measured"):
            impatient(dense(4))
        elsewhere = Stopwatch()
        elsewhere.name = "another stopwatch"
        LiteRTLatency(device=elsewhere, patience=0.1)(dense(4))
    finally:
        go.set()
        holder.join()
        waiter.join()
    assert not patient.asked  # for it found what it waited for
    impatient(dense(4))


@pytest.mark.slow
def test_two_processes_take_turns_and_write_to_one_file(tmp_path):
    LiteRTLatency(device=Stopwatch())(dense(1))  # the first takes longer
    cache = tmp_path / "latencies.json"
    other = subprocess.Popen(
        [sys.executable, "-m", "tests.tuner.stopwatch", cache],
        cwd=pathlib.Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        first = other.stdout.readline()
        ours = take_turns(cache, [11, 12, 13, 14, 15, 16])
        rest, errors = other.communicate(timeout=60)
    finally:
        other.kill()
    assert other.returncode == 0, errors
    theirs = [tuple(each) for each in json.loads(rest)]
    assert ours[0] < theirs[-1] and theirs[0] < ours[-1]  # at the same time
    measured = sorted(ours + theirs)
    for before, after in zip(measured, measured[1:], strict=False):
        assert before[1] <= after[0]
    kept = json.loads(cache.read_text())
    assert len(kept) == len(json.loads(first)) + len(measured) == 12


def test_bad_arguments_are_explained(tmp_path):
    with pytest.raises(ValueError, match="`threads`.*at least 1.*threads=0"):
        LiteRTLatency(threads=0)
    with pytest.raises(ValueError, match="`runs`.*runs=0"):
        LiteRTLatency(runs=0)
    with pytest.raises(ValueError, match="`quantize`.*'int8'"):
        LiteRTLatency(quantize="int8")
    with pytest.raises(ValueError, match="`patience`.*patience=-1"):
        LiteRTLatency(patience=-1)
    with pytest.raises(ValueError, match="`device`.*method `measure`"):
        LiteRTLatency(device="phone")
    with pytest.raises(ValueError, match="`cache`.*Choose another"):
        LiteRTLatency(cache=pathlib.Path(__file__, "found.json"))
    with pytest.raises(ValueError, match="`cache`.*directory"):
        LiteRTLatency(cache=tmp_path)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        {"median_ms": 0.0, "iqr_ms": 0.0, "cpu_share": 1.0},
        {"median_ms": float("nan"), "iqr_ms": 0.0, "cpu_share": 1.0},
        {"median_ms": "fast", "iqr_ms": 0.0, "cpu_share": 1.0},
    ],
    ids=str,
)
def test_a_device_that_answers_no_figures_is_explained(answer):
    device = Stopwatch()
    device.figures = answer
    with pytest.raises(ValueError, match="`device`.*Received: .*stopwatch"):
        LiteRTLatency(device=device, patience=0.1)(dense(1))


def test_a_model_of_two_inputs_is_measured():
    x, y = keras.Input((8,)), keras.Input((8,))
    model = keras.Model([x, y], keras.layers.Add()([x, y]))
    assert LiteRTLatency()(model).median_ms > 0


def test_models_that_cannot_be_measured_are_explained():
    latency = LiteRTLatency(device=Stopwatch())
    open_size = applications.MobileNet(
        input_shape=(None, None, 3), alpha=0.25, include_top=False
    )
    with pytest.raises(ValueError, match=r"fixed sizes.*\(None, None, None, 3"):
        latency(open_size)
    with pytest.raises(ValueError, match="functional or a built sequential"):
        latency("mobilenet")


@pytest.mark.parametrize(
    "missing, extra", [("tensorflow", "mobile"), ("filelock", "tuner")]
)
def test_a_missing_extra_is_named(monkeypatch, missing, extra):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=rf"pip install.*\[{extra}\]"):
        LiteRTLatency()
