"""Options: what is made from one dataclass of a job."""

import dataclasses
import inspect
import shlex

import numpy as np
import pytest

from keras_papers import pipelines
from keras_papers.cli.from_options import Parser, add_options, given_options
from keras_papers.cli.main import _parser
from keras_papers.pipelines.classification.options import (
    BenchmarkOptions,
    EvaluateOptions,
    ExportOptions,
    PredictOptions,
    TrainOptions,
)
from keras_papers.pipelines.models.verbs import VERBS as OF_MODELS
from keras_papers.pipelines.options import (
    CALL,
    RESULT,
    RUN,
    Checked,
    Options,
    option,
    takes,
)
from keras_papers.pipelines.search.options import SearchOptions
from keras_papers.pipelines.search.verbs import VERBS as OF_SEARCH
from keras_papers.pipelines.training.options import number


@dataclasses.dataclass(frozen=True)
class Baking(Options):
    """Options of a job."""

    flour: str | None = option(None, "its kind", is_positional=True)
    loaves: int = option(2, "how many", number("a number", "Try 2."))
    _: dataclasses.KW_ONLY
    glaze: bool = option(False, "whether it shines")
    seeds: tuple[str, ...] = option((), "on top", choices=("poppy", "sesame"))
    size: tuple[float, float] | None = option(
        None,
        "in centimetres",
        metavar=("WIDTH", "HEIGHT"),
        parse=lambda width, height: (width, height),
        words=lambda size: size,
    )
    output: str = option("oven", "where", scope=RUN)
    verbose: object = option("auto", scope=CALL)


@takes(Baking)
def bake(options):
    """Bakes."""
    return options


def parse(words):
    parser = Parser()
    add_options(parser, Baking)
    return vars(parser.parse_args(words.split()))


def test_a_function_has_the_signature_of_its_options():
    assert str(inspect.signature(bake)) == (
        "(flour=None, loaves=2, *, glaze=False, seeds=(), size=None, "
        "output='oven', verbose='auto')"
    )
    assert bake("rye", 3, glaze=True) == Baking("rye", 3, glaze=True)
    with pytest.raises(TypeError, match=r"bake\(\) .*'sugar'"):
        bake(sugar=1)


def test_numbers_of_numpy_are_taken_for_pythons():
    assert type(bake(loaves=np.int64(3)).loaves) is int
    assert bake(glaze=np.True_).glaze is True


def test_an_option_is_checked_where_it_enters():
    with pytest.raises(ValueError, match="`loaves` is a number .*loaves=0"):
        bake(loaves=0)
    with pytest.raises(ValueError, match="`loaves`.*loaves=None"):
        bake(loaves=None)


def test_options_that_were_checked_are_not_checked_again():
    options = Baking("rye", 0)
    assert bake(Checked(options)) is options
    with pytest.raises(ValueError, match="`loaves`"):
        bake(options.flour, options.loaves)


def test_an_iterator_is_taken_as_a_list():
    assert bake(seeds=iter(["poppy", "sesame"])).seeds == ["poppy", "sesame"]


@pytest.mark.parametrize(
    "words",
    [
        "",
        "rye --loaves 3",
        "--glaze --seeds poppy --seeds sesame",
        "--size 3.0 4.5 --output there",
    ],
)
def test_a_command_gives_the_options_that_it_was_made_of(words):
    options = Baking(**parse(words))
    given = options.replace(seeds=tuple(options.seeds))
    command = given.command("bake")
    assert command == f"keras-papers bake {words}".strip()


@pytest.mark.parametrize(
    "options",
    [
        Baking("-rye", output="-oven"),
        Baking("-", seeds=["-poppy", "sesame"], output="- a b"),
        Baking(size=(-1.5, 3.0), output="--output"),
    ],
)
def test_values_that_begin_with_a_dash_are_parsed_back(options):
    words = shlex.split(options.command("bake"))[2:]
    parser = Parser()
    add_options(parser, Baking)
    # Any text may be a seed here.
    (seeds,) = [each for each in parser._actions if each.dest == "seeds"]
    seeds.choices = None
    assert Baking(**vars(parser.parse_args(words))) == options


@pytest.mark.parametrize(
    "verb, options",
    [
        ("train", TrainOptions("-photos", output="-out", prune=0.5)),
        ("tune", SearchOptions("-photos", budget_madds=6e7, output="-out")),
        ("export", ExportOptions("-m.keras", labels="-l", threads=2)),
        (
            "predict",
            PredictOptions(
                "-m.tflite",
                ["-a.png", "b.png"],
                csv="-a.csv",
                normalization=(127.5, 127.5),
            ),
        ),
        (
            "evaluate",
            EvaluateOptions("m.tflite", "-p", normalization=(1e-5, 1.0)),
        ),
        ("benchmark", BenchmarkOptions(["m.tflite", "-m.tflite"], runs=3)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_command_of_a_job_is_parsed_back(verb, options):
    command = options.command(verb)
    parsed = _parser().parse_args(shlex.split(command)[1:])
    found = parsed.verb.options(**given_options(parsed))
    assert found.command(verb) == command
    normalization = getattr(options, "normalization", None)
    if normalization is not None:
        assert found.normalization == pytest.approx(normalization)
        found = found.replace(normalization=normalization)
    assert found == options


def test_what_is_not_given_is_not_in_the_namespace():
    assert parse("") == {}
    assert parse("--seeds poppy") == {"seeds": ["poppy"]}


def test_a_command_may_write_defaults_and_writes_no_switch_that_is_off():
    assert Baking().command(
        "bake", explicit=["loaves", "glaze", "verbose"]
    ) == ("keras-papers bake --loaves 2")


def test_the_scope_of_an_option_is_where_it_is_written():
    options = Baking("rye")
    assert [*options.of_scope(RESULT)] == [
        *("flour", "loaves", "glaze", "seeds", "size")
    ]
    assert options.of_scope(RUN) == {"output": "oven"}
    bake_with = options.command_with("bake")
    assert bake_with(loaves=9) == "keras-papers bake rye --loaves 9"


@pytest.mark.tensorflow
@pytest.mark.parametrize("verb", [*OF_MODELS, *OF_SEARCH], ids=lambda v: v.name)
def test_a_function_written_by_hand_takes_what_its_options_say(verb):
    function = getattr(pipelines, verb.function or verb.name)
    bare = [
        each.replace(annotation=each.empty)
        for each in inspect.signature(verb.options).parameters.values()
    ]
    assert [*inspect.signature(function).parameters.values()] == bare


@pytest.mark.parametrize("words", ["train --alpha 1", "classify train"])
def test_verbs_of_classification_are_called_with_and_without_it(words):
    parsed = _parser().parse_args(words.split())
    assert parsed.verb.options is TrainOptions
