"""The verbs that list models, and describe one or a file."""

import dataclasses

from keras_papers import recipes
from keras_papers.pipelines.models.cost_tables import model_table
from keras_papers.pipelines.models.model_facts import (
    FILES,
    check_name,
    check_task,
)
from keras_papers.pipelines.options import Options, option
from keras_papers.pipelines.verb import WITHOUT_KERAS, Verb


@dataclasses.dataclass(frozen=True)
class ListOptions(Options):
    """What `list_models` takes."""

    pattern: str = option(
        "*", "of names, as a shell has them", is_positional=True
    )
    task: str | None = option(
        None,
        "only models of a task, such as image_classification",
        lambda name, value: check_task(value),
    )


@dataclasses.dataclass(frozen=True)
class InfoOptions(Options):
    """What `info` takes."""

    name: str = option(
        help="as keras-papers list prints it; or a .keras or .tflite",
        is_positional=True,
    )
    recipe: bool = option(False, "how its paper trained it, instead")

    def check(self):
        if self.recipe:
            recipes.get(self.name)
            return
        if not self.name.endswith(FILES):
            check_name(self.name)
            return
        from keras_papers.pipelines.models.classifier_file import check_file

        check_file(self.name, *FILES)


def _info_line(info, options):
    if options.recipe:
        return f"{options.name}: the recipe of its paper"
    # A file's own figures stand in it, those of a model in its fact.
    figures = getattr(info, "fact", info)
    return f"{figures.name}: {figures.parameters:,} parameters"


VERBS = (
    Verb(
        "list",
        ListOptions,
        "list the models with their papers and costs",
        "'*V3*'",
        lambda facts, options: f"{len(facts)} models",
        model_table,
        WITHOUT_KERAS,
    ),
    Verb(
        "info",
        InfoOptions,
        "describe a model, or a file: its paper, its table, its layers",
        "my_model/model.keras",
        _info_line,
        needs_keras=lambda options: options.name.endswith(".keras"),
    ),
)
