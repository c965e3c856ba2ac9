"""A folder of pictures to an autoencoder, priors, samples and files."""

import csv
import json
import math
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

from keras_papers import export, pipelines
from keras_papers.applications.generative import (
    decoder,
    encoder,
    load_latents,
    model_hash,
)
from keras_papers.files.figures_json import to_json
from keras_papers.pipelines.data.images import batches
from keras_papers.pipelines.data.picture_folder import load_folder
from keras_papers.pipelines.data.pictures import read_picture
from keras_papers.pipelines.generation.options import GenerateOptions
from keras_papers.pipelines.generation.pictures import Pictures
from keras_papers.pipelines.generation.verdict import of_training
from tests.support.photos import paint
from tests.support.short_trainings import QUICK_GENERATOR


def test_the_files_are_there_and_nothing_else(generated):
    _, output = generated
    assert sorted(path.name for path in output.iterdir()) == [
        *("autoencoder.keras", "decoder.tflite", "encoder.tflite"),
        *("history.csv", "labels.txt", "latents.npz", "prior.keras"),
        *("reconstructions.png", "report.html", "report.json"),
        *("samples.png", "split.json"),
    ]
    assert (output / "labels.txt").read_text() == "bright\ndark\n"


def test_the_report_holds_the_figures(generated):
    report, output = generated
    figures = json.loads((output / "report.json").read_text())
    assert figures == json.loads(to_json(report))
    assert figures["train_images"] == 14 and figures["test_images"] == 4
    (level,) = report.levels
    assert level.shape == (4, 4) and level.uniform_bits == 4
    assert report.bits_per_pixel == 4 * 16 / 256
    assert report.bits_per_dimension == pytest.approx(
        level.bits_per_code * 16 / (256 * 3)
    )
    for text in ("perplexity", "unigram", "PSNR", "without the decoder's"):
        assert text in str(report)


def test_the_reconstruction_error_is_that_of_held_out_images(generated, photos):
    report, output = generated
    model = keras.saving.load_model(output / "autoencoder.keras")
    test = load_folder(photos, 0).test
    (images,) = (pixels.numpy() for pixels, _ in batches(test, 2, 16, 99))
    made = np.clip(model.predict(images, verbose=0), 0, 255)
    error = np.mean((made.astype("float64") - images) ** 2)
    assert report.mse == pytest.approx(error, rel=1e-5)
    assert report.psnr == pytest.approx(10 * math.log10(255**2 / error))


def test_the_latents_are_the_codes_of_the_training_images(generated, photos):
    _, output = generated
    latents = load_latents(output / "latents.npz")
    model = keras.saving.load_model(output / "autoencoder.keras")
    assert latents.model_hash == model_hash(model)
    train = load_folder(photos, 0).train
    (images,) = (pixels.numpy() for pixels, _ in batches(train, 2, 16, 99))
    codes = encoder(model).predict(images, verbose=0)
    np.testing.assert_array_equal(latents.codes[0], codes)
    np.testing.assert_array_equal(latents.labels, train.labels)


def test_the_files_for_a_phone_are_the_halves(generated, photos):
    report, output = generated
    model = keras.saving.load_model(output / "autoencoder.keras")
    test = load_folder(photos, 0).test
    (images,) = (pixels.numpy() for pixels, _ in batches(test, 2, 16, 99))
    codes = export.predict(output / "encoder.tflite", images)
    expected = encoder(model).predict(images, verbose=0)
    of_encoder, of_decoder = report.files
    assert of_encoder.equal_codes == np.mean(codes == expected) >= 0.95
    made = export.predict(output / "decoder.tflite", expected)
    ours = decoder(model).predict(expected, verbose=0)
    np.testing.assert_allclose(made, ours, atol=0.1)
    assert np.ptp(ours) > 1
    assert of_decoder.psnr == pytest.approx(report.psnr, abs=0.01)
    assert of_encoder.images == of_decoder.images == len(test) == 4


def test_some_images_are_of_each_class_in_turn(photos):
    images = load_folder(photos, 0)
    assert images.names == ("bright", "dark")
    assert len(set(images.train.labels[:6])) == 1  # a folder is read by class
    options = GenerateOptions(image_size=16, batch_size=4)
    some = Pictures(images, options).some(images.train, 6)
    assert some.shape == (6, 16, 16, 3)
    is_bright = some.mean(axis=(1, 2, 3)) > 128
    assert (is_bright[::2] != is_bright[1::2]).all()
    whole = Pictures(images, options).some(images.test, 99)
    assert len(whole) == len(images.test)


