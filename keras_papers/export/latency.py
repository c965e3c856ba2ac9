"""Latency of a .tflite file; run as a script, so that nothing else runs.

    python keras_papers/export/latency.py MODEL.tflite --threads 1 --runs 50

It imports neither Keras nor TensorFlow: the process that is measured holds
the interpreter and the model only, as an app does, and a file that crashes
the interpreter crashes this process and not the caller's.
"""

import argparse
import collections
import json
import time

import numpy as np

WARM_UP = 10


def measure(path, threads, runs, seconds=0.0):
    """Runs the file on random input, `runs` times and `seconds` at least.

    Returns:
        A dict: median and interquartile range in milliseconds, the share of
        its threads' time in which the process had a processor, how many
        delegate partitions the runtime made of the graph, and how often
        which operation is in none of them.
    """
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=path, num_threads=threads)
    interpreter.allocate_tensors()
    generator = np.random.default_rng(0)
    for detail in interpreter.get_input_details():
        data = generator.uniform(0, 255, detail["shape"])
        if np.issubdtype(detail["dtype"], np.signedinteger):
            data = np.zeros(detail["shape"])  # ids, of which 0 is one
        interpreter.set_tensor(detail["index"], data.astype(detail["dtype"]))
    for _ in range(WARM_UP):
        interpreter.invoke()
    times = []
    begin, begin_cpu = time.perf_counter(), time.process_time()
    while len(times) < runs or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        interpreter.invoke()
        times.append(1000 * (time.perf_counter() - start))
    cpu = time.process_time() - begin_cpu
    wall = time.perf_counter() - begin
    low, median, high = np.percentile(times, [25, 50, 75])
    # The runtime shows its delegates by this method only.
    nodes = interpreter._get_ops_details()
    return {
        "median_ms": float(median),
        "iqr_ms": float(high - low),
        "cpu_share": min(1.0, cpu / (wall * threads)),
        "partitions": sum(node["op_name"] == "DELEGATE" for node in nodes),
        "not_delegated": not_delegated(nodes),
    }


def not_delegated(nodes):
    """Counts the operations that no delegate took over, by name.

    Delegates stand after the operations in the list, and know the tensors at
    their edges only: what lies between was taken over.
    """
    makers = {}
    for node in nodes:
        if node["op_name"] != "DELEGATE":
            makers |= {
                int(tensor): node
                for tensor in node["outputs"]
                if tensor >= 0  # -1 stands for none
            }
    taken = set()
    for node in nodes:
        if node["op_name"] != "DELEGATE":
            continue
        edge = set(map(int, node["inputs"]))
        inside = [int(tensor) for tensor in node["outputs"]]
        while inside:
            maker = makers[inside.pop()]
            if maker["index"] not in taken:
                taken.add(maker["index"])
                before = map(int, maker["inputs"])
                inside += [t for t in before if t in makers and t not in edge]
    left = [
        node["op_name"]
        for node in nodes
        if node["op_name"] != "DELEGATE" and node["index"] not in taken
    ]
    return dict(collections.Counter(left))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=0.0)
    print(json.dumps(measure(**vars(parser.parse_args()))))
