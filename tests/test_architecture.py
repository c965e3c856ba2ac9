"""The house: who may import whom, what a file is called, what is public."""

import ast
import graphlib
import pathlib
import re
import subprocess
import sys

import pytest

import keras_papers
import keras_papers.cli.main

ROOT = pathlib.Path(keras_papers.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
TESTS = pathlib.Path(__file__).parent

# Which rooms a room may import from. A room is a file or a folder; a folder
# in a folder is a room of its own where it stands here by its dotted name.
GROUND = {"checks", "extras", "files"}
LAYERS = GROUND | {"layers", "inlining"}
NETWORKS = LAYERS | {"applications"}
QUANTIZED = LAYERS | {"lowering", "pixels", "precision", "signatures"}
KIT = {"pipelines.options", "pipelines.verb"}
SHARED = KIT | {"pipelines.data", "pipelines.report", "pipelines.training"}
JOB = (
    GROUND
    | {"tasks"}
    | SHARED
    | {"applications", "applications.registry", "cost", "export", "pixels"}
    | {"pipelines.models", "pipelines.variants", "visualization"}
)
ANSWERED = JOB | {"metrics", "pipelines.answered"}  # of masks or of boxes
DIRECTIONS = {
    "checks": set(),
    "extras": set(),
    "files": set(),
    "lazy_names": set(),
    "tasks": set(),
    "registration": set(),
    "first_step": set(),
    "shapes_only": set(),
    "suppression_rule": {"checks"},
    "layers": {"checks"},
    "losses": {"checks"},
    "metrics": {"checks"},
    "visualization": {"checks", "extras"},
    "distillation": {"checks", "losses"},
    "inlining": {"layers"},
    "recipes": {"checks", "inlining", "lazy_names"},
    "cost": {"inlining", "layers"},
    "lowering": {"inlining"},
    "signatures": {"checks"},
    "precision": {"inlining"},
    "pixels": {"checks", "inlining", "layers"},
    "applications.pretrained": LAYERS,
    "applications.registry": {"checks", "tasks"},
    "applications.image": LAYERS
    | {"applications.pretrained", "applications.registry"},
    "applications": NETWORKS
    | {"applications.image", "applications.pretrained"}
    | {"applications.registry", "losses", "suppression_rule", "tasks"},
    "testing": {"inlining", "layers"},
    "pretraining": {"applications", "checks"},
    "quantization": QUANTIZED,
    "export": QUANTIZED | {"lazy_names", "quantization", "suppression_rule"},
    "tuner.engine": GROUND,
    "tuner.reward": {"checks"},
    "tuner.spaces": NETWORKS
    | {"cost", "first_step", "tuner.engine", "tuner.reward"}
    | {"applications.image"},
    "tuner": LAYERS
    | {"export", "lazy_names", "tuner.engine", "tuner.reward", "tuner.spaces"},
    "pipelines.options": {"checks"},
    "pipelines.verb": {"export", "pipelines.options"},
    "pipelines.data": GROUND,
    "pipelines.report": GROUND | {"export", "visualization"},
    "pipelines.training": LAYERS
    | KIT
    | {"applications.pretrained", "first_step", "recipes"}
    | {"pipelines.data", "pipelines.report"},
    "pipelines.models": GROUND
    | KIT
    | {"recipes", "shapes_only", "tasks"}
    | {"applications", "applications.registry", "cost", "export", "pixels"}
    | {"pipelines.data", "pipelines.report"},
    "pipelines.variants": GROUND
    | SHARED
    | {"export", "pipelines.models", "quantization"},
    "pipelines.classification": JOB
    | {"applications.pretrained", "distillation", "recipes"},
    "pipelines.search": JOB | {"tuner", "tuner.engine", "tuner.spaces"},
    "pipelines.generation": JOB,
    "pipelines.answered": JOB | {"quantization"},
    "pipelines.detection": ANSWERED,
    "pipelines.segmentation": ANSWERED,
    "pipelines.tables": JOB | {"pretraining"},
    "pipelines": {
        "lazy_names",
        "pipelines.classification",
        "pipelines.detection",
        "pipelines.generation",
        "pipelines.models",
        "pipelines.search",
        "pipelines.segmentation",
        "pipelines.tables",
    },
    "cli": JOB
    | {"pipelines", "pipelines.classification", "pipelines.generation"}
    | {"pipelines.search", "pipelines.segmentation", "pipelines.tables"}
    | {"pipelines.detection", "tuner.spaces"},
    "__main__": {"cli"},
}
# package: the rooms that may use it, inside the function that needs it
LAZY = {
    "tensorflow": {
        "cli",
        "export",
        "first_step",
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
    "PIL": {"pipelines", "visualization"},
    "pillow_heif": {"pipelines"},
    "tensorboard": {"pipelines", "tuner"},
    "jax": {"pipelines"},
    "torch": set(),
}
# room: the packages whose classes its own are derived from, at its tops
BASES = {
    "tuner": {"filelock", "grpc", "keras_tuner"},
    "quantization": {"tensorflow", "tensorflow_model_optimization", "tf_keras"},
}
# The list of the directions in docs/ARCHITECTURE.md lies between these.
PAGE = ROOT.parent / "docs" / "ARCHITECTURE.md"
BEGIN = "<!-- made by python -m tests.test_architecture -->"
END = "<!-- end -->"
CORE = {"keras", "numpy", "h5py"}  # h5py comes with Keras
NAMELESS = {"utils", "util", "common", "helpers", "misc", "base"}


def room(name):
    """Returns the room of a dotted name inside the package."""
    parts = name.split(".")
    dotted = ".".join(parts[:2])
    return dotted if dotted in DIRECTIONS else parts[0]


def room_of(path):
    return room(".".join(path.relative_to(ROOT).with_suffix("").parts))


def floor(path):
    """Returns the outermost room of a file."""
    return room_of(path).split(".")[0]


def imports(path, top_level_only=False, for_type_checkers=True):
    """Yields the dotted names that a file imports, also through `require`."""
    nodes = [ast.parse(path.read_text())]
    while nodes:
        node = nodes.pop()
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
        function = isinstance(node, ast.FunctionDef | ast.Lambda)
        skipped = top_level_only and function
        if is_for_type_checkers(node):
            skipped = top_level_only or not for_type_checkers
        if not skipped:
            nodes.extend(ast.iter_child_nodes(node))


def is_for_type_checkers(node):
    return (
        isinstance(node, ast.If)
        and getattr(node.test, "attr", "") == "TYPE_CHECKING"
    )


def ours(path):
    """Yields the names inside the package that a file imports."""
    for name in imports(path):
        package, _, rest = name.partition(".")
        if package == "keras_papers" and rest and rest != "__version__":
            yield rest


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.name))
def test_imports_go_in_the_houses_directions(path):
    if path == ROOT / "__init__.py":
        return
    allowed = DIRECTIONS[room_of(path)] | {room_of(path)}
    for name in ours(path):
        assert room(name) in allowed, f"{path} imports {name}"


