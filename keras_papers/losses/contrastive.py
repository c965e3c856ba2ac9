"""Losses that compare examples of a batch with one another."""

import keras
from keras import ops

from keras_papers.checks import check_bool, check_choice, check_positive, plain
from keras_papers.losses._shapes import shapes_differ

DISTANCES = ("squared_euclidean", "euclidean", "cosine")
MININGS = ("semi_hard", "batch_hard")
register = keras.saving.register_keras_serializable(package="keras_papers")


@register
class TripletLoss(keras.losses.Loss):
    """Moves an example nearer to those of its class than to all others.

    max(0, d(anchor, positive) - d(anchor, negative) + margin) for triplets of
    a batch, FaceNet's (Schroff et al., 2015, https://arxiv.org/abs/1503.03832)
    or those of Hermans et al., 2017 (https://arxiv.org/abs/1703.07737). Labels
    are ints of the class, outputs are embeddings. End the model by a
    `UnitNormalization` layer if their lengths are not to matter, as in
    FaceNet. A batch needs several examples of several classes: an anchor
    without a positive or a negative has a loss of 0.

    Args:
        margin: Positive number, or `"soft"`: log(1 + exp(.)) in place of
            max(0, . + margin). Defaults to 0.2, FaceNet's.
        mining: Which triplets count. Defaults to `"semi_hard"`: for each pair
            of an anchor and a positive, the nearest negative that is farther
            away than the positive, or the farthest one if none is.
            `"batch_hard"`: for each anchor, the farthest positive and the
            nearest negative.
        distance: `"squared_euclidean"` (default, FaceNet's), `"euclidean"`
            (Hermans et al.) or `"cosine"`, one minus the cosine.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Input shape:
        Labels `(batch,)` or `(batch, 1)`, below 2 ** 24; embeddings
        `(batch, dim)`.

    Output shape:
        Without reduction `(batch,)`: of each anchor, scaled so that the mean
        over the batch is that over all triplets.

    Raises:
        ValueError: If an argument is out of its range, or the embeddings or
            the labels have another shape.

    Example:
    >>> embeddings = ops.array([[0.0], [1.0], [1.5]])
    >>> loss = TripletLoss(margin=1.0, distance="euclidean")
    >>> float(loss([7, 7, 8], embeddings))  # (0.5 + 1.5) / 2
    1.0
    """

    def __init__(
        self,
        margin=0.2,
        mining="semi_hard",
        distance="squared_euclidean",
        **kwargs,
    ):
        super().__init__(**kwargs)
        if margin != "soft":
            check_positive(
                "margin",
                plain(margin),
                "how much nearer a positive is to be, or 'soft',",
                "Try 0.2.",
            )
        check_choice("mining", mining, MININGS, "which triplets count")
        check_choice("distance", distance, DISTANCES, "that of embeddings")
        self.margin = margin if margin == "soft" else float(margin)
        self.mining = mining
        self.distance = distance

    def call(self, y_true, y_pred):
        embeddings = ops.convert_to_tensor(y_pred)
        if len(embeddings.shape) != 2:
            raise ValueError(
                "`y_pred` is an embedding for each example, of shape (batch, "
                f"dim). Received: y_pred.shape={tuple(embeddings.shape)}. "
                "Pool or flatten the last layer's outputs."
            )
        same = same_labels(y_true, embeddings)
        itself = ops.eye(ops.shape(embeddings)[0], dtype="bool")
        positive = ops.logical_and(same, ops.logical_not(itself))
        negative = ops.logical_not(same)
        distances = pairwise_distances(embeddings, self.distance)
        if self.mining == "batch_hard":
            return self._batch_hard(distances, positive, negative)
        return self._semi_hard(distances, positive, negative)

    def _batch_hard(self, distances, positive, negative):
        farthest = ops.max(ops.where(positive, distances, 0.0), axis=1)
        largest = ops.max(distances, axis=1, keepdims=True)
        nearest = ops.min(ops.where(negative, distances, largest), axis=1)
        counts = ops.logical_and(
            ops.any(positive, axis=1), ops.any(negative, axis=1)
        )
        return mean_over(self._penalty(farthest - nearest), counts)

    def _semi_hard(self, distances, positive, negative):
        chosen = semi_hard_negatives(ops.stop_gradient(distances), negative)
        chosen = ops.take_along_axis(distances, chosen, axis=1)
        counts = ops.logical_and(
            positive, ops.any(negative, axis=1, keepdims=True)
        )
        return mean_over(self._penalty(distances - chosen), counts)

    def _penalty(self, difference):
        if self.margin == "soft":
            return ops.softplus(difference)
        return ops.relu(difference + self.margin)

    def get_config(self):
        return {
            **super().get_config(),
            "margin": self.margin,
            "mining": self.mining,
            "distance": self.distance,
        }


