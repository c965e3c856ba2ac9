"""Models for tables of columns."""

from keras_papers.applications.tabular.contextual_embeddings import (
    ContextualEmbeddings as ContextualEmbeddings,
)
from keras_papers.applications.tabular.contextual_embeddings import (
    contextual_embeddings as contextual_embeddings,
)
from keras_papers.applications.tabular.numeric_edges import (
    numeric_edges as numeric_edges,
)
from keras_papers.applications.tabular.schema import (
    TabularSchema as TabularSchema,
)
from keras_papers.applications.tabular.tab_transformer import (
    TabTransformer as TabTransformer,
)
from keras_papers.applications.tabular.table_file import (
    TableFile as TableFile,
)
from keras_papers.applications.tabular.table_file import (
    read_table_file as read_table_file,
)
from keras_papers.applications.tabular.tabular_model import (
    TabularModel as TabularModel,
)
