"""TabTransformer (Huang et al., 2020, https://arxiv.org/abs/2012.06678)."""

import re
from typing import NamedTuple

import keras
from keras import layers

from keras_papers.applications import registry
from keras_papers.applications.tabular.column_stack import ColumnStack
from keras_papers.checks import (
    check_fraction,
    check_name,
    check_names,
    check_positive_int,
    plain,
    plain_numbers,
)
from keras_papers.inlining import keys_may_differ
from keras_papers.layers import ColumnEmbedding, PiecewiseLinear

EPSILON = 1e-5  # of the layer normalizations
# Names that layers have.
LAYER = (
    r"ids|numbers|columns|contextual|flatten|join|numeric_norm|intervals|predictions|"
    r"block\d+_.*|hidden\d+(_norm|_dropout)?"
)
MOMENTUM = 0.9  # of the batch normalizations; tables train for few steps


class Row(NamedTuple):
    """The sizes of a TabTransformer, by the letters of section 2."""

    d: int  # length of a column's vector
    N: int  # transformer layers
    h: int  # heads of attention
    f: int  # the feed-forward layer's width, in d
    mlp: tuple  # widths of the hidden layers at the end, in their input's


class Columns(NamedTuple):
    """The columns of a data set."""

    categorical: dict  # number of levels by name
    numeric: tuple  # names


# Section 3 and the appendix: one model for all 15 data sets.
SECTION_3 = (Row(d=32, N=6, h=8, f=4, mlp=(4, 2)),)

# Two of them, with the levels that their files have: UCI Adult, its training
# part, in which "?" is a missing value, and UCI Bank Marketing, in which
# "unknown" is a level.
# fmt: off
INCOME = Columns(
    {"workclass": 8, "education": 16, "marital-status": 7, "occupation": 14,
     "relationship": 6, "race": 5, "sex": 2, "native-country": 41},
    ("age", "fnlwgt", "education-num", "capital-gain", "capital-loss",
     "hours-per-week"),
)
BANK = Columns(
    {"job": 12, "marital": 3, "education": 4, "default": 2, "housing": 2,
     "loan": 2, "contact": 3, "month": 12, "poutcome": 4},
    ("age", "balance", "day", "duration", "campaign", "pdays", "previous"),
)
# fmt: on
PAPER = registry.Paper(
    "TabTransformer",
    "TabTransformer: Tabular Data Modeling Using Contextual Embeddings",
    "Huang et al.",
    2020,
    "https://arxiv.org/abs/2012.06678",
)


