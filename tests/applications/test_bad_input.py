"""Arguments that fit nothing: a sentence of ours, in three parts."""

import inspect

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_papers import applications
from keras_papers.applications.registry import get_record
from keras_papers.shapes_only import shapes_only
from tests.support.models import ONE_OF_EACH, build


@pytest.mark.parametrize("name", ONE_OF_EACH)
@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"alpha": 0}, "`alpha`.*above 0.*alpha=0"),
        ({"alpha": -0.5}, "`alpha`.*alpha=-0.5"),
        ({"alpha": float("inf")}, "`alpha`.*finite.*inf"),
        ({"alpha": "1"}, "`alpha`.*alpha='1'"),
        ({"include_top": (96, 96, 3)}, r"`include_top`.*\(96.*input_shape"),
        ({"classes": 0}, "`classes`.*at least 1.*classes=0"),
        ({"classes": 2.5}, "`classes`.*classes=2.5"),
        ({"pooling": "mean"}, "`pooling`.*None, 'avg', 'max'.*'mean'"),
        ({"input_shape": (7, 64, 3)}, r"at least (\d+) x \1 .*\(7, 64, 3\)"),
        ({"input_shape": (64, 64)}, r"one image.*\(64, 64\).*batch axis"),
        ({"input_shape": (1, 64, 64, 3)}, "one image.*Received"),
        ({"input_shape": (64, 64, None)}, "number of channels.*Received"),
        ({"input_shape": (64, 64, 0)}, "channels.*Received.*64, 64, 0"),
        ({"classifier_activation": "sofmax"}, "'sofmax'.*mean 'softmax'"),
        ({"input_shape": 224}, "one image.*input_shape=224"),
        ({"batch_norm_momentum": 2.0}, "`batch_norm_momentum`.*2.0"),
        ({"input_shape": (64.0, 64, 3)}, "at least .*64.0"),
        ({"weights": "nowhere.h5"}, "`weights`.*'nowhere.h5'.*Check the path"),
        ({"weights": 3}, "`weights`.*weights=3"),
        ({"input_tensor": np.zeros((1, 64, 64, 3))}, "`input_tensor`.*ndarray"),
        ({"name": "a/b"}, "`name`.*without '/'.*name='a/b'"),
        ({"name": 3}, "`name`.*name=3"),
        ({"classifier_activation": lambda x: x}, "saved by its name.*lambda"),
        ({"classifier_activation": np.tanh}, "of Keras operations.*ufunc"),
    ],
)
def test_bad_arguments_are_explained(name, arguments, message):
    if arguments == of_network(name, arguments):
        with pytest.raises(ValueError, match=message):
            applications.get(name)(**arguments)


def of_network(name, arguments):
    """Returns those of `arguments` that the constructor has."""
    parameters = inspect.signature(applications.get(name)).parameters
    return {key: arguments[key] for key in arguments if key in parameters}


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_the_smallest_images_are_those_of_the_record(name):
    smallest = get_record(name).minimum
    with shapes_only():
        model = build(name, smallest, include_top=False)
    assert min(model.output_shape[1:3]) >= 1
    message = f"at least {smallest} x {smallest} pixels"
    with pytest.raises(ValueError, match=message):
        applications.get(name)(input_shape=(smallest, smallest - 1, 3))


def test_input_shape_and_input_tensor_that_differ_are_refused():
    images = keras.Input((64, 64, 3))
    with pytest.raises(ValueError, match="`input_shape`.*Leave.*out"):
        applications.MobileNetV2((96, 96, 3), input_tensor=images)
    model = applications.MobileNetV2(
        (64, 64, 3), input_tensor=images, alpha=0.35
    )
    assert model.inputs[0] is images


def test_integers_go_into_a_model_that_rescales_them_only():
    pixels = keras.Input((32, 32, 3), dtype="uint8")
    options = {"input_tensor": pixels, "alpha": 0.35, "classes": 3}
    with pytest.raises(ValueError, match="`input_tensor` must hold.*uint8"):
        applications.MobileNetV2(**options)
    model = applications.MobileNetV2(**options, include_preprocessing=True)
    assert model(np.zeros((1, 32, 32, 3), "uint8")).shape == (1, 3)


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_numbers_of_numpy_are_numbers(name):
    arguments = {
        "alpha": np.float32(0.35),
        "depth": np.float64(0.5),
        "classes": np.int64(3),
        "batch_norm_momentum": np.float32(0.9),
        "include_top": np.bool_(True),
    }
    model = applications.get(name)(
        input_shape=np.array([64, 64, 3]), **of_network(name, arguments)
    )
    same = build(name, 64, alpha=0.35, depth=0.5, classes=3)
    assert model.name == same.name
    assert model.to_json() == same.to_json()


def test_a_wrong_rank_of_the_input_tensor_is_refused():
    with pytest.raises(ValueError, match="shape of one image"):
        applications.MobileNet(input_tensor=keras.Input((64, 3)))


@pytest.mark.parametrize("rate", [-0.1, 1.0, "much"])
def test_dropout_is_a_share(rate):
    with pytest.raises(ValueError, match=r"`dropout`.*\[0, 1\)"):
        applications.MobileNet(dropout=rate)
    with pytest.raises(ValueError, match=r"`dropout_rate`.*\[0, 1\)"):
        applications.MobileNetV3Small(dropout_rate=rate)


def test_the_resolution_multiplier_scales_the_default_only():
    small = applications.MobileNet(alpha=0.25, resolution_multiplier=160 / 224)
    assert small.input_shape == (None, 160, 160, 3)
    with pytest.raises(ValueError, match="`resolution_multiplier`.*one of"):
        applications.MobileNet((160, 160, 3), resolution_multiplier=160 / 224)
    with pytest.raises(ValueError, match="`resolution_multiplier`.*above 0"):
        applications.MobileNet(resolution_multiplier=0)
    with pytest.raises(ValueError, match="at least 32 x 32"):
        applications.MobileNet(resolution_multiplier=0.1)


sizes = st.none() | st.integers(-1, 70)
constructor_arguments = st.fixed_dictionaries(
    {},
    optional={
        "input_shape": st.tuples(sizes, sizes, st.none() | st.integers(-1, 4)),
        "alpha": st.floats(-0.5, 0.6) | st.sampled_from([0, None, "0.5"]),
        "include_top": st.booleans(),
        "pooling": st.sampled_from([None, "avg", "max", "sum"]),
        "classes": st.integers(-1, 12),
        "classifier_activation": st.sampled_from([None, "softmax", "sigmoid"]),
        "include_preprocessing": st.booleans(),
        "batch_norm_momentum": st.floats(0.5, 0.999),
    },
)


@pytest.mark.parametrize("name", ONE_OF_EACH)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(arguments=constructor_arguments)
def test_any_arguments_give_a_model_or_a_sentence(name, arguments):
    arguments.setdefault("input_shape", (64, 64, 3))
    try:
        model = applications.get(name)(**of_network(name, arguments))
    except ValueError as error:
        assert "Received: " in str(error)
        return
    shape = [size or 70 for size in model.input_shape[1:]]
    outputs = model(np.full((1, *shape), 0.5, "float32"))
    assert np.isfinite(keras.ops.convert_to_numpy(outputs)).all()
