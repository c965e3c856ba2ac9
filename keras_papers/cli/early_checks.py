"""Checks of a verb's arguments before Keras is imported.

A wrong path is answered at once then, and not after some seconds. The
functions of the verbs make the same checks, by the same functions.
"""

from keras_papers.checks import (
    MINIMUM_SIZE,
    check_alpha,
    check_positive_int,
    check_seed,
    check_weights_path,
)
from keras_papers.export.output_path import check_path
from keras_papers.pipelines.data.picture_folder import check_folder
from keras_papers.pipelines.data.picture_list import list_pictures
from keras_papers.pipelines.models.classifier_file import (
    check_file,
    read_labels,
)
from keras_papers.pipelines.models.model_facts import FILES, check_model_name
from keras_papers.pipelines.search.plan import SearchPlan
from keras_papers.pipelines.training.output_folder import (
    check_output_file,
    check_places,
)
from keras_papers.pipelines.training.recipe import Recipe, check_recipe
from keras_papers.pipelines.training.training_folder import refuse_finished
from keras_papers.pipelines.variants.plan import (
    check_mode,
    check_plan,
    command_instead,
    quantized_path,
)
from keras_papers.tuner.spaces.names import model_of


def check(verb, arguments):
    """Raises ValueError if an argument of a verb is wrong.

    Args:
        verb: Name of a function of `pipelines`.
        arguments: Dict of what it is called with.
    """
    _CHECKS.get(verb, _nothing)(arguments)


def _nothing(arguments):
    pass


def _train(arguments):
    get = arguments.get
    data, output, weights = get("data"), get("output"), get("weights")
    check_model_name(get("model"))
    check_places(data, output)
    plan = check_plan(get("quantize"), get("prune"), get("cluster"))
    if not get("overwrite"):
        refuse_finished(output, command_instead(plan, output, data))
    given = {name: get(name) for name in Recipe._fields}
    size = get("image_size")
    check_recipe(
        Recipe(**{**given, "from_weights": weights is not None}),
        MINIMUM_SIZE if size is None else size,
    )
    check_seed(get("seed"))
    check_alpha(get("alpha"))
    if weights not in (None, "imagenet"):
        check_weights_path(weights)
    if data is not None:
        check_folder(data)


def _tune(arguments):
    data, space = arguments.get("data"), arguments["space"]
    check_places(data, arguments["output"])
    plan = {name: arguments.get(name) for name in SearchPlan._fields}
    model = model_of(space, plan["model"])
    SearchPlan(**{**plan, "model": model}).check()
    check_positive_int("workers", arguments["workers"], "a number", "Try 2.")
    if data is not None:
        check_folder(data)


def _export(arguments):
    check_file(arguments["model"], ".keras")
    if arguments["output"] is not None:
        check_path(arguments["output"])
    if arguments["labels"] is not None:
        read_labels(arguments["labels"])


def _quantize(arguments):
    check_file(arguments["model"], ".keras")
    mode = arguments["mode"]
    check_mode(mode, arguments.get("epochs"), arguments.get("preserve", ()))
    output = arguments.get("output")
    check_path(quantized_path(arguments["model"], mode, output))
    if arguments["data"] is not None:
        check_folder(arguments["data"])


def _evaluate(arguments):
    check_file(arguments["model"], ".tflite", ".keras")
    check_folder(arguments["data"], to_train=False)


def _info(arguments):
    if arguments["name"].endswith(FILES):
        check_file(arguments["name"], *FILES)


def _predict(arguments):
    check_file(arguments["model"], ".tflite", ".keras")
    check_positive_int("top", arguments["top"], "a number of classes", "Try 5.")
    list_pictures(arguments["images"])
    for name in "csv", "html":
        check_output_file(name, arguments.get(name))


_CHECKS = {
    "train": _train,
    "tune": _tune,
    "export": _export,
    "quantize": _quantize,
    "info": _info,
    "evaluate": _evaluate,
    "predict": _predict,
}
