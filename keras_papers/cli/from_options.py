"""Argument parsers made from the options of jobs."""

import argparse
import dataclasses
import difflib
import re
import types
import typing

from keras_papers.pipelines.options import described, flag_of


class Parser(argparse.ArgumentParser):
    """Offers the option, the verb or the choice that is spelled most alike."""

    def parse_known_args(self, args=None, namespace=None):
        parsed, unknown = super().parse_known_args(args, namespace)
        for text in unknown:
            if text.startswith("--"):
                self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return parsed, unknown

    def error(self, message):
        unknown = re.match(r"unrecognized arguments:.*?(--[^\s=]+)", message)
        choice = re.search(r"choice: '(.+?)' \(choose from (.+)\)", message)
        near = ()
        if unknown:
            near = difflib.get_close_matches(
                unknown[1], self._option_string_actions, 1
            )
        elif choice:
            choices = re.findall(r"[\w-]+", choice[2])
            near = difflib.get_close_matches(choice[1], choices, 1)
        if near:
            message += f". Did you mean {near[0]}?"
        super().error(message)


def add_verb(verbs, verb, command):
    """Adds a verb to the parsers of verbs.

    Args:
        verbs: What `add_subparsers` returned.
        verb: A `Verb`.
        command: The words that call it, such as `"keras-papers train"`.
    """
    parser = verbs.add_parser(
        command.split()[-1],
        help=verb.help,
        description=f"{verb.help[0].upper()}{verb.help[1:]}.",
        epilog=f"example: {command} {verb.example}",
    )
    for flag, text in (
        ("--json", "print the result for machines"),
        ("--debug", "show the traceback of an error"),
    ):
        parser.add_argument(flag, action="store_true", help=text)
    add_options(parser, verb.options)
    parser.set_defaults(verb=verb)


def given_options(parsed):
    """Returns a dict of the options that were given on the command line."""
    given = vars(parsed)
    names = (field.name for field, _ in described(parsed.verb.options))
    return {name: given[name] for name in names if name in given}


def add_options(parser, options):
    """Adds the fields of a dataclass of options to a parser.

    What is not given on the command line is not in the namespace: the
    dataclass knows its defaults.

    Args:
        parser: An `argparse.ArgumentParser`.
        options: Subclass of `Options`.
    """
    groups = {None: parser}
    for field, about in described(options):
        if about.help is None:
            continue
        if about.group not in groups:
            groups[about.group] = parser.add_argument_group(about.group)
        names, how = _argument(field, about)
        groups[about.group].add_argument(*names, **how)


def _argument(field, about):
    """Returns the arguments of `add_argument` for one option."""
    type_ = _without_none(field.type)
    many = typing.get_origin(type_)
    has_default = field.default is not dataclasses.MISSING
    how = {
        "help": about.help + _default(field),
        "default": argparse.SUPPRESS,
        "metavar": about.metavar,
    }
    if type_ is bool:
        del how["metavar"]
        return [flag_of(field)], how | {"action": "store_true"}
    how["choices"] = about.choices or None
    if isinstance(about.metavar, tuple):  # several words make one value
        how |= {
            "type": typing.get_args(type_)[0],
            "nargs": len(about.metavar),
            "action": _Combined,
            "const": about.parse,
        }
    elif about.parse is not None:
        how["type"] = _parser_of(about.parse)
    else:
        how["type"] = typing.get_args(type_)[0] if many else type_
    if about.is_positional:
        nargs = "+" if many else "?" if has_default else None
        return [field.name], how | {"nargs": nargs}
    if many and "action" not in how:
        how["action"] = "append"
    how |= {"dest": field.name, "required": not has_default}
    return [flag_of(field)], how


def _without_none(type_):
    if not isinstance(type_, types.UnionType):
        return type_
    return next(each for each in type_.__args__ if each is not types.NoneType)


def _default(field):
    default = field.default
    is_switch = isinstance(default, bool)
    if is_switch or not isinstance(default, int | float | str):
        return ""
    return f" (default: {default})"


def _parser_of(parse):
    """Returns `parse` with its own sentence for a value that is wrong."""

    def parsed(text):
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parsed


class _Combined(argparse.Action):
    """Makes one value of several words by the function `const`."""

    def __call__(self, parser, namespace, values, option=None):
        try:
            setattr(namespace, self.dest, self.const(*values))
        except ValueError as error:
            parser.error(str(error))
