"""A griffe extension: docstrings and signatures as this package writes them."""

import inspect
import re
import textwrap

import griffe

# Decorators that give a function another signature.
SIGNING = ("described", "network", "takes")
EXAMPLE = re.compile(
    r"^(Examples?):\n+((?:    )?>>> .*(?:\n[^\n]+)*)", re.MULTILINE
)


class Docstrings(griffe.Extension):
    """Shows examples as code, and functions as Python made them."""

    def on_object(self, *, obj, **kwargs):
        """Fences the doctest of a docstring."""
        if obj.docstring:
            obj.docstring.value = EXAMPLE.sub(fenced, obj.docstring.value)

    def on_module(self, *, mod, **kwargs):
        """Replaces functions whose signature or docstring Python makes."""
        for name, member in list(mod.members.items()):
            if is_made_by_a_call(name, member):
                made = griffe.dynamic_import(member.path)
                if inspect.isfunction(made):
                    mod.set_member(name, as_python_sees_it(made, mod))


def as_python_sees_it(function, mod):
    """Describes a function by its signature and docstring at run time."""
    parameters = [
        griffe.Parameter(
            each.name,
            kind=griffe.ParameterKind(each.kind.description),
            default=None if each.default is each.empty else repr(each.default),
        )
        for each in inspect.signature(function).parameters.values()
    ]
    docstring = griffe.Docstring(
        inspect.getdoc(function),
        parser=mod.docstring.parser,
        parser_options=mod.docstring.parser_options,
    )
    return griffe.Function(
        function.__name__,
        parameters=griffe.Parameters(*parameters),
        docstring=docstring,
    )


def is_made_by_a_call(name, member):
    """Returns whether a name may be a function that a call makes.

    It is the value of a call, as a constructor of a family is, or a function
    with a decorator that gives it another signature.
    """
    if member.is_alias:
        return False
    if member.is_attribute:
        is_call = isinstance(member.value, griffe.ExprCall)
        return is_call and name[0].isupper()
    return member.is_function and any(
        str(decorator.value).partition("(")[0].endswith(SIGNING)
        for decorator in member.decorators
    )


def fenced(match):
    """Returns a doctest as a block of Markdown."""
    title, code = match.groups()
    code = textwrap.dedent(code)
    return f"**{title}:**\n\n```pycon\n{code}\n```"
