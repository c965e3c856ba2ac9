"""Metadata: what the task libraries read; MediaPipe itself is asked in
tests/android."""

import keras
import numpy as np
import pytest

from keras_papers import applications, export
from keras_papers.applications.tabular import (
    TabTransformer,
    TabularModel,
    TabularSchema,
)
from keras_papers.export import metadata
from keras_papers.export.metadata import Description
from tests.support.answers import random_images

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def model():
    return applications.MobileNet((32, 32, 3), alpha=0.25, classes=3)


def test_what_is_written_is_read_back(model, tmp_path):
    path = tmp_path / "model.tflite"
    export.to_tflite(model, path, ["cat", "dog", "größe"], runs=1)
    assert metadata.read(path) == Description(
        "mobilenet_0.25_32", ("cat", "dog", "größe"), 127.5, 127.5
    )


def test_damaged_metadata_is_refused(model, tmp_path):
    path = tmp_path / "model.tflite"
    export.to_tflite(model, path, ["cat", "dog", "hen"], runs=1)
    whole = path.read_bytes()
    start = whole.index(b"M001") - 4
    generator = np.random.default_rng(0)
    refused = 0
    for _ in range(200):
        damaged = bytearray(whole)
        for place in generator.integers(start, start + 300, 5):
            damaged[place] = generator.integers(256)
        path.write_bytes(damaged)
        try:
            metadata.read(path)
        except ValueError as error:
            assert "metadata must be" in str(error)
            refused += 1
    assert refused > 50


@pytest.mark.parametrize(
    "preprocessing, given, expected",
    [
        (True, None, (0.0, 1.0)),
        (False, None, (127.5, 127.5)),
        (False, (120, 60.5), (120.0, 60.5)),
    ],
)
def test_the_file_describes_how_to_normalize(
    preprocessing, given, expected, tmp_path
):
    model = applications.MobileNet(
        (32, 32, 3),
        alpha=0.25,
        classes=3,
        include_preprocessing=preprocessing,
    )
    path = tmp_path / "model.tflite"
    export.to_tflite(model, path, normalization=given, runs=1)
    found = metadata.read(path)
    assert (found.mean, found.std) == expected
    assert found.labels == ()


@pytest.mark.filterwarnings("ignore:Statistics for quantized inputs")
def test_a_uint8_image_needs_no_normalization(tmp_path):
    import tensorflow as tf

    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(2, 3),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Softmax(),
        ]
    )
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: [
        [image[None]] for image in random_images(8, 8, 8, 3, low=0, high=255)
    ]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    plain = converter.convert()
    path = tmp_path / "model.tflite"
    path.write_bytes(metadata.write(plain, Description("m", ("a", "b"), 9, 9)))
    assert metadata.read(path) == Description("m", ("a", "b"), 0.0, 1.0)
    before = tmp_path / "plain.tflite"
    before.write_bytes(plain)
    images = random_images(4, 8, 8, 3, low=0, high=255)
    answers = export.predict(path, images)
    assert np.ptp(answers) > 0
    np.testing.assert_array_equal(answers, export.predict(before, images))


@pytest.mark.filterwarnings("ignore:.*in several partitions")
def test_the_file_of_a_table_has_its_schema(tmp_path):
    rows = {"a b": ["größe", "x\ny", "x"] * 4, "c,d": np.arange(12.0)}
    schema = TabularSchema.of({**rows, "e": ["no", "yes"] * 6}, "e")
    network = TabTransformer(
        schema.cardinalities, list(schema.numeric), num_layers=1
    )
    path = tmp_path / "model.tflite"
    export.to_tflite(
        TabularModel(schema, network),
        path,
        images=schema.encode(rows),
        runs=1,
    )
    found = metadata.read(path)
    assert found == Description(
        "tab_transformer", ("no", "yes"), table=schema.get_config()
    )
    again = TabularSchema.from_config(found.table)
    assert again.numeric["c,d"] == (5.5, np.std(rows["c,d"]))
    answers = export.predict(path, again.encode(rows))
    shares = TabularModel(schema, network).predict(rows, verbose=0)
    np.testing.assert_allclose(answers[:, 1:], shares, atol=1e-5)


def test_a_file_of_others_has_no_description(tmp_path):
    import tensorflow as tf

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    path = tmp_path / "model.tflite"
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    path.write_bytes(converter.convert())
    assert metadata.read(path) is None
