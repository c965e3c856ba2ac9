"""Luong attention (Luong et al., 2015, https://arxiv.org/abs/1508.04025)."""

import keras
from keras import layers, ops

from keras_papers.checks import (
    check_choice,
    check_fraction,
    check_positive_int,
    plain,
)
from keras_papers.layers._masked_softmax import masked_softmax

SCORES = ("dot", "general", "concat")


@keras.saving.register_keras_serializable(package="keras_papers")
class LuongAttention(layers.Layer):
    """Averages the source, by how well each step of it fits a target step.

    Global attention, section 3.1 of the paper: the context of the target state
    h_t is the mean of the source states h_s, weighted by the softmax of a
    score (eq. 7 and 8):

    - `"dot"`: h_t . h_s;
    - `"general"`: h_t W h_s;
    - `"concat"`: v . tanh(W [h_t; h_s]). That of `keras.layers.Attention` is
      another one, and has no W.

    The attentional state of eq. 5 is `Dense(units, "tanh", use_bias=False)` of
    the context and h_t, concatenated.

    Args:
        score: `"general"` (default), `"dot"` or `"concat"`.
        units: Positive int. Size of v. Defaults to None: that of h_t. Only
            `"concat"` has it.
        dropout: Float in [0, 1). Share of the weights that are dropped in
            training. Defaults to 0.
        seed: Int, or None. Of the dropout.
        kernel_initializer: Of W and v. Defaults to `"glorot_uniform"`.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Input shape:
        A list of the target states `(batch, target steps, target size)` and
        the source states `(batch, source steps, source size)`. For `"dot"`
        the sizes are equal.

    Output shape:
        `(batch, target steps, source size)`; with
        `return_attention_scores=True` also the weights, `(batch, target steps,
        source steps)`.

    Call arguments:
        inputs: List of target and source states.
        mask: List of two masks, `(batch, steps)`, each of bools or None, as
            Keras passes it. Source steps whose mask is False have no weight;
            an example without any gives zeros. The mask of the target is that
            of the outputs.
        return_attention_scores: Whether to return the weights, too. Defaults
            to False.
        training: Whether weights are dropped.
        keys: What `keys(source)` returned, where it is computed once for
            several calls, such as the steps of a decoder. Defaults to None.

    Raises:
        ValueError: If an argument is out of its range, or the inputs have
            other shapes.

    Example:
    >>> target, source = ops.ones((2, 3, 4)), ops.ones((2, 5, 6))
    >>> context, weights = LuongAttention()(
    ...     [target, source], return_attention_scores=True
    ... )
    >>> tuple(context.shape), tuple(weights.shape)
    ((2, 3, 6), (2, 3, 5))
    """

    def __init__(
        self,
        score="general",
        units=None,
        dropout=0.0,
        seed=None,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        units, dropout = plain(units), plain(dropout)
        check_choice("score", score, SCORES, "how two states are compared")
        if units is not None:
            check_positive_int("units", units, "the size of v", "Try 64.")
            if score != "concat":
                raise ValueError(
                    "`units` is the size of v, which only score='concat' has. "
                    f"Received: units={units}, score={score!r}. Leave it out."
                )
        check_fraction("dropout", dropout, "a share of weights", "Try 0.1.")
        self.score = score
        self.units = units
        self.dropout = dropout
        self.seed = seed
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.supports_masking = True

    def build(self, input_shape):
        target, source = _two(input_shape)
        sizes = target[-1], source[-1]
        if None in sizes or (self.score == "dot" and sizes[0] != sizes[1]):
            raise ValueError(
                "LuongAttention takes a list of target and source states of "
                "known sizes, which are equal for score='dot'. Received: "
                f"shapes {tuple(target)} and {tuple(source)}. Use "
                "score='general', or a dense layer before it."
            )
        if self.score == "general":
            self.kernel = self._weight("kernel", sizes)
        elif self.score == "concat":
            units = self.units or sizes[0]
            self.target_kernel = self._weight(
                "target_kernel", (sizes[0], units)
            )
            self.source_kernel = self._weight(
                "source_kernel", (sizes[1], units)
            )
            self.v = self._weight("v", (units, 1))
        self.drop = layers.Dropout(
            self.dropout, seed=self.seed, dtype=self.dtype_policy
        )

    def _weight(self, name, shape):
        return self.add_weight(
            name=name, shape=shape, initializer=self.kernel_initializer
        )

    def keys(self, source):
        """Returns what the scores need of the source states.

        Args:
            source: The source states: `(batch, source steps, source size)`.

        Returns:
            W h_s for `"concat"`, which does not depend on the target;
            otherwise `source`.
        """
        if self.score != "concat":
            return source
        return ops.matmul(source, self.source_kernel)

    def call(
        self,
        inputs,
        mask=None,
        return_attention_scores=False,
        training=None,
        keys=None,
    ):
        target, source = _two(inputs)
        source_mask = None if mask is None else mask[1]
        if source_mask is not None:
            source_mask = ops.cast(source_mask, "bool")[:, None, :]
        keys = self.keys(source) if keys is None else keys
        scores = self._scores(target, keys)
        weights = masked_softmax(scores, source_mask, axis=-1)
        weights = ops.cast(weights, self.compute_dtype)
        context = ops.matmul(self.drop(weights, training=training), source)
        return (context, weights) if return_attention_scores else context

    def _scores(self, target, keys):
        """Returns the scores: (batch, target steps, source steps)."""
        if self.score == "concat":
            # W [h_t; h_s], by the parts of W.
            target = ops.matmul(target, self.target_kernel)[:, :, None]
            both = ops.tanh(target + keys[:, None])
            return ops.matmul(both, self.v)[..., 0]
        if self.score == "general":
            target = ops.matmul(target, self.kernel)
        return ops.matmul(target, ops.transpose(keys, (0, 2, 1)))

    def compute_mask(self, inputs, mask=None):
        return None if mask is None else mask[0]

    def compute_output_shape(self, input_shape):
        target, source = _two(input_shape)
        return (*target[:-1], source[-1])

    def compute_output_spec(
        self,
        inputs,
        mask=None,
        return_attention_scores=False,
        training=None,
        keys=None,
    ):
        target, source = _two(inputs)
        shape = (*target.shape[:-1], source.shape[-1])
        context = keras.KerasTensor(shape, self.compute_dtype)
        if not return_attention_scores:
            return context
        shape = (*target.shape[:-1], source.shape[1])
        return context, keras.KerasTensor(shape, self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "score": self.score,
            "units": self.units,
            "dropout": self.dropout,
            "seed": self.seed,
            "kernel_initializer": keras.initializers.serialize(
                self.kernel_initializer
            ),
        }


def _two(inputs):
    """Returns target and source of a list of tensors, or of shapes."""
    found = _shapes(inputs)
    if not isinstance(found, list) or [len(each) for each in found] != [3, 3]:
        raise ValueError(
            "LuongAttention takes a list of target and source states, each of "
            f"shape (batch, steps, size). Received: the shape {found}. Pass "
            "[target, source]."
        )
    return inputs


def _shapes(inputs):
    """Returns the shapes of a list of tensors or shapes, or that of one."""
    if hasattr(inputs, "shape"):
        return tuple(inputs.shape)
    if all(size is None or isinstance(size, int) for size in inputs):
        return tuple(inputs)
    return [tuple(getattr(each, "shape", each)) for each in inputs]
