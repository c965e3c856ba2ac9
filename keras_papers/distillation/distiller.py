"""A student that is trained by a teacher (Hinton et al., arXiv:1503.02531)."""

import math

import keras
import numpy as np
from keras import ops

from keras_papers.checks import check_number
from keras_papers.distillation.answers import answering, resized
from keras_papers.losses import DistillationLoss


class Distiller(keras.Model):
    """Trains a student to answer as a teacher does, through `fit`.

    The loss is

        label_weight * (loss of the labels)
        + (1 - label_weight) * (distillation loss)
        + feature_weight * (mean squared differences of features)

    The first is the loss of `compile`. The second is `DistillationLoss`: the
    divergence of the softened probabilities times T^2, or the squared
    difference of embeddings. Both models may end with logits or with a softmax,
    whose logits are then taken.

    The student runs once for each batch: its batch normalizations and dropouts
    see the batch as in a training without a teacher. Its regularizers count,
    and `sample_weight` weights labels and answers alike. The teacher is not
    changed, neither its weights nor `trainable`. The logs of `fit` have the
    terms, `label_loss`, `distillation_loss` and `feature_loss`, beside the
    metrics of the labels.

    The teacher answers for each batch as it is, also where it was augmented.
    Where the images do not change between epochs, its answers are computed
    once by `answers`, and `fit` takes them beside the labels. Save the
    student, not the distiller.

    Args:
        student: Functional or Sequential model with one output.
        teacher: Functional or Sequential model with as many outputs, or None
            if `fit` gets its answers. Images are resized to its input size.
        temperature: Positive number by which logits are divided. Defaults to
            None: 4; embeddings have none.
        label_weight: Number in [0, 1]. Defaults to 0.1, and to 0 for
            embeddings.
        outputs: `"logits"` (default) or `"embeddings"`.
        features: Dict of the layer of the teacher by that of the student, by
            name: the outputs of these layers are to be equal. Where the numbers
            of channels differ, a linear layer projects the student's; maps of
            the teacher are resized to those of the student. Defaults to none.
        feature_weight: Nonnegative number. Defaults to 1.
        for_teacher: Function from a batch of the student's inputs to the
            teacher's, which are resized afterwards. Defaults to None: the same.
        name: Name of the model.

    Raises:
        ValueError: If an argument is out of its range, a layer is not there,
            or the models have different numbers of outputs.

    Example:
    >>> def network(width):
    ...     inputs = keras.Input((8,))
    ...     x = keras.layers.Dense(width, activation="relu")(inputs)
    ...     x = keras.layers.Dense(3, activation="softmax")(x)
    ...     return keras.Model(inputs, x)
    >>> student, teacher = network(4), network(64)
    >>> distiller = Distiller(student, teacher, label_weight=0.5)
    >>> distiller.compile("adam", "sparse_categorical_crossentropy")
    >>> x, y = np.ones((4, 8)), np.array([0, 1, 2, 0])
    >>> history = distiller.fit(x, y, verbose=0)
    >>> sorted(history.history)
    ['distillation_loss', 'label_loss', 'loss']

    With answers that are computed once:

    >>> answers = distiller.answers(x)
    >>> distiller = Distiller(student)
    >>> distiller.compile("adam", "sparse_categorical_crossentropy")
    >>> history = distiller.fit(x, (y, answers), verbose=0)
    """

    def __init__(
        self,
        student,
        teacher=None,
        *,
        temperature=None,
        label_weight=None,
        outputs="logits",
        features=None,
        feature_weight=1.0,
        for_teacher=None,
        name="distiller",
    ):
        super().__init__(name=name)
        self.answer_loss = DistillationLoss(temperature, outputs)
        if label_weight is None:
            label_weight = 0.0 if outputs == "embeddings" else 0.1
        for argument, value, most in (
            ("label_weight", label_weight, 1),
            ("feature_weight", feature_weight, math.inf),
        ):
            check_number(argument, value, "a weight of the loss", "Try 0.5.")
            if not 0 <= value <= most:
                raise ValueError(
                    f"`{argument}` is a weight of the loss, from 0 to {most}. "
                    f"Received: {argument}={value!r}. Try 0.5."
                )
        features = dict(features or {})
        if features and teacher is None:
            raise ValueError(
                "`features` are compared with those of a teacher. Received: "
                f"features={features!r} without a teacher. Pass the teacher; "
                "answers that are computed once have no features."
            )
        self.label_weight = float(label_weight)
        self.feature_weight = float(feature_weight)
        self.features = features
        self.for_teacher = for_teacher
        self.student = student
        self.network = answering(student, "student", outputs, features)
        self.projections = []
        # A model that is an attribute is trained and saved with this one.
        _hide(self, "teacher", teacher)
        if teacher is not None:
            network = answering(teacher, "teacher", outputs, features.values())
            _hide(self, "_teacher_network", network)
            self._check_teacher()
            self.projections = [
                self._projection(*pair) for pair in features.items()
            ]
        self.terms = {
            name: keras.metrics.Mean(name=name)
            for name, is_used in (
                ("label_loss", self.label_weight > 0),
                ("distillation_loss", self.label_weight < 1),
                ("feature_loss", bool(features)),
            )
            if is_used
        }
        self.built = True

    def _check_teacher(self):
        """Raises ValueError unless both models can be compared."""
        ours, theirs = self.network.output, self._teacher_network.output
        if ours["answers"].shape[1:] != theirs["answers"].shape[1:]:
            raise ValueError(
                "`teacher` has the outputs of the student: the same classes, "
                "or embeddings of one length. Received: a teacher of "
                f"{tuple(theirs['answers'].shape[1:])} outputs for a student "
                f"of {tuple(ours['answers'].shape[1:])}. Train one of them for "
                "the classes of the other."
            )
        takes, given = self.teacher.input_shape, self.student.input_shape
        if self.for_teacher is None and len(takes) != len(given):
            raise ValueError(
                "`teacher` takes the inputs of the student, or images of "
                f"another size. Received: a teacher of the input shape {takes} "
                f"for a student of {given}. Pass `for_teacher`."
            )

    def _projection(self, ours, theirs):
        """Returns the layer before a comparison of features."""
        shape = self.network.output["features"][ours].shape
        channels = self._teacher_network.output["features"][theirs].shape[-1]
        layer = keras.layers.Identity()
        if shape[-1] != channels:
            layer = keras.layers.Dense(channels, use_bias=False)
        layer.build(shape)
        return layer

    @property
    def non_trainable_variables(self):
        """Variables that are not trained, those of the teacher among them."""
        known = super().non_trainable_variables
        teacher = self.__dict__.get("teacher")
        # JAX computes with the variables that are named before the step only.
        return known + ([] if teacher is None else teacher.variables)

    @property
    def inputs(self):
        """The symbolic inputs of the student."""
        return self.student.inputs

    @property
    def outputs(self):
        """The symbolic outputs of the student."""
        return self.student.outputs

    def call(self, inputs, training=None):
        """Returns the student's outputs, answers and features."""
        return self.network(inputs, training=training)

    def predict(self, x, *args, **kwargs):
        """Returns the outputs of the student, as `keras.Model.predict`."""
        return self.student.predict(x, *args, **kwargs)

    def answers(self, x, batch_size=32, verbose=0):
        """Computes the answers of the teacher once.

        Args:
            x: Inputs, as for `fit`.
            batch_size: Positive int. Inputs that are computed together.
            verbose: 1 shows a progress bar.

        Returns:
            A float32 array `(number, outputs)`: logits, up to a constant for
            each example, or embeddings.

        Raises:
            ValueError: If there is no teacher.
        """
        if self.teacher is None:
            raise ValueError(
                "`answers` are those of the teacher. Received: a distiller "
                "without a teacher. Pass it to the constructor."
            )
        inputs = keras.Input(
            batch_shape=self.student.input_shape,
            dtype=self.student.inputs[0].dtype,
        )
        found = self._answers_of(inputs)["answers"]
        found = keras.Model(inputs, found).predict(x, batch_size, verbose)
        return np.asarray(found, "float32")

    def _answers_of(self, x):
        """Returns what the teacher outputs for a batch of the student's."""
        shape = self.teacher.input_shape
        if self.for_teacher is not None:
            x = self.for_teacher(x)
        if len(shape) == 4:
            x = resized(x, shape)
        return self._teacher_network(x, training=False)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Returns the weighted sum of the terms, and adds them to the logs."""
        if self.teacher is None:
            y, answers = _labels_and_answers(y)
            theirs = {"answers": answers}
        else:
            theirs = keras.tree.map_structure(
                ops.stop_gradient, self._answers_of(x)
            )
        losses = {}
        if "label_loss" in self.terms:
            losses["label_loss"] = self._compile_loss(
                y, y_pred["outputs"], sample_weight
            )
        if "distillation_loss" in self.terms:
            losses["distillation_loss"] = self.answer_loss(
                theirs["answers"], y_pred["answers"], sample_weight
            )
        if self.features:
            losses["feature_loss"] = sum(
                _mean_square(
                    layer(y_pred["features"][ours]), theirs["features"][name]
                )
                for layer, (ours, name) in zip(
                    self.projections, self.features.items(), strict=True
                )
            )
        weights = {
            "label_loss": self.label_weight,
            "distillation_loss": 1 - self.label_weight,
            "feature_loss": self.feature_weight,
        }
        number = ops.shape(y_pred["answers"])[0]
        for name, value in losses.items():
            self.terms[name].update_state(value, sample_weight=number)
        return sum(
            [weights[name] * value for name, value in losses.items()]
            + list(self.losses)
        )

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Adds a batch to the metrics of the labels, and returns the logs."""
        if self.teacher is None:
            y, _ = _labels_and_answers(y)
        return super().compute_metrics(x, y, y_pred["outputs"], sample_weight)

    def save(self, *args, **kwargs):
        """Raises ValueError: the student is what is saved."""
        raise ValueError(
            "`save` writes a model that can be loaded, which has a teacher no "
            "more. Received: a distiller. Use distiller.student.save."
        )


def _hide(model, name, value):
    """Sets an attribute that Keras does not track."""
    object.__setattr__(model, name, value)


def _labels_and_answers(y):
    """Returns both from the targets of a distiller without a teacher."""
    if not isinstance(y, tuple | list) or len(y) != 2:
        raise ValueError(
            "`y` holds the labels and the teacher's answers where a distiller "
            f"has no teacher. Received: y of type {type(y).__name__}. Pass "
            "fit(x, (y, answers))."
        )
    return y


def _mean_square(ours, theirs):
    """Returns the mean squared difference of features."""
    if len(ours.shape) == 4:
        theirs = resized(theirs, ours.shape)
    return ops.mean(ops.square(ours - ops.cast(theirs, ours.dtype)))
