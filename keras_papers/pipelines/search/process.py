"""A process of a search that has workers: its chief, or one of them.

    python -m keras_papers.pipelines.search.process OUTPUT

KerasTuner's environment variables tell which; `search.json` in the folder
tells what to search.
"""

import pathlib
import sys

from keras_papers.pipelines.search.job import Search

if __name__ == "__main__":
    Search.of_folder(pathlib.Path(sys.argv[1])).run(verbose=2)
