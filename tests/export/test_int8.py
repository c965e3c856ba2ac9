"""Files of integers: what is in them, and what they answer."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_papers import applications, export
from keras_papers.export import conversion
from keras_papers.export.integer_file import float_tensors
from keras_papers.export.interpreter import (
    VerificationError,
    open_interpreter,
)
from keras_papers.inlining import flatten
from keras_papers.layers import LocalResponseNormalization
from keras_papers.lowering import shift_to_levels
from keras_papers.quantization.representative_data import (
    representative_images,
)
from tests.support import digits_net
from tests.support.answers import images_for, perturb, random_images
from tests.support.models import INCEPTIONS, UNUSUAL, build

pytestmark = [
    pytest.mark.tensorflow,
    # Of networks that have learned nothing, integers keep little.
    pytest.mark.filterwarnings("ignore:.*answers otherwise:UserWarning"),
]
EDGE = {"QUANTIZE": 1, "SOFTMAX": 1}  # uint8 to int8, and the scores


@pytest.fixture(scope="module")
def v3():
    return perturb(
        applications.MobileNetV3Small((32, 32, 3), alpha=0.35, classes=3)
    )


def quantized(model, path, **keywords):
    data = images_for(model, 16)
    return export.to_tflite(
        model, path, quantize="int8", representative_data=data, **keywords
    )


@pytest.mark.parametrize(
    "name",
    [
        "MobileNetV3Small",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("MobileNet", "MobileNetV2", "MobileNetV3Large")
        ),
    ],
)
def test_a_network_computes_in_integers_in_one_partition_and_its_ends(
    name, tmp_path
):
    model = perturb(applications.get(name)((32, 32, 3), alpha=0.5, classes=3))
    file = quantized(model, tmp_path / "model.tflite")
    assert float_tensors(file.path.read_bytes()) == []
    assert file.not_delegated == EDGE
    assert file.partitions == 2
    assert not file.ops.keys() & {"HARD_SWISH", "PAD", "TRANSPOSE"}
    _, image, scores = open_interpreter(file.path)
    assert (image["dtype"], scores["dtype"]) == (np.uint8, np.float32)


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("AlexNet", {"response_normalization": False}),
        ("VGG11", {"include_preprocessing": True}),
        ("ResNet18", {}),
        *(
            pytest.param(name, {"depth": 0.1}, marks=pytest.mark.slow)
            for name in INCEPTIONS
            if name != "GoogLeNet"
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:.*leaves out . AVERAGE_POOL_2D:UserWarning")
def test_the_classic_networks_compute_in_integers(name, arguments, tmp_path):
    model = perturb(build(name, alpha=0.125, classes=3, **arguments))
    file = quantized(model, tmp_path / "model.tflite", runs=1)
    assert float_tensors(file.path.read_bytes()) == []
    assert file.in_floats == {}
    averages = file.not_delegated.pop("AVERAGE_POOL_2D", 0)
    assert (averages > 0) == (name in INCEPTIONS)
    assert file.not_delegated == EDGE


@pytest.mark.parametrize(
    "name, arguments, number",
    [
        ("AlexNet", {"include_preprocessing": True}, 2),
        ("GoogLeNet", {"depth": 0.1}, 2),
    ],
)
def test_a_response_normalization_stays_in_floats_and_is_named(
    name, arguments, number, tmp_path
):
    model = perturb(build(name, alpha=0.1, classes=3, **arguments))
    operation = "LOCAL_RESPONSE_NORMALIZATION"
    message = f"leaves out {number} {operation} .*in floats only"
    with pytest.warns(UserWarning, match=message):
        file = quantized(model, tmp_path / "model.tflite", runs=1)
    assert file.in_floats == {operation: number}
    assert f", {number} {operation} in floats, parity" in str(file)
    assert float_tensors(file.path.read_bytes()) == []
    assert file.not_delegated == {**EDGE, operation: number}


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.filterwarnings("ignore:.*LOCAL_RESPONSE_NORMALIZATION:UserWarning")
def test_a_network_with_a_response_normalization_answers_the_same(
    data_format, tmp_path, monkeypatch
):
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, activation="relu")(image)
    # Of the paper's 0.0001 it would be nearly an identity here.
    x = LocalResponseNormalization(alpha=1.0, data_format=data_format)(x)
    features = layers.GlobalAveragePooling2D()(x)
    model = perturb(keras.Model(image, layers.Dense(3)(features)))
    file = quantized(model, tmp_path / "model.tflite", runs=1)
    assert file.in_floats and file.parity < 0.02  # 0.03 of another window
    monkeypatch.setattr(conversion, "as_one_operation", lambda model: model)
    with pytest.raises(VerificationError, match="'local_response.*'dynamic'"):
        quantized(model, tmp_path / "operations.tflite", runs=1)
    whole = export.to_tflite(
        model, tmp_path / "w.tflite", normalization=(127.5, 127.5), runs=1
    )
    assert whole.in_floats == {}


@pytest.mark.slow
def test_a_table_that_no_paper_has_does_so_too(tmp_path):
    """XNNPACK has no average of integers over a window, but the maximum."""
    model = perturb(build("MnasNetA1", alpha=0.5, classes=3, rows=UNUSUAL))
    file = quantized(model, tmp_path / "model.tflite")
    assert float_tensors(file.path.read_bytes()) == []
    assert file.not_delegated == EDGE
    assert file.ops["MAX_POOL_2D"] == 3


def test_the_one_of_keras_applications_does_so_too(tmp_path):
    model = perturb(
        keras.applications.MobileNetV3Small(
            (32, 32, 3), weights=None, classes=3
        )
    )
    file = quantized(model, tmp_path / "model.tflite")
    assert file.not_delegated == EDGE


def test_h_swish_left_as_it_is_would_take_many_partitions(
    v3, tmp_path, monkeypatch
):
    monkeypatch.setattr(conversion, "lower", flatten)
    with pytest.warns(UserWarning, match=r"partitions.*19 HARD_SWISH \(it has"):
        file = quantized(v3, tmp_path / "model.tflite")
    assert file.partitions > 15


def test_pixels_go_in_as_they_are(v3, tmp_path):
    """But for half a level, since zero must be one."""
    file = quantized(v3, tmp_path / "model.tflite")
    step, zero = open_interpreter(file.path)[1]["quantization"]
    assert (1 / step, zero) == pytest.approx((127.5, 128))


@pytest.mark.slow
def test_a_model_that_takes_unit_images_takes_pixels_as_a_file(tmp_path):
    model = perturb(applications.MobileNetV2((32, 32, 3), 0.35, classes=3))
    file = quantized(model, tmp_path / "model.tflite")
    step, zero = open_interpreter(file.path)[1]["quantization"]
    assert (1 / step, zero) == pytest.approx((127.5, 128))


@pytest.mark.parametrize(
    "low, high, shift",
    [(0, 255, 0), (0, 1, 0), (-1, 1, -1 / 255), (-2.04, 3.06, 0)],
)
def test_a_range_is_shifted_until_zero_is_a_level(low, high, shift):
    step = (high - low) / 255
    found = shift_to_levels(low, high)
    assert abs(found) <= step / 2
    zero = -(low + found) / step
    assert zero == pytest.approx(round(zero))
    assert found == pytest.approx(shift, abs=1e-9)


@pytest.mark.slow
def test_a_trained_network_answers_as_before(tmp_path):
    model = digits_net.trained()
    (train, _), (images, _) = digits_net.digits()
    path = tmp_path / "model.tflite"
    file = export.to_tflite(
        *(model, path, None, "int8"),
        representative_data=train[:200],
        images=images[:32],
    )
    scores = export.predict(path, images)
    expected = model.predict(images, verbose=0)
    assert digits_net.accuracy(expected) > 0.95
    assert digits_net.agreement(scores, expected) >= 0.98
    assert digits_net.accuracy(scores) > digits_net.accuracy(expected) - 0.01
    assert file.parity < 0.2


def test_batches_with_labels_measure_the_same_ranges_as_an_array(tmp_path):
    image = keras.Input((8, 8, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(image))
    model = keras.Model(image, layers.Dense(3, activation="softmax")(x))
    data = random_images(8, 8, 8, 3)
    paths = [tmp_path / "array.tflite", tmp_path / "batches.tflite"]
    batches = [(data[:4], np.zeros(4)), (data[4:], np.zeros(4))]
    for path, given in zip(paths, (data, batches), strict=True):
        export.to_tflite(model, path, None, "int8", representative_data=given)
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.slow
def test_dynamic_files_hold_weights_of_a_quarter(v3, tmp_path):
    with pytest.warns(UserWarning, match="DEPTHWISE_CONV_2D"):
        file = export.to_tflite(v3, tmp_path / "small.tflite", None, "dynamic")
    whole = export.to_tflite(v3, tmp_path / "whole.tflite")
    assert file.bytes < 0.45 * whole.bytes
    assert file.parity < 0.5


def test_what_integers_cannot_do_is_named_and_nothing_is_left(tmp_path):
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, name="conv")(image)
    x = layers.Activation("elu", name="odd_one")(x)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, layers.Dense(2)(x))
    with pytest.raises(ValueError, match="layer 'odd_one'") as caught:
        quantized(model, tmp_path / "model.tflite")
    assert "dynamic" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


UNIT = ((4, 4, 3), -1.0, 1.0)
PIXELS = ((4, 4, 3), 0.0, 255.0)


@pytest.mark.parametrize(
    "data, model, message",
    [
        (None, UNIT, "needed for quantize='int8'"),
        ([], UNIT, "one image at least"),
        (np.zeros((0, 4, 4, 3)), UNIT, "one image at least"),
        (np.zeros((2, 5, 4, 3)), UNIT, r"\(4, 4, 3\).*\(5, 4, 3\)"),
        ("images", UNIT, "of type str"),
        (7, UNIT, "of type int"),
        (np.zeros((2, 4)), UNIT, r"size, \(4, 4, 3\)"),
        (np.full((2, 4, 4, 3), 200.0), UNIT, r"in \[-1, 1\].*\[200, 200\]"),
        (np.full((2, 4, 4, 3), 0.5), PIXELS, "Do not divide them by 255"),
        (random_images(2, 4, 4, 3), PIXELS, r"in \[0, 255\]"),
        (np.full((2, 4, 4, 3), 300.0), PIXELS, r"in \[0, 255\]"),
        (np.full((2, 4, 4, 3), np.nan), PIXELS, "finite"),
        (["a.png"], UNIT, "must hold numbers.*Read the pictures"),
    ],
)
def test_representative_data_that_does_not_fit_is_explained(
    data, model, message
):
    with pytest.raises(ValueError, match=message) as caught:
        representative_images(data, *model)
    assert re.match(r"`representative_data`.*Received: ", str(caught.value))


def test_representative_images_span_the_range_and_are_copied():
    data = np.full((2, 4, 4, 3), 100.0)
    images = representative_images(iter([data[:1], data[1:]]), *PIXELS)
    assert (images.min(), images.max(), len(images)) == (0, 255, 2)
    assert (data == 100).all()


@pytest.mark.parametrize(
    "form",
    [
        lambda data: lambda: iter(data),
        lambda data: lambda: ([image[None]] for image in data),
        lambda data: lambda: ({"image": image[None]} for image in data),
        lambda data: (("serve", {"image": x[None]}) for x in data),
        lambda data: (image for image in data),
        list,
        lambda data: tf.data.Dataset.from_tensor_slices(data).batch(4),
        lambda data: lambda: tf.data.Dataset.from_tensor_slices(data),
    ],
)
def test_functions_and_generators_yield_the_same_images(form):
    data = random_images(6, 4, 4, 3)
    found = representative_images(form(data), *UNIT)
    np.testing.assert_array_equal(found, representative_images(data, *UNIT))


def test_a_function_with_arguments_is_refused():
    with pytest.raises(ValueError, match="function without arguments.*number"):
        representative_images(lambda number: number, *UNIT)


def test_a_generator_that_was_read_is_named_as_such():
    data = iter([random_images(2, 4, 4, 3)])
    list(data)
    with pytest.raises(ValueError, match="empty once it was read"):
        representative_images(data, *UNIT)


def test_a_pair_as_fit_takes_it_is_images_and_labels():
    data = random_images(6, 4, 4, 3)
    assert len(representative_images((data, np.zeros(6)), *UNIT)) == 6


def test_what_a_cubic_resize_overshoots_is_cut():
    data = np.clip(random_images(6, 4, 4, 3, low=-40, high=300), -2, 257)
    images = representative_images(data, *PIXELS)
    assert (images.min(), images.max()) == (0, 255)


@pytest.mark.filterwarnings("error")
def test_a_normalization_of_ones_own_is_what_the_file_is_held_against(
    tmp_path,
):
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, activation="relu")(image)
    x = layers.GlobalAveragePooling2D()(x)
    model = perturb(keras.Model(image, layers.Dense(3)(x)))
    data = (random_images(16, 8, 8, 3) + 1) / 2
    file = export.to_tflite(
        model,
        tmp_path / "model.tflite",
        None,
        "int8",
        representative_data=data,
        normalization=(0, 255),
    )
    assert file.parity < 0.1


def test_a_subclassed_model_has_no_graph(tmp_path):
    class Own(keras.Model):
        def call(self, x):
            return x

    model = Own()
    model(np.zeros((1, 4, 4, 3)))
    with pytest.raises(ValueError, match="`model`"):
        export.to_tflite(model, tmp_path / "model.tflite", None, "int8")


@pytest.mark.parametrize("how", [None, "float16", "dynamic"])
def test_unused_representative_data_is_refused(v3, tmp_path, how):
    images = random_images(2, 32, 32, 3, low=0, high=255)
    with pytest.raises(ValueError, match="`representative_data`.*Leave it out"):
        export.to_tflite(
            v3, tmp_path / "m.tflite", None, how, representative_data=images
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("how", ["int4", "INT8", True])
def test_an_unknown_way_to_quantize_is_refused(v3, tmp_path, how):
    with pytest.raises(ValueError, match="`quantize`.*Received"):
        export.to_tflite(v3, tmp_path / "model.tflite", None, how)
