"""Options: one dataclass describes the arguments of a job.

The command line, the signature of the Python function, the checks of both,
the state by which a job is resumed and the record of a run are made from it.
"""

import dataclasses
import functools
import inspect
import os
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from keras_papers.checks import check_choice, plain

# What an option affects, and so where its value is written.
RESULT = "result"  # recorded; a job is resumed with the same value only
RUN = "run"  # recorded; a job may be resumed with another value
CALL = "call"  # neither recorded nor part of a command


@dataclasses.dataclass(frozen=True)
class About:
    """What is known of an option beside its name, type and default."""

    help: str | None = None  # None: of the Python function alone
    check: object = None  # function: name, value; raises ValueError
    choices: tuple = ()  # values of the command line
    metavar: str | tuple | None = None
    group: str | None = None  # title above it in the help
    scope: str = RESULT
    is_positional: bool = False
    flag: str | None = None  # where it is not `--name`
    parse: object = None  # function: words of the command line to the value
    words: object = None  # function: the value to words of the command line


def option(default=dataclasses.MISSING, help=None, check=None, **about):
    """Describes one option of a job, as a field of a dataclass.

    Args:
        default: Its default. Without one the option is required; None stands
            for a value that is chosen later, and is not checked.
        help: Str. Its meaning, for `--help`. None keeps it from the command
            line.
        check: Function from a name and a value, which raises ValueError.
        **about: Other fields of `About`.
    """
    about = About(help, check, **about)
    return dataclasses.field(default=default, metadata={"about": about})


class Options:
    """Base of the dataclasses that describe the arguments of a job."""

    def check(self):
        """Raises ValueError if an option is out of its range.

        A job with rules between options overrides this and calls it first.
        """
        for field, about in described(self):
            value = getattr(self, field.name)
            is_chosen_later = value is None and field.default is None
            if about.check is not None and not is_chosen_later:
                about.check(field.name, value)

    def check_in_use(self, name, needed):
        """Raises ValueError if an option was chosen that has no effect.

        Args:
            name: Of the option.
            needed: Name of another, without which that is so.
        """
        fields = {field.name: field for field in dataclasses.fields(self)}
        value = getattr(self, name)
        if value != fields[name].default and getattr(self, needed) is None:
            raise ValueError(
                f"`{name}` has an effect with `{needed}` alone. Received: "
                f"{name}={_as_json(value)!r} without {needed}. Pass "
                f"`{needed}` ({flag_of(fields[needed])}) too, or leave "
                f"`{name}` out."
            )

    def of_scope(self, *scopes):
        """Returns a dict of the options of these scopes, as JSON holds it."""
        return {
            field.name: _as_json(getattr(self, field.name))
            for field, about in described(self)
            if about.scope in scopes
        }

    def replace(self, **changes):
        """Returns the options with other values of some of them."""
        changes = {name: plain(value) for name, value in changes.items()}
        return dataclasses.replace(self, **changes)

    def command(self, verb, explicit=()):
        """Returns the command line of these options.

        Args:
            verb: Of `keras-papers`, such as `"generate train"`.
            explicit: Names of options that are written even if they have
                their default; they come last.
        """
        positional, words = [], []
        ordered = sorted(
            described(self), key=lambda pair: pair[0].name in explicit
        )
        for field, about in ordered:
            value = getattr(self, field.name)
            is_default = value == field.default and field.name not in explicit
            is_off = value is None or value is False
            if about.scope == CALL or is_default or is_off:
                continue
            values = value if isinstance(value, tuple | list) else (value,)
            if about.is_positional:
                positional += values
            elif value is True:
                words.append(flag_of(field))
            elif about.words is not None:
                given = [flag_of(field), *about.words(value)]
                is_one = len(given) == 2
                words += _with_flag(*given) if is_one else given
            else:
                for each in values:
                    words += _with_flag(flag_of(field), str(each))
        positional = [*map(str, positional)]
        if any(word.startswith("-") for word in positional):
            positional, words = [], [*words, "--", *positional]
        words = ["keras-papers", *verb.split(), *positional, *words]
        return shlex.join(map(str, words))

    def command_with(self, verb):
        """Returns a function: changed options to the command line."""

        def command(**changes):
            return self.replace(**changes).command(verb, explicit=changes)

        return command


def described(options):
    """Lists pairs of the fields of options and what is known `About` them."""
    fields = dataclasses.fields(options)
    return [(field, field.metadata["about"]) for field in fields]


def flag_of(field):
    """Returns the flag of an option on the command line."""
    about = field.metadata["about"]
    return about.flag or f"--{field.name.replace('_', '-')}"


def chosen(choices, meaning):
    """Returns the check that a value is one of some choices."""
    return functools.partial(check_choice, choices=choices, meaning=meaning)


class Checked(NamedTuple):
    """Options whose `check` has passed.

    A function decorated by `takes` accepts them in place of the fields, and
    does not repeat the check, which may walk a folder of images.
    """

    options: Options


def takes(options):
    """Decorates a function of one `Options`, which then takes its fields.

    The function is called with options that were checked. Its signature,
    errors and completion in an editor are those of the fields written out;
    NumPy's numbers are taken for Python's, and an iterator as a list, because
    both the check and the function read it.

    Args:
        options: Subclass of `Options`, a dataclass.
    """
    signature = inspect.Signature(
        [
            each.replace(annotation=inspect.Parameter.empty)
            for each in inspect.signature(options).parameters.values()
        ]
    )

    def decorate(function):
        @functools.wraps(function)
        def job(*args, **kwargs):
            if args and isinstance(args[0], Checked):
                return function(args[0].options)
            try:
                given = signature.bind(*args, **kwargs).arguments
            except TypeError as error:
                raise TypeError(f"{function.__name__}() {error}") from None
            made = options(**{name: _plain(given[name]) for name in given})
            made.check()
            return function(made)

        job.__signature__ = signature
        job.options = options
        return job

    return decorate


def _with_flag(flag, text):
    """Returns the words of an option; one that begins with - needs a =."""
    return [f"{flag}={text}"] if text.startswith("-") else [flag, text]


def _plain(value):
    return plain(list(value) if isinstance(value, Iterator) else value)


def _as_json(value):
    return os.fspath(value) if isinstance(value, os.PathLike) else value