def test_no_modules_import_each_other_in_a_circle():
    """Imports inside functions count; those for type checkers do not."""
    modules = {module_name(path): path for path in FILES}
    graph = {
        name: set(imported_modules(path, modules)) - {name}
        for name, path in modules.items()
    }
    assert "files.drafts" in graph["export.tflite"]
    assert "export.conversion" in graph["export.conversion_process"]
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError


def test_a_circle_of_imports_inside_functions_is_found(tmp_path):
    first, second = tmp_path / "first.py", tmp_path / "second.py"
    first.write_text("from keras_papers.second import f\n")
    second.write_text("def f():\n    from keras_papers import first\n")
    modules = {"first": first, "second": second}
    graph = {
        name: set(imported_modules(path, modules))
        for name, path in modules.items()
    }
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter(graph).prepare()


def module_name(path):
    """Returns the dotted name of a file inside the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path, modules):
    """Yields the modules of ours whose names a file takes from them."""
    for name in imports(path, for_type_checkers=False):
        if name.partition(".")[0] != "keras_papers":
            continue
        rest = name.removeprefix("keras_papers").lstrip(".")
        while rest and rest not in modules:  # a name that a module defines
            rest = rest.rpartition(".")[0]
        if rest in modules:
            yield rest


# A family is a file of constructors; what families share has no capital letter.
FAMILIES = sorted(
    path
    for path in (ROOT / "applications").rglob("*.py")
    if re.search(r"registry\.network|^def [A-Z]", path.read_text(), re.M)
)
# EfficientNet-Lite is built by EfficientNet's builder; VQ-VAE for sound has a
# WaveNet as decoder.
RELATED = {
    ("efficientnet_lite", "efficientnet"),
    ("vq_vae_audio", "wavenet"),
}


@pytest.mark.parametrize("path", FAMILIES, ids=lambda path: path.stem)
def test_families_import_no_other_family(path):
    names = {family.stem for family in FAMILIES}
    for name in ours(path):
        parts = name.split(".")
        if parts[0] == "applications" and len(parts) > 2:
            other = (set(parts[1:-1]) & names) - {path.stem}
            assert {(path.stem, each) for each in other} <= RELATED, name


def test_an_import_of_require_is_seen_at_the_top_of_a_file(tmp_path):
    path = tmp_path / "file.py"
    path.write_text(
        'tf = require("tensorflow", "mobile")\n'
        "class Layer:\n"
        '    axes = require("jax", "jax")\n'
        "    def call(self):\n"
        "        import torch\n"
    )
    assert set(imports(path, top_level_only=True)) == {"tensorflow", "jax"}
    assert set(imports(path)) == {"tensorflow", "jax", "torch"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.name))
def test_optional_packages_stay_in_their_rooms_and_inside_functions(path):
    for name in imports(path):
        package = name.split(".")[0]
        if package in LAZY:
            assert floor(path) in LAZY[package], f"{path.name} imports {name}"
    for name in imports(path, top_level_only=True):
        package = name.split(".")[0]
        known = CORE | set(sys.stdlib_module_names) | {"keras_papers"}
        known |= BASES.get(floor(path), set())
        assert package in known, f"{path.name} imports {name} at its top"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.name))
def test_the_tuner_is_imported_when_it_is_used(path):
    """Its classes are KerasTuner's, so that its files need it at their tops.

    The names of the spaces do not: the command line reads them.
    """
    if floor(path) == "tuner":
        return
    for name in imports(path, top_level_only=True):
        if not name.startswith("keras_papers.tuner.spaces.names."):
            assert not name.startswith("keras_papers.tuner"), (path, name)


def test_no_room_is_nameless():
    assert not {path.stem for path in FILES} & NAMELESS
    assert not {path.parent.name for path in FILES} & NAMELESS


def test_the_directions_have_no_circle():
    graph = {room: allowed - {room} for room, allowed in DIRECTIONS.items()}
    order = [*graphlib.TopologicalSorter(graph).static_order()]
    assert set(order) == set(DIRECTIONS)  # a circle raises CycleError


def test_the_page_lists_these_directions():
    """Where it does not, `make papers` updates it."""
    text = PAGE.read_text(encoding="utf-8")
    assert with_directions(text) == text


def with_directions(text):
    """Returns the text of docs/ARCHITECTURE.md with the list of DIRECTIONS."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    graph = {
        room: sorted(allowed - {room}) for room, allowed in DIRECTIONS.items()
    }
    rows = [
        f"| `{room}` | "
        + (", ".join(f"`{name}`" for name in graph[room]) or "nothing")
        + " |"
        for room in graphlib.TopologicalSorter(graph).static_order()
    ]
    table = "\n".join(["| part | imports from |", "|---|---|", *rows])
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def test_every_room_is_in_the_directions():
    rooms = {room_of(path) for path in FILES} - {"__init__"}
    assert rooms <= set(DIRECTIONS)
    for allowed in DIRECTIONS.values():
        assert allowed <= set(DIRECTIONS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.name))
