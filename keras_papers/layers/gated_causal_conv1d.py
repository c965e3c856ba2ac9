"""The layer of WaveNet (van den Oord et al., 2016, arXiv:1609.03499)."""

import keras
from keras import layers

from keras_papers.checks import check_positive, check_positive_int
from keras_papers.layers._arguments import ARGUMENTS
from keras_papers.layers.gated_masked_conv2d import gate


@keras.saving.register_keras_serializable(package="keras_papers")
class GatedCausalConv1D(keras.layers.Layer):
    """Convolves each sample with samples before it, at a distance.

    A block of figure 4 of the paper: a dilated causal convolution, the gate
    `tanh(a) * sigmoid(b)` (equation 2), and behind it a 1 x 1 convolution for
    the residual connection and one for the skip connection.

    Args:
        filters: Positive int. Channels of the inputs and of the first output.
        kernel_size: Positive int. Defaults to 2.
        dilation_rate: Positive int. Steps between the samples that a kernel
            sees. Defaults to 1.
        gate_filters: Channels of `a`, and of `b`. Defaults to None: `filters`.
        skip_filters: Channels of the second output. Defaults to None:
            `filters`.
        residual: Whether the first output is computed. The last layer of a
            network has no use for it. Defaults to True.
        residual_scale: Positive number. Multiplies the sum of the inputs and
            of the residual connection. Defaults to 1.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Tensor of shape `(batch, time, filters)`.
        global_condition: Vectors of shape `(batch, features)`, which all
            samples depend on, such as an embedding of the speaker, or None.
        local_condition: Tensor of shape `(batch, time, features)`, which each
            sample depends on at its own place, or None.

    Output shape:
        `(batch, time, filters)` and `(batch, time, skip_filters)`. Without
        `residual`, the second alone.

    Raises:
        ValueError: If an argument is out of its range, or the inputs have
            other channels than `filters`, or a condition is missing that the
            layer was built with.

    Example:
    >>> from keras import ops
    >>> layer = GatedCausalConv1D(16, dilation_rate=4, skip_filters=32)
    >>> outputs, skip = layer(ops.ones((2, 100, 16)))
    >>> tuple(outputs.shape), tuple(skip.shape)
    ((2, 100, 16), (2, 100, 32))
    """

    def __init__(
        self,
        filters,
        kernel_size=2,
        dilation_rate=1,
        gate_filters=None,
        skip_filters=None,
        residual=True,
        residual_scale=1.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = ARGUMENTS["filters"]("filters", filters)
        check_positive_int(
            "kernel_size", kernel_size, "samples that a kernel sees", "Try 2."
        )
        check_positive_int(
            "dilation_rate", dilation_rate, "a number of steps", "Try 1."
        )
        for name, value in (
            ("gate_filters", gate_filters),
            ("skip_filters", skip_filters),
        ):
            if value is not None:
                check_positive_int(name, value, "a number", "Try 32.")
        check_positive(
            "residual_scale", residual_scale, "a factor of a sum", "Try 1."
        )
        self.kernel_size = kernel_size
        self.dilation_rate = dilation_rate
        self.gate_filters = gate_filters
        self.skip_filters = skip_filters
        self.residual = residual
        self.residual_scale = residual_scale

    def build(
        self,
        inputs_shape,
        global_condition_shape=None,
        local_condition_shape=None,
    ):
        if inputs_shape[-1] != self.filters:
            raise ValueError(
                "The residual of GatedCausalConv1D adds its inputs. Received: "
                f"{inputs_shape[-1]} channels for filters={self.filters}. "
                "Pass as many filters."
            )
        gate_filters = self.gate_filters or self.filters
        both = 2 * gate_filters
        self.conv = layers.Conv1D(
            both,
            self.kernel_size,
            dilation_rate=self.dilation_rate,
            padding="causal",
            data_format="channels_last",
            dtype=self.dtype_policy,
            name=f"{self.name}_conv",
        )
        self.conv.build(inputs_shape)
        self.project = None
        if self.residual:
            self.project = self._dense("project", self.filters, gate_filters)
        self.skip = self._dense(
            "skip", self.skip_filters or self.filters, gate_filters
        )
        self.of_global, self.of_local = (
            None
            if shape is None
            else self._dense(name, both, shape[-1], use_bias=False)
            for name, shape in (
                ("of_global", global_condition_shape),
                ("of_local", local_condition_shape),
            )
        )

    def _dense(self, name, units, channels, use_bias=True):
        layer = layers.Dense(
            units,
            use_bias=use_bias,
            dtype=self.dtype_policy,
            name=f"{self.name}_{name}",
        )
        layer.build((None, channels))
        return layer

    def call(self, inputs, global_condition=None, local_condition=None):
        x = self.conv(inputs)
        for name, part, condition in (
            ("global_condition", self.of_global, global_condition),
            ("local_condition", self.of_local, local_condition),
        ):
            self._check_condition(name, part, condition)
        if global_condition is not None:
            x = x + self.of_global(global_condition)[:, None]
        if local_condition is not None:
            x = x + self.of_local(local_condition)
        return self.outputs_of(inputs, x)

    def _check_condition(self, name, part, condition):
        if (part is None) != (condition is None):
            received = "None" if condition is None else "a tensor"
            raise ValueError(
                f"`{name}` is what the outputs depend on, and a layer that "
                "was built with it needs it in every call. Received: "
                f"{name}={received} for {self.name!r}. Pass what the layer "
                "was built with."
            )

    def outputs_of(self, inputs, x):
        """Returns the outputs for what comes before the gate.

        Args:
            inputs: Inputs of the layer at some places.
            x: Sum of the convolution and of the conditions at these places.
        """
        gated = gate(x)
        skip = self.skip(gated)
        if self.project is None:
            return skip
        outputs = inputs + self.project(gated)
        if self.residual_scale != 1:
            outputs = outputs * self.residual_scale
        return [outputs, skip]

    def compute_output_shape(
        self,
        inputs_shape,
        global_condition_shape=None,
        local_condition_shape=None,
    ):
        skip = (*inputs_shape[:-1], self.skip_filters or self.filters)
        return [tuple(inputs_shape), skip] if self.residual else skip

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "dilation_rate": self.dilation_rate,
            "gate_filters": self.gate_filters,
            "skip_filters": self.skip_filters,
            "residual": self.residual,
            "residual_scale": self.residual_scale,
        }
