"""described: arguments of several constructors, described once."""

import inspect
import re

import pytest

from keras_papers.applications import registry
from keras_papers.applications.described import described

TASKS = (registry.SEGMENTATION, registry.DETECTION)


def build(alpha, classes=3):
    """Builds a network.

    Args:
        classes: Positive int.
            Number of classes.
    """


def test_an_own_description_is_kept_and_the_others_are_added():
    shared = {"alpha": "A factor.", "classes": "Not this."}
    assert described(shared)(build).__doc__.split("Args:\n")[1] == (
        "    alpha: A factor.\n"
        "    classes: Positive int.\n"
        "        Number of classes."
    )


def test_an_argument_that_nobody_describes_is_named():
    def incomplete(alpha, beta):
        """Builds a network.

        Args:
            alpha: A factor.
        """

    with pytest.raises(TypeError, match=r"incomplete\(\) describes no 'beta'"):
        described({})(incomplete)


def test_a_description_without_an_argument_is_named():
    def stale(alpha):
        """Builds a network.

        Args:
            alpha: A factor.
            depth: Another.
        """

    with pytest.raises(TypeError, match=r"stale\(\) describes \['depth'\]"):
        described({})(stale)


def test_a_docstring_needs_a_section_for_arguments():
    def short(alpha):
        """Builds a network."""

    def silent(alpha):
        pass

    for function in (short, silent):
        with pytest.raises(TypeError, match=r"\(\) has no section 'Args:'"):
            described({"alpha": "A factor."})(function)


@pytest.mark.parametrize("task", TASKS)
def test_each_dense_constructor_describes_its_arguments_in_their_order(task):
    for name in registry.list_models(task=task):
        constructor = registry.get(name)
        arguments = list(inspect.signature(constructor).parameters)
        section = constructor.__doc__.split("Args:\n")[1].split("\n\n")[0]
        found = [
            line.partition(":")[0].strip()
            for line in section.splitlines()
            if line[:4].isspace() and not line[4:5].isspace()
        ]
        assert found == arguments, name


@pytest.mark.parametrize("task", TASKS)
def test_each_dense_constructor_describes_the_default_of_its_name(task):
    for name in registry.list_models(task=task):
        constructor = registry.get(name)
        default = inspect.signature(constructor).parameters["name"].default
        (line,) = re.findall(r"    name: .*(?:\n {5,}.*)*", constructor.__doc__)
        assert "Defaults to" not in line or f"`{default}`" in line, name
        assert "{" not in line
