"""The rows of a training as the inputs of a model, and batches of them."""

import hashlib

import keras
import numpy as np

from keras_papers.pipelines.data.split import PARTS
from keras_papers.pipelines.tables import rows as of_rows

WATCHED = 0.1  # of the rows without labels, by their pre-training


class Batches(keras.utils.PyDataset):
    """Batches of rows in another order in each epoch.

    An epoch leaves out the rows that do not fill a batch: a normalization
    learns from a batch as if it were all rows.

    Args:
        inputs: Dict of arrays by the name of the column.
        targets: Array, or None.
        size: Rows in a batch.
        seed: Of the order.
        epoch: The first epoch, from 0. Orders are those of the epochs,
            whether a training was stopped between them or not.
    """

    def __init__(self, inputs, targets, size, seed, epoch=0):
        super().__init__()
        self.inputs, self.targets = inputs, targets
        self.rows = rows_in(inputs)
        self.size = min(size, self.rows)
        self.seed, self.epoch = seed, epoch
        self._shuffle()

    def _shuffle(self):
        generator = np.random.default_rng((self.seed, self.epoch))
        self.order = generator.permutation(self.rows)

    def __len__(self):
        return self.rows // self.size

    def __getitem__(self, index):
        places = self.order[index * self.size : (index + 1) * self.size]
        inputs = {name: each[places] for name, each in self.inputs.items()}
        if self.targets is None:
            return (inputs,)
        return inputs, self.targets[places]

    def on_epoch_end(self):
        self.epoch += 1
        self._shuffle()


class Encoded:
    """The rows of a training as the inputs and targets of a model.

    Args:
        rows: `Rows`.
    """

    def __init__(self, rows):
        self.rows = rows
        self.inputs, self.targets = {}, {}
        for name in PARTS:
            part = getattr(rows, name)
            self.inputs[name] = of_rows.encode(rows.schema, part)
            self.targets[name] = rows.schema.encode_target(part)
        self.unlabelled = None
        if rows.unlabelled is not None:
            self.unlabelled = of_rows.encode(rows.schema, rows.unlabelled)

    def hashes(self):
        """Returns a dict of the hashes of the rows of each part."""
        return {
            name: of_rows.row_hashes(
                self.rows.schema, self.inputs[name], self.targets[name]
            )
            for name in PARTS
        }

    def unlabelled_in_a_line(self):
        """Returns the number of rows without labels and a hash of them."""
        if self.unlabelled is None:
            return None
        listed = of_rows.row_hashes(self.rows.schema, self.unlabelled)
        digest = hashlib.sha256("".join(listed).encode()).hexdigest()
        return f"{len(listed)}, SHA-256 {digest[:12]}"

    def to_pretrain(self, seed):
        """Returns the inputs that a pre-training trains on, and is watched by.

        It trains on the rows to train on and on most of those without labels.
        The others are watched, with the rows that are watched later.

        Args:
            seed: Draws which of them are watched.

        Returns:
            Two dicts of arrays by the name of the column.
        """
        trained, watched = self.inputs["train"], self.inputs["validation"]
        if self.unlabelled is None:
            return trained, watched
        number = self.rows.unlabelled.rows
        order = np.random.default_rng(seed).permutation(number)
        end = round(WATCHED * number)
        return (
            _with_rows(trained, self.unlabelled, order[end:]),
            _with_rows(watched, self.unlabelled, order[:end]),
        )


def _with_rows(inputs, others, places):
    return {
        name: np.concatenate([inputs[name], others[name][places]])
        for name in inputs
    }


def rows_in(inputs):
    """Returns the number of rows of a dict of arrays."""
    return len(next(iter(inputs.values())))
