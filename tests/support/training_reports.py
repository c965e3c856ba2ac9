"""Reports of trainings that never ran, with plausible figures."""

from keras_papers.pipelines import Report

FIGURES = {
    "model": "MobileNetV3Small(alpha=0.75)",
    "classes": 3,
    "image_size": 48,
    "epochs": 4,
    "best_epoch": 3,
    "epoch_rule": "lowest validation loss",
    "augmentation": "light",
    "training_accuracy": 0.99,
    "train_images": 1367,
    "validation_images": 70,
    "test_images": 360,
    "accuracy": 0.98333,
    "tflite_accuracy": 0.98056,
    "guessed_accuracy": 0.34722,
    "training_seconds": 83.2,
    "parameters": 1_018_000,
    "multiply_adds": 3_812_345,
    "bytes": 4_123_456,
    "latency_ms": 1.234,
    "output": "/home/somebody/secret/output",
    "variants": [],
    "verdict": [],
}


def report(**figures):
    """Returns a report; fields that are not in `FIGURES` are None."""
    unknown = dict.fromkeys(set(Report._fields) - set(FIGURES))
    return Report(**{**unknown, **FIGURES, **figures})