@register
def triplet_loss(
    y_true,
    y_pred,
    margin=0.2,
    mining="semi_hard",
    distance="squared_euclidean",
):
    """Returns the `TripletLoss` of each example as the anchor."""
    return TripletLoss(margin, mining, distance).call(y_true, y_pred)


def same_labels(y_true, embeddings):
    """Returns which examples have the same label: `(batch, batch)`.

    Args:
        y_true: Labels, `(batch,)` or `(batch, 1)`.
        embeddings: Tensor whose first axis is the batch.

    Raises:
        ValueError: If the labels have another shape.
    """
    labels = ops.convert_to_tensor(y_true)
    shape, batch = tuple(labels.shape), embeddings.shape[0]
    good = len(shape) == 1 or (len(shape) == 2 and shape[1] in (1, None))
    if not good or (None not in (shape[0], batch) and shape[0] != batch):
        raise ValueError(
            "`y_true` is the class of each example as an int, of shape "
            f"(batch,). Received: y_true.shape={shape} for {batch or 'some'} "
            "examples. Pass one int for each: the argmax of one-hot labels."
        )
    labels = ops.reshape(labels, (-1, 1))
    return ops.equal(labels, ops.transpose(labels))


def semi_hard_negatives(distances, negative):
    """Returns the semi-hard negative of each pair of anchor and positive.

    By sorting, so that memory grows with the square of the batch, where a
    comparison of all triplets would need the cube.

    Args:
        distances: Tensor of shape `(batch, batch)`: anchor, example.
        negative: Tensor of bools of the same shape: which examples have
            another class than the anchor.

    Returns:
        A tensor of ints of the same shape: the index of the nearest negative
        that is farther from the anchor than the example is; of the farthest
        negative if there is none.
    """
    infinite = ops.where(negative, distances, float("inf"))
    nearest_first = ops.argsort(infinite, axis=1)
    # Negatives come before an example as near as they are. The number before
    # it is its place among both less its place among examples.
    both = ops.concatenate([infinite, distances], axis=1)
    size = ops.shape(distances)[1]
    nearer = places(both)[:, size:] - places(distances)
    number = ops.sum(ops.cast(negative, nearer.dtype), axis=1, keepdims=True)
    index = ops.maximum(ops.minimum(nearer, number - 1), 0)
    return ops.take_along_axis(nearest_first, index, axis=1)


def places(values):
    """Returns the place of each value in the ascending order of its row."""
    return ops.argsort(ops.argsort(values, axis=1), axis=1)


def mean_over(values, counts):
    """Returns values (batch,), whose mean is that of those that count.

    Args:
        values: Tensor of shape `(batch, ...)`; the last axes are summed.
        counts: Which of them count, of the same shape.
    """
    kept = ops.where(counts, values, 0.0)
    number = ops.maximum(ops.sum(ops.cast(counts, values.dtype)), 1.0)
    batch = ops.cast(ops.shape(values)[0], values.dtype)
    if len(kept.shape) > 1:
        kept = ops.sum(kept, axis=[*range(1, len(kept.shape))])
    return kept * (batch / number)


