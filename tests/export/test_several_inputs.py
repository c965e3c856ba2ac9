"""Files of models with several inputs and outputs, by their names."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_papers import export
from keras_papers.export import metadata
from keras_papers.export.integer_file import float_tensors
from keras_papers.export.interpreter import open_file
from tests.support.answers import random_images, spread
from tests.support.several_inputs import detector, moved, score, table, tabular

pytestmark = pytest.mark.tensorflow


def by_name(model, inputs):
    """Returns what the Keras model answers, by the names of a file."""
    paths = keras.tree.flatten_with_path(model(inputs))
    return {"_".join(path): np.asarray(x) for path, x in paths}


@pytest.mark.parametrize(
    "quantize, bound", [(None, 1e-5), ("dynamic", 0.05), ("int8", 0.08)]
)
def test_a_table_of_ids_and_numbers_is_taken_by_name(quantize, bound, tmp_path):
    model, data = tabular(score), table()
    file = export.to_tflite(
        model,
        tmp_path / "model.tflite",
        quantize=quantize,
        representative_data=data if quantize == "int8" else None,
        runs=1,
    )
    expected = np.asarray(model(data))
    assert spread(expected) > 0.05
    found = export.predict(file.path, data)
    assert np.abs(found - expected).max() < bound * np.ptp(expected)
    inputs = open_file(file.path).inputs
    assert {name: details["dtype"] for name, details in inputs.items()} == {
        "job": np.int32,
        "capital-gain": np.float32,
        "the rest": np.float32,
    }
    if quantize == "int8":
        assert float_tensors(file.path.read_bytes()) == []


@pytest.mark.parametrize(
    "quantize, bound", [(None, 1e-5), ("float16", 1e-2), ("int8", 0.1)]
)
def test_outputs_of_several_shapes_have_a_parity_each(
    quantize, bound, tmp_path
):
    model = detector()
    images = random_images(16, 16, 16, 3, low=0, high=255)
    file = export.to_tflite(
        model,
        tmp_path / "model.tflite",
        quantize=quantize,
        representative_data=images if quantize == "int8" else None,
        images=images,
        runs=1,
    )
    expected = by_name(model, images)
    found = export.predict(file.path, images)
    assert list(file.parities) == ["boxes_best", "kind", "mask"]
    assert found.keys() == expected.keys()
    for name, answers in expected.items():
        assert found[name].shape == answers.shape
        assert np.abs(answers).max() > 0.2 and spread(answers) > 0.01
        difference = np.abs(found[name] - answers).max() / np.ptp(answers)
        assert difference < bound
        # The file was verified on the same images.
        assert file.parities[name] == pytest.approx(difference, abs=1e-6)
    assert file.parity == max(file.parities.values())
    assert f"parity boxes_best {file.parities['boxes_best']:.1e}, kind" in (
        str(file)
    )
    # One image is an image, with pixels and a normalization as ever.
    details = open_file(file.path).inputs["photo"]
    assert details["dtype"] == (np.uint8 if quantize == "int8" else np.float32)


def test_inputs_and_outputs_in_lists_have_the_names_of_their_layers(tmp_path):
    first, second = keras.Input((4,), name="b"), keras.Input((4,), name="a")
    shared = layers.Dense(2, name="shared")
    model = moved(keras.Model([first, second], [shared(first), shared(second)]))
    file = export.to_tflite(model, tmp_path / "model.tflite", runs=1)
    generator = np.random.default_rng(0)
    data = generator.normal(size=(2, 5, 4)).astype("float32")
    found = export.predict(file.path, {"a": data[1], "b": data[0]})
    expected = [np.asarray(x) for x in model(list(data))]
    assert np.abs(expected[0] - expected[1]).max() > 0.1
    np.testing.assert_allclose(found["shared"], expected[0], atol=1e-5)
    np.testing.assert_allclose(found["shared_1"], expected[1], atol=1e-5)


def sequence(length=6):
    keras.utils.set_random_seed(0)
    ids = keras.Input((length,), dtype="int32", name="tokens")
    x = layers.Embedding(11, 8)(ids)
    x = layers.Conv1D(8, 3, activation="relu")(x)
    x = layers.GRU(5)(x)
    return moved(keras.Model(ids, layers.Dense(2, name="logits")(x)))


@pytest.mark.filterwarnings("ignore:.*1 UNPACK:UserWarning")
def test_ids_of_a_sequence_stay_integers_in_int8(tmp_path):
    model = sequence()
    ids = np.random.default_rng(0).integers(0, 11, (32, 6))
    file = export.to_tflite(
        model,
        tmp_path / "model.tflite",
        None,
        "int8",
        representative_data=ids,
        runs=1,
    )
    expected = np.asarray(model(ids))
    assert spread(expected) > 0.05
    found = export.predict(file.path, ids)
    assert np.abs(found - expected).max() < 0.1 * np.ptp(expected)
    assert open_file(file.path).inputs["tokens"]["dtype"] == np.int32
    assert float_tensors(file.path.read_bytes()) == []


@pytest.mark.filterwarnings("ignore:.*1 WHILE:UserWarning")
def test_a_sequence_of_open_length_is_given_one(tmp_path):
    model, path = sequence(None), tmp_path / "model.tflite"
    with pytest.raises(ValueError, match=r"`input_shape` must.*'tokens'"):
        export.to_tflite(model, path)
    export.to_tflite(model, path, input_shape={"tokens": (6,)}, runs=1)
    ids = np.random.default_rng(0).integers(0, 11, (3, 6))
    np.testing.assert_allclose(
        export.predict(path, ids), np.asarray(model(ids)), atol=1e-5
    )


@pytest.mark.parametrize(
    "form",
    [
        lambda data: lambda: iter([data]),
        lambda data: (
            {name: column[i : i + 1] for name, column in data.items()}
            for i in range(len(data["job"]))
        ),
        lambda data: [(data, np.zeros(24))],
        lambda data: (data, np.zeros(24)),
        lambda data: lambda: [("serving_default", data)],
        lambda data: [data["capital-gain"], data["job"], data["the rest"]],
        lambda data: (
            lambda: (
                [data[name][i] for name in sorted(data)] for i in range(24)
            )
        ),
    ],
)
def test_all_forms_of_representative_data_are_the_same_examples(form):
    from keras_papers.quantization.representative_data import (
        representative_inputs,
    )
    from keras_papers.signatures import signature_of

    data = table()
    specs = signature_of(tabular(score)).inputs
    found = representative_inputs(form(data), specs)
    for spec, array in zip(specs, found, strict=True):
        np.testing.assert_array_equal(array, data[spec.name])
        assert array.dtype == spec.dtype


def without(data, name):
    return {key: value for key, value in data.items() if key != name}


@pytest.mark.parametrize(
    "data, message",
    [
        (None, "needed for quantize='int8'"),
        (without(table(), "job"), "name each input.*Received: no 'job'"),
        ({**without(table(), "job"), "jobs": [0]}, "mean 'job'"),
        ({**table(), "year": [0]}, "unknown 'year'"),
        (np.zeros((4, 5)), "a batch for each input.*1 array"),
        ({**table(), "the rest": np.zeros((24, 4))}, r"examples, 3\).*24, 4"),
        ({**table(), "job": np.full(24, 0.5)}, "integers for input 'job'"),
        ({**table(), "job": ["clerk"] * 24}, "numbers.*'job'"),
        ({**table(), "job": np.zeros(7)}, "as many examples.*'job': 7"),
        ({**table(), "capital-gain": np.full((24, 1), np.nan)}, "finite"),
        ([], "one example"),
    ],
)
def test_data_that_does_not_fit_the_inputs_is_explained(
    data, message, tmp_path
):
    with pytest.raises(ValueError, match=message) as caught:
        export.to_tflite(
            tabular(score),
            tmp_path / "model.tflite",
            quantize="int8",
            representative_data=data,
        )
    assert "`representative_data`" in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "model.tflite"
    return export.to_tflite(tabular(score), path, ["low", "mid", "high"])


@pytest.mark.parametrize(
    "inputs, message",
    [
        (np.zeros((2, 5)), "must be a dict of batches.*3 inputs"),
        (without(table(), "job"), "no 'job'"),
        ({**without(table(), "the rest"), "the rst": 0}, "mean 'the rest'"),
        ({**table(), "job": np.zeros((24, 2))}, "the shape that"),
        ({**table(), "job": np.zeros(3)}, "as many examples.*'job': 3"),
    ],
)
def test_predict_explains_inputs_that_do_not_fit(exported, inputs, message):
    with pytest.raises(ValueError, match=message):
        export.predict(exported.path, inputs)


def test_batches_of_any_size_are_run_one_by_one(exported):
    data = table(5)
    whole = export.predict(exported.path, data)
    assert whole.shape == (5, 3)
    one = {name: column[2:3] for name, column in data.items()}
    np.testing.assert_array_equal(
        export.predict(exported.path, one), whole[2:3]
    )


def test_the_metadata_names_all_tensors(exported, tmp_path):
    assert metadata.read(exported.path).labels == ("low", "mid", "high")
    data = exported.path.read_bytes()
    found = data[data.index(b"M001") - 4 :]
    for name in (b"capital-gain", b"the rest", b"job", b"income"):
        assert name in found
    path = tmp_path / "detector.tflite"
    export.to_tflite(detector(), path, runs=1)
    assert metadata.read(path) == metadata.Description("detector")


def test_labels_and_pixels_are_for_models_that_have_them(tmp_path):
    path = tmp_path / "model.tflite"
    with pytest.raises(ValueError, match="`labels`.*boxes_best, kind, mask"):
        export.to_tflite(detector(), path, ["a", "b", "c"])
    with pytest.raises(ValueError, match="`normalization`.*other inputs"):
        export.to_tflite(tabular(score), path, normalization=(0, 1))


def test_verification_names_the_output_that_differs(exported, tmp_path):
    def two(x):
        return {"a": layers.Dense(2, name="a")(x), "b": score(x)}

    model = tabular(two)
    path = tmp_path / "model.tflite"
    export.to_tflite(model, path, runs=1)
    kernel = model.get_layer("a").kernel
    kernel.assign(kernel + 1)
    with pytest.raises(export.verification.VerificationError) as caught:
        export.verify(path, model, runs=1)
    assert "output 'a' differs" in str(caught.value)
    with pytest.raises(export.verification.VerificationError, match="outputs"):
        export.verify(exported.path, model, runs=1)
