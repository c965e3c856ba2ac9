"""Latency of a model on a device, measured during a search.

MnasNet (section 3.1, arxiv.org/abs/1807.11626) measures every model on a
phone, because latency does not follow from multiply-adds.
"""

import contextlib
import functools
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
from keras_papers.tuner.architecture_hash import architecture, hash_of
from keras_papers.tuner.engine.search_errors import DeviceBusyError

# Medians of the clock (of CPU time) in ms, and cpu_share, of one thread on two
# cores, at 224 px, 1 s each, 2026-11-23.
# cores busy   MobileNetV3Small(alpha=0.75)      EfficientNetB0
# 0 or 1       1.17-1.23 (1.17-1.23) .95-1.0     12.0-12.2 (12.0-12.2) .97-.99
# 2            1.20-1.21 (1.20)      .66-.71     14.0-15.4 (12.3-12.6) .68
# a training   1.17-1.40 (1.17-1.38) .21-1.0     14.4-15.3 (11.8-12.1) .75-.80
LEAST_SHARE = 0.9
MOST_SPREAD = 0.25  # for disturbances that leave the share, as a slower clock
SECONDS = (
    1.0  # of a measurement; in a shorter one, a loaded machine may seem free
)
PAUSE = 5.0  # seconds between two attempts
FIGURES = ("median_ms", "iqr_ms", "cpu_share")  # that a device returns


class Latency(NamedTuple):
    """A measured latency of one image; prints as one line."""

    median_ms: float
    iqr_ms: float
    cpu_share: float  # share of the time in which the threads had a processor
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
    """Measures on this machine, in a separate process, as an app runs.

    Args:
        name: Name of the machine in a cache. Defaults to None: its processor
            and the number of its cores.
    """

    here = True  # trainings on this machine disturb it, and pause meanwhile

    def __init__(self, name=None):
        self.name = name or f"{_processor()}, {os.cpu_count()} cores"

    def measure(self, path, threads, runs):
        """Runs a .tflite file; returns a dict of `FIGURES`."""
        return measure_in_own_process(path, threads, runs, SECONDS)


class LiteRTLatency:
    """Measures how long a model takes for one image, as LiteRT runs it.

    A model is converted to .tflite and run on the device; it need not be
    trained, because the values of weights do not matter. Models of one
    architecture, whatever their weights and names, are measured once.

    The latency is wall-clock time, as a user experiences it. If other
    processes load the device it is too long; so is CPU time, because they use
    the caches, too. A device counts as loaded if the threads have a processor
    for less than 90 % of the time, or if the interquartile range is above 25 %
    of the median. The measurement is then repeated until `patience` is over.

    A device is any object with a `name` and a method
    `measure(path, threads, runs)`, which runs a .tflite file and returns a
    dict with `median_ms`, `iqr_ms` and `cpu_share`, 1.0 if it is not known.
    Devices with the same name are the same device: they share their
    measurements, and one process of this machine at a time uses the device.

    Args:
        threads: Positive int. Threads of the interpreter. Defaults to 1.
        runs: Positive int. Least number of runs for the median, after a
            warm-up; a local measurement takes a second at least. Defaults to
            50.
        quantize: None for float32, `"float16"` or `"dynamic"`, as in
            `export.to_tflite`. Defaults to None.
        cache: Path of a JSON file for the measurements; several processes
            may share it. Defaults to None: they are kept in this object only.
        device: Where to measure. Defaults to None: a `LocalDevice`.
        patience: Positive number. Seconds to wait for a device that is loaded
            or in use. Defaults to 120.

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
            ValueError: If `model` is another kind of model or cannot be
                converted, or if the device returns no figures.
            DeviceBusyError: A `RuntimeError`: the device was loaded, or in
                use by other processes, until `patience` was over.
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
        """Waits while another process measures on this machine.

        The trainings of a search call it before every batch, because they
        would disturb the measurement.
        """
        if getattr(self.device, "here", False):
            with self._lock:
                pass

    @functools.cached_property
    def _lock(self):
        """The lock of the process that measures on the device."""
        filelock = require("filelock", "tuner")
        name = re.sub(r"\W+", "-", self.device.name)[:100]
        path = pathlib.Path(
            tempfile.gettempdir(), f"keras-papers-latency-{name}.lock"
        )
        return filelock.FileLock(path, mode=0o666)  # for all users

    def _key(self, model):
        """Returns a hash of everything on which a measurement depends."""
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
        return hash_of([flat, *asked, runtime])

    def _measure(self, path, key):
        """Measures until a measurement is undisturbed, or patience is over."""
        end = time.monotonic() + self.patience
        while True:
            with self._turn(end):
                self._measured |= self._read()  # by the process before
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
                    "`device` must be free for a measurement. Received: "
                    f"measurements that were disturbed for {self.patience} s, "
                    f"the last of {latency} with a processor for "
                    f"{latency.cpu_share:.0%} of the time. Stop other "
                    "processes there, or wait longer by patience=600."
                )
            time.sleep(min(PAUSE, left))

    def _latency(self, found):
        """Returns the `Latency` of the figures that a device returns."""
        try:
            figures = [float(found[name]) for name in FIGURES]
        except (KeyError, TypeError, ValueError):
            figures = []
        if not all(map(math.isfinite, figures)) or not (
            figures and figures[0] > 0
        ):
            raise ValueError(
                "`device` returns numbers of milliseconds, `median_ms` above 0 "
                "and `iqr_ms`, and a `cpu_share`. Received: "
                f"{found!r} of device {self.device.name!r}. Return a dict of "
                "the three from its `measure`, with cpu_share=1.0 if it is not "
                "known."
            )
        return Latency(*figures, self.threads, self.device.name)

    @contextlib.contextmanager
    def _turn(self, end):
        """Holds the device, so that no other process measures on it."""
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
        """Returns the measurements in the file, by key."""
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
        """Adds measurements to those in the file, also of other processes."""
        if self.cache is None:
            return
        filelock = require("filelock", "tuner")
        with filelock.FileLock(f"{self.cache}.lock"):
            kept = self._read() | measured
            text = {key: each._asdict() for key, each in kept.items()}
            with draft_of(self.cache) as draft:
                draft.write_text(json.dumps(text, indent=2) + "\n")


def _file_to_be(path):
    """Returns the path of a file; makes its folder."""
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
