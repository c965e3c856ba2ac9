"""Variants: one builder, many constructors, each with its own signature."""

import inspect
import operator
import re
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def variant(
    name: str,
    build: Callable[Concatenate[Any, P], R],
    network,
    summary: str,
    /,
    *,
    module: str,
    omit=(),
    **defaults,
) -> Callable[P, R]:
    """Returns the constructor `name`, which calls `build` with `network`.

    Its signature is that of `build` without the first parameter and without
    those of `omit`. Its docstring is that of `build`, with `summary` as the
    first line: without the arguments that it does not have, with the values
    of `network` in place of such names as `network.size` in backticks, and
    with a call of the constructor where an example calls `build`.

    Args:
        name: Name of the constructor, as the paper spells it.
        build: Function of a network and of the arguments of all its variants.
        network: What distinguishes this variant, often a row of a table.
        summary: First line of the docstring, and what follows it.
        module: `__name__` of the module that defines the constructor, where
            pickle and `help` look for it.
        omit: Names of arguments of `build` that this variant does not have.
        **defaults: Defaults of this variant where they differ. `build` gets
            those of omitted arguments, too.

    Raises:
        TypeError: If `omit` or `defaults` has a name that `build` has not.

    Example:
    >>> def build(row, units, *, bias=True):
    ...     '''Builds a network.'''
    ...     return row, units, bias
    >>> Eight = variant("Eight", build, 8, "Builds it.", module=__name__)
    >>> Eight(2, bias=False)
    (8, 2, False)
    """
    first, *parameters = inspect.signature(build).parameters.values()
    unknown = {*omit, *defaults} - {each.name for each in parameters}
    if unknown:
        raise TypeError(
            f"{name} cannot omit or change {sorted(unknown)}, which "
            f"{build.__name__}() does not have"
        )
    fixed = {name: defaults[name] for name in omit if name in defaults}
    signature = inspect.Signature(
        [
            each.replace(default=defaults.get(each.name, each.default))
            for each in parameters
            if each.name not in omit
        ]
    )

    def constructor(*args, **kwargs):
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{name}() {error}") from None
        bound.apply_defaults()
        return build(network, **bound.arguments, **fixed)

    constructor.__name__ = constructor.__qualname__ = name
    constructor.__module__ = module
    constructor.__signature__ = signature
    constructor.__wrapped__ = build  # whose source an editor then shows
    constructor.__doc__ = inspect.cleandoc(summary) + _rest(
        build, name, network, first.name, {first.name, *omit}
    )
    return constructor


def _rest(build, name, network, parameter, omitted):
    """Returns the docstring of a variant behind its first line."""
    text = inspect.getdoc(build)
    text = text[len(text.partition("\n")[0]) :]
    for argument in omitted:  # its lines in the section Args
        text = re.sub(rf"\n    {argument}: .*(\n {{5,}}.*)*", "", text)
    text = re.sub(
        rf"`{parameter}\.([\w.]+)`",
        lambda found: str(operator.attrgetter(found[1])(network)),
        text,
    )
    call = rf"\b{build.__name__}\((\w+)(, )?"
    for example in set(re.findall(call, text)):
        imported = rf"\n *>>> from [\w.]+ import {example[0]}(?=\n)"
        text = re.sub(imported, "", text)  # of the network
    return re.sub(call, f"{name}(", text)
