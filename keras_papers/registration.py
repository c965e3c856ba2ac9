"""Registers layers and losses with Keras, in either order of the two imports.

`keras.saving.load_model` finds the layers and losses of a file that are
registered, and `import keras_papers` registers those of this package.
Registration needs Keras, which takes seconds to import and is not needed by
parts of this package. So they are registered at once if Keras is imported
already, and else when it is imported.
"""

import importlib
import sys

REGISTERED = ("keras_papers.layers", "keras_papers.losses")


def register_with_keras():
    """Imports layers and losses, now or after the import of Keras."""
    if "keras" in sys.modules:
        _import_registered()
    else:
        sys.meta_path.insert(0, _AfterKeras())


def _import_registered():
    for name in REGISTERED:
        importlib.import_module(name)


class _AfterKeras:
    """An import hook for `keras`, which the other finders load as usual."""

    def find_spec(self, name, path=None, target=None):
        if name != "keras":
            return None
        others = [finder for finder in sys.meta_path if finder is not self]
        found = (other.find_spec(name, path, target) for other in others)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_register(module):
            execute(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            _import_registered()

        spec.loader.exec_module = execute_and_register
        return spec
