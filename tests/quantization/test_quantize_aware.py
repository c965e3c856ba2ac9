"""Quantization-aware training: int8 in training as it will be in the file."""

import importlib

import keras
import numpy as np
import pytest
from keras import layers

from keras_papers import export, flatten, quantization
from keras_papers.applications.efficientnet import TABLE_1
from keras_papers.lowering import split_rescaling
from keras_papers.quantization.aware_model import SCHEME, variables
from keras_papers.quantization.legacy import load_tf_keras, load_tfmot
from tests.support import digits_net
from tests.support.answers import perturb, random_images, spread
from tests.support.extra import NEEDS_TFMOT
from tests.support.file_kernels import kernels_of_file
from tests.support.models import UNUSUAL, build

pytestmark = [
    *NEEDS_TFMOT,
    pytest.mark.filterwarnings("ignore:.*answers otherwise:UserWarning"),
]
IMAGES = random_images(32, 12, 12, 3, low=0, high=255)
LABELS = np.arange(32) % 3
EDGE = {"QUANTIZE": 1, "SOFTMAX": 1}  # uint8 to int8, and the scores


def small(*middle, kernels=None, front=None):
    """Builds a network whose kernels `kernels` makes of those drawn."""
    image = x = keras.Input((12, 12, 3), name="image")
    for layer in front or [layers.Rescaling(1 / 127.5, -1)]:
        x = layer(x)
    x = layers.Conv2D(8, 3, padding="same", use_bias=False, name="conv")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Activation("hard_swish")(x)
    x = layers.DepthwiseConv2D(3, name="depthwise")(x)
    x = layers.ReLU(6.0)(x)
    for layer in middle:
        x = layer(x)
    x = layers.Conv2D(16, 1, name="pointwise")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(3, activation="softmax", name="dense")(x)
    model = perturb(keras.Model(image, x))
    for name in ("conv", "pointwise", "dense") if kernels else ():
        kernel = model.get_layer(name).kernel
        kernel.assign(kernels(kernel.numpy()))
    return model


def fitted(model, **keywords):
    """Returns a quantization-aware model after some steps.

    They see the images in the same order each time: of twelve orders, some
    move the scores of so small a network by 3 % of their spread when they are
    rounded, others by 17 %.
    """
    keras.utils.set_random_seed(3)
    aware = quantization.quantize_aware(model, **keywords)
    aware.compile("adam", "sparse_categorical_crossentropy")
    aware.fit(IMAGES, LABELS, batch_size=8, epochs=3, verbose=0)
    return aware


def kernels_of(aware):
    """Returns the kernels as the wrappers compute with them, by layers."""
    found = {}
    for layer in aware.layers:
        for weight, quantizer, kept in getattr(layer, "_weight_vars", ()):
            found[layer.layer.name] = quantizer(weight, False, kept).numpy()
    return found


def prune(kernel):
    return np.where(np.abs(kernel) < np.median(np.abs(kernel)), 0, kernel)


def cluster(kernel):
    """Rounds to one of six values, zero among them."""
    levels = np.array([-0.5, -0.2, 0, 0.1, 0.3, 0.6], "float32")
    return levels[np.abs(kernel[..., None] - levels).argmin(-1)]


def check_answers(model):
    """Checks that what is measured beforehand is all that training needs."""
    aware = quantization.quantize_aware(model, IMAGES)
    expected = model.predict(IMAGES, verbose=0)
    assert spread(expected) > 0.01
    scores = aware.predict(IMAGES, verbose=0)
    difference = np.abs(scores - expected).max()
    assert 0 < difference < 0.1 * np.ptp(expected)


def test_ranges_measured_beforehand_keep_the_answers():
    check_answers(small())


def test_measuring_ranges_moves_no_weights_and_no_statistics():
    model = small()
    aware = quantization.quantize_aware(model, IMAGES)
    norm = variables(aware.get_layer("quant_norm"))
    for weight in model.get_layer("norm").weights:
        np.testing.assert_array_equal(norm[weight.name], weight)