@registry.network(
    PAPER,
    SECTION_3,
    size=len(INCOME.categorical) + len(INCOME.numeric),
    task=registry.TABULAR_CLASSIFICATION,
)
@plain_numbers
def TabTransformer(
    categorical=None,
    numeric=None,
    units=1,
    activation="sigmoid",
    *,
    embedding_dim=None,
    num_layers=None,
    num_heads=None,
    shared="concat",
    missing="row",
    attention_dropout=0.0,
    dropout=0.0,
    batch_normalization=True,
    numeric_edges=None,
    name="tab_transformer",
):
    """Builds a TabTransformer: attention among the categorical columns.

    Figure 1 of the paper. Categorical columns pass through a `ColumnEmbedding`
    and transformer layers that normalize after each sum, without positions.
    Their vectors are joined with the numeric columns, which a layer
    normalization brings to one scale, and an MLP follows: two hidden layers of
    SELU and batch normalization (appendix), 4 and 2 times as wide as its
    input.

    The paper states neither the activation of the feed-forward layers nor the
    size of the heads. Here they are GELU, and `embedding_dim / num_heads`. The
    initial weights of the last layer are a tenth of Glorot's.

    Args:
        categorical: Dict of the number of levels of each categorical column
            by its name. Defaults to none, and to the columns of UCI Adult
            where `numeric` is not given either.
        numeric: Names of the numeric columns. Defaults to none. They should
            be standardized: the layer normalization is that of a row. A
            single column passes without it, which would make it constant.
        units: Positive int. Outputs. Defaults to 1.
        activation: Of the outputs. Defaults to `"sigmoid"`, for two classes.
            `"softmax"` is for as many classes as `units`, None for a
            regression.
        embedding_dim: Positive int. Length of a column's vector. Defaults to
            32.
        num_layers: Positive int. Transformer layers. Defaults to 6.
        num_heads: Positive int that divides `embedding_dim`. Defaults to 8.
        shared: How the vectors of a column are marked, as in
            `ColumnEmbedding`. Defaults to `"concat"`.
        missing: What stands for missing values, as in `ColumnEmbedding`.
            Defaults to `"row"`.
        attention_dropout: Float in [0, 1). Of the attention weights.
        dropout: Float in [0, 1). Of what attention and feed-forward add, and
            of the hidden layers at the end.
        batch_normalization: Whether it follows the hidden layers at the end.
            Defaults to True.
        numeric_edges: Dict of the edges of intervals of each numeric column,
            as the function `numeric_edges` returns it. A `PiecewiseLinear`
            then encodes the numbers, in place of the layer normalization;
            the paper does not have it. Defaults to None.
        name: Name of the model.

    Returns:
        A functional model. Its input is a dict of one array of shape
        `(batch,)` for each column: int32 ids from 0 for categorical ones, in
        which any other id is a missing value, and floats for numeric ones. The
        output of the layer `contextual`, `(batch, columns, embedding_dim)`,
        has the contextual embeddings. The names of columns are the keys of the
        dict. An input layer has the same name, but for a name with "/" or "%",
        or that of another layer, which are changed.

        Pass ids as int32: Keras casts others to it before the first layer,
        which cuts the fraction of a float off and 2**32 down to 0. A
        `TabularModel` encodes raw rows and has no such ids.

        For the 8 categorical columns of UCI Adult, with `?` as a missing
        value, and its 6 numeric ones, it has 905,089 parameters, and 3,144
        more that are trained in its batch normalizations.

    Raises:
        ValueError: If there is no column, two have one name, or an argument is
            out of its range.

    Example:
    >>> model = TabTransformer({"job": 12, "loan": 2}, ["age"], num_layers=1)
    >>> sorted(model.input)
    ['age', 'job', 'loan']
    >>> model.output_shape
    (None, 1)
    """
    check_name(name)
    (row,) = SECTION_3
    width = row.d if embedding_dim is None else embedding_dim
    depth = row.N if num_layers is None else num_layers
    heads = row.h if num_heads is None else num_heads
    for argument, value, advice in (
        ("units", units, "Try 1."),
        ("embedding_dim", width, "Try 32."),
        ("num_layers", depth, "Try 6."),
        ("num_heads", heads, "Try 8."),
    ):
        check_positive_int(argument, value, "a number", advice)
    if width % heads:
        raise ValueError(
            "`num_heads` is the number of equal parts of a vector in "
            f"attention. Received: num_heads={heads} for embedding_dim="
            f"{width}. Pass a divisor of {width}."
        )
    for argument, value in (
        ("attention_dropout", attention_dropout),
        ("dropout", dropout),
    ):
        check_fraction(argument, value, "a share", "0 drops nothing.")
    categorical, numeric = _checked_columns(categorical, numeric)

    ids = {
        column: keras.Input((), dtype="int32", name=input_name(column))
        for column in categorical
    }
    numbers = {
        column: keras.Input((), name=input_name(column)) for column in numeric
    }
    joined = []
    if ids:
        x = ColumnStack(dtype="int32", name="ids")(list(ids.values()))
        x = ColumnEmbedding(
            list(categorical.values()),
            width,
            shared=shared,
            missing=missing,
            name="columns",
        )(x)
        for index in range(1, depth + 1):
            x = _transformer_layer(
                x, heads, row.f, attention_dropout, dropout, f"block{index}"
            )
        x = layers.Identity(name="contextual")(x)
        joined.append(layers.Flatten(name="flatten")(x))
    if numbers:
        x = ColumnStack(name="numbers")(list(numbers.values()))
        if numeric_edges is not None:
            check_names("numeric_edges", numeric_edges, numeric, needed=numeric)
            edges = [numeric_edges[column] for column in numeric]
            x = PiecewiseLinear(edges, name="intervals")(x)
        elif len(numeric) > 1:  # of one number it would leave nothing
            norm = layers.LayerNormalization
            x = norm(epsilon=EPSILON, name="numeric_norm")(x)
        joined.append(x)
    x = joined[0]
    if len(joined) > 1:
        x = layers.Concatenate(name="join")(joined)
    inputs = x.shape[-1]
    # A tenth of Glorot's weights: the hidden layers are wide and move far in
    # the first steps of Adam, which larger weights would multiply.
    small = keras.initializers.VarianceScaling(0.01, "fan_avg", "uniform")
    for index, factor in enumerate(row.mlp, start=1):
        x = layers.Dense(
            factor * inputs,
            "selu",
            kernel_initializer="lecun_normal",
            name=f"hidden{index}",
        )(x)
        if batch_normalization:
            x = layers.BatchNormalization(
                momentum=MOMENTUM, name=f"hidden{index}_norm"
            )(x)
        if dropout:
            x = layers.Dropout(dropout, name=f"hidden{index}_dropout")(x)
    x = layers.Dense(
        units, activation, kernel_initializer=small, name="predictions"
    )(x)
    with keys_may_differ():
        return keras.Model({**ids, **numbers}, x, name=name)


