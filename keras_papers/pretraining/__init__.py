"""Self-supervised tasks: what a model learns from data without labels."""

from keras_papers.pretraining.masked_columns import (
    MaskedColumns as MaskedColumns,
)
from keras_papers.pretraining.replaced_columns import (
    ReplacedColumns as ReplacedColumns,
)