def test_every_epoch_of_every_network_is_in_the_history(generated):
    _, output = generated
    with open(output / "history.csv", newline="") as table:
        rows = [*csv.DictReader(table)]
    assert [(row["network"], row["epoch"]) for row in rows] == [
        *(("autoencoder", "1"), ("autoencoder", "2")),
        *(("prior", "1"), ("prior", "2")),
    ]
    assert all(float(row["val_loss"]) > 0 for row in rows)
    assert all(float(row["codes_usage"]) > 0 for row in rows[:2])
    # Measured in training alone.
    assert not {"val_codes_usage", "val_codes_perplexity"} & set(rows[0])
    assert "nan" not in (output / "history.csv").read_text()


@pytest.mark.parametrize(
    "epochs, ending",
    [
        (199, "2 steps an epoch; 398 steps in all are few: use --epochs 200"),
        (200, "2 steps an epoch"),
    ],
)
def test_a_training_of_few_steps_is_called_so(epochs, ending, photos):
    images = load_folder(photos, 0)
    options = GenerateOptions(image_size=16, batch_size=8, epochs=epochs)
    assert str(Pictures(images, options)).endswith(f"2 classes, {ending}")


def test_the_pictures_are_grids(generated):
    _, output = generated
    assert read_picture(output / "samples.png").shape == (34, 34, 3)
    # 4 held-out images in 2 columns, each row above its reconstructions.
    assert read_picture(output / "reconstructions.png").shape == (70, 34, 3)