def _transformer_layer(x, heads, factor, attention_dropout, dropout, name):
    """Draws attention and feed-forward, each with its sum and its norm."""
    width = x.shape[-1]
    attended = layers.MultiHeadAttention(
        heads,
        width // heads,
        dropout=attention_dropout,
        name=f"{name}_attention",
    )(x, x)
    x = _add(x, attended, dropout, f"{name}_attention")
    hidden = layers.Dense(factor * width, "gelu", name=f"{name}_expand")(x)
    hidden = layers.Dense(width, name=f"{name}_project")(hidden)
    return _add(x, hidden, dropout, f"{name}_feed_forward")


def _add(x, added, dropout, name):
    if dropout:
        added = layers.Dropout(dropout, name=f"{name}_dropout")(added)
    x = layers.Add(name=f"{name}_add")([x, added])
    return layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm")(x)


def _checked_columns(categorical, numeric):
    """Returns both kinds of columns, of which there is at least one."""
    if categorical is None and numeric is None:
        categorical, numeric = INCOME
    categorical = {} if categorical is None else categorical
    numeric = () if numeric is None else numeric
    if not isinstance(categorical, dict):
        raise ValueError(
            "`categorical` is a dict of the number of levels of each column. "
            f"Received: categorical={categorical!r}. Try {{'job': 12}}."
        )
    if isinstance(numeric, str):
        raise ValueError(
            "`numeric` is a list of names of columns. Received: numeric="
            f"{numeric!r}. Try [{numeric!r}]."
        )
    numeric = list(numeric)
    names = [*categorical, *numeric]
    if not names or len(set(names)) < len(names):
        raise ValueError(
            "`categorical` and `numeric` name each column of the table once. "
            f"Received: the columns {names}. Pass at least one, and no name "
            "twice."
        )
    wrong = [name for name in names if not isinstance(name, str) or not name]
    if wrong:
        raise ValueError(
            "A column has a name, a text that is not empty. Received: the "
            f"column {wrong[0]!r}. Rename it."
        )
    for column, levels in categorical.items():
        check_positive_int(
            f"categorical[{column!r}]",
            levels,
            "the number of levels of a column",
            "Leave a column without levels out.",
        )
    return {name: plain(categorical[name]) for name in categorical}, numeric


def input_name(column):
    """Returns the name of the input layer of a column, another for each.

    It is that of the column, but for signs and names that Keras or the other
    layers have: "/", and "%", by which these are written.

    Example:
    >>> [*map(input_name, ("age", "km/h", "50%", "columns"))]
    ['age', 'km%2Fh', '50%25', 'columns%']
    """
    name = column.replace("%", "%25").replace("/", "%2F")
    return name if re.fullmatch(LAYER, name) is None else f"{name}%"
