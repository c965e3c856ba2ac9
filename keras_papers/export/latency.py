"""Latency of a .tflite file; run as a script, so that nothing else runs.

    python keras_papers/export/latency.py MODEL.tflite --threads 1 --runs 50

It imports neither Keras nor TensorFlow: the process that is measured holds
the interpreter and the model only, as an app does, and a file that crashes
the interpreter crashes this process and not the caller's.
"""

import argparse
import json
import time

import numpy as np

WARM_UP = 10


def measure(path, threads, runs):
    """Runs the file on random input.

    Returns:
        A dict: median and interquartile range in milliseconds, and how many
        delegate partitions the runtime made of the graph.
    """
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=path, num_threads=threads)
    interpreter.allocate_tensors()
    generator = np.random.default_rng(0)
    for detail in interpreter.get_input_details():
        data = generator.uniform(0, 255, detail["shape"])
        interpreter.set_tensor(detail["index"], data.astype(detail["dtype"]))
    times = []
    for _ in range(WARM_UP + runs):
        start = time.perf_counter()
        interpreter.invoke()
        times.append(1000 * (time.perf_counter() - start))
    low, median, high = np.percentile(times[WARM_UP:], [25, 50, 75])
    # The runtime tells of its delegates through this method only.
    nodes = interpreter._get_ops_details()
    return {
        "median_ms": float(median),
        "iqr_ms": float(high - low),
        "partitions": sum(node["op_name"] == "DELEGATE" for node in nodes),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=50)
    arguments = parser.parse_args()
    result = measure(arguments.path, arguments.threads, arguments.runs)
    print(json.dumps(result))
