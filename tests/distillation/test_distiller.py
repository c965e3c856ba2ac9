"""A student that is trained by a teacher, through `fit`."""

import keras
import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from keras_papers.distillation import Distiller

pytestmark = pytest.mark.contract
RNG = np.random.default_rng(0)
IMAGES = RNG.random((12, 8, 8, 3), "float32")
LABELS = np.arange(12) % 3
WEIGHTS = RNG.random(12).astype("float32")
CROSS_ENTROPY = "sparse_categorical_crossentropy"


def network(filters, seed, size=8, classes=3, activation="softmax", l2=0.0):
    """Returns a small classifier of images with strong logits."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    images = keras.Input((size, size, 3))
    x = layers.Conv2D(
        filters,
        3,
        strides=2,
        padding="same",
        kernel_regularizer=keras.regularizers.L2(l2),
        name="conv",
    )(images)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(x))
    x = layers.Dense(
        classes,
        activation,
        kernel_initializer=keras.initializers.RandomNormal(0, 3.0, seed),
    )(x)
    return keras.Model(images, x)


def distiller(student, teacher, **kwargs):
    """Returns a distiller that is compiled without moving a weight."""
    made = Distiller(student, teacher, **kwargs)
    made.compile(keras.optimizers.SGD(0.0), CROSS_ENTROPY)
    return made


def divergence(teacher, student, temperature, weights=1.0):
    """Returns T^2 times the divergence of softened probabilities."""
    logs = log_softmax(teacher / temperature, axis=-1)
    others = log_softmax(student / temperature, axis=-1)
    of_each = np.sum(np.exp(logs) * (logs - others), axis=-1)
    return temperature**2 * np.mean(of_each * weights)


def logits_of(model):
    """Returns a classifier's logits, computed without its softmax."""
    last = model.layers[-1]
    before = keras.Model(model.inputs, last.input).predict(IMAGES, verbose=0)
    kernel, bias = map(keras.ops.convert_to_numpy, last.variables)
    return before @ kernel + bias


def values(model):
    return [keras.ops.convert_to_numpy(each) for each in model.variables]


def logs_of(made, *args, **kwargs):
    return made.evaluate(*args, verbose=0, return_dict=True, **kwargs)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_the_loss_is_that_of_the_paper(temperature):
    student, teacher = network(4, 0), network(8, 1)
    found = logs_of(
        distiller(student, teacher, temperature=temperature, label_weight=0.25),
        IMAGES,
        LABELS,
    )
    ours, theirs = logits_of(student), logits_of(teacher)
    soft = divergence(theirs, ours, temperature)
    hard = -np.mean(log_softmax(ours, axis=-1)[np.arange(12), LABELS])
    assert soft > 0.1
    np.testing.assert_allclose(found["distillation_loss"], soft, rtol=1e-4)
    np.testing.assert_allclose(found["label_loss"], hard, rtol=1e-4)
    np.testing.assert_allclose(
        found["loss"], 0.25 * hard + 0.75 * soft, rtol=1e-4
    )


@pytest.mark.parametrize("ending", [None, "softmax", "activation"])
def test_a_softmax_is_undone(ending):
    student, teacher = network(4, 0), network(8, 1, activation=None)
    expected = divergence(logits_of(teacher), logits_of(student), 4.0)
    if ending is not None:
        end = (
            keras.layers.Softmax()
            if ending == "softmax"
            else keras.layers.Activation("softmax")
        )
        teacher = keras.Sequential([*teacher.layers, end])
    found = logs_of(distiller(student, teacher), IMAGES, LABELS)
    np.testing.assert_allclose(found["distillation_loss"], expected, rtol=1e-4)


def test_sample_weights_count_for_answers_and_labels():
    student, teacher = network(4, 0), network(8, 1)
    made = distiller(student, teacher)
    found = logs_of(made, IMAGES, LABELS, sample_weight=WEIGHTS)
    ours, theirs = logits_of(student), logits_of(teacher)
    nats = -log_softmax(ours, axis=-1)[np.arange(12), LABELS]
    soft = divergence(theirs, ours, 4.0, WEIGHTS)
    np.testing.assert_allclose(found["distillation_loss"], soft, rtol=1e-4)
    np.testing.assert_allclose(
        found["label_loss"], np.mean(nats * WEIGHTS), rtol=1e-4
    )


