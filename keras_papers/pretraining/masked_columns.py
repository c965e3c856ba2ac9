"""Masked language modeling of columns (Huang et al., arXiv:2012.06678)."""

import keras
import numpy as np
from keras import ops

from keras_papers.pretraining._column_task import ColumnTask


class MaskedColumns(ColumnTask):
    """Learns to predict the values of columns that are set to missing.

    Section 2 of the TabTransformer paper, its MLM: each value is masked with
    the probability `share`, and from the contextual embedding of its column a
    classifier of that column predicts which it was. The loss is the mean
    cross-entropy of the masked values. Values that are missing in the rows are
    not predicted.

    `fit` prints the chance level before: the loss and accuracy of a prediction
    by how often each level is in its column. Afterwards the model has the
    weights, and `fine_tune` trains all of them further on labelled rows.

    Args:
        model: A `TabTransformer`, or a `TabularModel` of one, which then takes
            raw rows here, too.
        share: Number in (0, 1). Defaults to 0.3, the paper's.
        seed: Int, or None. Of what is masked.
        name: Name of the task.

    Raises:
        ValueError: If the model has no categorical columns, or an argument is
            out of its range.

    Example:
    >>> from keras_papers.applications.tabular import TabTransformer
    >>> model = TabTransformer({"job": 3, "loan": 2}, num_layers=1)
    >>> task = MaskedColumns(model)
    >>> task.compile("adam")
    >>> rows = {"job": np.arange(32) % 3, "loan": np.arange(32) % 2}
    >>> history = task.fit(rows, epochs=2, verbose=0)
    >>> sorted(history.history)
    ['accuracy', 'loss']
    """

    def __init__(self, model, share=0.3, seed=None, name="masked_columns"):
        super().__init__(model, share, seed, name)
        self.heads = [
            keras.layers.Dense(levels, name=f"head{index}")
            for index, levels in enumerate(self.cardinalities)
        ]

    def call(self, inputs):
        """Returns the logits of each column, and where values were masked."""
        known = inputs >= 0
        masked = ops.logical_and(self._is_corrupted(inputs), known)
        vectors = self.encoder(ops.where(masked, -1, inputs))
        logits = [
            head(vectors[:, index]) for index, head in enumerate(self.heads)
        ]
        return logits, ops.cast(masked, "float32")

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        """Returns the mean cross-entropy of the masked values."""
        logits, masked = y_pred
        ids = ops.where(masked > 0, x, 0)
        losses = [
            keras.losses.sparse_categorical_crossentropy(
                ids[:, index], each, from_logits=True
            )
            for index, each in enumerate(logits)
        ]
        total = ops.sum(ops.stack(losses, axis=1) * masked)
        return total / ops.maximum(ops.sum(masked), 1.0)

    def rights(self, x, y_pred):
        """Returns where predictions are right, and which of them count."""
        logits, masked = y_pred
        found = ops.stack([ops.argmax(each, axis=-1) for each in logits], 1)
        rights = ops.equal(ops.cast(found, "int32"), ops.cast(x, "int32"))
        return ops.cast(rights, "float32"), masked

    def chance(self, rows):
        """Returns loss and accuracy of a prediction by frequency alone."""
        ids = self._ids(rows)
        known = self._known(ids)
        nats, rights = 0.0, 0
        for index, levels in enumerate(self.cardinalities):
            column = ids[known[:, index], index]
            counts = np.bincount(column, minlength=levels)
            shares = counts[counts > 0] / max(1, len(column))
            nats -= np.sum(counts[counts > 0] * np.log(shares))
            rights += counts.max()
        number = max(1, known.sum())
        return float(nats / number), float(rights / number)