@pytest.mark.slow
@pytest.mark.contract
def test_a_folder_without_classes_trains_a_prior_without_labels(tmp_path):
    paint(tmp_path, ["photos"], number=12)
    output = tmp_path / "out"
    report = pipelines.train_image_generator(
        tmp_path / "photos",
        output=output,
        pictures_every=2,
        **QUICK_GENERATOR,
    )
    assert sorted(
        str(path.relative_to(output / "logs"))
        for path in (output / "logs").glob("*/*")
    ) == [
        "autoencoder/reconstructions-000002.png",
        "autoencoder/usage-000002.png",
        "prior/samples-000002.png",
    ]
    assert report.classes == 0 and report.train_images == 9
    assert not (output / "labels.txt").exists()
    prior = keras.saving.load_model(output / "prior.keras")
    assert not isinstance(prior.input, dict)
    drawn = pipelines.draw_samples(
        output, tmp_path / "new.png", number=2, verbose=0
    )
    assert drawn.labels is None
    assert read_picture(tmp_path / "new.png").shape == (16, 34, 3)
    with pytest.raises(ValueError, match="trained without classes"):
        pipelines.draw_samples(output, tmp_path / "n.png", label="dark")


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"levels": 4}, "`levels` is the number of maps"),
        ({"image_size": 30}, "multiple of 4 for 1 level\\..*Try 32"),
        ({"image_size": 20, "levels": 2}, "multiple of 8 for 2 levels.*Try 24"),
        ({"num_embeddings": 0}, "`num_embeddings` is the number of codes"),
        ({"num_embeddings": 1}, "must be at least 2, .* Try 128"),
        ({"dropout": 1.0}, "`dropout` is a share"),
        ({"quantize": "int4"}, "`quantize` is how numbers are stored"),
        ({"data": "nowhere"}, "no folder"),
    ],
)
def test_wrong_arguments_are_one_sentence(wrong, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        pipelines.train_image_generator(
            **{"output": tmp_path / "out", **QUICK_GENERATOR, **wrong}
        )
    assert not (tmp_path / "out").exists()


def test_a_finished_training_is_not_replaced(generated, photos):
    _, output = generated
    with pytest.raises(ValueError, match="without a finished training"):
        pipelines.train_image_generator(
            photos, output=output, **QUICK_GENERATOR
        )


def test_too_few_pictures_are_refused(tmp_path):
    paint(tmp_path, ["photos"], number=3)
    with pytest.raises(ValueError, match="5 pictures or more"):
        pipelines.train_image_generator(
            tmp_path / "photos", output=tmp_path / "out", **QUICK_GENERATOR
        )
    assert not pathlib.Path(tmp_path, "out").exists()


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize("stage", ["autoencoder", "prior"])
def test_a_killed_training_goes_on_from_its_last_epoch(stage, photos, tmp_path):
    long = {**QUICK_GENERATOR, "epochs": 6, "prior_epochs": 6}
    code = (
        "from keras_papers import pipelines\n"
        f"pipelines.train_image_generator({str(photos)!r}, "
        f"output={str(tmp_path)!r}, **{long})"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    state = tmp_path / ".training"
    while not [*(state / stage).glob("all-00000[2-5].npz")]:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert {path.name for path in tmp_path.iterdir()} == {".training", ".lock"}
    before = {
        path.parent.name: json.loads(path.read_text())
        for path in state.glob("*/history.json")
    }
    assert len(before[stage]) >= 2
    latents = state / "latents.npz"
    codes = latents.read_bytes() if latents.exists() else None
    with pytest.raises(ValueError, match="same data and arguments"):
        pipelines.train_image_generator(
            photos, output=tmp_path, **{**long, "num_embeddings": 8}
        )
    pipelines.train_image_generator(photos, output=tmp_path, **long)
    with open(tmp_path / "history.csv", newline="") as table:
        rows = [*csv.DictReader(table)]
    assert len(rows) == 12 and not state.exists()
    for network, history in before.items():
        after = [row for row in rows if row["network"] == network]
        assert [row["epoch"] for row in after] == [*"123456"]
        for row, was in zip(after, history, strict=False):
            assert float(row["loss"]) == was["loss"]
            # Of an epoch that was trained again they would be others.
            assert float(row["seconds"]) == was["seconds"]
    if codes is not None:
        assert (tmp_path / "latents.npz").read_bytes() == codes


def test_priors_of_another_autoencoder_are_refused(generated, tmp_path):
    _, output = generated
    shutil.copytree(output, tmp_path / "copy")
    model = keras.saving.load_model(output / "autoencoder.keras")
    (weight, *_) = model.trainable_weights
    weight.assign(weight + 0.1)
    model.save(tmp_path / "copy" / "autoencoder.keras")
    with pytest.raises(ValueError, match="trained on codes of the hash"):
        pipelines.draw_samples(
            tmp_path / "copy", tmp_path / "new.png", verbose=0
        )
    assert not (tmp_path / "new.png").exists()


def test_what_stands_out_comes_with_a_command(generated):
    report, _ = generated
    options = GenerateOptions(output="out")
    (level,) = report.levels
    bad = level._replace(usage=0.2, bits_per_code=3.0, unigram_bits=2.0)
    command = options.command_with("generate train")

    def findings(error, *levels):
        found = of_training(
            report._replace(relative_mse=error, levels=levels), options, command
        )
        (again,) = {each.command for each in found}
        return [each.about for each in found], again

    start = "keras-papers generate train --output out"
    # Of a poor autoencoder the codes are not judged yet.
    assert findings(0.9, bad) == (
        ["poor pictures", "weak prior"],
        f"{start} --epochs 80 --prior-epochs 80",
    )
    assert findings(0.1, bad) == (
        ["unused codes", "weak prior"],
        f"{start} --num-embeddings 4 --prior-epochs 80",
    )
    # The maps share the size of their codebooks.
    whole = level._replace(usage=1.0, bits_per_code=1.0, unigram_bits=2.0)
    part = whole._replace(usage=0.2)
    assert findings(0.1, part, whole) == (["unused codes"], None)
    half = whole._replace(usage=0.45)
    assert findings(0.1, part, half) == (
        ["unused codes", "unused codes"],
        f"{start} --num-embeddings 8",
    )
    (nothing,) = of_training(
        report._replace(relative_mse=0.1, levels=[whole]), options, None
    )
    assert nothing.command is None


@pytest.mark.slow
def test_two_levels_have_two_priors_and_files_of_two_maps(
    photos, tmp_path, capsys
):
    report = pipelines.train_image_generator(
        photos,
        levels=2,
        output=tmp_path,
        quantize="int8",
        **{**QUICK_GENERATOR, "verbose": 2},
    )
    assert (
        "top map: 2 x 2 codes of layer codes2, prior1.keras\n"
        "bottom map: 4 x 4 codes of layer codes1, prior2.keras\n"
    ) in capsys.readouterr().out
    top, bottom = report.levels
    assert (top.shape, bottom.shape) == ((2, 2), (4, 4))
    assert (top.layer, top.prior) == ("codes2", "prior1")
    assert (bottom.layer, bottom.prior) == ("codes1", "prior2")
    model = keras.saving.load_model(tmp_path / "autoencoder.keras")
    assert model.get_layer(top.layer).output.shape[1:3] == top.shape
    assert report.bits_per_pixel == 4 * (4 + 16) / 256
    prior = keras.saving.load_model(tmp_path / "prior2.keras")
    assert {"codes", "labels"} < set(prior.input)
    assert [each.file for each in report.files] == [
        *("encoder.tflite", "decoder.tflite"),
        *("encoder.int8.tflite", "decoder.int8.tflite"),
    ]
    codes = export.predict(
        tmp_path / "encoder.int8.tflite", np.zeros((1, 16, 16, 3))
    )
    assert sorted(each.shape for each in codes.values()) == [
        *((1, 2, 2), (1, 4, 4))
    ]
    drawn = pipelines.draw_samples(
        tmp_path, tmp_path / "new.png", number=3, label="dark", verbose=0
    )
    assert drawn.labels == ["dark"] * 3
