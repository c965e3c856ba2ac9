"""Information on a model, by its name, or on the file of one."""

import os

from keras_papers import recipes
from keras_papers.pipelines.models.model_facts import FILES, facts_of


def info(name, recipe=False):
    """Describes a model: its paper, its table, its layers; or a file.

    Args:
        name: One of `applications.list_models()`, or the path of a .keras or
            .tflite file.
        recipe: Whether to return how its paper trained the model, a
            `recipes.Recipe`. Defaults to False.

    Returns:
        A `ModelInfo`, the `FileInfo` of a file, or a `Recipe`; each prints as
        a page.

    Raises:
        ValueError: If there is no such model or file, or the file cannot be
            read; the nearest name is offered.
    """
    if recipe:
        return recipes.get(name)
    if isinstance(name, os.PathLike) or str(name).endswith(FILES):
        from keras_papers.pipelines.models.model_file import describe_file

        return describe_file(name)
    return facts_of(name)
