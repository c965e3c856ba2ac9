"""What a file of a model holds: a user's own, or one of a training."""

import json
import math
from typing import NamedTuple

from keras_papers.export import metadata
from keras_papers.export.file_size import size_text
from keras_papers.export.interpreter import open_file
from keras_papers.export.operations import list_operations
from keras_papers.pipelines.data.split import PARTS, SPLIT, split_beside
from keras_papers.pipelines.models.classifier_file import (
    check_file,
    labels_beside,
    load_keras,
)
from keras_papers.pipelines.models.cost_tables import LayerFact, layer_table
from keras_papers.pipelines.models.table_lines import (
    column_lines,
    target_text,
)
from keras_papers.pipelines.report.labelled_lines import labelled
from keras_papers.pipelines.report.page_text import divided

NAMED = 10  # labels


class FileInfo(NamedTuple):
    """A model's file; prints as a page."""

    path: str
    bytes: int
    name: str  # of the model
    input: str  # its shape and type
    output: str
    pixels: str  # what the model takes for a pixel
    labels: tuple
    # Trainable or frozen; of a .tflite, those of convolutions and dense
    # layers, where those of normalizations and tables of vectors are not found.
    parameters: int
    multiply_adds: int | None  # for one image; None if that is not known
    layers: tuple  # a `LayerFact` of each layer, block or operation
    written: dict | None  # metadata.json beside, where it is
    frozen: int = 0  # of the parameters
    # Of a model of the rows of a table: the arguments of its `TabularSchema`,
    # and the number of rows that the training had by `PARTS`, if it is known.
    table: dict | None = None
    rows: dict | None = None

    def __str__(self):
        adds = "not known, for a size is open"
        if self.multiply_adds is not None:
            adds = f"{self.multiply_adds:,}"
        rows = [
            ("file", f"{self.path}, {size_text(self.bytes)}"),
            ("model", self.name),
            *(self._of_tensors() if self.table is None else self._of_table()),
            ("parameters", self._parameters()),
            ("multiply-adds", adds),
        ]
        versions = (self.written or {}).get("versions", {}).items()
        if versions:
            text = ", ".join(f"{name} {value}" for name, value in versions)
            rows.append(("written by", text))
        table = layer_table(self.layers)
        return "\n".join([labelled(rows, 13), "", "layers", table])

    def _of_tensors(self):
        labels = ", ".join(self.labels[:NAMED]) or "none"
        if len(self.labels) > NAMED:
            labels += f" and {len(self.labels) - NAMED:,} more"
        return [
            ("input", self.input),
            ("output", self.output),
            ("pixels", self.pixels),
            ("labels", labels),
        ]

    def _of_table(self):
        rows = column_lines(self.table)
        if self.table["target"] is not None:
            rows.insert(0, ("predicts", target_text(self.table)))
        for label, name in (
            ("missing", "missing_values"),
            ("ignored", "ignored"),
        ):
            if self.table[name]:
                rows.append((label, ", ".join(self.table[name])))
        known = f"not known, for no {SPLIT} beside lists the file"
        if self.rows is not None:
            known = divided(*(self.rows[part] for part in PARTS))
        return [*rows, ("rows", known)]

    def _parameters(self):
        text = f"{self.parameters:,}"
        if self.path.endswith(".tflite"):
            return f"{text} in convolutions and dense layers"
        if self.frozen:
            text += f", {self.frozen:,} of them frozen"
        return text


def describe_file(path):
    """Describes a .keras or .tflite file.

    Raises:
        ValueError: If there is no such file, or it cannot be read.
    """
    path = check_file(path, ".keras", ".tflite")
    describe = {".keras": _of_keras, ".tflite": _of_tflite}[path.suffix]
    found = describe(path)._replace(written=_written_beside(path))
    split = None if found.table is None else split_beside(path)
    if split is None:
        return found
    rows = {part: len(split.parts[part]) for part in PARTS}
    return found._replace(rows=rows)


def _written_beside(path):
    """Returns `metadata.json` beside a file; None if a training wrote none."""
    try:
        written = json.loads(path.with_name("metadata.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    known = isinstance(written, dict)
    known = known and isinstance(written.get("versions", {}), dict)
    return written if known else None


def _of_keras(path):
    from keras_papers import cost
    from keras_papers.applications.tabular import TabularModel
    from keras_papers.pipelines.models.model_description import layers_of
    from keras_papers.pixels.pixel_range import find_pixel_range

    model = load_keras(path)
    shape = getattr(model, "input_shape", None)
    is_image = isinstance(shape, tuple) and len(shape) == 4
    pixels = "no image"
    if is_image:
        found = find_pixel_range(model)
        pixels = "not shown by the graph"
        if found.known:
            pixels = f"{found.black:g} for black to {found.white:g} for white"
    trained = _count(model.trainable_weights)
    _unfreeze(model)  # or frozen layers would count nothing
    try:
        counted = cost.count(model)
        parameters, adds = counted.parameters, counted.multiply_adds
        layers = tuple(layers_of(counted))
    except ValueError:  # of an open size, or of code in place of a graph
        parameters, adds = _count(model.trainable_weights), None
        layers = tuple(
            LayerFact(layer.name, _count(layer.trainable_weights), 0, None)
            for layer in model.layers
        )
    return FileInfo(
        str(path),
        path.stat().st_size,
        model.name,
        _sizes(shape, model),
        _sizes(getattr(model, "output_shape", None), model),
        pixels,
        tuple(labels_beside(path)),
        parameters,
        adds,
        layers,
        None,
        parameters - trained,
        model.schema.get_config() if isinstance(model, TabularModel) else None,
    )


def _unfreeze(layer):
    layer.trainable = True
    for inner in getattr(layer, "layers", ()):
        _unfreeze(inner)


def _count(weights):
    return sum(math.prod(weight.shape) for weight in weights)


def _sizes(shape, model):
    if not isinstance(shape, tuple):
        return "several" if shape else "not known"
    sides = ["any" if side is None else str(side) for side in shape[1:]]
    return f"{' x '.join(sides)}, {model.compute_dtype}"


def _of_tflite(path):
    file = open_file(path)
    found = metadata.read(path)
    first, *others = file.inputs.values()
    if others or len(first["shape"]) < 4:
        pixels = "no image"
    elif first["dtype"].__name__ == "uint8":
        pixels = "as they are, 0 to 255"
    elif found is None:
        pixels = "not known, for the file has no metadata"
    else:
        pixels = f"(pixel - {found.mean:g}) / {found.std:g}"
    found = found or metadata.Description(path.stem)
    layers = list_operations(path)
    return FileInfo(
        str(path),
        path.stat().st_size,
        found.name,
        _details(file.inputs),
        _details(file.outputs),
        pixels,
        found.labels,
        sum(layer.parameters for layer in layers),
        sum(layer.multiply_adds for layer in layers),
        tuple(LayerFact(*layer) for layer in layers),
        None,
        table=found.table,
    )


def _details(tensors):
    """Describes the inputs or the outputs of a file, by name if several."""
    texts = {}
    for name, details in tensors.items():
        sides = " x ".join(map(str, details["shape"][1:])) or "1"
        texts[name] = f"{sides}, {details['dtype'].__name__}"
    if len(texts) == 1:
        return texts.popitem()[1]
    return "; ".join(f"{name}: {text}" for name, text in texts.items())
