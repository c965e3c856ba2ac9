"""The layers of a built model, and the facts file made of the registry.

    python -m keras_papers.pipelines.models.model_description

writes `model_facts.json` beside this file, which `model_facts` reads without
an import of Keras. `make papers` runs it.
"""

import itertools
import json
import pathlib
import re

from keras_papers import cost
from keras_papers.applications.registry import get_record, list_models
from keras_papers.files.drafts import draft_of
from keras_papers.pipelines.models.cost_tables import LayerFact
from keras_papers.shapes_only import shapes_only


def layers_of(counted):
    """Returns the costs of a model's layers, each block as one.

    Args:
        counted: The `cost.Cost` of the model.

    Returns:
        A list of `LayerFact`, in the order of the calls.
    """
    groups = itertools.groupby(counted.layers, lambda row: _block(row.name))
    return [_sum(name, list(rows)) for name, rows in groups]


def _block(name):
    """Names the block that a layer lies in, or the layer where it is in none.

    Example:
    >>> _block("stage2_block1_expand_norm"), _block("stem_norm")
    ('stage2_block1', 'stem_norm')
    """
    inside = re.match(r"stage\d+_block\d+(?=_|$)", name)
    return inside.group() if inside else name


def _sum(name, rows):
    return LayerFact(
        name,
        sum(row.parameters for row in rows),
        sum(row.multiply_adds for row in rows),
        rows[-1].output_shape and tuple(rows[-1].output_shape[1:]),
    )


def describe_model(name):
    """Returns the entry of a model in `model_facts.json`."""
    record = get_record(name)
    # The weights have shapes and no values, of which VGG19 has 144 million.
    with shapes_only():
        return _describe(record)


def _describe(record):
    model = record.constructor()
    # A sound of any length is counted at the size of the record.
    is_open = tuple(model.input_shape) == (None, None)
    counted = cost.count(model, (record.size,) if is_open else None)
    facts = {
        "task": record.task,
        "paper": str(record.paper),
        "parameters": counted.parameters,
        "multiply_adds": counted.multiply_adds,
        "weights": record.published.listed() if record.published else [],
        "columns": record.table[0]._fields,
        "table": record.table,
        "layers": layers_of(counted),
    }
    return json.loads(json.dumps(facts))


def as_json(models):
    """Formats the facts of models, by name, with one line for each row."""
    texts = []
    for name, facts in models.items():
        parts = [
            f"  {json.dumps(key)}: {_rows(value)}"
            for key, value in facts.items()
        ]
        texts.append(f" {json.dumps(name)}: {{\n" + ",\n".join(parts) + "\n }")
    return "{\n" + ",\n".join(texts) + "\n}\n"


def _rows(value):
    if not value or not isinstance(value, list | tuple):
        return json.dumps(value, ensure_ascii=False)
    if not isinstance(value[0], list | tuple):
        return json.dumps(value, ensure_ascii=False)
    return (
        "[\n" + ",\n".join(f"   {json.dumps(row)}" for row in value) + "\n  ]"
    )


if __name__ == "__main__":
    path = pathlib.Path(__file__).with_name("model_facts.json")
    with draft_of(path) as draft:
        draft.write_text(
            as_json({name: describe_model(name) for name in list_models()}),
            encoding="utf-8",
        )
