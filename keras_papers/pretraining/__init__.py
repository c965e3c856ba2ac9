"""Self-supervised tasks: what a model learns from data without labels."""

from keras_papers.pretraining.fine_tuning import fine_tune as fine_tune
from keras_papers.pretraining.masked_columns import (
    MaskedColumns as MaskedColumns,
)
from keras_papers.pretraining.replaced_columns import (
    ReplacedColumns as ReplacedColumns,
)
