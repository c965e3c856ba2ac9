"""The decoder with input feeding of Luong et al., 2015, section 3.3."""

import keras
from keras import layers, ops

from keras_papers.layers.luong_attention import LuongAttention


@keras.saving.register_keras_serializable(package="keras_papers")
class InputFeedingCell(layers.Layer):
    """A step of a decoder that sees its last attentional state.

    The attentional state of the step before is concatenated to the inputs.
    LSTM cells follow, one after the other, and the attention of eq. 5 to 8.

    Its states are `[h, c]` of each LSTM cell, the attentional state, and what
    does not change from step to step: the source states, their keys (see
    `LuongAttention.keys`), and their mask as 0 and 1. So `keras.layers.RNN`
    runs it on all backends.

    Args:
        units: Positive int. Size of all states, those of the source too.
        num_layers: Positive int. LSTM cells. Defaults to 1.
        score: That of `LuongAttention`.
        dropout: Float in [0, 1). Of the inputs of each LSTM cell.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.
    """

    def __init__(
        self, units, num_layers=1, score="general", dropout=0.0, **kwargs
    ):
        super().__init__(**kwargs)
        self.units = units
        self.num_layers = num_layers
        self.score = score
        self.dropout = dropout
        self.cells = [
            layers.LSTMCell(
                units, dropout=dropout, dtype=self.dtype_policy, name=f"lstm{n}"
            )
            for n in range(1, num_layers + 1)
        ]
        self.attention = LuongAttention(
            score, dtype=self.dtype_policy, name="attention"
        )
        self.combine = layers.Dense(
            units,
            "tanh",
            use_bias=False,
            dtype=self.dtype_policy,
            name="attentional",
        )
        # Only the number of states counts where they are not returned.
        self.state_size = [units] * (2 * num_layers + 4)
        self.output_size = units

    def build(self, input_shape):
        batch, size = input_shape
        size += self.units
        for cell in self.cells:
            cell.build((batch, size))
            size = self.units
        states = (batch, None, self.units)
        self.attention.build([states, states])
        self.combine.build((batch, 2 * self.units))

    def call(self, inputs, states, training=False):
        *states, fed, source, keys, mask = states
        x = ops.concatenate([inputs, fed], axis=-1)
        x, states = step_of_cells(self.cells, x, states, training)
        context = self.attention(
            [x[:, None], source], mask=[None, mask], keys=keys
        )
        fed = self.combine(ops.concatenate([context[:, 0], x], axis=-1))
        return fed, [*states, fed, source, keys, mask]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "num_layers": self.num_layers,
            "score": self.score,
            "dropout": self.dropout,
        }


@keras.saving.register_keras_serializable(package="keras_papers")
class InputFeedingDecoder(layers.RNN):
    """Runs an `InputFeedingCell` over the steps of the target.

    Args:
        cell: The `InputFeedingCell`.
        **kwargs: Keyword arguments of `keras.layers.RNN`, of which
            `return_sequences` is True.

    Input shape:
        A list of the target vectors `(batch, target steps, size)`, the source
        states `(batch, source steps, units)`, and `h` and `c` of each LSTM
        cell before the first step, `(batch, units)`.

    Output shape:
        The attentional states: `(batch, target steps, units)`. Their mask is
        that of the target; source steps that are masked have no weight.
    """

    def __init__(self, cell, **kwargs):
        super().__init__(cell, **{**kwargs, "return_sequences": True})

    def build(self, input_shape):
        super().build(input_shape[0])

    def call(self, inputs, mask=None, training=False):
        target, source, *states = inputs
        source_mask = None if mask is None else mask[1]
        if source_mask is None:
            source_mask = ops.ones(ops.shape(source)[:2], "bool")
        fed = ops.zeros_like(states[0])
        if training and self.cell.dropout:
            # Outside of the loop: one mask for all steps, as in Keras' LSTM.
            like = ops.concatenate([target[:, 0], fed], axis=-1)
            for cell in self.cell.cells:
                cell.get_dropout_mask(like)
                like = fed
        outputs = super().call(
            target,
            initial_state=[
                *states,
                fed,
                source,
                self.cell.attention.keys(source),
                ops.cast(source_mask, self.compute_dtype),
            ],
            training=training,
        )
        for cell in self.cell.cells:
            cell.reset_dropout_mask()
        return outputs

    def compute_mask(self, inputs, mask=None):
        return None if mask is None else mask[0]

    def compute_output_shape(self, input_shape):
        return (*input_shape[0][:-1], self.cell.units)


def step_of_cells(cells, x, states, training=False):
    """Runs LSTM cells one after the other for one step.

    Args:
        cells: LSTM cells.
        x: Inputs of the first: `(batch, size)`.
        states: List of `h` and `c` of each.
        training: Whether inputs are dropped.

    Returns:
        The output of the last cell, and the next states.
    """
    after = []
    for cell, h, c in zip(cells, states[::2], states[1::2], strict=True):
        x, of_cell = cell(x, [h, c], training=training)
        after += of_cell
    return x, after