def pairwise_distances(embeddings, distance):
    """Returns the distances of all pairs of embeddings: (batch, batch).

    Args:
        embeddings: Tensor of shape `(batch, dim)`.
        distance: `"squared_euclidean"`, `"euclidean"` or `"cosine"`.
    """
    if distance == "cosine":
        embeddings = unit(embeddings)
        return 1 - ops.matmul(embeddings, ops.transpose(embeddings))
    # About their mean, because |x|^2 + |y|^2 - 2 x y loses digits far from 0.
    embeddings = embeddings - ops.mean(embeddings, axis=0, keepdims=True)
    squares = ops.sum(ops.square(embeddings), axis=1, keepdims=True)
    products = ops.matmul(embeddings, ops.transpose(embeddings))
    squared = ops.relu(squares + ops.transpose(squares) - 2 * products)
    if distance == "squared_euclidean":
        return squared
    # The square root has no derivative at 0, the distance of an example from
    # itself.
    apart = squared > 0
    root = ops.sqrt(ops.where(apart, squared, 1.0))
    return ops.where(apart, root, 0.0)


@register
class InfoNCE(keras.losses.Loss):
    """Finds the other view of an example among those of the whole batch.

    The cross-entropy of classifying which key belongs to a query, by the
    softmax of cosine similarities over a temperature: van den Oord et al.,
    2018 (https://arxiv.org/abs/1807.03748), eq. 4, with the similarity of
    SimCLR and MoCo. A loss of log(batch) is that of chance. Outputs are both
    views of each example, such as `ops.stack([encoder(a), encoder(b)], 1)`.

    Args:
        temperature: Positive number. Defaults to 0.1.
        symmetric: Whether the loss is the mean of both directions, as CLIP's.
            Defaults to True. Else the first view is the query.
        mask_same_labels: Whether examples of the same label are left out of
            each other's negatives, as needed where an example can be twice in
            a batch. Defaults to False: labels are ignored.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Input shape:
        Labels `(batch,)` or `(batch, 1)`, below 2 ** 24; embeddings `(batch,
        2, dim)`.

    Output shape:
        Without reduction `(batch,)`.

    Raises:
        ValueError: If an argument is out of its range, or the outputs or the
            labels that are used have another shape.

    Example:
    >>> views = ops.array([[[1.0, 0.0], [0.0, 1.0]]] * 2)
    >>> round(float(InfoNCE()([0, 1], views)), 4)  # log(2): chance
    0.6931
    """

    def __init__(
        self, temperature=0.1, symmetric=True, mask_same_labels=False, **kwargs
    ):
        super().__init__(**kwargs)
        check_temperature(temperature)
        self.temperature = float(temperature)
        symmetric, mask_same_labels = map(plain, (symmetric, mask_same_labels))
        check_bool(
            "symmetric", symmetric, "whether both directions are averaged"
        )
        check_bool(
            "mask_same_labels",
            mask_same_labels,
            "whether examples of the same label are left out of the negatives",
        )
        self.symmetric = symmetric
        self.mask_same_labels = mask_same_labels

    def call(self, y_true, y_pred):
        views = ops.convert_to_tensor(y_pred)
        if len(views.shape) != 3 or views.shape[1] != 2:
            raise ValueError(
                "`y_pred` is two embeddings of each example, of shape (batch, "
                f"2, dim). Received: y_pred.shape={tuple(views.shape)}. Stack "
                "the outputs for both views along axis 1."
            )
        logits = similarities(views[:, 0], views[:, 1], self.temperature)
        if self.mask_same_labels:
            itself = ops.eye(ops.shape(logits)[0], dtype="bool")
            same = same_labels(y_true, views)
            masked = ops.logical_and(same, ops.logical_not(itself))
            logits = ops.where(masked, -1e9, logits)
        own = ops.diagonal(logits)
        losses = ops.logsumexp(logits, axis=1) - own
        if self.symmetric:
            losses = (losses + ops.logsumexp(logits, axis=0) - own) / 2
        return losses

    def get_config(self):
        return {
            **super().get_config(),
            "temperature": self.temperature,
            "symmetric": self.symmetric,
            "mask_same_labels": self.mask_same_labels,
        }