def test_regularizers_of_the_student_count_once_and_those_of_the_teacher_not():
    student, teacher = network(4, 0, l2=0.5), network(8, 1, l2=100.0)
    found = logs_of(
        distiller(student, teacher, label_weight=0.0), IMAGES, LABELS
    )
    kernel = keras.ops.convert_to_numpy(student.get_layer("conv").kernel)
    penalty = 0.5 * np.sum(kernel**2)
    np.testing.assert_allclose(
        found["loss"] - found["distillation_loss"], penalty, rtol=1e-4
    )


def test_the_batch_is_seen_once_in_fit_and_moves_nothing_in_evaluate():
    student, teacher = network(4, 0), network(8, 1)
    alone = network(4, 0)
    alone.compile(keras.optimizers.SGD(0.0), CROSS_ENTROPY)
    alone.fit(IMAGES, LABELS, shuffle=False, verbose=0)
    made = distiller(student, teacher, features={"conv": "conv"})
    before = values(student)
    made.evaluate(IMAGES, LABELS, verbose=0)
    for one, other in zip(before, values(student), strict=True):
        np.testing.assert_array_equal(one, other)
    made.fit(IMAGES, LABELS, shuffle=False, verbose=0)
    expected, found = alone.get_layer("norm"), student.get_layer("norm")
    for name in ("moving_mean", "moving_variance"):
        np.testing.assert_allclose(
            *(
                keras.ops.convert_to_numpy(getattr(each, name))
                for each in (found, expected)
            ),
            rtol=1e-5,
        )


def test_the_teacher_stays_as_it_is():
    student, teacher = network(4, 0), network(8, 1)
    before = values(teacher)
    made = Distiller(student, teacher, features={"conv": "conv"})
    made.compile(keras.optimizers.SGD(0.1), CROSS_ENTROPY)
    first = values(student)
    made.fit(IMAGES, LABELS, epochs=2, verbose=0)
    for one, other in zip(before, values(teacher), strict=True):
        np.testing.assert_array_equal(one, other)
    assert teacher.trainable and teacher.trainable_variables
    assert not np.allclose(first[0], values(student)[0])


def test_the_student_learns_what_the_teacher_answers():
    student, teacher = network(8, 0), network(8, 1)
    made = Distiller(student, teacher, label_weight=0.0)
    made.compile(keras.optimizers.Adam(0.02))
    losses = made.fit(IMAGES, epochs=60, verbose=0).history["loss"]
    assert losses[-1] < 0.1 * losses[0]


def test_answers_are_computed_once():
    student, teacher = network(4, 0), network(8, 1)
    made = distiller(student, teacher)
    answers = made.answers(IMAGES, batch_size=5)
    np.testing.assert_allclose(
        softmax(answers, axis=-1), softmax(logits_of(teacher), -1), atol=1e-5
    )
    online = logs_of(made, IMAGES, LABELS)
    cached = logs_of(distiller(student, None), IMAGES, (LABELS, answers))
    assert online.keys() == cached.keys()
    for name, value in online.items():
        np.testing.assert_allclose(cached[name], value, rtol=1e-4)


def test_a_teacher_sees_images_of_its_own_size():
    student, teacher = network(4, 0), network(8, 1, size=16)
    found = logs_of(distiller(student, teacher), IMAGES, LABELS)
    larger = keras.ops.image.resize(IMAGES, (16, 16), antialias=True)
    answers = np.log(teacher.predict(larger, verbose=0))
    expected = divergence(answers, logits_of(student), 4.0)
    np.testing.assert_allclose(found["distillation_loss"], expected, rtol=1e-3)


def test_what_the_teacher_sees_may_be_a_function():
    student, teacher = network(4, 0), network(8, 1)
    made = distiller(student, teacher, for_teacher=lambda images: 1 - images)
    found = logs_of(made, IMAGES, LABELS)
    answers = np.log(teacher.predict(1 - IMAGES, verbose=0))
    expected = divergence(answers, logits_of(student), 4.0)
    np.testing.assert_allclose(found["distillation_loss"], expected, rtol=1e-3)


