"""Models whose weights have shapes and no values."""

import contextlib

import keras

PENDING = "uninitialized_variables"  # Keras' name of the list


@contextlib.contextmanager
def shapes_only():
    """Builds models inside a `with` without creating the values of weights.

    Such a model can be counted and described, but not called. VGG19 has 144
    million weights, half a gigabyte.

    A `keras.StatelessScope(initialize_variables=False)` alone postpones the
    values: Keras creates those of all models that were built in such scopes
    when the next scope of another kind ends.

    Example:
    >>> from keras_papers import applications
    >>> with shapes_only():
    ...     model = applications.MobileNet(classes=10)
    >>> model.count_params()
    3239114
    """
    from keras.src.backend.common import global_state

    before = list(global_state.get_global_attribute(PENDING) or ())
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        global_state.set_global_attribute(PENDING, before)
