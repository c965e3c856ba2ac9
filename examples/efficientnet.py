"""EfficientNet's compound scaling, for a small network and few images.

    python examples/efficientnet.py --phi 0
    python examples/efficientnet.py --phi 1

print, after half a minute and a minute (2026-11-26):

    phi 0: 48 pixels, 2.5 million multiply-adds, held out 92.8%, int8 file
    0.49 MB, 0.04 ms
    phi 1: 55 pixels, 5.2 million multiply-adds, held out 86.7%, int8 file
    0.83 MB, 0.07 ms

After the same number of steps the deeper network has a lower accuracy: with so
few images, compound scaling does not help (docs/TUNING.md has a comparison).
"""

import argparse

import keras
import numpy as np
from sklearn import datasets, model_selection

from keras_papers import applications, cost, export

BATCH = 64


def load_digits(size):
    """Loads scikit-learn's scanned digits in RGB, a fifth held out."""
    digits = datasets.load_digits()
    gray = (255 / 16) * digits.images[..., None].astype("float32")
    images = keras.ops.image.resize(np.repeat(gray, 3, axis=-1), (size, size))
    return model_selection.train_test_split(
        keras.ops.convert_to_numpy(images),
        digits.target,
        test_size=0.2,
        stratify=digits.target,
        random_state=0,
    )


def train(model, images, labels, epochs):
    """Trains with AdamW and cosine decay, without augmentation."""
    steps = epochs * -(-len(images) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 10, warmup_target=4e-3, warmup_steps=steps // 10
    )
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=1e-2),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.optimizer.build(model.trainable_variables)
    model.fit(images, labels, batch_size=BATCH, epochs=epochs, verbose=0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--phi", type=float, default=1)
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    keras.utils.set_random_seed(0)
    factors = applications.compound_coefficients(arguments.phi)
    network = applications.scale(
        "EfficientNetLite0",
        depth=factors.depth,
        width=0.25 * factors.width,
        resolution=factors.resolution,
        size=48,
        classes=10,
    )
    x, x_test, y, y_test = load_digits(network.input_shape[1])
    train(network, x, y, arguments.epochs)
    _, accuracy = network.evaluate(x_test, y_test, verbose=0)
    file = export.to_tflite(
        network,
        "efficientnet.tflite",
        quantize="int8",
        representative_data=x[:100],
    )
    print(
        f"phi {arguments.phi:g}: {network.input_shape[1]} pixels, "
        f"{cost.count(network).multiply_adds / 1e6:.1f} million multiply-adds, "
        f"held out {accuracy:.1%}, int8 file {file.bytes / 1e6:.2f} MB, "
        f"{file.latency_ms:.2f} ms"
    )
