"""`python -m keras_papers` is the command `keras-papers`."""

import sys

from keras_papers.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
