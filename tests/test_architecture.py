"""The house: who may import whom, what a file is called, what is public."""

import ast
import pathlib
import subprocess
import sys

import pytest

import keras_papers
import keras_papers_cli

ROOT = pathlib.Path(keras_papers.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# room: the rooms of the house that it may import from
DIRECTIONS = {
    "argument_checks": set(),
    "drafts": set(),
    "extras": set(),
    "lazy_names": set(),
    "registration": set(),
    "limits": set(),
    "training_state": {"drafts"},
    "first_step": set(),
    "fused_adam": set(),
    "layers": {"argument_checks"},
    "inlining": {"layers"},
    "lowering": {"inlining"},
    "normalization": {"argument_checks"},
    "pixel_statistics": {"normalization"},
    "pixel_range": {
        "inlining",
        "layers",
        "normalization",
        "pixel_statistics",
    },
    "precision": {"inlining"},
    "cost": {"inlining", "layers"},
    "applications": {
        "argument_checks",
        "limits",
        "layers",
        "losses",
        "inlining",
    },
    "testing": {"inlining", "layers"},
    "quantization": {
        "argument_checks",
        "extras",
        "inlining",
        "layers",
        "limits",
        "lowering",
        "normalization",
        "pixel_range",
        "precision",
    },
    "export": {
        "argument_checks",
        "drafts",
        "extras",
        "lazy_names",
        "inlining",
        "layers",
        "lowering",
        "normalization",
        "pixel_range",
        "precision",
        "quantization",
    },
    "tuner": {
        "argument_checks",
        "drafts",
        "extras",
        "first_step",
        "training_state",
        "layers",
        "inlining",
        "applications",
        "cost",
        "export",
    },
    "pipelines": {
        "argument_checks",
        "lazy_names",
        "limits",
        "drafts",
        "first_step",
        "fused_adam",
        "training_state",
        "extras",
        "layers",
        "inlining",
        "normalization",
        "pixel_range",
        "cost",
        "applications",
        "quantization",
        "export",
        "tuner",
    },
}
# package: the rooms that may use it, inside the function that needs it
LAZY = {
    "tensorflow": {
        "export",
        "first_step",
        "fused_adam",
        "pipelines",
        "quantization",
        "tuner",
    },
    "ai_edge_litert": {"export"},
    "tf_keras": {"quantization"},
    "tensorflow_model_optimization": {"quantization"},
    "keras_tuner": {"tuner"},
    "grpc": {"tuner"},
    "filelock": {"pipelines", "tuner"},
    "sklearn": {"pipelines", "tuner"},
    "matplotlib": {"pipelines", "tuner"},
    "jinja2": {"pipelines"},
    "PIL": {"pipelines"},
    "pillow_heif": {"pipelines"},
    "tensorboard": {"pipelines", "tuner"},
    "jax": {"pipelines"},
    "torch": set(),
}
CORE = {"keras", "numpy", "h5py"}  # h5py comes with Keras
NAMELESS = {"utils", "util", "common", "helpers", "misc", "base"}


def room(path):
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imports(path, top_level_only=False):
    """Yields the dotted names that a file imports, also through `require`."""
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", "") == "require"
        ):
            yield node.args[0].value


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.name))
def test_imports_go_in_the_houses_directions(path):
    if path == ROOT / "__init__.py":
        return
    for name in imports(path):
        if name.startswith("keras_papers."):
            other = name.split(".")[1]
            if other == "__version__":
                continue
            allowed = DIRECTIONS[room(path)] | {room(path)}
            assert other in allowed, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.name))
def test_optional_packages_stay_in_their_rooms_and_inside_functions(path):
    for name in imports(path):
        package = name.split(".")[0]
        if package in LAZY:
            assert room(path) in LAZY[package], f"{path.name} imports {name}"
    for name in imports(path, top_level_only=True):
        package = name.split(".")[0]
        known = CORE | set(sys.stdlib_module_names) | {"keras_papers"}
        assert package in known, f"{path.name} imports {name} at its top"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.name))
def test_the_tuner_is_imported_when_it_is_used(path):
    """Its classes are KerasTuner's, so that its files need it at their tops."""
    if room(path) == "tuner":
        return
    for name in imports(path, top_level_only=True):
        assert not name.startswith("keras_papers.tuner"), f"{path.name}: {name}"


def test_no_room_is_nameless():
    assert not {path.stem for path in FILES} & NAMELESS
    assert not {path.parent.name for path in FILES} & NAMELESS


def test_every_room_is_in_the_directions():
    rooms = {room(path) for path in FILES} - {"__init__"}
    assert rooms <= set(DIRECTIONS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.name))
def test_keras_is_used_by_its_public_names(path):
    for name in imports(path):
        assert not name.startswith("keras.src"), f"{path.name} imports {name}"


def test_the_command_parses_before_it_imports():
    command = pathlib.Path(keras_papers_cli.__file__)
    for name in imports(command, top_level_only=True):
        assert name.split(".")[0] in sys.stdlib_module_names
    found = {name for name in imports(command) if "keras" in name}
    assert found == {"keras_papers.pipelines"}


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_importing_costs_nothing_and_loads_nothing(backend):
    """Beyond what `import keras` loads by itself."""
    code = (
        "import sys, keras; before = set(sys.modules); import keras_papers;"
        "print(*{name.split('.')[0] for name in set(sys.modules) - before})"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        env={"KERAS_BACKEND": backend, "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "keras_papers" in loaded
    assert not set(loaded) & (set(LAZY) - {"jax"})


def test_public_names_are_imported_one_by_one():
    for path in FILES:
        if path.name != "__init__.py":
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    private = f"_{alias.name}"
                    assert alias.asname in (alias.name, private), path
