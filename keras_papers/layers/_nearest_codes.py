"""The nearest row of a table, for many vectors in little memory."""

from keras import ops


def nearest_codes(x, table, chunk_size):
    """Returns the index of the row of `table` nearest to each vector.

    The squared distance is `|x|^2 - 2 x.e + |e|^2`, of which `|x|^2` does not
    choose. Of rows that are equally near it is the first.

    Args:
        x: Tensor `(vectors, length)`.
        table: Tensor `(rows, length)`.
        chunk_size: Vectors that are compared at once.

    Returns:
        A tensor `(vectors,)` of int32.
    """
    columns = ops.transpose(table)
    half_squares = ops.sum(ops.square(table), axis=-1) / 2
    last = table.shape[0] - 1
    rows = ops.arange(last + 1, dtype="int32")

    def of_chunk(chunk):
        scores = ops.matmul(chunk, columns) - half_squares
        # Compilers make vector instructions of max and min, but not of argmax,
        # which takes as long as the product.
        highest = ops.max(scores, axis=-1, keepdims=True)
        return ops.min(ops.where(scores < highest, last, rows), axis=-1)

    if x.shape[0] == 0:  # which TensorFlow finds no maximum of
        return ops.zeros((0,), "int32")
    if x.shape[0] is not None and x.shape[0] <= chunk_size:
        return of_chunk(x)
    number, length = ops.shape(x)[0], x.shape[1]
    rest = ops.zeros(((-number) % chunk_size, length), x.dtype)
    chunks = ops.reshape(ops.concatenate([x, rest]), (-1, chunk_size, length))
    return ops.reshape(ops.map(of_chunk, chunks), (-1,))[:number]
