"""Latency of a model on a device, as MnasNet asks for it while it searches.

Section 3.1 of the paper (arxiv.org/abs/1807.11626) measures every model on a
phone, since multiply-adds do not tell how long they take.
"""

import contextlib
import functools
import hashlib
import importlib.metadata
import json
import math
import os
import pathlib
import platform
import re
import tempfile
import time
from typing import NamedTuple

import keras

from keras_papers.checks import (
    check_choice,
    check_positive,
    check_positive_int,
)
from keras_papers.export.latency_process import measure_in_own_process
from keras_papers.export.tflite import (
    WITHOUT_IMAGES,
    check_environment,
    convert_unverified,
)
from keras_papers.extras import require
from keras_papers.files.drafts import draft_of
from keras_papers.inlining import flatten
from keras_papers.tuner.engine.search_errors import DeviceBusyError

# Medians of the clock (of CPU time) in ms, and cpu_share, of one thread on two
# cores, at 224 px, 1 s each, 2026-11-23.
# cores busy   MobileNetV3Small(alpha=0.75)      EfficientNetB0
# 0 or 1       1.17-1.23 (1.17-1.23) .95-1.0     12.0-12.2 (12.0-12.2) .97-.99
# 2            1.20-1.21 (1.20)      .66-.71     14.0-15.4 (12.3-12.6) .68
# a training   1.17-1.40 (1.17-1.38) .21-1.0     14.4-15.3 (11.8-12.1) .75-.80
LEAST_SHARE = 0.9
MOST_SPREAD = 0.25  # for what the share does not tell, as a slower clock
SECONDS = 1.0  # a measurement; in less, a loaded machine may seem free
PAUSE = 5.0  # seconds between two tries
FIGURES = ("median_ms", "iqr_ms", "cpu_share")  # what a device answers
# What a layer's configuration tells of its name, its training and its weights.
UNTIMED = re.compile(
    "name|trainable|seed|.*_(initializer|regularizer|constraint)"
)


class Latency(NamedTuple):
    """What was measured of one image; prints as one line."""

    median_ms: float
    iqr_ms: float
    cpu_share: float  # of the threads' time, in which they had a processor
    threads: int
    device: str

    @property
    def spread(self):
        """Interquartile range over median."""
        return self.iqr_ms / self.median_ms

    def __str__(self):
        return (
            f"{self.median_ms:.2f} ms (IQR {self.iqr_ms:.2f}, "
            f"{self.threads} thread{'s' * (self.threads > 1)}, {self.device})"
        )


class LocalDevice:
    """Measures on this machine, in a process of its own as in an app.

    Args:
        name: What the machine is called in a cache. Defaults to None: its
            processor and the number of its cores.
    """

    here = True  # what trains on this machine disturbs it, and gives way

    def __init__(self, name=None):
        self.name = name or f"{_processor()}, {os.cpu_count()} cores"

    def measure(self, path, threads, runs):
        """Runs a .tflite file; returns a dict of what `LiteRTLatency` asks."""
        return measure_in_own_process(path, threads, runs, SECONDS)


