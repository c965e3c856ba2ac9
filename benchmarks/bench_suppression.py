"""Suppression of a detector's boxes on each backend, in NumPy and by others.

    python benchmarks/bench_suppression.py [--rounds 11] [--torch PYTHON]

SSDLite's 3234 anchors at 320 x 320 and its rule, with 21 and 90 classes, of a
detector that is sure (a quarter of the scores are above the threshold) and of
one that is unsure (nearly all are). `best_boxes` has outputs of a fixed
size: its time does not depend on the scores, that of the others does. The
peers are TensorFlow's operation `combined_non_max_suppression`, which has no
limit of the candidates, and torchvision's `batched_nms` behind the same choice
of candidates as in its SSDLite. A process for each backend, in turn; CPU time
of one image on one thread, medians. The last line is the ratio of ours to
TensorFlow's operation.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys

os.environ["XLA_FLAGS"] = (
    "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)

import numpy as np  # noqa: E402

from interleaved import cpu_seconds  # noqa: E402

SIZE, MAPS = 320, (20, 10, 5, 3, 2, 1)
CASES = [(classes, sure) for classes in (21, 90) for sure in (True, False)]
OURS, PEER = "best_boxes, tensorflow", "TensorFlow's combined NMS"


def drawn(classes, sure):
    """Returns boxes near SSDLite's anchors, and scores of a softmax."""
    from keras_papers.applications.detection import default_boxes

    anchors = default_boxes([(n, n) for n in MAPS], (SIZE,) * 2, [(2, 3)] * 6)
    anchors = np.asarray(anchors) / SIZE
    generator = np.random.default_rng(0)
    sizes = anchors[:, 2:] - anchors[:, :2]
    centers = anchors[:, :2] + sizes / 2
    centers = centers + generator.normal(0, 0.1, centers.shape) * sizes
    halves = sizes * np.exp(generator.normal(0, 0.2, sizes.shape)) / 2
    boxes = np.concatenate([centers - halves, centers + halves], axis=1)
    logits = generator.normal(0, 1, (len(boxes), classes + 1))
    if sure:  # that it is the background
        logits[:, 0] += generator.normal(9, 3, len(boxes))
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return np.clip(boxes, 0, 1).astype("float32"), shares[:, 1:].astype("f4")


def functions(backend, rule):
    """Returns functions of boxes and scores by their names, and what lacks."""
    if backend == "numpy":
        from keras_papers.export.detections import suppress

        def by_numpy(boxes, scores):
            return suppress(boxes, scores, rule)[1]

        return {"NumPy, export.detect": by_numpy}, []
    from keras_papers.applications.detection import best_boxes

    def ours(boxes, scores):
        return best_boxes(boxes[None], scores[None], rule)["scores"][0]

    name = f"best_boxes, {backend}"
    if backend == "jax":
        import jax

        return {name: jax.jit(ours)}, []
    if backend == "tensorflow":
        import tensorflow as tf

        def combined(boxes, scores):
            return tf.image.combined_non_max_suppression(
                boxes[None, :, None],
                scores[None],
                rule.max_detections,
                rule.max_detections,
                rule.iou_threshold,
                rule.score_threshold,
                clip_boxes=False,
            ).nmsed_scores[0]

        return {name: tf.function(ours), PEER: tf.function(combined)}, []
    import torch

    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    try:
        from torchvision.ops import batched_nms
    except (ImportError, RuntimeError) as error:
        return {name: ours}, [f"torchvision is left out: {error}"]

    def batched(boxes, scores):
        scores, rows = scores.T.topk(min(rule.candidates, len(boxes)))
        shown = scores >= rule.score_threshold
        classes = torch.nonzero(shown)[:, 0]
        scores, rows = scores[shown], rows[shown]
        kept = batched_nms(boxes[rows], scores, classes, rule.iou_threshold)
        return scores[kept[: rule.max_detections]]

    return {name: ours, "torchvision's batched_nms": batched}, []


def work(backend):
    """Measures each case of the arguments, a line each."""
    import keras

    from keras_papers.applications.detection.ssd_lite import SUPPRESSION

    ready, lacks = functions(backend, SUPPRESSION)
    inputs = {}
    for case in CASES:
        boxes = drawn(*case)
        if backend != "numpy":
            boxes = tuple(map(keras.ops.convert_to_tensor, boxes))
        inputs[case] = boxes
    answer({"lacks": lacks})
    for line in sys.stdin:
        found = {}
        for name, function in ready.items():
            seconds, scores = cpu_seconds(
                lambda f=function, case=CASES[int(line)]: np.asarray(
                    f(*inputs[case])
                )
            )
            found[name] = 1000 * seconds, scores.tolist()
        answer(found)


def answer(value):
    print(json.dumps(value), flush=True)


class Worker:
    """A process of a backend."""

    def __init__(self, backend, python):
        keras_backend = "tensorflow" if backend == "numpy" else backend
        self.process = subprocess.Popen(
            [python, __file__, "--worker", backend],
            env=os.environ | {"KERAS_BACKEND": keras_backend},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for line in self.read()["lacks"]:
            print(line)

    def read(self):
        return json.loads(self.process.stdout.readline())

    def measure(self, case):
        self.process.stdin.write(f"{case}\n")
        self.process.stdin.flush()
        return self.read()


def has(python, package):
    """Returns whether an interpreter has a package."""
    if python == sys.executable:
        return importlib.util.find_spec(package) is not None
    code = f"import {package}"
    return not subprocess.run([python, "-c", code], check=False).returncode


def measured(workers, rounds):
    """Returns lists of milliseconds by case and name."""
    times = {}
    for turn in range(rounds + 1):
        for case in range(len(CASES)):
            scores = {}
            for worker in workers:
                for name, (ms, found) in worker.measure(case).items():
                    scores[name] = np.array(found)
                    if turn:  # the first compiles
                        times.setdefault(name, {}).setdefault(case, [])
                        times[name][case].append(ms)
            for name, found in scores.items():
                if name != PEER:  # it has no limit of the candidates
                    np.testing.assert_allclose(
                        found, scores["NumPy, export.detect"], atol=1e-6
                    )
    return times


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--torch", default=sys.executable)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        work(arguments.worker)
        sys.exit()
    workers = []
    for backend in ("numpy", "tensorflow", "jax", "torch"):
        python = arguments.torch if backend == "torch" else sys.executable
        if has(python, backend):
            workers.append(Worker(backend, python))
        else:
            print(f"{backend} is left out: it is not installed.")
    times = measured(workers, arguments.rounds)
    heads = [
        f"{classes} classes, {'sure' if sure else 'unsure'}"
        for classes, sure in CASES
    ]
    print(f"\n| ms of an image | {' | '.join(heads)} |")
    print("|---" * (1 + len(CASES)) + "|")
    for name, by_case in times.items():
        cells = [f"{statistics.median(ms):.1f}" for ms in by_case.values()]
        print(f"| {name} | {' | '.join(cells)} |")
    ratios = []
    for case in range(len(CASES)):
        pairs = zip(times[OURS][case], times[PEER][case], strict=True)
        ratios.append(f"{statistics.median(a / b for a, b in pairs):.2f}")
    print(f"\n{OURS} / {PEER}: {', '.join(ratios)}")
