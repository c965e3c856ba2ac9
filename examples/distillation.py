"""Distillation: a student learns a digit of which it never saw an image.

    python examples/distillation.py

The experiment of section 3 of Hinton et al., 2015, on scikit-learn's scanned
digits: no 3 is among the images that the student is trained on.

"""

import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from keras_papers import losses

OMITTED = 3
TEMPERATURE = 8.0


def network(filters):
    """Returns a small network from an image to logits."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(filters, 3, activation="relu"),
            layers.Conv2D(filters, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def report(name, model):
    """Prints the accuracy of a model on all test images and on the omitted."""
    right = model.predict(test).argmax(-1) == its_labels
    omitted = right[its_labels == OMITTED]
    print(
        f"{name:22}{model.count_params():10,}{right.mean():10.3f}"
        f"{omitted.mean():10.3f}"
    )


keras.utils.set_random_seed(0)
keras.config.disable_interactive_logging()
digits = load_digits()
images = digits.images[..., None].astype("float32") / 16
x, test, y, its_labels = train_test_split(
    images, digits.target, test_size=0.3, random_state=0
)
of_labels = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

teacher = network(64)
teacher.compile(keras.optimizers.Adam(2e-3), of_labels)
teacher.fit(x, y, batch_size=32, epochs=15)

kept = y != OMITTED
from_labels, distilled = network(8), network(8)
from_labels.compile(keras.optimizers.Adam(5e-3), of_labels)
from_labels.fit(x[kept], y[kept], batch_size=32, epochs=30)
distilled.compile(
    keras.optimizers.Adam(5e-3), losses.DistillationLoss(TEMPERATURE)
)
distilled.fit(x[kept], teacher.predict(x[kept]), batch_size=32, epochs=30)

print("                      parameters    digits   only 3s")
report("teacher", teacher)
report("student, from labels", from_labels)
report("student, distilled", distilled)
