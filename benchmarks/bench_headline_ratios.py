"""The speeds that the papers name, of our .tflite files.

EfficientNet-B1 is 5.7 times as fast as ResNet-152 on a CPU (table 4 of its
paper). MobileNetV3-Large and V3-Small are compared with MobileNetV2, of the
multipliers 1 and 0.35, as in the tables of their paper. Float files with
random weights, CPU time on one thread, the two files in turn.
"""

import pathlib
import tempfile

from interleaved import compare, cpu_seconds

import keras  # isort: skip
from keras_papers import applications
from keras_papers.export.tflite import convert_unverified
from keras_papers.extras import require

ROUNDS = 21
PAIRS = (  # the slower network first
    ("ResNet152", {}, "EfficientNetB1", {}),
    ("MobileNetV2", {}, "MobileNetV3Large", {}),
    ("MobileNetV2", {"alpha": 0.35}, "MobileNetV3Small", {}),
)


def runner_of(name, arguments):
    """Returns a function that runs the float file of a network, and a name."""
    size = applications.registry.get_record(name).size
    model = applications.get(name)(input_shape=(size, size, 3), **arguments)
    path = pathlib.Path(tempfile.mkdtemp()) / f"{model.name}.tflite"
    path.write_bytes(convert_unverified(model))
    litert = require("ai_edge_litert.interpreter", "mobile")
    interpreter = litert.Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    interpreter.invoke()
    return interpreter.invoke, path.stem


if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    print("| | slower | faster | ratio (quartiles) |\n|---|---|---|---|")
    for slow, slow_arguments, fast, fast_arguments in PAIRS:
        slower, slow_name = runner_of(slow, slow_arguments)
        faster, fast_name = runner_of(fast, fast_arguments)
        times = {slower: [], faster: []}
        for turn in range(ROUNDS):
            for run in (slower, faster) if turn % 2 else (faster, slower):
                times[run].append(1000 * cpu_seconds(run)[0])
        compare(f"{slow_name} and {fast_name}", *times.values(), "ms", 2)
