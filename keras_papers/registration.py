"""Registers what saved models are made of, in either order of two imports.

`keras.saving.load_model` finds the layers, losses, metrics and models of a file
that are registered, and `import keras_papers` registers those of this package.
Registration needs Keras, which takes seconds to import and is not needed by
parts of this package. So they are registered at once if Keras is imported
already, and else when it is imported.
"""

import importlib
import sys

REGISTERED = (
    "keras_papers.layers",
    "keras_papers.losses",
    "keras_papers.metrics",
    "keras_papers.applications.detection",
    "keras_papers.applications.generative",
    "keras_papers.applications.sequences",
    "keras_papers.applications.tabular",
    "keras_papers.lowering",
    "keras_papers.recipes.drops",
    "keras_papers.recipes.rmsprop_tf1",
)


def register_with_keras():
    """Imports what is registered, now or after the import of Keras."""
    if "keras" in sys.modules:
        _import_registered()
    else:
        sys.meta_path.insert(0, _AfterKeras())


def _import_registered():
    for name in REGISTERED:
        importlib.import_module(name)


class _AfterKeras:
    """An import hook for `keras`, which the other finders load as usual.

    A module of this package that imports Keras is not complete yet when Keras
    is, and others could not import its names. Therefore the hook waits for the
    outermost import of this package.
    """

    def __init__(self):
        self.depth = 0  # of imports that are not complete
        self.has_keras = False

    def find_spec(self, name, path=None, target=None):
        if name != "keras" and not name.startswith("keras_papers."):
            return None
        others = [finder for finder in sys.meta_path if finder is not self]
        found = (other.find_spec(name, path, target) for other in others)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_register(module):
            self.depth += 1
            try:
                execute(module)
                self.has_keras = self.has_keras or name == "keras"
            finally:
                self.depth -= 1
                if not self.depth and self.has_keras:
                    self._register()

        spec.loader.exec_module = execute_and_register
        return spec

    def _register(self):
        if self in sys.meta_path:
            sys.meta_path.remove(self)
            _import_registered()