def info_nce_loss(queries, keys, negatives=None, temperature=0.1):
    """Returns the InfoNCE loss of each query.

    Args:
        queries: Tensor of shape `(batch, dim)`.
        keys: Tensor of shape `(batch, dim)`, the positive of each query.
        negatives: Tensor of shape `(number, dim)` of negatives that all
            queries share, such as a queue of former keys (MoCo). Defaults to
            None: the keys of the other queries.
        temperature: Positive number. Defaults to 0.1.

    Returns:
        A tensor of shape `(batch,)`.

    Example:
    >>> queries = ops.array([[1.0, 0.0]])
    >>> losses = info_nce_loss(queries, queries, -queries, temperature=2.0)
    >>> round(float(losses[0]), 4)  # log(1 + exp(-1))
    0.3133
    """
    check_temperature(temperature)
    if negatives is None:
        logits = similarities(queries, keys, temperature)
        own = ops.diagonal(logits)
    else:
        own = ops.sum(unit(queries) * unit(keys), axis=-1) / temperature
        others = similarities(queries, negatives, temperature)
        logits = ops.concatenate([own[:, None], others], axis=1)
    return ops.logsumexp(logits, axis=1) - own


def similarities(queries, keys, temperature):
    """Returns cosines of all pairs over the temperature: (queries, keys)."""
    return ops.matmul(unit(queries), ops.transpose(unit(keys))) / temperature


def unit(vectors):
    """Returns vectors of length 1; a zero stays, with a finite gradient.

    That of `ops.normalize` is NaN on PyTorch.
    """
    vectors = ops.convert_to_tensor(vectors)
    squares = ops.sum(ops.square(vectors), axis=-1, keepdims=True)
    return vectors * ops.rsqrt(ops.maximum(squares, 1e-12))


def check_temperature(temperature):
    """Raises ValueError unless similarities can be divided by it."""
    check_positive(
        "temperature",
        plain(temperature),
        "what similarities are divided by",
        "Try 0.1.",
    )


@register
class BPRLoss(keras.losses.Loss):
    """Ranks items that a user chose above those that the user did not.

    -log(sigmoid(score of a positive - score of a negative)), the mean over all
    such pairs of the same user: Bayesian personalized ranking (Rendle et al.,
    2009, https://arxiv.org/abs/1205.2618). Its penalty on the weights is left
    to the optimizer or to regularizers. The arguments are those of
    `keras.losses.Loss`.

    Input shape:
        Labels, 1 for a positive and 0 for a negative, and scores, both
        `(batch, items)`, one row a user.

    Output shape:
        Without reduction `(batch,)`, scaled so that the mean over the batch is
        that over all pairs. A row without a positive or a negative is 0.

    Raises:
        ValueError: If scores or labels have another shape.

    Example:
    >>> round(float(BPRLoss()([[1, 0]], [[2.0, 1.0]])), 4)
    0.3133
    """

    def call(self, y_true, y_pred):
        scores = ops.convert_to_tensor(y_pred)
        labels = ops.convert_to_tensor(y_true)
        if len(scores.shape) != 2 or shapes_differ(labels, scores):
            raise ValueError(
                "`y_pred` and `y_true` are the scores and the labels of the "
                "items of each user, of shape (batch, items). Received: "
                f"y_true.shape={tuple(labels.shape)}, y_pred.shape="
                f"{tuple(scores.shape)}. Use `bpr_loss` for pairs of scores."
            )
        # Axes: user, positive, negative.
        losses = bpr_loss(scores[:, :, None], scores[:, None, :])
        counts = ops.logical_and(
            ops.equal(labels, 1)[:, :, None], ops.equal(labels, 0)[:, None, :]
        )
        return mean_over(losses, counts)


def bpr_loss(positive_scores, negative_scores):
    """Returns -log(sigmoid(positive - negative)), elementwise.

    Args:
        positive_scores: Tensor of the scores of positives.
        negative_scores: Tensor of those of negatives, of the same shape or
            one that is broadcast.

    Returns:
        A tensor of the losses.
    """
    return ops.softplus(negative_scores - positive_scores)
