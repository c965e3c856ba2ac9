"""Every file that the package writes is written whole or not at all."""

import ast
import contextlib
import pathlib
import resource

import keras
import pytest

import keras_papers
from keras_papers import export
from keras_papers.files import figures_json, training_state
from keras_papers.pipelines.classification import report
from keras_papers.pipelines.data.split import PARTS, Split
from keras_papers.pipelines.search.search_pictures import write_picture
from keras_papers.pipelines.tables.predictions import TablePredictions
from keras_papers.tuner.engine import trial_table
from tests.support import search_reports

ROOT = pathlib.Path(keras_papers.__file__).parent
WRITERS = {
    "write_text",
    "write_bytes",
    "save",
    "save_weights",
    "savez",
    "savez_compressed",
    "savefig",
    "tofile",
}
OURS = {  # methods that write by `draft_of`
    "found.save",
    "latents.save",
    "report.save",
    "searched.split().save",
    "self.oracle.save",
    "self.save",
    "split.save",
    "training_state.save",
}
# By file and function: where it writes instead of under a final name.
ELSEWHERE = {
    ("check_layer.py", "_check_saving"): "a temporary folder",
    ("constructor_checks.py", "check_copies"): "a temporary folder",
    ("conversion_process.py", "convert_on_tensorflow"): "a temporary folder",
    ("conversion_process.py", "_reason_written"): "a temporary folder",
    ("conversion_process.py", None): "a temporary folder",
    ("drafts.py", "sync"): "nothing",
    ("job.py", "_train"): "the state, moved when it is whole",
    ("job.py", "_write"): "the state, moved when it is whole",
    ("latency.py", "__call__"): "a temporary folder",
    ("launcher.py", "start"): "a log, to which lines are added",
    ("output_folder.py", "_claimed"): "the lock, which names its process",
    ("page_graphics.py", "inline"): "memory",
    ("thumbnails.py", "data_uri"): "memory",
    ("quantized.py", "make_variants"): "the state, moved when it is whole",
}


def writes(tree):
    """Yields each call that writes a file: its function and its line.

    Those inside a `with draft_of(...)` are left out.
    """

    def walk(node, function, drafted):
        if isinstance(node, ast.FunctionDef):
            function = node.name
        if isinstance(node, ast.With):
            calls = [ast.unparse(item.context_expr) for item in node.items]
            drafted |= any(call.startswith("draft_of(") for call in calls)
        if isinstance(node, ast.Call) and not drafted and is_write(node):
            yield function, node.lineno
        for child in ast.iter_child_nodes(node):
            yield from walk(child, function, drafted)

    yield from walk(tree, None, False)


def is_write(call):
    name = getattr(call.func, "attr", getattr(call.func, "id", None))
    if name != "open":
        return name in WRITERS and ast.unparse(call.func) not in OURS
    modes = [*call.args, *(word.value for word in call.keywords)]
    return any(
        isinstance(mode, ast.Constant)
        and isinstance(mode.value, str)
        and len(mode.value) <= 3
        and set(mode.value) & set("wax+")
        for mode in modes
    )


def test_no_file_is_written_but_as_a_draft():
    found = {
        (path.name, function): f"{path}:{line}"
        for path in ROOT.rglob("*.py")
        for function, line in writes(ast.parse(path.read_text()))
    }
    unknown = found.keys() - ELSEWHERE.keys()
    assert not unknown, [found[key] for key in unknown]
    assert not ELSEWHERE.keys() - found.keys(), "nothing is written there"


@contextlib.contextmanager
def full_disk(size):
    """Lets no file become larger than `size`, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def learner():
    model = keras.Sequential(
        [keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(99)]
    )
    model.compile("sgd", "mse")
    return model


def figures():
    return report.Report(
        **dict.fromkeys(report.Report._fields, "x" * 99) | {"variants": []}
    )


WAYS = {
    "model.tflite": lambda path: export.to_tflite(
        learner(), path, runs=1, normalization=(0, 1)
    ),
    "state.npz": lambda path: training_state.save(learner(), path),
    "report.json": lambda path: figures().save(path),
    "split.json": lambda path: Split(
        "x" * 99, 0, {}, dict.fromkeys(PARTS, [])
    ).save(path),
    "plan.json": lambda path: figures_json.write_json(path, {"x": "x" * 999}),
    "found.json": lambda path: search_reports.pairs().save(path),
    "trials.csv": lambda path: trial_table.write_csv(
        search_reports.pairs().trials, path
    ),
    "predictions.csv": lambda path: TablePredictions(
        *("m.keras", "income", None, [0.5] * 99, None, {}, {}, None)
    ).save(path),
    "pareto.svg": lambda path: write_picture(search_reports.pairs(), path),
}


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", WAYS)
def test_a_full_disk_leaves_the_file_that_was_there(name, tmp_path):
    path = tmp_path / name
    path.write_text("before")
    with full_disk(99), pytest.raises(OSError, match="too large"):
        WAYS[name](path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