class LiteRTLatency:
    """Measures how long a model takes for one image, as LiteRT runs it.

    A model is converted to .tflite and run on the device; its weights may be
    untrained, for they do not matter. Models of one architecture, whatever
    their weights and names, are measured once.

    Time is that of the clock, as a user waits. Where other processes load the
    device, that is too long; so is CPU time, since they use the caches too.
    So a device is loaded that gives the threads a processor for less than 90 %
    of their time, or whose interquartile range is above 25 % of the median. It
    is waited for, and then refused.

    A device is any object with a `name` and a method
    `measure(path, threads, runs)`, which runs a .tflite file and returns a
    dict with `median_ms`, `iqr_ms` and `cpu_share`, 1.0 where that cannot be
    told. Devices of one name are one device: they share what was measured,
    and of the processes of this machine one at a time has the device.

    Args:
        threads: Positive int. Threads of the interpreter. Defaults to 1.
        runs: Positive int. Least number of runs that the median is taken of,
            after warming up; a local measurement takes a second at least.
            Defaults to 50.
        quantize: None for float32, `"float16"` or `"dynamic"`, as in
            `export.to_tflite`. Defaults to None.
        cache: Path of a JSON file that keeps what was measured; several
            processes may share it. Defaults to None: it is forgotten with
            this object.
        device: Where to measure. Defaults to None: a `LocalDevice`.
        patience: Positive number. Seconds to wait for a device that is loaded
            or measured on. Defaults to 120.

    Raises:
        ValueError: If an argument is out of its range, or `cache` is not a
            file of latencies.
        MissingExtraError: If the extra `mobile` or `tuner` is not installed.

    Example:
    >>> import keras
    >>> class Phone:
    ...     name = "a phone"
    ...
    ...     def measure(self, path, threads, runs):
    ...         return {"median_ms": 12.5, "iqr_ms": 0.3, "cpu_share": 1.0}
    >>> latency = LiteRTLatency(device=Phone())
    >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2)])
    >>> print(latency(model))
    12.50 ms (IQR 0.30, 1 thread, a phone)
    """

    def __init__(
        self,
        threads=1,
        runs=50,
        quantize=None,
        cache=None,
        device=None,
        patience=120,
    ):
        check_positive_int("threads", threads, "a number of threads", "Try 1.")
        check_positive_int("runs", runs, "a number of measured runs", "Try 50.")
        check_choice(
            "quantize", quantize, WITHOUT_IMAGES, "how numbers are stored"
        )
        check_positive(
            "patience", patience, "the seconds to wait for a device", "Try 120."
        )
        device = LocalDevice() if device is None else device
        if not hasattr(device, "name") or not hasattr(device, "measure"):
            raise ValueError(
                "`device` is where models are measured and must have a name "
                f"and a method `measure`. Received: device={device!r}. Leave "
                "it out to measure on this machine."
            )
        check_environment()
        require("filelock", "tuner")
        self.threads = threads
        self.runs = runs
        self.quantize = quantize
        self.cache = None if cache is None else _file_to_be(cache)
        self.device = device
        self.patience = patience
        self._measured = self._read()

    def __call__(self, model):
        """Returns the `Latency` of a model, measured now or before.

        Args:
            model: A functional or built sequential model with one input, of
                fixed sizes, and one output.

        Raises:
            ValueError: If `model` is another one, or cannot be converted, or
                the device answers no figures.
            DeviceBusyError: A `RuntimeError`: the device stayed loaded, or
                in use by other processes, until patience was over.
        """
        key = self._key(model)
        if key not in self._measured:
            self._measured |= self._read()
        if key not in self._measured:
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder, "model.tflite")
                path.write_bytes(convert_unverified(model, self.quantize))
                self._measure(path, key)
        return self._measured[key]

    def give_way(self):
        """Waits while another process measures here, so as not to disturb it.

        The trainings of a search do so before every batch, or its workers
        could measure only where a processor is left for it.
        """
        if getattr(self.device, "here", False):
            with self._lock:
                pass

    @functools.cached_property
    def _lock(self):
        """The lock that the process has which measures on the device."""
        filelock = require("filelock", "tuner")
        name = re.sub(r"\W+", "-", self.device.name)[:100]
        path = pathlib.Path(
            tempfile.gettempdir(), f"keras-papers-latency-{name}.lock"
        )
        return filelock.FileLock(path, mode=0o666)  # of all users

    def _key(self, model):
        """Returns a hash of all that decides what will be measured."""
        flat = architecture(model)
        sizes = [tuple(x.shape[1:]) for x in model.inputs]
        if any(None in size for size in sizes):
            raise ValueError(
                "`model` must have fixed sizes, for latency grows with them. "
                f"Received: model {model.name!r} of input shape "
                f"{model.input_shape}. Build it for the size that it will run "
                "at, such as (224, 224, 3)."
            )
        runtime = importlib.metadata.version("ai-edge-litert")
        asked = self.device.name, self.threads, self.runs, self.quantize
        return _hash([flat, *asked, runtime])

    def _measure(self, path, key):
        """Measures until the device is free, or patience is over."""
        end = time.monotonic() + self.patience
        while True:
            with self._turn(end):
                self._measured |= self._read()  # by who had the turn before
                if key in self._measured:
                    return
                found = self.device.measure(path, self.threads, self.runs)
                latency = self._latency(found)
                if (
                    latency.cpu_share >= LEAST_SHARE
                    and latency.spread <= MOST_SPREAD
                ):
                    self._measured[key] = latency
                    self._write({key: latency})
                    return
            left = end - time.monotonic()
            if left <= 0:
                raise DeviceBusyError(
                    "`device` must be free for a measurement. Received: what "
                    f"was disturbed for {self.patience} s, at last {latency} "
                    f"with a processor for {latency.cpu_share:.0%} of the "
                    "time. Stop what else runs there, or wait longer by "
                    "patience=600."
                )
            time.sleep(min(PAUSE, left))

    def _latency(self, found):
        """Returns the `Latency` that a device's answer stands for."""
        try:
            figures = [float(found[name]) for name in FIGURES]
        except (KeyError, TypeError, ValueError):
            figures = []
        if not all(map(math.isfinite, figures)) or not (
            figures and figures[0] > 0
        ):
            raise ValueError(
                "`device` answers numbers of milliseconds, `median_ms` above 0 "
                "and `iqr_ms`, and a `cpu_share`. Received: "
                f"{found!r} of device {self.device.name!r}. Return a dict of "
                "the three from its `measure`, cpu_share=1.0 where that cannot "
                "be told."
            )
        return Latency(*figures, self.threads, self.device.name)

    @contextlib.contextmanager
    def _turn(self, end):
        """Has the device alone, of all processes of this machine."""
        filelock = require("filelock", "tuner")
        try:
            self._lock.acquire(timeout=max(0.0, end - time.monotonic()))
        except filelock.Timeout as error:
            raise DeviceBusyError(
                "`device` must be free for a measurement. Received: "
                f"{self.device.name}, on which other processes measured for "
                f"{self.patience} s. Wait for them, or longer by patience=600."
            ) from error
        try:
            yield
        finally:
            self._lock.release()

    def _read(self):
        """Returns what the file keeps, by key."""
        if self.cache is None or not self.cache.exists():
            return {}
        try:
            kept = json.loads(self.cache.read_text())
            return {key: Latency(**entry) for key, entry in kept.items()}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise ValueError(
                "`cache` is a file of latencies that LiteRTLatency writes. "
                f"Received: cache={str(self.cache)!r}, which is another or "
                f"damaged ({error}). Delete it, or name another."
            ) from error

    def _write(self, measured):
        """Adds to what the file keeps, and other processes put there."""
        if self.cache is None:
            return
        filelock = require("filelock", "tuner")
        with filelock.FileLock(f"{self.cache}.lock"):
            kept = self._read() | measured
            text = {key: each._asdict() for key, each in kept.items()}
            with draft_of(self.cache) as draft:
                draft.write_text(json.dumps(text, indent=2) + "\n")


