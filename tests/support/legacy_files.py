"""Weights files of the format in which keras.applications publishes."""

import h5py
from keras.src.legacy.saving import legacy_h5_format


def save_legacy(model, path):
    """Writes the weights of `model` as an `.h5` of Keras 2."""
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
