"""Optional dependencies, imported where they are used."""

import importlib


class MissingExtraError(ImportError, ValueError):
    """Says which extra of the package is not installed."""


def require(module, extra):
    """Imports and returns `module`, which `extra` of the package installs.

    Raises:
        MissingExtraError: An `ImportError` and `ValueError`, naming the
            command that installs what is missing.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"This needs the package {module.partition('.')[0]!r}, which an "
            f"extra of keras-papers brings. Received: {error}. "
            f"Run: pip install 'keras-papers[{extra}]'"
        ) from error
