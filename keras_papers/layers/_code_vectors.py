"""The vectors of a batch that codes were chosen for, or are placed on."""

import keras
from keras import ops

from keras_papers.layers._nearest_codes import nearest_codes

KMEANS_STEPS = 10


def totals(x, codes, seen, size):
    """Returns how many vectors each code was chosen for, and their sum.

    Args:
        x: Tensor `(vectors, length)`.
        codes: Tensor `(vectors,)` of ints in [0, size).
        seen: Tensor `(vectors,)` of bools; False leaves a vector out.
        size: Number of codes.
    """
    codes = ops.where(seen, codes, size)  # a place behind the last code
    ones = ops.ones_like(x[:, 0])
    counts = ops.segment_sum(ones, codes, num_segments=size + 1)
    sums = ops.segment_sum(x, codes, num_segments=size + 1)
    return counts[:size], sums[:size]


def random_vectors(x, seen, table, seed):
    """Returns a random vector of the batch for each row of a table.

    A batch without any returns the table itself.

    Args:
        x: Tensor `(vectors, length)`.
        seen: Tensor `(vectors,)` of bools; False leaves a vector out.
        table: Tensor `(codes, length)`.
        seed: A `SeedGenerator`.
    """
    size = table.shape[0]
    number = ops.sum(ops.cast(seen, "int32"))
    random = keras.random.uniform((size,), seed=seed)
    chosen = ops.cast(random * ops.cast(number, "float32"), "int32")
    chosen = ops.minimum(chosen, number - 1)
    # Those that are seen come first; behind the batch lie the codes.
    order = ops.argsort(ops.cast(ops.logical_not(seen), "int32"))
    rows = ops.shape(x)[0]
    places = ops.arange(size, dtype="int32")
    order = ops.concatenate([ops.cast(order, "int32"), rows + places])
    chosen = ops.where(number > 0, chosen, rows + places)
    return ops.take(
        ops.concatenate([x, table]), ops.take(order, chosen), axis=0
    )


def k_means(x, seen, means, chunk_size, unit_length):
    """Returns the means after ten steps of k-means.

    Args:
        x: Tensor `(vectors, length)`.
        seen: Tensor `(vectors,)` of bools; False leaves a vector out.
        means: Tensor `(codes, length)`, where the means are before.
        chunk_size: Vectors that are compared with the means at once.
        unit_length: Whether each mean is divided by its length.
    """

    def step(_, means):
        codes = nearest_codes(x, means, chunk_size)
        counts, sums = totals(x, codes, seen, means.shape[0])
        moved = sums / ops.maximum(counts, 1.0)[:, None]
        if unit_length:
            moved = ops.normalize(moved, axis=-1)
        return ops.where(counts[:, None] > 0, moved, means)

    return ops.fori_loop(0, KMEANS_STEPS, step, means)
