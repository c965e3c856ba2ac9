"""A process of a search that has workers: its chief, or one of them.

    python -m keras_papers.pipelines.search.process OUTPUT MODULE

KerasTuner's environment variables say which; `search.json` in the folder says
what to search, and importing the module registers the space.
"""

import importlib
import pathlib
import sys

from keras_papers.pipelines.search.trials import Search

if __name__ == "__main__":
    folder, module = sys.argv[1:]
    importlib.import_module(module)
    Search.of_folder(pathlib.Path(folder)).run(verbose=2)
