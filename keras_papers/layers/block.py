"""Base of the layers that are made only of other layers."""

import contextlib
import contextvars

import keras

from keras_papers.checks import offer_nearest

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

    Called as a layer it is one layer of a model. `draw` puts the layers
    inside into the graph instead, and `flatten` does so afterwards.

    A subclass creates its sublayers in `build` with `part`, builds them with
    `chain`, and joins them in `call` with layers such as `Add` and `Multiply`,
    never with operators: what an operator does has no layer that a quantizer
    or a detector could take hold of.

    Args:
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Raises:
        ValueError: If `dtype` is no name of a dtype or of a dtype policy.

    Example:
    >>> class TwoDense(Block):
    ...     def build(self, input_shape):
    ...         first = self.part(keras.layers.Dense, "first", units=8)
    ...         second = self.part(keras.layers.Dense, "second", units=4)
    ...         self.body = self.chain([first, second], input_shape)
    ...
    ...     def call(self, inputs):
    ...         return self.body[1](self.body[0](inputs))
    >>> block = TwoDense(name="pair")
    >>> tuple(block(keras.ops.ones((2, 3))).shape)
    (2, 4)
    >>> [layer.name for layer in block.body]
    ['pair_first', 'pair_second']
    """

    def __init__(self, **kwargs):
        _check_dtype(kwargs.get("dtype"))
        super().__init__(**kwargs)

    def draw(self, inputs):
        """Draws the layers inside into the graph of `inputs`.

        As the constructors of `keras_papers.applications` do it: the model
        then has built-in layers only. A loop over `model.layers` finds each
        of them, and the file of the model loads without this package.

        Args:
            inputs: What the block is called on: one symbolic tensor.

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
        if not _drawing.get():
            return super().__call__(*args, **kwargs)
        if not self.built:
            self.build(args[0].shape)
        if self.activity_regularizer is not None:
            raise ValueError(
                "A block is opened into the layers inside, and its "
                "activity_regularizer has no place there. Received: "
                f"{type(self).__name__} {self.name!r}. Give the regularizer "
                "to one of its sublayers."
            )
        training = kwargs.pop("training", None)
        if training is None:
            return self.call(*args, **kwargs)
        # The layers inside learn of `training` from the call of this layer,
        # which a drawing does not make. So the inside becomes a model for a
        # moment, whose `call` hands the keyword to each of its layers.
        doors = keras.tree.map_structure(_door, (args, kwargs))
        inside = keras.Model(
            [x for x in keras.tree.flatten(doors) if _is_symbolic(x)],
            self.call(*doors[0], **doors[1]),
        )
        given = [
            x for x in keras.tree.flatten((args, kwargs)) if _is_symbolic(x)
        ]
        return inside.call(given, training=training)

    def part(self, layer_class, name, *args, **kwargs):
        """Creates a sublayer under this block's name and dtype policy.

        A block that is loaded frozen has frozen sublayers from the start.
        """
        kwargs.update(dtype=self.dtype_policy, name=f"{self.name}_{name}")
        return layer_class(*args, trainable=self.trainable, **kwargs)

    def chain(self, parts, input_shape):
        """Builds `parts`, each on the shape that the one before it gives.

        In a graph that is drawn, a part is built when it is called: its
        weights then have the paths of layers of the model.
        """
        if _drawing.get():
            return parts
        for part in parts:
            part.build(input_shape)
            input_shape = part.compute_output_shape(input_shape)
        return parts

    def get_build_config(self):
        """Returns the input shape, and which sublayers are frozen.

        A layer's own config has `trainable` of the whole block only.
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
    """Lets a block that is called draw its inside, in place of itself."""
    token = _drawing.set(True)
    try:
        yield
    finally:
        _drawing.reset(token)


def _inside(block):
    """Lists the layers inside a block, those of inner blocks included."""
    return list(block._flatten_layers(include_self=False))


def _is_symbolic(x):
    return isinstance(x, keras.KerasTensor)


def _door(x):
    if not _is_symbolic(x):
        return x
    return keras.Input(batch_shape=x.shape, dtype=x.dtype)


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
