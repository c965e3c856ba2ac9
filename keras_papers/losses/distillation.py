"""Distillation (Hinton et al., 2015, https://arxiv.org/abs/1503.02531)."""

import keras
from keras import ops

from keras_papers.checks import check_choice, check_positive, plain
from keras_papers.losses._shapes import shapes_differ

OUTPUTS = ("logits", "embeddings")
TEMPERATURE = 4.0
register = keras.saving.register_keras_serializable(package="keras_papers")


@register
class DistillationLoss(keras.losses.Loss):
    """Trains a student to have the outputs of a teacher, which are the targets.

    For logits, the Kullback-Leibler divergence of the student's probabilities
    from the teacher's, both softened by a temperature T, times T^2, so that
    the gradients are about as large at all temperatures (section 2 of the
    paper). For embeddings, the squared difference, by which MobileNet learned
    FaceNet's (section 4.6 of https://arxiv.org/abs/1704.04861). Both are 0
    where the outputs are equal.

    To learn from labels at the same time, output the logits under two names,
    and compile a loss for each, with `loss_weights`.

    Args:
        temperature: Positive number by which logits are divided. Defaults to
            None: 4; embeddings have none.
        outputs: `"logits"` (default), without softmax, or `"embeddings"`.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Input shape:
        Outputs of teacher and student, both `(batch, ..., classes)`.

    Output shape:
        Without reduction `(batch, ...)`.

    Raises:
        ValueError: If an argument is out of its range, or the outputs have
            different shapes.

    Example:
    >>> teacher = ops.array([[2.0, 0.0]])
    >>> float(DistillationLoss()(teacher, teacher))
    0.0
    >>> float(DistillationLoss(outputs="embeddings")(teacher, teacher + 1.0))
    2.0
    """

    def __init__(self, temperature=None, outputs="logits", **kwargs):
        super().__init__(**kwargs)
        check_choice("outputs", outputs, OUTPUTS, "what both models output")
        if temperature is not None:
            if outputs == "embeddings":
                raise ValueError(
                    "`temperature` is what logits are divided by. Received: "
                    f"temperature={temperature!r} with outputs='embeddings'. "
                    "Leave it out."
                )
            check_positive(
                "temperature",
                plain(temperature),
                "what logits are divided by",
                "Try 4.",
            )
        self.temperature = None if temperature is None else float(temperature)
        self.outputs = outputs

    def call(self, y_true, y_pred):
        student = ops.convert_to_tensor(y_pred)
        teacher = ops.cast(y_true, student.dtype)
        if shapes_differ(teacher, student):
            raise ValueError(
                "`y_true` holds the outputs of the teacher, of the shape of "
                f"`y_pred`, the student's. Received: y_true.shape="
                f"{tuple(teacher.shape)}, y_pred.shape={tuple(student.shape)}. "
                "Give the student as many outputs as the teacher has."
            )
        if self.outputs == "embeddings":
            return ops.sum(ops.square(teacher - student), axis=-1)
        temperature = self.temperature or TEMPERATURE
        logs = ops.log_softmax(teacher / temperature, axis=-1)
        differences = logs - ops.log_softmax(student / temperature, axis=-1)
        divergence = ops.sum(ops.exp(logs) * differences, axis=-1)
        return temperature**2 * divergence

    def get_config(self):
        return {
            **super().get_config(),
            "temperature": self.temperature,
            "outputs": self.outputs,
        }


@register
def distillation_loss(y_true, y_pred, temperature=None, outputs="logits"):
    """Returns the `DistillationLoss` of each example."""
    return DistillationLoss(temperature, outputs).call(y_true, y_pred)
