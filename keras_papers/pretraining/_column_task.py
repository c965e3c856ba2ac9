"""What the tasks on the columns of a table share."""

import keras
import numpy as np
from keras import ops

from keras_papers.applications.tabular.contextual_embeddings import (
    categorical_columns,
    encoder_of,
    stacked_ids,
)
from keras_papers.applications.tabular.tabular_model import TabularModel
from keras_papers.checks import check_fraction, check_positive, plain


class ColumnTask(keras.Model):
    """Corrupts categorical columns and trains the layers that embed them.

    The layers are those of the model that is passed: what they learn is in
    that model afterwards. Other values are corrupted in each step, also in
    those of `evaluate`; in the validation data of `fit` they are the same in
    each epoch. Subclasses have the classifiers of the columns, and `chance`:
    loss and accuracy without any.
    """

    def __init__(self, model, share, seed, name):
        super().__init__(name=name)
        check_positive("share", share, "of the values", "The paper has 0.3.")
        check_fraction("share", share, "of the values", "The paper has 0.3.")
        self.encoder = encoder_of(model)
        self.schema = model.schema if isinstance(model, TabularModel) else None
        self.columns = list(categorical_columns(model))
        self.cardinalities = model.get_layer("columns").cardinalities
        self.share = plain(share)
        self.seed_generator = keras.random.SeedGenerator(seed)
        self._first_state = np.array(self.seed_generator.state)
        self.accuracy = keras.metrics.Mean(name="accuracy")

    def fit(self, x, *args, validation_data=None, **kwargs):
        """Trains on rows, whose labels are not read.

        Args:
            x: Rows: as `TabularModel.fit` takes them if the task was made for
                one, else a dict of arrays of ids by the name of the column. Or
                a `keras.utils.PyDataset`: each of its batches is a tuple whose
                first value is such rows; chance is not printed then.
            *args: Further arguments of `keras.Model.fit`, but no targets.
            validation_data: Further rows, or None.
            **kwargs: Further arguments of `keras.Model.fit`.

        Returns:
            The `History`.
        """
        if validation_data is not None:
            validation_data = (self._ids(validation_data),)
        if isinstance(x, keras.utils.PyDataset):
            return super().fit(
                _BatchesOfIds(x, self._ids),
                None,
                *args,
                validation_data=validation_data,
                **kwargs,
            )
        ids = self._ids(x)
        if kwargs.get("verbose", 1):
            loss, accuracy = self.chance(x)
            print(f"chance: loss {loss:.4f}, accuracy {accuracy:.4f}")
        return super().fit(
            ids, None, *args, validation_data=validation_data, **kwargs
        )

    def evaluate(self, x, *args, **kwargs):
        """Computes loss and accuracy of rows, as `keras.Model.evaluate`."""
        if "_use_cached_eval_dataset" in kwargs:
            # `fit` calls this with the validation data that were encoded. It
            # draws as the first time, for losses of epochs are compared.
            state = self.seed_generator.state
            before = np.array(state)
            state.assign(self._first_state)
            found = super().evaluate(x, *args, **kwargs)
            state.assign(before)
            return found
        return super().evaluate(self._ids(x), None, *args, **kwargs)

    def _ids(self, rows):
        """Returns the ids of the categorical columns, `(rows, columns)`."""
        if self.schema is not None:
            rows = self.schema.encode(rows)
        ids = stacked_ids(rows, self.columns)
        return np.where(self._known(ids), ids, -1).astype("int32")

    def _known(self, ids):
        """Returns where ids are levels of their column."""
        return (ids >= 0) & (ids < np.array(self.cardinalities))

    def _is_corrupted(self, ids):
        drawn = keras.random.uniform(ops.shape(ids), seed=self.seed_generator)
        return drawn < self.share

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Adds a batch to the accuracy, and returns the logs."""
        rights, weights = self.rights(x, y_pred)
        self.accuracy.update_state(rights, weights)
        return self.get_metrics_result()


class _BatchesOfIds(keras.utils.PyDataset):
    """Batches of rows, as the ids that a task trains on.

    Args:
        batches: A `keras.utils.PyDataset`.
        encode: Function from rows to ids.
    """

    def __init__(self, batches, encode):
        super().__init__()
        self.batches = batches
        self.encode = encode

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return (self.encode(self.batches[index][0]),)

    def on_epoch_begin(self):
        self.batches.on_epoch_begin()

    def on_epoch_end(self):
        self.batches.on_epoch_end()
