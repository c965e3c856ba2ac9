"""variant: constructors that are made of one builder."""

import inspect
import pickle
import pydoc
from typing import NamedTuple

import pytest

from keras_papers import applications
from keras_papers.applications.variants import variant


class Row(NamedTuple):
    """What distinguishes a variant."""

    width: float
    size: int


ROW = Row(1.2, 96)


def build(row, include_top=True, name=None, *, dropout=0.2, rows=None):
    """Builds a network.

    Args:
        row: A `Row`.
        include_top: Whether to end with the classifier, for images of
            `row.size` pixels.
        name: Name of the model.
        dropout: Float in [0, 1).
        rows: List of rows,
            or None.

    Returns:
        Its arguments.

    Example:
    >>> build(ROW, False, name="b3", dropout=0.3)
    (1.2, False, 'b3', 0.3, None)
    """
    return row.width, include_top, name, dropout, rows


OPTIONS = {"module": __name__, "name": "b3", "dropout": 0.3}
B3 = variant("B3", build, ROW, "Builds B3.", omit=("rows",), **OPTIONS)


def test_a_variant_has_its_own_defaults():
    assert B3() == (1.2, True, "b3", 0.3, None)
    assert B3(False, dropout=0.1) == (1.2, False, "b3", 0.1, None)


def test_the_builder_gets_the_default_of_an_omitted_argument():
    options = {**OPTIONS, "rows": [2], "omit": ("rows",)}
    fixed = variant("B3", build, ROW, "Builds B3.", **options)
    assert fixed() == (1.2, True, "b3", 0.3, [2])
    assert "rows" not in inspect.signature(fixed).parameters


def test_its_signature_is_the_builders_without_the_network():
    signature = str(inspect.signature(B3))
    assert signature == "(include_top=True, name='b3', *, dropout=0.3)"


def test_its_docstring_describes_this_network_and_its_own_arguments():
    assert B3.__doc__ == (
        "Builds B3.\n\n"
        "Args:\n"
        "    include_top: Whether to end with the classifier, for images of\n"
        "        96 pixels.\n"
        "    name: Name of the model.\n"
        "    dropout: Float in [0, 1).\n\n"
        "Returns:\n"
        "    Its arguments.\n\n"
        "Example:\n"
        '>>> B3(False, name="b3", dropout=0.3)\n'
        "(1.2, False, 'b3', 0.3, None)"
    )


def test_help_shows_signature_and_docstring():
    text = pydoc.plain(pydoc.render_doc(B3))
    assert "B3(include_top=True, name='b3', *, dropout=0.3)" in text
    assert "Builds B3." in text and "rows" not in text


@pytest.mark.parametrize(
    "args, kwargs, message",
    [
        ((), {"alpha": 1}, r"^B3\(\) got an unexpected .* argument 'alpha'$"),
        ((), {"rows": []}, r"^B3\(\) got an unexpected .* argument 'rows'$"),
        ((1, 2, 3), {}, r"^B3\(\) too many positional arguments$"),
        ((1,), {"include_top": 1}, r"^B3\(\) multiple values .*'include_top'$"),
    ],
)
def test_a_wrong_call_is_a_type_error_that_names_it(args, kwargs, message):
    with pytest.raises(TypeError, match=message):
        B3(*args, **kwargs)


def test_a_default_for_an_unknown_argument_is_refused():
    with pytest.raises(TypeError, match=r"B3 .*\['alpha'\].* build\(\)"):
        variant("B3", build, ROW, "Builds B3.", module=__name__, alpha=1)


@pytest.mark.parametrize("name", applications.list_models())
def test_constructors_are_pickled_by_their_names(name):
    constructor = applications.get(name)
    assert pickle.loads(pickle.dumps(constructor)) is constructor


@pytest.mark.parametrize("name", applications.list_models())
def test_constructors_describe_every_argument_in_their_order(name):
    constructor = applications.get(name)
    text = inspect.getdoc(constructor)
    arguments = text.partition("Args:\n")[2].partition("\n\n")[0]
    described = [
        line.strip().partition(":")[0]
        for line in arguments.splitlines()
        if not line.startswith("     ")
    ]
    assert described == list(inspect.signature(constructor).parameters)
    assert f"{name}(" in text.partition("Example:")[2]


@pytest.mark.parametrize(
    "name, dropout",
    [
        ("EfficientNetB0", 0.2),
        ("EfficientNetB7", 0.5),
        ("EfficientNetLite3", 0.3),
        ("MnasNetA1", 0.2),
        ("MnasNetSmall", 0.0),
    ],
)
def test_constructors_have_the_dropout_and_the_name_of_their_network(
    name, dropout
):
    parameters = inspect.signature(applications.get(name)).parameters
    assert parameters["dropout"].default == dropout
    assert parameters["name"].default == name.lower()


def test_rows_are_an_argument_of_the_networks_that_searches_change_only():
    assert [
        name
        for name in applications.list_models()
        if "rows" in inspect.signature(applications.get(name)).parameters
    ] == ["EfficientNetB0", "EfficientNetLite0", "MnasNetA1"]
