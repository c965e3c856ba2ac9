"""The verbs that list models, and describe one or a file."""

import dataclasses

from keras_papers import recipes
from keras_papers.pipelines.models.cost_tables import model_table
from keras_papers.pipelines.models.model_facts import (
    FILES,
    check_name,
    check_task,
    list_models,
)
from keras_papers.pipelines.models.published_weights import (
    LEGEND,
    WeightsFact,
    weights_table,
)
from keras_papers.pipelines.options import Options, option
from keras_papers.pipelines.report.page_text import plural
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
    weights: bool = option(False, "their published weights, instead")

    def check(self):
        super().check()
        list_models(self.pattern, self.task, self.weights)


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


def _list_line(facts, options):
    if options.weights:
        models = len({fact.model for fact in facts})
        return f"{len(facts)} weights of {plural(models, 'model')}"
    return plural(len(facts), "model")


def _list_table(facts):
    if isinstance(facts[0], WeightsFact):
        return f"{weights_table(facts)}\n{LEGEND}"
    return model_table(facts)


def _info_line(info, options):
    if options.recipe:
        origin = info.origin()
        text = f"{options.name}: the recipe of its paper"
        return f"{text}, {origin}" if origin else text
    # A file's own figures stand in it, those of a model in its fact.
    figures = getattr(info, "fact", info)
    return f"{figures.name}: {figures.parameters:,} parameters"


VERBS = (
    Verb(
        "list",
        ListOptions,
        "list the models with their papers and costs",
        "'*V3*'",
        _list_line,
        _list_table,
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
