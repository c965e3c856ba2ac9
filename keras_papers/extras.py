"""Optional dependencies, imported where they are used."""

import importlib


class MissingExtraError(ImportError, ValueError):
    """Raised when an extra of the package is not installed."""


def require(module, extra):
    """Imports and returns `module`, a dependency of the extra `extra`.

    Raises:
        MissingExtraError: If it is not installed. An `ImportError` and
            `ValueError` whose message has the command to install it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"This needs the package {module.partition('.')[0]!r}, which an "
            f"extra of keras-papers brings. Received: {error}. "
            f"Run: pip install 'keras-papers[{extra}]'"
        ) from error
