"""FaceNet's triplet loss: scanned digits as points of a few numbers.

    python examples/triplet_loss.py

prints how often the nearest other point is of the same digit, for digits that
were trained on and for two that were not (2026-11-30; 13 s of CPU time):

                        held-out    unseen
    recall@1              images    digits
    PCA, 4 numbers         0.900     0.924
    triplets, semi-hard    0.979     0.815
    triplets, batch-hard   0.998     0.829
"""

import keras
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from keras_papers import losses

NUMBERS = 4  # of an embedding
UNSEEN = (3, 8)  # digits without a training image


def encoder():
    """Returns a small network from an image to its embedding."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(64, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(NUMBERS),
        ]
    )


def recall_at_1(embeddings, labels):
    """Returns how often the nearest other embedding has the same label."""
    distances = np.square(embeddings[:, None] - embeddings).sum(-1)
    np.fill_diagonal(distances, np.inf)
    return (labels[distances.argmin(1)] == labels).mean()


def report(name, embed):
    """Prints the recall of a function from images to embeddings."""
    recalls = [recall_at_1(embed(images), labels) for images, labels in TESTS]
    print(f"{name:20}{recalls[0]:8.3f}  {recalls[1]:8.3f}")


keras.utils.set_random_seed(0)
keras.config.disable_interactive_logging()
digits = load_digits()
images = digits.images[..., None].astype("float32") / 16
seen = ~np.isin(digits.target, UNSEEN)
x, held_out, y, its_labels = train_test_split(
    images[seen], digits.target[seen], test_size=0.3, random_state=0
)
TESTS = [(held_out, its_labels), (images[~seen], digits.target[~seen])]

print("                    held-out    unseen")
print("recall@1              images    digits")
pca = PCA(NUMBERS, random_state=0).fit(x.reshape(-1, 64))
report(
    f"PCA, {NUMBERS} numbers",
    lambda images: pca.transform(images.reshape(-1, 64)),
)
# FaceNet's: embeddings of length 1.
facenet = encoder()
facenet.add(keras.layers.UnitNormalization())
facenet.compile("adam", losses.TripletLoss(margin=0.2))
# Those of "In Defense of the Triplet Loss".
hermans = encoder()
hermans.compile(
    "adam", losses.TripletLoss("soft", "batch_hard", distance="euclidean")
)
for name, model in (("semi-hard", facenet), ("batch-hard", hermans)):
    model.fit(x, y, batch_size=128, epochs=20, verbose=0)
    report(f"triplets, {name}", model.predict)
