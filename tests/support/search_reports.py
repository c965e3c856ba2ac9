"""Reports of searches that never ran, with plausible figures."""

import functools

import numpy as np

from keras_papers import tuner
from keras_papers.applications import mnasnet
from keras_papers.pipelines.search.report import SearchReport
from keras_papers.tuner.spaces.names import SPACES, SpaceOptions, space_class

OPERATIONS = ("SepConv", "MBConv3", "MBConv6", "Conv")
SKIPS = ("identity", "pool", "none")
FIGURES = {
    "classes": 10,
    "image_size": 48,
    "width": 0.35,
    "epochs": 10,
    "train_images": 1_150,
    "validation_images": 287,
    "test_images": 360,
    "objective": "val_accuracy",
    "cost": "multiply_adds",
    "limit": None,
    "budget_madds": None,
    "test_accuracy": 0.95278,
    "guessed_accuracy": 0.10278,
    "tflite_accuracy": 0.95,
    "bytes": 1_234_567,
    "latency_ms": 1.234,
    "seconds": 724.6,
    "went_on": False,
    "workers": 1,
    "output": "/home/somebody/secret/output",
}
OUT_OF_MEMORY = (
    "tensorflow.python.framework.errors_impl.ResourceExhaustedError: OOM when "
    "allocating tensor with shape[64,{},48,48]"
)


def trial(number, cost=None, accuracy=None, values=None, **metrics):
    """Returns a completed trial, or without an accuracy a failed one."""
    if accuracy is None:
        message = OUT_OF_MEMORY.format(100 + number)
        values = values or {"scaling": "2 1.4 1.4"}
        return tuner.Trial(f"{number:02}", "FAILED", values, {}, message)
    measured = {"loss": 0.2, "accuracy": 0.99, "val_loss": 0.3}
    measured |= {"val_accuracy": accuracy, "multiply_adds": cost, **metrics}
    measured.setdefault("parameters", cost / 7)
    values = values or {"scaling": f"{1 + number / 10:g} 1.1 1.15"}
    return tuner.Trial(f"{number:02}", "COMPLETED", values, measured, None)


def report(trials, space="compound", **figures):
    """Returns the report of trials, with their front and the best."""
    figures = {**FIGURES, **figures}
    done = [each for each in trials if each.status == "COMPLETED"]
    best = max(done, key=lambda each: each.metrics[figures["objective"]])
    made = space_of(space, figures["image_size"], figures["width"])
    is_table = "stage1_operation" in best.values
    return SearchReport(
        **{
            "space": space,
            "varied": made.summary,
            "model": made.default_model,
            "trials": trials,
            "descriptions": {
                each.trial: made.describe(each.values) for each in trials
            },
            "code": "",
            "front": tuner.pareto_front(trials, figures["cost"]),
            "best": best,
            "table": made.table(best.values) if is_table else (),
            "blocks": made.blocks(best.values) if is_table else None,
            **figures,
        }
    )


@functools.cache
def space_of(name, image_size, width):
    """The space that `tune` makes of a name, without a budget."""
    options = SpaceOptions(SPACES[name].default_model, image_size, width)
    return space_class(name).from_options(options)


def pairs():
    """Returns a report of sixteen widths and resolutions."""
    trials = []
    for number in range(16):
        alpha = (1.0, 0.75, 0.5, 0.25)[number // 4]
        size = (48, 41, 34, 32)[number % 4]
        cost = round(25.9e6 * alpha**1.9 * (size / 48) ** 2)
        wobble = 0.012 * np.sin(7 * number)
        accuracy = 0.97 - 0.09 * (0.9 - alpha) ** 2 - 0.004 * (48 - size)
        values = {"width_and_resolution": f"{alpha:g} x {size}"}
        trials.append(trial(number, cost, accuracy + wobble, values))
    return report(trials, "width-resolution", limit=30e6, width=1.0)


def table_values(generator):
    """Draws a table; returns its values by the names in `MnasSpace`."""
    values = {}
    for stage, row in enumerate(mnasnet.FIGURE_7, start=1):
        chosen = {
            "operation": OPERATIONS[generator.integers(4)],
            "kernel": int(generator.choice([3, 5])),
            "squeeze": float(generator.choice([0, 0.25])),
            "skip": SKIPS[generator.integers(3)],
            "filters": int(8 * round(row.filters / 8)),
            "layers": int(row.layers + generator.integers(0, 2)),
            "strides": row.s,
        }
        values |= {f"stage{stage}_{k}": value for k, value in chosen.items()}
    return values


def tables(number=40, seed=0, failures=(5, 17, 18)):
    """Returns the report of a search for a table with a target latency."""
    generator = np.random.default_rng(seed)
    reward = tuner.Reward(1.5)
    trials = []
    for index in range(number):
        values = table_values(generator)
        if index in failures:
            trials.append(trial(index, values=values))
            continue
        depth = sum(v for k, v in values.items() if k.endswith("_layers"))
        latency = 0.05 * depth * generator.uniform(0.4, 3)
        accuracy = 0.97 - 0.5 * np.exp(-3 * latency)
        accuracy += 0.01 * generator.standard_normal()
        if generator.random() < 0.05:
            accuracy = 0.3  # has diverged
        accuracy = round(accuracy * 287) / 287
        measured = {"latency_ms": latency, "reward": reward(accuracy, latency)}
        cost = float(round(latency * 4e6))
        trials.append(trial(index, cost, accuracy, values, **measured))
    return report(
        trials,
        "mnas",
        objective="reward",
        cost="latency_ms",
        limit=1.5,
        workers=4,
    )
