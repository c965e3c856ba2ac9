"""Base of the layers that are made only of other layers."""

import contextlib
import contextvars

import keras

from keras_papers.checks import offer_nearest
from keras_papers.layers._stored_arguments import (
    store_arguments,
    stored_config,
    with_stored_arguments,
)

DTYPES = (
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "mixed_float16",
    "mixed_bfloat16",
)

_drawing = contextvars.ContextVar("keras_papers_drawing", default=False)


class Block(keras.layers.Layer):
    """Holds other layers and only calls them, so that its inside can be drawn.

    Called as a layer, it is one layer of a model. `draw` puts the layers
    inside into the graph instead, and `flatten` does so afterwards.

    A subclass creates its sublayers in `build` with `part`, builds them with
    `chain`, and joins them in `call` with layers such as `Add` and `Multiply`,
    never with operators: an operator has no layer that could be quantized,
    or be used as an output by its name.

    A subclass names an argument in its signature and its docstring only:
    `super().__init__(**kwargs)` stores numbers, strings and lists of them as
    attributes, and the config has them. `class Name(Block, checks=...)` does
    so for arguments of other types too: `checks` has a `check(name, value)`
    by the name of an argument, which returns the value to store, or raises
    ValueError.

    Args:
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Raises:
        ValueError: If `dtype` does not name a dtype or a dtype policy.

    Example:
    >>> class TwoDense(Block):
    ...     def __init__(self, units, **kwargs):
    ...         super().__init__(**kwargs)
    ...
    ...     def build(self, input_shape):
    ...         first = self.part(keras.layers.Dense, "first", units=8)
    ...         second = self.part(keras.layers.Dense, "second", self.units)
    ...         self.body = self.chain([first, second], input_shape)
    ...
    ...     def call(self, inputs):
    ...         return self.body[1](self.body[0](inputs))
    >>> block = TwoDense(4, name="pair")
    >>> tuple(block(keras.ops.ones((2, 3))).shape)
    (2, 4)
    >>> [layer.name for layer in block.body]
    ['pair_first', 'pair_second']
    """

    def __init_subclass__(cls, checks=None, **kwargs):
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = with_stored_arguments(cls.__init__, checks or {})
        # Without checks, Keras serializes the arguments of simple types. It
        # does so only for classes that do not define `get_config`.
        if checks and "get_config" not in vars(cls):
            cls.get_config = _get_config

    def __init__(self, **kwargs):
        _check_dtype(kwargs.get("dtype"))
        super().__init__(**kwargs)
        store_arguments(self)

    def draw(self, inputs):
        """Draws the layers inside into the graph of `inputs`.

        The constructors of `keras_papers.applications` use it: their models
        have built-in layers only. A loop over `model.layers` finds each of
        them, and the file of the model loads without this package.

        Args:
            inputs: One symbolic tensor, the input of the block.

        Returns:
            The symbolic outputs of the layers inside.

        Example:
        >>> from keras_papers.layers import InvertedResidual
        >>> images = keras.Input((8, 8, 4))
        >>> block = InvertedResidual(4, expansion=1, name="block")
        >>> model = keras.Model(images, block.draw(images))
        >>> [layer.name for layer in model.layers][1:3]
        ['block_depthwise', 'block_depthwise_norm']
        """
        with drawing():
            return self(inputs)

    def __call__(self, *args, **kwargs):
        if _drawing.get():
            return self._draw_layers_inside(*args, **kwargs)
        return super().__call__(*args, **kwargs)

    def _draw_layers_inside(self, *args, training=None, **kwargs):
        if not self.built:
            self.build(args[0].shape)
        if self.activity_regularizer is not None:
            raise ValueError(
                "`activity_regularizer` acts on the output of a block, which "
                "is replaced by the layers inside. Received: "
                f"activity_regularizer={self.activity_regularizer!r} in "
                f"{type(self).__name__} {self.name!r}. Pass the regularizer "
                "to one of its sublayers."
            )
        if training is None:
            return self.call(*args, **kwargs)
        # Keras passes `training` to the layers inside a layer, but this block
        # is not called as a layer. It also passes `training` to the layers of
        # a functional model, so the layers inside are made one.
        arguments = keras.tree.map_structure(_placeholder, (args, kwargs))
        model = keras.Model(
            _symbolic_tensors(arguments),
            self.call(*arguments[0], **arguments[1]),
        )
        return model.call(_symbolic_tensors((args, kwargs)), training=training)

    def part(self, layer_class, name, *args, **kwargs):
        """Creates a sublayer under this block's name and dtype policy.

        The sublayers of a frozen block are created frozen.
        """
        kwargs.update(dtype=self.dtype_policy, name=f"{self.name}_{name}")
        return layer_class(*args, trainable=self.trainable, **kwargs)

    def chain(self, parts, input_shape):
        """Builds `parts`, each on the shape that the one before it gives.

        While the layers inside are drawn, they are not built here but when
        they are called: their weights then have the paths of layers of the
        model.
        """
        if _drawing.get():
            return parts
        for part in parts:
            part.build(input_shape)
            input_shape = part.compute_output_shape(input_shape)
        return parts

    def get_build_config(self):
        """Returns the input shape, and the names of frozen sublayers.

        `get_config` has `trainable` of the whole block only.
        """
        frozen = [layer.name for layer in _inside(self) if not layer.trainable]
        return {**(super().get_build_config() or {}), "frozen": frozen}

    def build_from_config(self, config):
        super().build_from_config(config)
        frozen = set(config.get("frozen", ()))
        for layer in _inside(self):
            if layer.name in frozen:
                layer.trainable = False


@contextlib.contextmanager
def drawing():
    """Makes a call of a block draw the layers inside, not the block."""
    token = _drawing.set(True)
    try:
        yield
    finally:
        _drawing.reset(token)


def _inside(block):
    """Lists the layers inside a block, those of inner blocks included."""
    return list(block._flatten_layers(include_self=False))


def _symbolic_tensors(structure):
    """Lists the symbolic tensors among the arguments of a call."""
    return [
        x
        for x in keras.tree.flatten(structure)
        if isinstance(x, keras.KerasTensor)
    ]


def _placeholder(x):
    """Returns a new input for a symbolic tensor, and anything else as it is."""
    if isinstance(x, keras.KerasTensor):
        return keras.Input(batch_shape=x.shape, dtype=x.dtype)
    return x


def _get_config(self):
    return {**stored_config(self), **super(Block, self).get_config()}


def _check_dtype(dtype):
    if not isinstance(dtype, str):
        return
    try:
        keras.dtype_policies.get(dtype)
    except ValueError as error:
        raise ValueError(
            "`dtype` is the type a layer computes in, or the name of a dtype "
            f"policy. Received: dtype={dtype!r}. {offer_nearest(dtype, DTYPES)}"
        ) from error
