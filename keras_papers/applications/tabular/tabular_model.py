"""A model that takes the raw rows of a table."""

import keras
import numpy as np

from keras_papers.inlining import keys_may_differ


@keras.saving.register_keras_serializable(package="keras_papers")
class TabularModel(keras.Model):
    """Trains on raw rows and predicts from them, also after it was loaded.

    It has the layers of a network whose inputs are columns by name, such as a
    `TabTransformer`, and the schema of the table, which is saved with them.
    `fit`, `evaluate` and `predict` take rows: a pandas DataFrame, a dict of
    columns, or the path of a CSV file. Called as a function it takes what
    `schema.encode` returns.

    Args:
        schema: A `TabularSchema`.
        network: Functional model whose inputs have the names of the columns.
        **kwargs: Keyword arguments of `keras.Model`, such as `name`.

    Raises:
        ValueError: If the inputs of the network are not the columns of the
            schema.

    Example:
    >>> from keras_papers.applications.tabular import (
    ...     TabTransformer,
    ...     TabularSchema,
    ... )
    >>> rows = {"job": ["chef", "nurse"] * 8, "age": [30.0, 50.0] * 8}
    >>> schema = TabularSchema.of({**rows, "buys": ["no", "yes"] * 8}, "buys")
    >>> network = TabTransformer(schema.cardinalities, schema.numeric)
    >>> model = TabularModel(schema, network)
    >>> model.predict(rows, verbose=0).shape
    (16, 1)
    """

    def __init__(self, schema, network, **kwargs):
        inputs = network.input if isinstance(network.input, dict) else {}
        if sorted(inputs) != sorted(schema.columns):
            raise ValueError(
                "`network` has an input for each column of the schema: "
                f"{schema.columns}. Received: a network with the inputs "
                f"{sorted(inputs)}. Build it from schema.cardinalities and "
                "schema.numeric."
            )
        _check_outputs(schema, network)
        kwargs.setdefault("name", network.name)
        with keys_may_differ():
            super().__init__(inputs=inputs, outputs=network.output, **kwargs)
        self.schema = schema

    def fit(self, x, y=None, *args, validation_data=None, **kwargs):
        """Trains on rows; the arguments are those of `keras.Model.fit`.

        Args:
            x: Rows. They have the target if `y` is None.
            y: The values of the target, as in the table, or as
                `schema.encode_target` returns them. Defaults to None.
            *args: Further arguments of `keras.Model.fit`.
            validation_data: Rows with the target, or None.
            **kwargs: Further arguments of `keras.Model.fit`.

        Returns:
            The `History`.
        """
        if validation_data is not None:
            validation_data = self._inputs_and_targets(validation_data, None)
        inputs, targets = self._inputs_and_targets(x, y)
        return super().fit(
            inputs, targets, *args, validation_data=validation_data, **kwargs
        )

    def evaluate(self, x, y=None, *args, **kwargs):
        """Computes loss and metrics of rows, as `keras.Model.evaluate`.

        Those of a regression are of the standardized target: multiplied by
        `schema.scale[1]`, a mean absolute error is in the target's unit.
        """
        if "_use_cached_eval_dataset" in kwargs:
            # `fit` calls this with the validation data that were encoded.
            return super().evaluate(x, y, *args, **kwargs)
        inputs, targets = self._inputs_and_targets(x, y)
        return super().evaluate(inputs, targets, *args, **kwargs)

    def predict(self, x, *args, **kwargs):
        """Returns the outputs for rows, as `keras.Model.predict`.

        Those of a regression are in the unit of the target.
        """
        outputs = super().predict(self.schema.encode(x), *args, **kwargs)
        if self.schema.scale is not None:
            return self.schema.decode_target(outputs)
        return outputs

    def _inputs_and_targets(self, rows, targets):
        if targets is None:
            targets = self.schema.encode_target(rows)
        else:
            targets = np.asarray(targets)
            if targets.dtype.kind not in "biuf":  # texts
                columns = {self.schema.target: targets}
                targets = self.schema.encode_target(columns)
        return self.schema.encode(rows), targets

    def get_config(self):
        with keys_may_differ():
            network = keras.Model(self.input, self.output, name=self.name)
        return {
            "schema": keras.saving.serialize_keras_object(self.schema),
            "network": keras.saving.serialize_keras_object(network),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Returns the model that `get_config` describes."""
        with keys_may_differ():
            parts = {
                part: keras.saving.deserialize_keras_object(
                    config[part], custom_objects
                )
                for part in ("schema", "network")
            }
        return cls(**parts, name=config["name"])


def _check_outputs(schema, network):
    """Raises ValueError unless a network answers what the schema predicts."""
    if schema.target is None:
        return
    units = network.output_shape[-1]
    if schema.classes is None:
        activation = getattr(network.layers[-1], "activation", None)
        limited = (keras.activations.sigmoid, keras.activations.softmax)
        if units != 1 or activation in limited:
            raise ValueError(
                f"`network` has one output without activation: "
                f"{schema.target!r} is a number. Received: a network of "
                f"{units} outputs that ends with {network.layers[-1].name!r}. "
                "Pass activation=None to TabTransformer."
            )
        return
    classes = len(schema.classes)
    if units != classes and (units, classes) != (1, 2):
        raise ValueError(
            f"`network` has an output for each class of {schema.target!r}, or "
            f"one for two classes. Received: a network of {units} outputs for "
            f"{classes} classes. Pass units={classes}, activation='softmax' to "
            "TabTransformer."
        )