def architecture(model):
    """Returns a hash of a model's layers and of how they are connected.

    Names are left out, and weights, with how they begin and are trained.

    Args:
        model: A functional or built sequential model.

    Raises:
        ValueError: If `model` is another one, or a layer has no configuration.
    """
    flat = flatten(model)
    try:
        config = flat.get_config()
    except NotImplementedError as error:
        raise ValueError(
            "`model` is told from other architectures by the configurations "
            f"of its layers. Received: model {model.name!r}, where one has "
            f"none ({str(error).strip().splitlines()[0]}). Write its "
            "get_config."
        ) from error
    layers = config["layers"]
    places = {layer["name"]: place for place, layer in enumerate(layers)}
    rows = [
        [
            layer["module"],
            layer["class_name"],
            {**layer["config"], "name": None},
            layer["inbound_nodes"],
        ]
        for layer in layers
    ]
    ends = keras.tree.flatten([config["input_layers"], config["output_layers"]])
    ends = [places.get(end, end) for end in ends]
    return _hash([_without_names(rows, places), ends])


def _without_names(value, places):
    """Returns a configuration in which layers are known by their places."""
    if isinstance(value, list | tuple):
        return [_without_names(each, places) for each in value]
    if not isinstance(value, dict):
        return value
    if "keras_history" in value:
        name, *call = value["keras_history"]
        # A wrapper's inner model has layers of its own.
        value = {**value, "keras_history": [places.get(name, name), *call]}
    is_layer = "trainable" in value  # policies and functions keep their names
    return {
        key: _without_names(each, places)
        for key, each in value.items()
        if not (is_layer and UNTIMED.fullmatch(key))
    }


def _hash(value):
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _file_to_be(path):
    """Returns the path of a file whose folder is there now."""
    try:
        path = pathlib.Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, TypeError) as error:
        raise ValueError(
            "`cache` is the path of a JSON file, in a folder that can be made. "
            f"Received: cache={path!r} ({error}). Choose another place."
        ) from error
    return path


def _processor():
    """Returns the name of this machine's processor."""
    with contextlib.suppress(OSError):
        text = pathlib.Path("/proc/cpuinfo").read_text()  # Linux has it here
        named = re.search(r"model name\s*: (.+)", text)
        if named:
            return named[1]
    return platform.processor() or platform.machine()
