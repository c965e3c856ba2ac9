"""The record of each network: task, paper, table, input size, weights.

A family registers its constructors by `network`, below their tables. This
module imports no family: an import of `keras_papers.applications` registers
all of them.
"""

import fnmatch
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from keras_papers import tasks
from keras_papers.checks import MINIMUM_SIZE, check_choice
from keras_papers.tasks import IMAGE_CLASSIFICATION as CLASSIFICATION

Constructor = TypeVar("Constructor", bound=Callable)
SEGMENTATION = tasks.IMAGE_SEGMENTATION
DETECTION = tasks.OBJECT_DETECTION
IMAGE_AUTOENCODING = "image_autoencoding"
AUDIO_AUTOENCODING = "audio_autoencoding"
VIDEO_AUTOENCODING = "video_autoencoding"
LATENT_AUTOENCODING = "latent_autoencoding"  # of the codes of another
LATENT_PRIOR = "latent_prior"  # models of the codes of an autoencoder
AUDIO_GENERATION = "audio_generation"
SEQUENCE_TRANSLATION = "sequence_translation"
TABULAR_CLASSIFICATION = "tabular_classification"


class Paper(NamedTuple):
    """A paper, or code that was published in place of one."""

    name: str  # of its network
    title: str
    authors: str
    year: int
    link: str

    def __str__(self):
        return f"{self.name} ({self.authors}, {self.year}, {self.link})"


class Record(NamedTuple):
    """What is known of a network before it is built."""

    constructor: Callable
    task: str
    paper: Paper
    table: tuple  # rows, whose fields are the paper's column heads
    size: int  # of the default input: pixels, samples, tokens or columns
    published: Any  # `pretrained.published.Family`, or None
    minimum: int  # of the height, and of the width, of an image

    @property
    def name(self):
        """Name of the constructor."""
        return self.constructor.__name__

    @property
    def summary(self):
        """First line of the constructor's docstring."""
        return self.constructor.__doc__.partition("\n")[0]


_RECORDS = {}


def network(
    paper,
    table,
    *,
    size=224,
    task=CLASSIFICATION,
    published=None,
    minimum=MINIMUM_SIZE,
):
    """Returns a decorator that registers a constructor under its name.

    Args:
        paper: The `Paper`.
        table: Tuple of rows, from which the network is built.
        size: Int. Height and width of the default input, the samples of a
            sound, the tokens of a sequence, or the columns of a table.
            Defaults to 224.
        task: Str. What the network is for. Defaults to
            `"image_classification"`.
        published: `pretrained.published.Family` of the weights that
            `weights="imagenet"` loads. Defaults to None.
        minimum: Int. Smallest height, and width, of an image that the network
            takes. Defaults to 32.

    Raises:
        ValueError: If another module has registered a network of that name.
    """

    def register(constructor: Constructor) -> Constructor:
        record = Record(
            constructor, task, paper, table, size, published, minimum
        )
        known = _RECORDS.get(record.name)
        home = constructor.__module__
        if known and known.constructor.__module__ != home:
            raise ValueError(
                "`constructor` is registered under its name, which must be "
                f"new. Received: constructor={record.name} of {home}, a name "
                f"that {known.constructor.__module__} has registered. Choose "
                "another name."
            )
        _RECORDS[record.name] = record
        return constructor

    return register


def list_models(pattern="*", task=None):
    """Lists the names of the networks, in alphabetical order.

    Args:
        pattern: Shell pattern that a name must match, in any case. Defaults
            to all.
        task: Str. The task that a network must have, such as
            `"image_classification"`. Defaults to all.

    Returns:
        A list of strings; `get` takes each of them.

    Raises:
        ValueError: If no network has this task.

    Example:
    >>> list_models("Mobile*V3*", task="image_classification")
    ['MobileNetV3Large', 'MobileNetV3Small']
    """
    if task is not None:
        tasks = sorted({record.task for record in _RECORDS.values()})
        check_choice("task", task, tasks, "the task of the networks to list")
    return sorted(
        name
        for name, record in _RECORDS.items()
        if fnmatch.fnmatchcase(name.lower(), pattern.lower())
        and task in (None, record.task)
    )


def get_record(name):
    """Returns the `Record` of the network called `name`.

    Raises:
        ValueError: If there is no such network; the nearest name is offered.
    """
    meaning = "the name of a network, as `list_models()` returns them,"
    check_choice("model", name, list_models(), meaning)
    return _RECORDS[name]


def get(name):
    """Returns the constructor called `name`.

    Args:
        name: One of `list_models()`.

    Returns:
        A function, such as `keras_papers.applications.MobileNet`.

    Raises:
        ValueError: If there is no such model; the nearest name is offered.

    Example:
    >>> get("MobileNetV2")(alpha=0.35).name
    'mobilenetv2_0.35_224'
    """
    return get_record(name).constructor


def table(name):
    """Returns the paper's table that the model called `name` is built from.

    Args:
        name: One of `list_models()`.

    Returns:
        A tuple of rows, whose fields are the columns as the paper heads them.

    Raises:
        ValueError: If there is no such model; the nearest name is offered.

    Example:
    >>> table("MobileNetV2")[1]
    Row(t=6, c=24, n=2, s=2)
    """
    return get_record(name).table
