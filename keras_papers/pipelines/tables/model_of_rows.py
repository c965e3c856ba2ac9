"""The file of a trained model of rows, opened to predict by."""

from typing import NamedTuple

import keras
import numpy as np

from keras_papers import export
from keras_papers.applications.tabular import TabularModel, TabularSchema
from keras_papers.export import metadata

PREDICTED = 1024  # rows that are predicted at once


class ModelOfRows(NamedTuple):
    """A model with its schema."""

    schema: TabularSchema
    run: object  # function: encoded inputs to what the network answers

    def predict(self, inputs):
        """Returns the outputs for inputs that the schema has encoded.

        Returns:
            An array: `(rows, 1)` of the probability of the second of two
            classes, or of numbers in the unit of the target; else
            `(rows, classes)` of probabilities.
        """
        outputs = np.asarray(self.run(inputs))
        if self.schema.classes is None:
            return self.schema.decode_target(outputs)
        # The file for a phone has a score for each of two classes.
        is_pair = len(self.schema.classes) == outputs.shape[-1] == 2
        return outputs[:, 1:] if is_pair else outputs


def open_model(path):
    """Opens a `.keras` or a `.tflite` file as a `ModelOfRows`.

    Raises:
        ValueError: If it is no file of a `TabularModel` with a target.
    """
    if str(path).endswith(".tflite"):
        description = metadata.read(path)
        if description is None or description.table is None:
            raise _refused(path, "it has no schema of a table in its metadata")
        schema = TabularSchema.from_config(description.table)
        opened = ModelOfRows(
            schema, lambda inputs: export.predict(path, inputs)
        )
    else:
        try:
            model = keras.saving.load_model(path, compile=False)
        except Exception as error:  # Keras' own, and what zip and JSON raise
            first = (str(error).strip().splitlines() or ["no reason"])[0]
            raise _refused(path, first[:200]) from error
        if not isinstance(model, TabularModel):
            raise _refused(path, f"it holds a {type(model).__name__}")
        opened = ModelOfRows(
            model.schema,
            # That of `keras.Model`: the rows are encoded already.
            lambda inputs: keras.Model.predict(
                model, inputs, batch_size=PREDICTED, verbose=0
            ),
        )
    if opened.schema.target is None:
        raise _refused(path, "its schema has no target")
    return opened


def _refused(path, why):
    return ValueError(
        "`model` is a model of the rows of a table, as table train writes it. "
        f"Received: {str(path)!r} ({why}). Pass its model.keras or "
        "model.tflite."
    )
