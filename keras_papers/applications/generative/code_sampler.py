"""What the samplers of all priors have in common."""

import keras
from keras import ops

from keras_papers.applications.generative.codes_above import map_network


class CodeSampler(keras.Model):
    """Noise to codes, by the layers of a prior.

    A subclass has the step, `draw(inputs)`. The layers compute in their own
    precision; the noise and the logits that it is added to are in float32, as
    in less precision many logits would be equal.

    Args:
        layers: The layers of the prior that repeat. They have the precision.
        name: Name of the sampler.
    """

    def __init__(self, layers, name):
        # A prior that was loaded has the global policy, not that of its layers.
        super().__init__(name=name, dtype=layers[0].dtype_policy)

    @property
    def input_dtype(self):
        """The inputs are not cast to the precision of the layers."""
        return "float32"

    def call(self, inputs):
        """Returns the codes of some places, and the next state."""
        of_layers = {
            name: values if name in ("noise", "scale") else self._cast(values)
            for name, values in inputs.items()
        }
        codes, state = self.draw(of_layers)
        return codes, self._cast(state, "float32")

    def _cast(self, values, dtype=None):
        """Casts the floats of a structure."""
        dtype = dtype or self.compute_dtype
        return keras.tree.map_structure(
            lambda each: (
                ops.cast(each, dtype)
                if keras.backend.is_float_dtype(
                    keras.backend.standardize_dtype(each.dtype)
                )
                else each
            ),
            values,
        )

    def code(self, logits, scale, noise):
        """Returns the codes whose logits are the largest with noise."""
        logits = ops.cast(logits, "float32")
        return ops.cast(ops.argmax(logits * scale + noise, axis=-1), "int32")


class MapSampler(CodeSampler):
    """A sampler of maps of codes, a row at a time.

    Args:
        prior: What the network over maps returned.
        layers: Its layers that repeat.
        name: Name of the sampler.
    """

    unit, places = "row", 1

    def __init__(self, prior, layers, name):
        super().__init__(layers, name)
        self.height, self.width, _ = prior.output_shape[1:]
        self.map_network = map_network(prior)

    def prepare(self, given):
        """Returns the conditions of a batch, codes above made into a map."""
        if self.map_network is None:
            return given
        codes = {name: given[name] for name in self.map_network.input}
        others = given.keys() - codes.keys()
        return {
            **{name: given[name] for name in others},
            "condition": self.map_network.predict_on_batch(codes),
        }

    def kept(self, conv):
        """Returns the rows, columns and channels that a convolution keeps."""
        above, left, right = conv.padding
        return above, left + self.width + right, conv.kernel.shape[2]
