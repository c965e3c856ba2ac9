"""Pictures with answers: of a folder, or drawn."""

from keras_papers.pipelines.data.answered_set import AnsweredSet
from keras_papers.pipelines.data.scenes import load_scenes
from keras_papers.pipelines.data.split import (
    divided_as,
    split_beside,
    warn_of_unknown,
)


def load(task, data, size, seed, options, **arguments):
    """Returns the `AnsweredSet` of a folder, or of drawn scenes.

    Args:
        task: The `Task`.
        data: The folder; None for the scenes.
        size: Height and width of the scenes.
        seed: Divides the folder, or draws the scenes.
        options: Those of the job, of which the task reads its own.
        **arguments: `names` and `strict`, as of `load_masks`.
    """
    if data is None:
        images = load_scenes(size, seed, task.answers)
        return AnsweredSet(images, "drawn scenes")
    return task.load(data, seed, options, **arguments)


def load_as_trained(task, options, predictor, path):
    """Returns the pictures of a model's training, divided as there.

    Args:
        task: The `Task`.
        options: The `ExportOptions`.
        predictor: The model as its task opens it.
        path: Its file.

    Raises:
        ValueError: If it is not known which pictures these are, or the folder
            does not hold them.
    """
    split = split_beside(path)
    data = options.data or (split and split.data)
    seed = 0 if split is None else split.seed
    if data is None and split is None:
        raise ValueError(
            "`data` is the folder that the model was trained on, which int8 "
            f"needs. Received: model={str(path)!r}, beside which no split.json "
            "names it. Pass the folder."
        )
    answers = load(
        task, data, predictor.size[0], seed, options, names=predictor.labels
    )
    if data is None:
        return answers
    if split is None:
        warn_of_unknown(path)
        return answers
    images = divided_as(split, answers.images, with_new=False)
    if not len(images.train) or not len(images.test):
        raise ValueError(
            "`data` must hold pictures that the model was trained on, and "
            f"others that were held out. Received: data={str(data)!r} with "
            f"{len(images.train)} and {len(images.test)} by the split.json "
            f"beside {str(path)!r}. Take the folder of the training."
        )
    return answers._replace(images=images)