def test_a_kernel_is_rounded_to_255_levels_of_each_channel():
    aware = quantization.quantize_aware(small())
    raw = {
        layer.layer.name: weight.numpy()
        for layer in aware.layers
        for weight, _, _ in getattr(layer, "_weight_vars", ())
    }
    rounded = kernels_of(aware)
    assert raw.keys() == {"conv", "depthwise", "pointwise", "dense"}
    for name, kernel in raw.items():
        axes = {"depthwise": (0, 1), "dense": 0}.get(name, (0, 1, 2))
        step = np.abs(kernel).max(axes, keepdims=True) / 127
        expected = np.rint(kernel / step) * step
        np.testing.assert_allclose(rounded[name], expected, atol=1e-6)
        assert np.abs(rounded[name] - kernel).max() > 1e-5


def test_a_range_is_that_of_the_first_batch_and_then_a_moving_average():
    scheme = importlib.import_module(SCHEME)
    quantizer = scheme.RangeQuantizer()
    holder = load_tf_keras().layers.Layer()
    weights = quantizer.build(None, "output", holder)
    batches = [[-1.0, 3.0], [1.0, 5.0], [-4.0, 1.0]]
    for batch in batches:
        quantizer(np.array(batch, "float32"), True, weights)
    # Zero belongs to every range; of few batches it is the plain mean.
    assert float(weights["low"]) == pytest.approx((-1 + 0 - 4) / 3)
    assert float(weights["high"]) == pytest.approx((3 + 5 + 1) / 3)
    before = float(weights["low"])
    quantizer(np.array([-9.0, 9.0], "float32"), False, weights)
    assert float(weights["low"]) == before


def test_a_batch_of_zeros_says_nothing_of_a_range():
    scheme = importlib.import_module(SCHEME)
    quantizer = scheme.RangeQuantizer()
    holder = load_tf_keras().layers.Layer()
    weights = quantizer.build(None, "output", holder)

    def ends_after(*batch):
        quantizer(np.array(batch, "float32"), True, weights)
        return [float(weights[key]) for key in ("low", "high")]

    assert ends_after(0.0, 0.0) == [0.0, 1.0]
    before = ends_after(-2.0, 3.0)
    assert before == [-1.0, 2.0]
    assert ends_after(0.0, 0.0) == before


def test_a_squeeze_that_has_died_does_not_spoil_the_file(tmp_path):
    """XNNPACK refuses files in which a map has a range of next to nothing."""
    image = keras.Input((12, 12, 3), name="image")
    x = layers.Conv2D(8, 3, activation="relu")(image)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(4, 1, activation="relu", name="squeeze")(gate)
    gate = layers.Conv2D(8, 1, activation="sigmoid")(gate)
    x = layers.GlobalAveragePooling2D()(layers.Multiply()([x, gate]))
    model = perturb(keras.Model(image, layers.Dense(3)(x)))
    model.get_layer("squeeze").bias.assign([-90.0] * 4)
    images = IMAGES / 127.5 - 1
    aware = quantization.quantize_aware(model, images)
    file = export.to_tflite(aware, tmp_path / "model.tflite", images=images)
    assert file.partitions == 1
    assert file.parity < 0.1


def test_the_file_answers_as_the_model_that_was_trained(tmp_path):
    aware = fitted(small())
    file = export.to_tflite(aware, tmp_path / "model.tflite")
    assert file.not_delegated == EDGE
    scores = aware.predict(IMAGES, verbose=0)
    by_litert = export.predict(file.path, IMAGES)
    # Scores have 256 levels.
    assert np.abs(by_litert - scores).max() <= 4 / 256
    assert np.ptp(scores, axis=0).max() > 10 / 256


@pytest.mark.slow
def test_a_trained_network_keeps_its_accuracy_in_the_file(tmp_path):
    model = digits_net.trained()
    data, (images, _) = digits_net.digits()
    aware = quantization.quantize_aware(model)
    loss = keras.losses.CategoricalCrossentropy()
    quantization.fine_tune(aware, data, 2, loss=loss, verbose=0)
    file = export.to_tflite(aware, tmp_path / "model.tflite")
    expected = digits_net.accuracy(model.predict(images, verbose=0))
    scores = aware.predict(images, verbose=0)
    by_litert = export.predict(file.path, images)
    assert expected > 0.95
    assert digits_net.agreement(by_litert, scores) >= 0.98
    assert digits_net.accuracy(by_litert) >= digits_net.accuracy(scores) - 0.005
    assert digits_net.accuracy(by_litert) >= expected - 0.01


