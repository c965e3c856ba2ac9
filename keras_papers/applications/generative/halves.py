"""The halves of an autoencoder with codes: images to codes, and back."""

import keras


def encoder(model):
    """Returns the half of an autoencoder before the codes.

    Args:
        model: What `VQVAE`, `VQVAE2` or `VQVAEAudio` returned, or such a model
            that was loaded.

    Returns:
        A functional model: images or sounds to codes of int32, a list of them
        from the top level down where there are several. It shares the weights.

    Raises:
        ValueError: If the model has no quantizer.

    Example:
    >>> from keras_papers.applications.generative import VQVAE
    >>> encoder(VQVAE((28, 28, 1), num_embeddings=64)).output_shape
    (None, 7, 7)
    """
    codes = [
        _Encode(quantizer, name=f"encode_{quantizer.name}")(quantizer.input)
        for quantizer in quantizers(model)
    ]
    inputs = _inputs_of(codes)
    return keras.Model(
        _one_or_all([x for x in model.inputs if id(x) in inputs]),
        _one_or_all(codes),
        name=f"{model.name}_encoder",
    )


def decoder(model):
    """Returns the half of an autoencoder behind the codes.

    Args:
        model: What `VQVAE` or `VQVAE2` returned, or such a model that was
            loaded.

    Returns:
        A functional model that takes what `encoder` outputs. It shares the
        weights. It does not check codes. The vector of one that is not in
        [0, num_embeddings) is NaN, but a ReLU behind it can return 0 for NaN,
        so that the image does not show it. `Latents` checks codes.

    Raises:
        ValueError: If the model has no quantizer, or its outputs depend on
            the images or sounds themselves, as those of `VQVAEAudio` do.

    Example:
    >>> from keras_papers.applications.generative import VQVAE
    >>> model = VQVAE((32, 32, 3))
    >>> decoder(model).output_shape
    (None, 32, 32, 3)
    """
    found = quantizers(model)
    behind = [quantizer.output for quantizer in found]
    if _inputs_of(model.outputs, known=behind):
        raise ValueError(
            "`model` is an autoencoder whose outputs depend on the codes "
            f"alone. Received: {model.name!r}, whose decoder predicts each "
            "value from those before. Draw with `sample` from "
            "`latent_decoder(model)`, or sounds with `convert_voice`."
        )
    shapes = [output.shape[1:] for output in encoder(model).outputs]
    codes = [
        keras.Input(shape, dtype="int32", name=quantizer.name)
        for quantizer, shape in zip(found, shapes, strict=True)
    ]
    vectors = [
        draw_vectors(quantizer, each)
        for quantizer, each in zip(found, codes, strict=True)
    ]
    behind = keras.Model(behind, model.output, name="behind")
    return keras.Model(
        _one_or_all(codes), behind(vectors), name=f"{model.name}_decoder"
    )


def draw_vectors(quantizer, codes):
    """Draws a layer from codes to the vectors that a quantizer outputs."""
    return _Decode(quantizer, name=f"decode_{quantizer.name}")(codes)


def quantizers(model):
    """Lists the quantizers of a model, those of the top level first."""
    found = [
        layer
        for layer in model.layers
        if hasattr(layer, "encode") and hasattr(layer, "decode")
    ]
    if not found:
        raise ValueError(
            "`model` is an autoencoder that has layers with `encode` and "
            f"`decode`. Received: {model.name!r} without one. Pass what VQVAE "
            "or VQVAE2 returned."
        )
    return found


def _inputs_of(outputs, known=()):
    """Returns the ids of the inputs that outputs of a graph depend on.

    Args:
        outputs: Symbolic tensors.
        known: Symbolic tensors whose own inputs do not count.
    """
    stack, seen, inputs = list(outputs), {id(x) for x in known}, set()
    while stack:
        tensor = stack.pop()
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        layer, index, _ = tensor._keras_history
        before = layer._inbound_nodes[index].input_tensors
        stack += before
        if not before:
            inputs.add(id(tensor))
    return inputs


def _one_or_all(tensors):
    return tensors[0] if len(tensors) == 1 else tensors


class _OfQuantizer(keras.layers.Layer):
    """Calls a method of a quantizer, which is saved with the layer."""

    def __init__(self, quantizer, **kwargs):
        super().__init__(**kwargs)
        self.quantizer = quantizer

    def get_config(self):
        quantizer = keras.saving.serialize_keras_object(self.quantizer)
        return {**super().get_config(), "quantizer": quantizer}

    @classmethod
    def from_config(cls, config):
        quantizer = keras.saving.deserialize_keras_object(config["quantizer"])
        return cls(**{**config, "quantizer": quantizer})


@keras.saving.register_keras_serializable(package="keras_papers")
class _Encode(_OfQuantizer):
    """Calls the `encode` of a quantizer."""

    def call(self, inputs):
        return self.quantizer.encode(inputs)

    def compute_output_spec(self, inputs):
        # JAX cannot trace the chunks of an unknown number of vectors.
        shape = self.quantizer.compute_codes_shape(inputs.shape)
        return keras.KerasTensor(shape, dtype="int32")


@keras.saving.register_keras_serializable(package="keras_papers")
class _Decode(_OfQuantizer):
    """Calls the `decode` of a quantizer."""

    def call(self, inputs):
        return self.quantizer.decode(inputs)