def test_keras_is_used_by_its_public_names(path):
    if path.name == "shapes_only.py":
        return  # Keras has no public name by which weights stay without values
    for name in imports(path):
        assert not name.startswith("keras.src"), f"{path.name} imports {name}"


def test_the_command_parses_before_it_imports():
    command = pathlib.Path(keras_papers.cli.main.__file__)
    for name in imports(command, top_level_only=True):
        assert name.split(".")[0] in sys.stdlib_module_names


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


@pytest.mark.parametrize(
    "path", sorted(TESTS.rglob("*.py")), ids=lambda path: str(path.name)
)
def test_test_modules_import_no_test_modules(path):
    """They import `tests.support`, the facts, and helpers in their folder."""
    folder = ".".join(path.parent.relative_to(TESTS.parent).parts)
    for name in imports(path):
        if not name.startswith("tests."):
            continue
        shared = name.startswith(("tests.support.", "tests.paper_facts."))
        assert shared or name.startswith(f"{folder}."), f"{path}: {name}"
        for part in name.split("."):
            assert not part.startswith("test_"), f"{path} imports {name}"
            assert part != "conftest", f"{path} imports {name}"


if __name__ == "__main__":
    PAGE.write_text(
        with_directions(PAGE.read_text(encoding="utf-8")), encoding="utf-8"
    )