@pytest.mark.slow
def test_a_model_that_takes_unit_images_has_a_file_that_takes_pixels(tmp_path):
    (train, _), (pixels, _) = digits_net.digits()
    _, _, model = split_rescaling(flatten(digits_net.trained()))
    images = pixels / 127.5 - 1
    aware = quantization.quantize_aware(model, train[:300] / 127.5 - 1)
    file = export.to_tflite(aware, tmp_path / "model.tflite", images=images[:8])
    scores = aware.predict(images, verbose=0)
    by_litert = export.predict(file.path, pixels)
    assert digits_net.accuracy(scores) > 0.95
    assert digits_net.agreement(by_litert, scores) >= 0.98


# -- pixels that are normalized by channel ------------------------------------

MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])


def by_channel():
    """Returns what our EfficientNet has in front, and keras.applications'."""
    scale, offset = 1 / STD / 255, -MEAN / STD
    ours = layers.Rescaling(scale.tolist(), offset.tolist(), name="front")
    theirs = [
        layers.Rescaling(1 / 255, name="rescaling"),
        layers.Normalization(
            mean=MEAN.tolist(), variance=np.square(STD).tolist(), name="front"
        ),
    ]
    return {"ours": [ours], "theirs": theirs}


@pytest.fixture(params=["ours", "theirs"])
def normalized(request):
    """Returns a network that normalizes pixels by channel."""
    return small(front=by_channel()[request.param])


def test_a_normalization_by_channel_keeps_the_answers(normalized):
    check_answers(normalized)


@pytest.fixture(scope="module")
def normalized_file(tmp_path_factory):
    """Returns a quantization-aware model of ours, and its file."""
    aware = fitted(small(front=by_channel()["ours"]))
    path = tmp_path_factory.mktemp("normalized") / "model.tflite"
    return aware, export.to_tflite(aware, path)


def test_a_network_normalized_by_channel_is_one_partition_too(
    normalized_file, tmp_path
):
    aware, file = normalized_file
    without = quantization.quantize_aware(small(), IMAGES)
    other = export.to_tflite(without, tmp_path / "without.tflite")
    assert file.partitions == other.partitions == 2
    assert file.not_delegated == EDGE
    more = {"DEPTHWISE_CONV_2D": other.ops["DEPTHWISE_CONV_2D"] + 1}
    assert file.ops == other.ops | more
    scores = aware.predict(IMAGES, verbose=0)
    by_litert = export.predict(file.path, IMAGES)
    assert np.abs(by_litert - scores).max() <= 4 / 256
    assert np.ptp(scores, axis=0).max() > 10 / 256