def test_features_are_compared_by_the_names_of_layers():
    student, teacher = network(4, 0), network(4, 1)
    made = distiller(
        student,
        teacher,
        features={"norm": "norm"},
        feature_weight=3.0,
        label_weight=0.0,
    )
    found = logs_of(made, IMAGES, LABELS)
    maps = [
        keras.Model(each.inputs, each.get_layer("norm").output).predict(
            IMAGES, verbose=0
        )
        for each in (student, teacher)
    ]
    expected = np.mean((maps[0] - maps[1]) ** 2)
    np.testing.assert_allclose(found["feature_loss"], expected, rtol=1e-4)
    np.testing.assert_allclose(
        found["loss"],
        3 * expected + found["distillation_loss"],
        rtol=1e-4,
    )
    assert not made.projections[0].variables


def test_features_of_other_sizes_are_projected():
    student, teacher = network(4, 0), network(8, 1, size=16)
    made = Distiller(student, teacher, features={"conv": "conv"})
    made.compile("adam", CROSS_ENTROPY)
    made.fit(IMAGES, LABELS, verbose=0)
    (projection,) = made.projections
    assert projection.kernel.shape == (4, 8)
    assert len(made.trainable_variables) == 1 + len(student.trainable_variables)


def test_embeddings_are_learned_by_their_squared_difference():
    student = network(4, 0, activation="tanh")
    teacher = network(8, 1, activation="tanh")
    made = Distiller(student, teacher, outputs="embeddings")
    made.compile(keras.optimizers.SGD(0.0))
    found = logs_of(made, IMAGES)
    ours, theirs = (
        each.predict(IMAGES, verbose=0) for each in (student, teacher)
    )
    expected = np.mean(np.sum((ours - theirs) ** 2, axis=-1))
    np.testing.assert_allclose(found["loss"], expected, rtol=1e-4)


def test_half_precision_learns_from_full():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        student = network(4, 0, activation=None)
    finally:
        keras.config.set_dtype_policy("float32")
    made = Distiller(student, network(8, 1), features={"conv": "conv"})
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    made.compile("adam", loss)
    losses = made.fit(IMAGES, LABELS, epochs=2, verbose=0).history["loss"]
    assert np.isfinite(losses).all()


def test_metrics_and_predictions_are_the_students(tmp_path):
    student, teacher = network(4, 0), network(8, 1)
    made = Distiller(student, teacher)
    made.compile("adam", CROSS_ENTROPY, metrics=["accuracy"])
    made.fit(IMAGES, LABELS, verbose=0)
    predicted = student.predict(IMAGES, verbose=0)
    np.testing.assert_array_equal(made.predict(IMAGES, verbose=0), predicted)
    accuracy = np.mean(predicted.argmax(-1) == LABELS)
    assert logs_of(made, IMAGES, LABELS)["accuracy"] == pytest.approx(accuracy)
    student.save(tmp_path / "student.keras")
    loaded = keras.saving.load_model(tmp_path / "student.keras")
    np.testing.assert_allclose(loaded.predict(IMAGES, verbose=0), predicted)


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (
            lambda: Distiller(network(4, 0), network(4, 0, classes=5)),
            "a teacher of (5,) outputs for a student of (3,)",
        ),
        (
            lambda: Distiller(network(4, 0), network(4, 0), label_weight=2),
            "from 0 to 1. Received: label_weight=2",
        ),
        (
            lambda: Distiller(
                network(4, 0), network(4, 0), features={"conv": "cov"}
            ),
            "'conv'",
        ),
        (
            lambda: Distiller(network(4, 0), features={"conv": "conv"}),
            "without a teacher",
        ),
        (
            lambda: Distiller(
                network(4, 0), network(4, 0, activation="sigmoid")
            ),
            "a teacher that ends with sigmoid",
        ),
        (lambda: Distiller("MobileNet"), "student='MobileNet'"),
        (
            lambda: Distiller(network(4, 0)).answers(IMAGES),
            "a distiller without a teacher",
        ),
        (
            lambda: distiller(network(4, 0), None).fit(
                IMAGES, LABELS, verbose=0
            ),
            "fit(x, (y, answers))",
        ),
        (
            lambda: Distiller(network(4, 0), network(4, 0)).save("a.keras"),
            "distiller.student.save",
        ),
    ],
)
def test_a_mistake_is_named(made, sentence):
    with pytest.raises(ValueError) as caught:
        made()
    assert sentence in str(caught.value)
