"""Replaced token detection of columns (Huang et al., arXiv:2012.06678)."""

import keras
import numpy as np
from keras import ops

from keras_papers.pretraining._column_task import ColumnTask


class ReplacedColumns(ColumnTask):
    """Learns to detect which values of a row were replaced by others.

    Section 2 of the TabTransformer paper, its RTD: each value is replaced with
    the probability `share` by a random level of its column, again in each step,
    and from the contextual embedding of each column a classifier of that
    column says whether it was. A value that was replaced by itself counts as
    not replaced, which the paper leaves open. The loss is the mean binary
    cross-entropy of all values.

    `fit` prints the chance level before: the loss and accuracy of the
    probability that a value of the column is replaced by another. Afterwards
    the model has the weights, and `fine_tune` trains all of them further on
    labelled rows.

    Args:
        model: A `TabTransformer`, or a `TabularModel` of one, which then takes
            raw rows here, too.
        share: Number in (0, 1). Defaults to 0.3, the paper's.
        seed: Int, or None. Of what is replaced.
        name: Name of the task.

    Raises:
        ValueError: If the model has no categorical columns, or an argument is
            out of its range.

    Example:
    >>> from keras_papers.applications.tabular import TabTransformer
    >>> model = TabTransformer({"job": 3, "loan": 2}, num_layers=1)
    >>> task = ReplacedColumns(model)
    >>> task.compile("adam")
    >>> rows = {"job": np.arange(32) % 3, "loan": np.arange(32) % 2}
    >>> history = task.fit(rows, epochs=2, verbose=0)
    >>> sorted(history.history)
    ['accuracy', 'loss']
    """

    def __init__(self, model, share=0.3, seed=None, name="replaced_columns"):
        super().__init__(model, share, seed, name)
        self.heads = [
            keras.layers.Dense(1, name=f"head{index}")
            for index in range(len(self.columns))
        ]

    def call(self, inputs):
        """Returns a logit for each column, and where values were replaced."""
        levels = ops.convert_to_tensor(np.array(self.cardinalities, "float32"))
        drawn = keras.random.uniform(
            ops.shape(inputs), seed=self.seed_generator
        )
        others = ops.cast(drawn * levels, inputs.dtype)
        ids = ops.where(self._is_corrupted(inputs), others, inputs)
        replaced = ops.cast(ops.not_equal(ids, inputs), "float32")
        vectors = self.encoder(ids)
        logits = [
            head(vectors[:, index]) for index, head in enumerate(self.heads)
        ]
        return ops.concatenate(logits, axis=-1), replaced

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        """Returns the mean binary cross-entropy of all values."""
        logits, replaced = y_pred
        return ops.mean(
            ops.binary_crossentropy(replaced, logits, from_logits=True)
        )

    def rights(self, x, y_pred):
        """Returns where predictions are right, and that all of them count."""
        logits, replaced = y_pred
        rights = ops.equal(ops.cast(logits > 0, "float32"), replaced)
        return ops.cast(rights, "float32"), None

    def chance(self, rows):
        """Returns loss and accuracy of the probability of a replacement."""
        missing = ~self._known(self._ids(rows))
        levels = np.array(self.cardinalities)
        # A missing value is replaced by another always.
        same = (1 - missing.mean(axis=0)) / levels
        changed = self.share * (1 - same)
        accuracy = np.maximum(changed, 1 - changed).mean()
        # A column of one level is never changed: 0 log 0 is 0.
        nats = [-p * np.log(p) for p in (*changed, *(1 - changed)) if p > 0]
        return float(np.sum(nats) / len(levels)), float(accuracy)