def test_pixels_are_taken_as_they_are_and_rounded_once(normalized_file):
    _, file = normalized_file
    interpreter = importlib.import_module("ai_edge_litert.interpreter")
    runner = interpreter.Interpreter(
        str(file.path),
        experimental_op_resolver_type=interpreter.OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    runner.allocate_tensors()
    (entry,) = runner.get_input_details()
    assert entry["quantization"] == (1.0, 0)
    second = runner._get_ops_details()[1]
    assert second["op_name"] == "DEPTHWISE_CONV_2D"
    (index,) = second["outputs"]
    (made,) = (x for x in runner.get_tensor_details() if x["index"] == index)
    step, zero = made["quantization"]
    # The range is that of all pixels, whatever images were seen.
    ends = (np.array([[0], [1]]) - MEAN) / STD
    assert step == pytest.approx(np.ptp(ends) / 255, rel=1e-3)
    pixels = np.arange(12 * 12 * 3).reshape(1, 12, 12, 3) % 256
    runner.set_tensor(entry["index"], pixels.astype("uint8"))
    runner.invoke()
    found = step * (runner.get_tensor(int(index)) - float(zero))
    expected = (pixels / 255 - MEAN) / STD
    # Half a step, at the ends one, for zero is a level and moves them.
    assert np.abs(found - expected).max() < step
    inside = (expected > np.min(ends) + step) & (expected < np.max(ends) - step)
    assert inside.mean() > 0.9
    assert np.abs(found - expected)[inside].max() < 0.52 * step


def test_channels_of_one_offset_keep_it_in_the_file(tmp_path):
    """The converter loses a bias of equal numbers, here of all but the first.

    Without it, scores are an eighth off.
    """
    front = layers.Rescaling([1 / 127.5, 2 / 127.5, 1 / 90], -1.0, name="front")
    aware = quantization.quantize_aware(small(front=[front]), IMAGES)
    path = tmp_path / "model.tflite"
    export.to_tflite(aware, path)
    scores = aware.predict(IMAGES, verbose=0)
    assert np.ptp(scores, axis=0).max() > 10 / 256
    assert np.abs(export.predict(path, IMAGES) - scores).max() <= 4 / 256


def test_training_leaves_a_normalization_by_channel_alone(normalized):
    aware = fitted(normalized)
    front = aware.get_layer("quant_front")
    held = variables(front)
    scale, offset = 1 / STD / 255, -MEAN / STD
    np.testing.assert_allclose(
        held["depthwise_kernel"].numpy().ravel(), scale, rtol=1e-5
    )
    np.testing.assert_allclose(held["bias"], offset, rtol=1e-5)
    ends = (np.array([[0], [1]]) - MEAN) / STD
    assert front.quantize_config.output == pytest.approx(
        [np.min(ends), np.max(ends)], rel=1e-5
    )
    copy = quantization.to_keras(aware, normalized)
    for layer, before in zip(copy.layers, normalized.layers, strict=True):
        assert type(layer) is type(before)
    scores = aware.predict(IMAGES, verbose=0)
    found = copy.predict(IMAGES, verbose=0)
    assert np.abs(found - scores).max() < 0.1 * np.ptp(scores)
    conv, before = (x.get_layer("conv").kernel for x in (copy, normalized))
    assert np.abs(conv - before).max() > 1e-3


@pytest.mark.slow
def test_a_trained_network_by_channel_keeps_its_accuracy(tmp_path):
    """Pixels of other shades, and a front that makes the same of them."""
    data, (images, _) = digits_net.digits()
    shades = np.array([1.0, 0.5, 0.8], "float32")
    _, _, rest = split_rescaling(flatten(digits_net.trained()))
    entry = keras.Input(images.shape[1:], name="image")
    scale = (1 / 127.5 / shades).tolist()
    x = layers.Rescaling(scale, -1.0, name="front")(entry)
    model = keras.Model(entry, rest(x))
    train, labels = data
    aware = quantization.quantize_aware(model)
    quantization.fine_tune(aware, (train * shades, labels), 2, verbose=0)
    pixels = np.rint(images * shades)
    path = tmp_path / "model.tflite"
    export.to_tflite(aware, path, images=pixels[:8])
    expected = model.predict(pixels, verbose=0)
    scores = aware.predict(pixels, verbose=0)
    by_litert = export.predict(path, pixels)
    assert digits_net.accuracy(expected) > 0.95
    assert digits_net.agreement(by_litert, scores) >= 0.98
    assert (
        digits_net.accuracy(by_litert) >= digits_net.accuracy(expected) - 0.01
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, arguments",
    [
        ("EfficientNetB0", {"rows": TABLE_1[:4]}),
        ("MnasNetA1", {"rows": UNUSUAL}),
    ],
)
def test_networks_that_normalize_by_channel_go_all_the_way(
    name, arguments, tmp_path
):
    model = perturb(build(name, alpha=0.5, classes=3, **arguments))
    assert np.ndim(model.get_layer("preprocessing").scale) == 1
    # Bright and dark: noise that it has not learned, a deep network answers
    # otherwise after any rounding.
    images = random_images(48, 32, 32, 3, low=0, high=255)
    images = np.rint(images * np.linspace(0, 1, 48)[:, None, None, None])
    labels = np.eye(3, dtype="float32")[np.arange(48) // 16]
    aware = quantization.quantize_aware(model, images)
    quantization.fine_tune(
        aware, (images, labels), 8, learning_rate=2e-3, verbose=0
    )
    path = tmp_path / "model.tflite"
    file = export.to_tflite(aware, path, images=images[:4])
    assert (file.partitions, file.not_delegated) == (2, EDGE)
    scores = aware.predict(images, verbose=0)
    by_litert = export.predict(path, images)
    assert np.ptp(scores, axis=0).min() > 0.3
    # Chance is a third. Other tests show how exact the first operation is.
    assert digits_net.agreement(by_litert, scores) >= 0.85


def test_a_range_that_has_no_zero_is_widened_to_it():
    front = [layers.Rescaling([0.01, 0.02, 0.01], 1.0, name="front")]
    model = small(front=front)
    aware = quantization.quantize_aware(model, IMAGES)
    range_ = aware.get_layer("quant_front").quantize_config.output
    assert range_ == pytest.approx([0.0, 6.1])
    expected = model.predict(IMAGES, verbose=0)
    scores = aware.predict(IMAGES, verbose=0)
    assert np.abs(scores - expected).max() < 0.1 * np.ptp(expected)


@pytest.mark.parametrize("after", [layers.BatchNormalization, layers.ReLU])
def test_a_normalization_is_rounded_behind_what_is_fused_with_it(after):
    front = [*by_channel()["ours"], after(name="after")]
    aware = quantization.quantize_aware(small(front=front), IMAGES)
    assert aware.get_layer("quant_front").quantize_config.output is None
    assert aware.get_layer("quant_after").quantize_config.output == "range"


def test_zeros_stay_zeros_through_training_and_in_the_file(tmp_path):
    model = small(kernels=prune)
    aware = fitted(model, preserve="sparsity")
    for name in ("conv", "pointwise", "dense"):
        before = model.get_layer(name).kernel.numpy()
        after = kernels_of(aware)[name]
        assert (after[before == 0] == 0).all()
        assert np.abs(after - before).max() > 1e-3  # it was trained
    file = export.to_tflite(aware, tmp_path / "model.tflite")
    shares = [np.mean(kernel == 0) for kernel in kernels_of_file(file.path)]
    assert len(shares) == 3
    assert min(shares) >= 0.5


@pytest.mark.parametrize("preserve", ["clusters", ("sparsity", "clusters")])
def test_equal_weights_stay_equal_and_become_few_kernels_of_file(
    preserve, tmp_path
):
    model = small(kernels=cluster)
    aware = fitted(model, preserve=preserve)
    for name in ("conv", "pointwise", "dense"):
        before = model.get_layer(name).kernel.numpy()
        after = kernels_of(aware)[name]
        for value in np.unique(before):
            assert np.ptp(after[before == value]) == 0
        if "sparsity" in preserve:
            assert (after[before == 0] == 0).all()
        assert np.abs(after - before).max() > 1e-3
    file = export.to_tflite(aware, tmp_path / "model.tflite")
    for kernel in kernels_of_file(file.path):
        assert 2 <= len(np.unique(kernel)) <= 6


def test_frozen_layers_stay_as_they_are():
    model = small()
    for name in ("conv", "norm", "dense"):
        model.get_layer(name).trainable = False
    aware = fitted(model)
    for name in ("conv", "dense"):
        wrapper = variables(aware.get_layer(f"quant_{name}"))
        for weight in model.get_layer(name).weights:
            np.testing.assert_array_equal(wrapper[weight.name], weight)
    moved = variables(aware.get_layer("quant_pointwise"))["kernel"]
    assert np.abs(moved - model.get_layer("pointwise").kernel).max() > 1e-3


def test_ranges_are_measured_without_dropout():
    with_dropout = quantization.quantize_aware(
        small(layers.Dropout(0.8, name="drop")), IMAGES
    )
    without = quantization.quantize_aware(small(), IMAGES)
    found, expected = (
        aware.get_layer("quant_pointwise")._output_quantizer_vars["high"]
        for aware in (with_dropout, without)
    )
    assert float(found) == pytest.approx(float(expected), rel=1e-3)
    assert with_dropout.get_layer("drop").rate == 0.8


@pytest.mark.parametrize(
    "rescaling, ends",
    [
        ((2.0, -1.0), (0.0, 1.0)),
        ((1 / 127.5, -1.0), (0.0, 255.0)),
        (None, (0.0, 1.0)),
        (None, (-2.0, 2.5)),
    ],
)
def test_a_model_says_in_which_range_it_takes_images(rescaling, ends, tmp_path):
    image = keras.Input((6, 6, 3), name="image")
    x = layers.Rescaling(*rescaling)(image) if rescaling else image
    x = layers.Conv2D(8, 3, activation="relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    model = perturb(keras.Model(image, layers.Dense(4)(x)))
    pixels = np.rint(random_images(16, 6, 6, 3, low=0, high=255))
    images = ends[0] + pixels / 255 * (ends[1] - ends[0])
    images = images.astype("float32")
    aware = quantization.quantize_aware(model, images, input_range=ends)
    expected = model.predict(images, verbose=0)
    reach = 0.1 * np.ptp(expected)
    np.testing.assert_allclose(
        aware.predict(images, verbose=0), expected, atol=reach
    )
    path = tmp_path / "model.tflite"
    assert export.to_tflite(aware, path, images=images).parity < 0.1
    found = export.predict(path, pixels)
    np.testing.assert_allclose(found, expected, atol=reach)


def test_the_model_is_left_alone():
    model = small()
    before = [weight.numpy().copy() for weight in model.weights]
    config = model.get_config()
    fitted(model)
    assert model.get_config() == config
    for weight, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_it_is_saved_and_loaded_as_models_of_tf_mot_are(tmp_path):
    aware = quantization.quantize_aware(small(), IMAGES)
    aware.save(tmp_path / "aware.keras")
    with load_tfmot().quantization.keras.quantize_scope():
        loaded = load_tf_keras().models.load_model(tmp_path / "aware.keras")
    np.testing.assert_array_equal(
        loaded.predict(IMAGES, verbose=0), aware.predict(IMAGES, verbose=0)
    )


def test_a_model_that_saw_no_step_is_not_exported(tmp_path):
    aware = quantization.quantize_aware(small())
    with pytest.raises(ValueError, match="must have seen a training step"):
        export.to_tflite(aware, tmp_path / "model.tflite")
    assert list(tmp_path.iterdir()) == []


def test_a_quantization_aware_model_has_one_kind_of_file(tmp_path):
    aware = quantization.quantize_aware(small(), IMAGES)
    with pytest.raises(ValueError, match="`quantize`.*'float16'"):
        export.to_tflite(aware, tmp_path / "model.tflite", None, "float16")


@pytest.mark.parametrize(
    "layer, message",
    [
        (layers.ELU(name="odd"), r"Received: ELU in layer 'odd'.*dynamic"),
        (
            layers.BatchNormalization(name="odd"),
            "must follow a convolution.*'odd' after ReLU",
        ),
        (layers.Rescaling(2.0, 1.0, name="odd"), "Rescaling in layer 'odd'"),
        (layers.ReLU(4.0, name="odd"), "ReLU with limits in layer 'odd'"),
        (layers.Lambda(lambda x: x, name="odd"), "Lambda 'odd'.*code"),
    ],
    ids=["elu", "normalization", "rescaling", "relu", "lambda"],
)
def test_what_integers_cannot_compute_is_named(layer, message):
    with pytest.raises(ValueError, match=message):
        quantization.quantize_aware(small(layer))


@pytest.mark.parametrize(
    "preserve, message",
    [
        ("sparsity", "without such weights. Call quantization.prune"),
        ("clusters", r"256 at most\). Call quantization.cluster"),
        ("zeros", "Pass 'sparsity', 'clusters'"),
    ],
)
def test_there_must_be_something_to_preserve(preserve, message):
    with pytest.raises(ValueError, match=f"`preserve`.*{message}"):
        quantization.quantize_aware(small(), preserve=preserve)


def test_images_of_another_range_are_explained():
    with pytest.raises(ValueError, match="Do not divide them by 255"):
        quantization.quantize_aware(small(), IMAGES / 255)


@pytest.mark.parametrize(
    "ends", [(1, 0), (1,), 255, ("black", "white")], ids=str
)
def test_a_range_that_is_none_is_explained(ends):
    with pytest.raises(ValueError, match="`input_range`.*Received"):
        quantization.quantize_aware(small(), input_range=ends)


def test_a_normalization_of_its_own_is_explained(tmp_path):
    aware = quantization.quantize_aware(small(), IMAGES)
    with pytest.raises(ValueError, match="`normalization`.*input_range"):
        export.to_tflite(
            aware, tmp_path / "model.tflite", normalization=(0, 255)
        )


def test_a_subclassed_model_is_refused():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match="`model`.*Received"):
        quantization.quantize_aware(Own())
