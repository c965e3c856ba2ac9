"""Names of a package that are imported on first use (PEP 562)."""

import importlib
import sys


def lazy_names(package, homes):
    """Returns the `__getattr__` and `__dir__` of a package.

    Modules of the package are attributes too, as after an import of them.

    Args:
        package: The package's `__name__`.
        homes: Dict of public name to its place in the package:
            `"module.name"`, `"package.module.name"`, or `"module"` for a
            module.

    Example:
    >>> get, names = lazy_names("concurrent", {"wait": "futures.wait"})
    >>> get("wait").__name__, "wait" in names()
    ('wait', True)
    """

    def get(name):
        *modules, inside = homes.get(name, name).split(".")
        module = ".".join(modules) or inside
        if name.startswith("_"):
            raise _no_attribute(package, name)
        try:
            value = importlib.import_module(f"{package}.{module}")
        except ModuleNotFoundError as error:
            if error.name != f"{package}.{module}":
                raise
            raise _no_attribute(package, name) from None
        value = getattr(value, inside) if modules else value
        setattr(sys.modules[package], name, value)  # looked up once
        return value

    def names():
        return sorted({*vars(sys.modules[package]), *homes})

    return get, names


def _no_attribute(package, name):
    return AttributeError(f"module {package!r} has no attribute {name!r}")
