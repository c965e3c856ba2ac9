"""The quantizer of VQ-VAE (van den Oord et al., 2017, arXiv:1711.00937).

The moving averages are those of its appendix A.1 and of VQ-VAE-2 (Razavi et
al., 2019, https://arxiv.org/abs/1906.00446).
"""

import keras
from keras import ops

from keras_papers.checks import (
    check_choice,
    check_fraction,
    check_positive,
    check_positive_int,
)
from keras_papers.layers._code_vectors import k_means, random_vectors, totals
from keras_papers.layers._codebook_metrics import Perplexity, Usage
from keras_papers.layers._codes import checked_codes
from keras_papers.layers._finite import check_finite
from keras_papers.layers._nearest_codes import nearest_codes
from keras_papers.layers._straight_through import rotated, straight_through

USED = 1e-6  # the least average count of a code that has moved from its place
USAGE_DECAY = 0.99  # of the counts, where no moving average is learned


@keras.saving.register_keras_serializable(package="keras_papers")
class VectorQuantizer(keras.layers.Layer):
    """Replaces each vector by the nearest of a learned codebook.

    Section 3.1 of the VQ-VAE paper. The gradient of the outputs is copied to
    the inputs (section 3.2). In training the layer adds its own losses, and
    learns the codebook in one of two ways:

    - By exponential moving averages of the vectors that each code was chosen
      for (appendix A.1): `ema_decay` is a number. The loss is
      `commitment_cost * mean((x - sg(e))**2)`.
    - By gradients: `ema_decay=None`. The loss is
      `mean((sg(x) - e)**2) + commitment_cost * mean((x - sg(e))**2)`, the
      second and third term of equation 3.

    All means are over the elements, as in DeepMind's Sonnet; the paper sums
    over the elements of a vector. So the paper's balance with a sum of squared
    errors is that of Sonnet with a mean of them.

    Two metrics over the codes of an epoch's training batches appear in the
    logs of `fit` by themselves: `<name>_usage`, the share of the codes that
    were chosen at least once, and `<name>_perplexity`. With several codebooks
    they are averages over these. They are NaN where nothing was counted: for
    validation data, for inference changes no weight; and on JAX before the end
    of an epoch.

    Codes, losses and averages are computed in float32 under any dtype policy.
    With `trainable = False` the codebook stays as it is, as it does in
    inference. Replicas of `tf.distribute` learn from the vectors of all.

    Vectors that are not finite leave no trace in the codebook. In training the
    loss is then NaN, which `keras.callbacks.TerminateOnNaN` notices. In
    inference they are an error, unless the call is compiled, as that of
    `predict` on TensorFlow and JAX: their codes are then arbitrary.

    Args:
        num_embeddings: Positive int. Codes of a codebook, `K` of the paper.
        embedding_dim: Length of the input vectors, `D` of the paper. Defaults
            to None: that of the first inputs.
        commitment_cost: Positive number. Weight of the term that keeps the
            inputs near their codes, beta of equation 3. Defaults to 0.25.
        ema_decay: Number in [0, 1), or None. Decay of the moving averages,
            gamma of appendix A.1. Defaults to 0.99.
        epsilon: Positive number. Added to the average counts, which divide
            the sums. Defaults to 1e-5.
        num_codebooks: Positive int. Parts that a vector is cut into, each with
            a codebook of its own. Defaults to 1.
        codebook_dim: Length of the codes where it is not that of the parts:
            vectors are then projected there by a dense layer, and back by
            another. Defaults to None.
        distance: `"l2"` (default), or `"cosine"`: vectors and codes are then
            divided by their lengths.
        estimator: `"straight_through"` (default), or `"rotation"`: the
            gradient passes through the rotation and the scaling that map the
            vector to its code (Fifty et al., 2024,
            https://arxiv.org/abs/2410.06424).
        initialization: Where the codes lie before the first step of training.
            `"data"` (default): on random vectors of the first batch.
            `"kmeans"`: on their means after 10 steps of k-means. `"uniform"`:
            between -1 / K and 1 / K.
        revival: Number in [0, 1), or None. A code whose average count falls
            below this share of the mean count is moved to a random vector of
            the batch. Defaults to 0.1; None leaves codes where they are.
        chunk_size: Positive int. Vectors that are compared with the codebook
            at once, which bounds the memory. Defaults to 256.
        seed: Int, or None. Of the random vectors.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Input shape:
        `(..., embedding_dim)`. A mask of all axes but the last leaves vectors
        out of losses and averages.

    Output shape:
        Same as the input.

    Raises:
        ValueError: If an argument is out of its range, or the last axis of the
            inputs is open, is not `embedding_dim`, or is not divided by
            `num_codebooks`; or if inputs are not finite.

    Example:
    >>> layer = VectorQuantizer(num_embeddings=2, initialization="uniform")
    >>> layer.build((None, 3))
    >>> table = [[[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]]
    >>> _ = layer.embeddings.assign(table)
    >>> outputs = layer(ops.array([[0.2, 0.1, 0.0], [0.9, 0.8, 1.0]]))
    >>> [[float(x) for x in row] for row in outputs]
    [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]
    >>> [int(code) for code in layer.encode(outputs)]
    [0, 1]
    """

    def __init__(
        self,
        num_embeddings,
        embedding_dim=None,
        commitment_cost=0.25,
        ema_decay=0.99,
        epsilon=1e-5,
        *,
        num_codebooks=1,
        codebook_dim=None,
        distance="l2",
        estimator="straight_through",
        initialization="data",
        revival=0.1,
        chunk_size=256,
        seed=None,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        for name, value, meaning, advice in (
            ("num_embeddings", num_embeddings, "a number of codes", "Try 512."),
            ("embedding_dim", embedding_dim, "a vector's length", "Try 64."),
            ("num_codebooks", num_codebooks, "a number", "Try 1."),
            ("codebook_dim", codebook_dim, "a code's length", "Try 8."),
            ("chunk_size", chunk_size, "a number of vectors", "Try 256."),
        ):
            optional = name in ("embedding_dim", "codebook_dim")
            if not (optional and value is None):
                check_positive_int(name, value, meaning, advice)
        check_positive(
            "commitment_cost",
            commitment_cost,
            "the weight of the commitment loss",
            "Try 0.25.",
        )
        check_positive("epsilon", epsilon, "a small count", "Try 1e-5.")
        if ema_decay is not None:
            check_fraction(
                "ema_decay",
                ema_decay,
                "the decay of moving averages",
                "Try 0.99, or None to learn the codebook by gradients.",
            )
        if revival is not None:
            check_fraction(
                "revival",
                revival,
                "a share of the mean count",
                "Try 0.1, or None to leave unused codes where they are.",
            )
        check_choice("distance", distance, ("l2", "cosine"), "what is near")
        check_choice(
            "estimator",
            estimator,
            ("straight_through", "rotation"),
            "how gradients pass",
        )
        check_choice(
            "initialization",
            initialization,
            ("data", "kmeans", "uniform"),
            "where the first codes lie",
        )
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.commitment_cost = commitment_cost
        self.ema_decay = ema_decay
        self.epsilon = epsilon
        self.num_codebooks = num_codebooks
        self.codebook_dim = codebook_dim
        self.distance = distance
        self.estimator = estimator
        self.initialization = initialization
        self.revival = revival
        self.chunk_size = chunk_size
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    def build(self, input_shape):
        depth = input_shape[-1]
        self._check_depth(depth)
        part = depth // self.num_codebooks
        width = self.codebook_dim or part
        if self.codebook_dim is None:
            self.project_in = self.project_out = None
        else:
            self.project_in = self._projection("in", self.num_codebooks * width)
            self.project_in.build((None, depth))
            self.project_out = self._projection("out", depth)
            self.project_out.build((None, self.num_codebooks * width))
        # Counts and sums are averaged over the replicas. Their ratio is that
        # of the totals.
        self.embeddings = self._state(
            "embeddings",
            width,
            aggregation="only_first_replica",
            initializer=keras.initializers.RandomUniform(
                -1 / self.num_embeddings, 1 / self.num_embeddings, self.seed
            ),
        )
        # JAX keeps what a layer assigns to its other weights, but nothing that
        # it assigns to trainable ones. So a code that is learned by gradients
        # is the sum of where it was placed and of what it has learned since.
        self.offsets = None
        if self.ema_decay is None:
            self.offsets = self._state("offsets", width, trainable=True)
        self.counts = self._state("counts")
        self.sums = None
        if self.ema_decay is not None:
            self.sums = self._state("sums", width)
        self.steps = self.add_weight(
            (),
            "zeros",
            "float32",
            trainable=False,
            autocast=False,
            name="steps",
        )
        self.epoch_counts = self._state("epoch_counts")
        self.usage = Usage(self.epoch_counts, f"{self.name}_usage")
        self.perplexity = Perplexity(
            self.epoch_counts, f"{self.name}_perplexity"
        )

    def _check_depth(self, depth):
        if depth is None or self.embedding_dim not in (None, depth):
            raise ValueError(
                "The last axis of the inputs of VectorQuantizer holds the "
                f"vectors. Received: a depth of {depth} for embedding_dim="
                f"{self.embedding_dim}. Pass inputs of this depth, or leave "
                "embedding_dim out."
            )
        if depth % self.num_codebooks:
            raise ValueError(
                "`num_codebooks` is the number of equal parts that a vector "
                f"is cut into. Received: num_codebooks={self.num_codebooks} "
                f"for vectors of {depth} elements. Pass a divisor of {depth}."
            )

    def _projection(self, name, units):
        return keras.layers.Dense(
            units, dtype="float32", name=f"{self.name}_project_{name}"
        )

    def _state(
        self,
        name,
        *width,
        initializer="zeros",
        trainable=False,
        aggregation="mean",
    ):
        return self.add_weight(
            (self.num_codebooks, self.num_embeddings, *width),
            initializer,
            "float32",
            trainable=trainable,
            autocast=False,
            aggregation=aggregation,
            name=name,
        )

    def call(self, inputs, mask=None, training=None):
        learning = bool(training) and self.trainable
        if not training:
            check_finite(inputs, "VectorQuantizer", mask)
        vectors = self._vectors(inputs)
        valid = None if mask is None else ops.reshape(mask, (-1,))
        quantized, losses = [], []
        if learning:
            first = ops.equal(self.steps, 0)
            self.steps.assign_add(1.0)
        for index in range(self.num_codebooks):
            x = vectors[:, index]
            if learning:
                # What is not finite would never leave the averages again.
                seen = ops.all(ops.isfinite(x), axis=-1)
                if valid is not None:
                    seen = ops.logical_and(seen, ops.cast(valid, "bool"))
                fixed = ops.stop_gradient(ops.where(seen[:, None], x, 0.0))
                strays = None
                if self.initialization != "uniform" or self.revival is not None:
                    table = ops.stop_gradient(self._codebook(index))
                    strays = random_vectors(
                        fixed, seen, table, self.seed_generator
                    )
                self._initialize(index, fixed, seen, strays, first)
            table = self._codebook(index)
            codes = self._nearest(x, table)
            e = ops.take(table, codes, axis=0)
            losses.append(self._loss(x, e, valid))
            quantized.append(self._estimate(x, e))
            if learning:
                self._learn(index, fixed, codes, seen, strays)
        self.add_loss(sum(losses) / self.num_codebooks)
        outputs = ops.reshape(
            ops.stack(quantized, axis=1), self._rows_shape(vectors)
        )
        return self._as_inputs(outputs, ops.shape(inputs))

    def encode(self, inputs):
        """Returns the codes of vectors.

        Args:
            inputs: Tensor of shape `(..., embedding_dim)`.

        Returns:
            A tensor of int32 in [0, num_embeddings), of the inputs' shape
            without the last axis; with several codebooks that axis holds a
            code for each.
        """
        self._check_built("encode")
        inputs = ops.convert_to_tensor(inputs)
        check_finite(inputs, "VectorQuantizer")
        vectors = self._vectors(inputs)
        codes = [
            self._nearest(vectors[:, index], self._codebook(index))
            for index in range(self.num_codebooks)
        ]
        shape = ops.shape(inputs)[:-1]
        if self.num_codebooks == 1:
            return ops.reshape(codes[0], shape)
        return ops.reshape(
            ops.stack(codes, axis=-1), (*shape, self.num_codebooks)
        )

    def lookup(self, codes):
        """Returns the vectors of the codebook, before any projection.

        Args:
            codes: Ints as `encode` returns them. A code outside of
                [0, num_embeddings) gives NaN.

        Returns:
            A tensor of the shape of the codes with one more axis; the vectors
            of several codebooks are joined.
        """
        self._check_built("lookup")
        codes = self._checked_codes(codes)
        if self.num_codebooks == 1:
            codes = ops.expand_dims(codes, -1)
        known = ops.logical_and(codes >= 0, codes < self.num_embeddings)
        codes = ops.where(known, codes, 0)
        vectors = [
            ops.where(
                known[..., index, None],
                ops.take(self._codebook(index), codes[..., index], axis=0),
                float("nan"),
            )
            for index in range(self.num_codebooks)
        ]
        return ops.concatenate(vectors, axis=-1)

    def decode(self, codes):
        """Returns what the layer outputs for vectors that have these codes.

        Args:
            codes: Ints as `encode` returns them.

        Returns:
            A tensor of shape `(..., embedding_dim)`.
        """
        vectors = self.lookup(codes)
        if self.project_out is not None:
            vectors = self.project_out(vectors)
        return ops.cast(vectors, self.compute_dtype)

    def _check_built(self, method):
        if not self.built:
            raise ValueError(
                f"`{method}` needs the codebook, which has its size from the "
                "first inputs. Received: a layer that is not built. Call the "
                "layer on inputs first."
            )

    def _checked_codes(self, codes):
        """Returns int32 codes, one for each codebook in the last axis."""
        codes = checked_codes(codes)
        last = codes.shape[-1] if len(codes.shape) else None
        if self.num_codebooks > 1 and last != self.num_codebooks:
            raise ValueError(
                "The last axis of `codes` holds a code for each codebook. "
                f"Received: codes of shape {tuple(codes.shape)} for "
                f"{self.num_codebooks} codebooks. Pass what `encode` returns."
            )
        return codes

    def _vectors(self, inputs):
        """Returns the vectors to quantize: (vectors, codebooks, length)."""
        x = ops.cast(inputs, "float32")
        if self.project_in is not None:
            x = self.project_in(x)
        width = self.embeddings.shape[-1]
        x = ops.reshape(x, (-1, self.num_codebooks, width))
        return ops.normalize(x, axis=-1) if self.distance == "cosine" else x

    def _rows_shape(self, vectors):
        return (-1, vectors.shape[1] * vectors.shape[2])

    def _as_inputs(self, outputs, shape):
        if self.project_out is not None:
            outputs = self.project_out(outputs)
        return ops.cast(ops.reshape(outputs, shape), self.compute_dtype)

    @property
    def codebooks(self):
        """The codes: a tensor `(num_codebooks, num_embeddings, length)`."""
        table = ops.convert_to_tensor(self.embeddings)
        return table if self.offsets is None else table + self.offsets

    def _codebook(self, index):
        table = self.codebooks[index]
        if self.distance == "cosine":
            return ops.normalize(table, axis=-1)
        return table

    def _nearest(self, x, table):
        return nearest_codes(
            ops.stop_gradient(x), ops.stop_gradient(table), self.chunk_size
        )

    def _loss(self, x, e, valid):
        commitment = self._mean_square(x - ops.stop_gradient(e), valid)
        if self.ema_decay is not None:
            return self.commitment_cost * commitment
        codebook = self._mean_square(ops.stop_gradient(x) - e, valid)
        return codebook + self.commitment_cost * commitment

    def _mean_square(self, x, valid):
        rows = ops.mean(ops.square(x), axis=-1)
        if valid is None:
            number = ops.cast(ops.shape(x)[0], "float32")
        else:
            valid = ops.cast(valid, "float32")
            rows, number = rows * valid, ops.sum(valid)
        return ops.sum(rows) / ops.maximum(number, 1.0)

    def _estimate(self, x, e):
        estimate = rotated if self.estimator == "rotation" else straight_through
        return estimate(x, e)

    # Learning. What a method assigns is read again where it is needed: among
    # replicas it is what all of them agreed on.

    def _initialize(self, index, x, seen, strays, first):
        if self.initialization == "uniform":
            return

        def start():
            if self.initialization == "data":
                return strays
            unit_length = self.distance == "cosine"
            return k_means(x, seen, strays, self.chunk_size, unit_length)

        table = ops.stop_gradient(self.codebooks[index])
        self._place(index, ops.cond(first, start, lambda: table))

    def _place(self, index, table):
        """Makes `table` the codes of a codebook."""
        if self.offsets is not None:
            table = table - ops.stop_gradient(self.offsets)[index]
        self._assign(self.embeddings, index, table)

    def _learn(self, index, x, codes, seen, strays):
        counts, sums = totals(x, codes, seen, self.num_embeddings)
        decay = USAGE_DECAY if self.ema_decay is None else self.ema_decay
        old = ops.convert_to_tensor(self.counts)[index]
        self._assign(self.counts, index, decay * old + (1 - decay) * counts)
        seen_before = ops.convert_to_tensor(self.epoch_counts)[index]
        self._assign(self.epoch_counts, index, seen_before + counts)
        if self.sums is not None:
            old = ops.convert_to_tensor(self.sums)[index]
            self._assign(self.sums, index, decay * old + (1 - decay) * sums)
            self._move_codes(index, decay)
        if self.revival is not None:
            self._revive(index, strays)

    def _correction(self, decay):
        """Returns the weight of all batches so far in an average from zero."""
        return 1 - ops.power(decay, ops.convert_to_tensor(self.steps))

    def _move_codes(self, index, decay):
        correction = self._correction(decay)
        counts = ops.convert_to_tensor(self.counts)[index] / correction
        sums = ops.convert_to_tensor(self.sums)[index] / correction
        total = ops.sum(counts)
        smoothed = (
            (counts + self.epsilon)
            / (total + self.num_embeddings * self.epsilon)
            * total
        )
        used = counts > USED
        moved = sums / ops.where(used, smoothed, 1.0)[:, None]
        if self.distance == "cosine":
            moved = ops.normalize(moved, axis=-1)
        # A code without vectors would go to the origin.
        table = self.codebooks[index]
        self._place(index, ops.where(used[:, None], moved, table))

    def _revive(self, index, strays):
        counts = ops.convert_to_tensor(self.counts)[index]
        mean = ops.mean(counts)
        dead = counts < self.revival * mean
        table = ops.stop_gradient(self.codebooks[index])
        self._place(index, ops.where(dead[:, None], strays, table))
        # With the count of an average code it is not revived again at once.
        self._assign(self.counts, index, ops.where(dead, mean, counts))
        if self.sums is not None:
            table = self.codebooks[index]
            sums = ops.convert_to_tensor(self.sums)[index]
            revived = mean * table
            self._assign(
                self.sums, index, ops.where(dead[:, None], revived, sums)
            )

    def _assign(self, variable, index, value):
        if self.num_codebooks == 1:
            variable.assign(value[None])
            return
        whole = ops.convert_to_tensor(variable)
        start = (index,) + (0,) * (len(whole.shape) - 1)
        variable.assign(ops.slice_update(whole, start, value[None]))

    def compute_output_shape(self, input_shape):
        return input_shape

    def compute_codes_shape(self, input_shape):
        """Returns the shape of the codes of inputs of a shape."""
        if self.num_codebooks == 1:
            return tuple(input_shape[:-1])
        return (*input_shape[:-1], self.num_codebooks)

    def get_config(self):
        return {
            **super().get_config(),
            "num_embeddings": self.num_embeddings,
            "embedding_dim": self.embedding_dim,
            "commitment_cost": self.commitment_cost,
            "ema_decay": self.ema_decay,
            "epsilon": self.epsilon,
            "num_codebooks": self.num_codebooks,
            "codebook_dim": self.codebook_dim,
            "distance": self.distance,
            "estimator": self.estimator,
            "initialization": self.initialization,
            "revival": self.revival,
            "chunk_size": self.chunk_size,
            "seed": self.seed,
        }
