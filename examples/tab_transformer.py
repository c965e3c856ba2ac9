"""TabTransformer: what a pre-training without labels learns of levels.

    pip install keras-papers[mobile,report]
    python examples/tab_transformer.py income.csv levels.png

takes the training part of UCI Adult with its target in the column "income", and
prints loss and accuracy of masked values in the last epoch, on the rows that
were trained on, beside those of their frequency (2026-11-30; two transformer
layers, six epochs, half a minute of CPU time):

    masked values: loss 0.976 (chance 1.234), accuracy 0.667 (chance 0.563)

levels.png (docs/pictures/tab_transformer_levels.png) has the mean contextual
embedding of each level over held-out rows, by two principal components of its
column. Wife and Husband lie together and far from the rest, as do the two
married levels; higher degrees lie on one side of education. No label was read.
"""

import sys

import keras
import numpy as np
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from keras_papers.applications.tabular import (
    TabTransformer,
    TabularModel,
    TabularSchema,
    contextual_embeddings,
    read_table_file,
)
from keras_papers.pretraining import MaskedColumns

TARGET, MISSING = "income", ["?"]
LAYERS = 2  # the paper has 6
SHOWN = ("marital-status", "relationship", "education")


def draw_levels(model, rows, path):
    """Draws the mean contextual embedding of each level by two numbers."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    found = contextual_embeddings(model, rows, batch_size=2048)
    means = found.of_levels()
    figure, axes = plt.subplots(1, len(SHOWN), figsize=(15, 5))
    for axis, name in zip(axes, SHOWN, strict=True):
        there = ~np.isnan(means[name]).any(axis=1)  # in some row
        points = PCA(2).fit_transform(means[name][there])
        axis.scatter(*points.T, s=12)
        levels = np.array(model.schema.categorical[name], "object")[there]
        for level, point in zip(levels, points, strict=True):
            axis.annotate(level, point, fontsize=8)
        axis.set_title(name)
        axis.set_xticks([])
        axis.set_yticks([])
    figure.tight_layout()
    figure.savefig(path, dpi=100)


keras.utils.set_random_seed(0)
table = read_table_file(sys.argv[1])
train, held_out = train_test_split(
    np.arange(table.rows),
    test_size=0.2,
    random_state=0,
    stratify=table[TARGET],
)
rows, tests = table.take(train), table.take(held_out)
schema = TabularSchema.of(rows, TARGET, missing_values=MISSING)

network = TabTransformer(
    schema.cardinalities, schema.numeric, num_layers=LAYERS, dropout=0.2
)
model = TabularModel(schema, network)
task = MaskedColumns(model, seed=0)
task.compile(keras.optimizers.AdamW(1e-3), jit_compile=False)
loss, accuracy = task.chance(rows)
# A column of labels may be there: it is not read.
history = task.fit(rows, epochs=6, batch_size=512, verbose=0).history
print(
    f"masked values: loss {history['loss'][-1]:.3f} (chance {loss:.3f}), "
    f"accuracy {history['accuracy'][-1]:.3f} (chance {accuracy:.3f})"
)
draw_levels(model, tests, sys.argv[2])
