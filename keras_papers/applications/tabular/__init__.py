"""Models for tables of columns."""

from keras_papers.applications.tabular.tab_transformer import (
    TabTransformer as TabTransformer,
)
