"""What is known of a model before it is trained: paper, table, costs.

Read from `model_facts.json`, which `model_description` makes of the registry:
an import of Keras and the construction of a model take seconds, and those of
all models half a minute. Only a network that a user's own module has
registered in this process is built to be described.
"""

import fnmatch
import functools
import json
import pathlib
import sys

from keras_papers.checks import check_choice, nearest
from keras_papers.pipelines.models.cost_tables import (
    LayerFact,
    ModelFact,
    ModelInfo,
)
from keras_papers.pipelines.models.published_weights import WeightsFact
from keras_papers.tasks import (
    IMAGE_CLASSIFICATION,
    IMAGE_SEGMENTATION,
    OBJECT_DETECTION,
)

FILE = pathlib.Path(__file__).with_name("model_facts.json")
KINDS = {
    IMAGE_CLASSIFICATION: "a classifier",
    IMAGE_SEGMENTATION: "a network for segmentation",
    OBJECT_DETECTION: "a detector",
}
FILES = (".keras", ".tflite")  # that are described, too


def list_models(pattern="*", task=None, weights=False):
    """Lists the models with their papers and costs, or published weights.

    Args:
        pattern: Shell pattern that a name must match, in any case. Defaults
            to all.
        task: Str. The task that a model must have, such as
            `"image_classification"`. Defaults to all.
        weights: Whether to list the weights that the constructors fetch, with
            their accuracy on ImageNet where it is known. Defaults to False.

    Returns:
        A list of `ModelFact`, in alphabetical order; or of `WeightsFact`.

    Raises:
        ValueError: If no model has this task, or none of those has such a
            name, or published weights; the nearest name is offered.

    Example:
    >>> [fact.parameters for fact in list_models("MobileNetV3*")]
    [5483032, 2542856]
    """
    if task is not None:
        check_task(task)
    # In any case, on each system.
    names = sorted(
        name
        for name in _names(task)
        if fnmatch.fnmatchcase(name.lower(), pattern.lower())
    )
    if not weights:
        found = [_model_fact(name, _facts(name)) for name in names]
    else:
        found = [
            WeightsFact(name, *row)
            for name in names
            for row in _facts(name)["weights"]
        ]
    if not found:
        raise _nothing_listed(pattern, task, names)
    return found


def facts_of(name):
    """Returns the `ModelInfo` of a model.

    Raises:
        ValueError: If there is no such model; the nearest name is offered.
    """
    check_name(name)
    facts = _facts(name)
    return ModelInfo(
        _model_fact(name, facts),
        tuple(facts["columns"]),
        _tuples(facts["table"]),
        tuple(LayerFact(*map(_tuples, row)) for row in facts["layers"]),
    )


def check_name(name):
    """Raises ValueError unless a constructor is called `name`."""
    meaning = "the name of a network, as `keras-papers list` prints them,"
    check_choice("model", name, sorted(_names()), meaning)


def check_model_name(name, task=IMAGE_CLASSIFICATION):
    """Raises ValueError unless a constructor for a task has a name.

    Args:
        name: The name.
        task: One of `KINDS`. Defaults to that of a classifier.
    """
    names = sorted(_names(task))
    its = _tasks().get(name) if isinstance(name, str) else None
    if its not in (None, task):
        raise ValueError(
            f"`model` is the name of {KINDS[task]}. Received: "
            f"model={name!r}, a network for {its}. Choose one that "
            f"`keras-papers list --task {task}` prints."
        )
    check_choice(
        "model",
        name,
        names,
        f"the name of {KINDS[task]}, as `keras-papers list --task {task}` "
        "prints them,",
    )


def check_task(task):
    """Raises ValueError unless a model has this task."""
    tasks = sorted({*_tasks().values()})
    check_choice("task", task, tasks, "the task of the models to list")


def _nothing_listed(pattern, task, names):
    """Returns the error on a list without a line.

    Args:
        pattern: The argument of `list_models`.
        task: Likewise.
        names: The names that match; their models have no published weights.
    """
    received = f"pattern={pattern!r}"
    whose, command = "", "keras-papers list"
    if task is not None:
        received += f" with task={task!r}"
        whose, command = " of this task", f"{command} --task {task}"
    if names:
        return ValueError(
            "`pattern` must match the name of a model with published weights. "
            f"Received: {received}, of which there are none. `keras-papers "
            "list --weights` prints all."
        )
    near = nearest(pattern.strip("*"), _names(task))
    offer = f"Did you mean {near!r}? " if near else ""
    return ValueError(
        f"`pattern` must match the name of a model{whose}. Received: "
        f"{received}, which no name fits. {offer}`{command}` prints all."
    )


def _names(task=None):
    """Returns the names of the models that have a task; of all by default."""
    return [name for name, its in _tasks().items() if task in (None, its)]


def _tasks():
    """Returns a dict of name to task, of the file and of this process."""
    tasks = {name: facts["task"] for name, facts in _stored().items()}
    if "keras_papers.applications" in sys.modules:
        from keras_papers.applications import registry

        for name in registry.list_models():
            tasks[name] = registry.get_record(name).task
    return tasks


@functools.cache
def _stored():
    return json.loads(FILE.read_text(encoding="utf-8"))


def _facts(name):
    """Returns the entry of a model in the file, or one made of the model."""
    if name in _stored():
        return _stored()[name]
    from keras_papers.pipelines.models.model_description import describe_model

    return describe_model(name)


def _model_fact(name, facts):
    return ModelFact(
        name, facts["parameters"], facts["multiply_adds"], facts["paper"]
    )


def _tuples(value):
    """Returns the lists of JSON as the tuples that they were."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
