"""The main job on few images: every file, every figure, every mistake."""

import csv
import hashlib
import json
import re

import keras
import numpy as np
import pytest

from keras_papers import export, pipelines
from keras_papers.applications import MobileNet, registry
from keras_papers.export import metadata
from keras_papers.files.figures_json import to_json
from keras_papers.pipelines.classification import job as image_classification
from keras_papers.pipelines.classification.options import TrainOptions
from keras_papers.pipelines.classification.report_files import read
from keras_papers.pipelines.data.image_set import ImageSet, Part
from keras_papers.pipelines.data.picture_folder import load_folder
from keras_papers.pipelines.data.pictures import read_picture
from keras_papers.pipelines.training import loop as training
from keras_papers.pipelines.training import settings
from tests.support.photos import paint
from tests.support.short_trainings import QUICK
from tests.support.torch_files import content_of, draw_tensors


def weights(output):
    return keras.saving.load_model(output / "model.keras").get_weights()


@pytest.mark.contract
def test_the_files_are_there_and_nothing_else(trained):
    _, output = trained
    assert sorted(path.name for path in output.iterdir()) == [
        "history.csv",
        "labels.txt",
        "metadata.json",
        "model.keras",
        "model.tflite",
        "report.html",
        "report.json",
        "split.json",
    ]
    assert (output / "labels.txt").read_text() == "bright\ndark\n"
    assert "MobileNet" in (output / "report.html").read_text()


def test_the_report_holds_the_figures(trained):
    report, output = trained
    figures = json.loads((output / "report.json").read_text())
    assert figures == json.loads(to_json(report))
    for name in ("teacher", "recipe", "weights"):
        assert figures.pop(name) is None
    assert all(figure is not None for figure in figures.values())
    assert figures["bytes"] == (output / "model.tflite").stat().st_size
    assert figures["train_images"] == 14 and figures["test_images"] == 4
    assert figures["guessed_accuracy"] == 0.5
    for text in ("accuracy, Keras", "multiply-adds", "model.tflite"):
        assert text in str(report)


def test_the_metadata_has_what_an_app_must_know(trained):
    _, output = trained
    facts = json.loads((output / "metadata.json").read_text())
    assert facts["input"]["shape"] == [1, 32, 32, 3]
    assert (facts["input"]["mean"], facts["input"]["std"]) == (0.0, 1.0)
    assert facts["output"]["labels"] == ["bright", "dark"]
    for name, digest in facts["sha256"].items():
        data = (output / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest
    assert facts["versions"]["keras"] == keras.__version__
    assert metadata.read(output / "model.tflite").labels == ("bright", "dark")


def test_the_page_shows_training_images_as_the_network_sees_them(trained):
    _, output = trained
    page = (output / "report.html").read_text()
    assert "32 × 32 pixels" in page and "light: turned by up to" in page
    shown = re.findall(r'alt="Training image of (\w+)"', page)
    assert sorted(shown) == ["bright"] * 6 + ["dark"] * 6


def test_the_history_has_a_row_for_each_epoch(trained):
    _, output = trained
    with open(output / "history.csv", newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert all(float(row["val_loss"]) > 0 for row in rows)


def validation_loss(output, photos):
    """Returns the loss of a saved model on the images that were watched."""
    part = load_folder(photos, seed=0).validation
    pixels = np.stack([read_picture(file, (32, 32)) for file in part.files])
    model = keras.saving.load_model(output / "model.keras")
    scores = model.predict(pixels.astype("float32"), verbose=0)
    targets = 0.9 * np.eye(2)[part.labels] + 0.05
    return -np.mean(np.sum(targets * np.log(scores), axis=1))


def losses_of(output):
    with open(output / "history.csv", newline="") as table:
        return [float(row["val_loss"]) for row in csv.DictReader(table)]


@pytest.mark.contract
def test_the_model_is_that_of_the_best_epoch(trained, photos):
    report, output = trained
    losses = losses_of(output)
    assert report.best_epoch == 1 + np.argmin(losses)
    np.testing.assert_allclose(
        validation_loss(output, photos), min(losses), rtol=1e-4
    )
    assert f"  {report.best_epoch} of 2, lowest validation loss" in str(report)
    page = (output / "report.html").read_text()
    assert f"epoch {report.best_epoch}, lowest validation loss" in page


@pytest.mark.contract
def test_model_and_file_answer_the_same(trained, photos):
    report, output = trained
    model = keras.saving.load_model(output / "model.keras")
    test = load_folder(photos, seed=0).test
    pixels = np.stack([read_picture(file, (32, 32)) for file in test.files])
    scores = model.predict(pixels.astype("float32"), verbose=0)
    found = export.predict(output / "model.tflite", pixels)
    np.testing.assert_allclose(found, scores, atol=1e-4)
    accuracy = np.mean(scores.argmax(axis=1) == test.labels)
    assert report.accuracy == report.tflite_accuracy == accuracy


@pytest.mark.slow
def test_a_seed_gives_the_same_model_twice(trained, photos, tmp_path):
    pipelines.train_image_classifier(photos, output=tmp_path / "a", **QUICK)
    for ours, again in zip(
        weights(trained[1]), weights(tmp_path / "a"), strict=True
    ):
        np.testing.assert_array_equal(ours, again)
    pipelines.train_image_classifier(
        photos, output=tmp_path / "b", **QUICK, seed=1
    )
    assert any(
        (ours != other).any()
        for ours, other in zip(
            weights(trained[1]), weights(tmp_path / "b"), strict=True
        )
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({}, r"\(--overwrite\)\.$"),
        ({"quantize": "float16"}, "run keras-papers export .*float16"),
        ({"quantize": "int8"}, "run keras-papers quantize .*photos.* int8"),
        ({"quantize": "int8", "cluster": 9}, r"\(--overwrite\)\.$"),
    ],
)
def test_a_finished_training_is_not_lost(arguments, message, trained, photos):
    _, output = trained
    before = (output / "model.tflite").read_bytes()
    with pytest.raises(ValueError, match=f"finished training.*{message}"):
        pipelines.train_image_classifier(
            photos, output=output, **QUICK, **arguments
        )
    assert (output / "model.tflite").read_bytes() == before


@pytest.mark.slow
def test_overwrite_replaces_it(photos, tmp_path):
    quick = {**QUICK, "epochs": 1}
    pipelines.train_image_classifier(photos, output=tmp_path, **quick)
    before = (tmp_path / "model.tflite").read_bytes()
    pipelines.train_image_classifier(
        photos, output=tmp_path, **quick, seed=1, overwrite=True
    )
    assert (tmp_path / "model.tflite").read_bytes() != before


def kernels(output):
    model = keras.saving.load_model(output / "model.keras")
    return np.concatenate([w.numpy().ravel() for w in model.trainable_weights])


@pytest.mark.slow
def test_an_average_of_weights_is_the_model(photos, trained, tmp_path):
    """Of momentum 0 it is the weights themselves, of another it lies before."""
    for ema in (0.0, 0.9):
        pipelines.train_image_classifier(
            photos,
            output=tmp_path / str(ema),
            **QUICK,
            ema=ema,
            early_stopping=2,  # the best epoch, as without an average
        )
    weights = kernels(trained[1])
    np.testing.assert_array_equal(kernels(tmp_path / "0.0"), weights)
    assert np.abs(kernels(tmp_path / "0.9") - weights).max() > 1e-4


@pytest.mark.slow
def test_early_stopping_takes_the_best_epoch(photos, tmp_path):
    report = pipelines.train_image_classifier(
        photos,
        output=tmp_path,
        **{**QUICK, "epochs": 8},
        early_stopping=1,
        learning_rate=0.3,
    )
    losses = losses_of(tmp_path)
    best = int(np.argmin(losses))
    assert report.best_epoch == best + 1
    assert report.epochs == len(losses) == best + 2 < 8
    np.testing.assert_allclose(
        validation_loss(tmp_path, photos), losses[best], rtol=1e-4
    )


@pytest.mark.parametrize(
    "images, from_weights, epochs",
    [(1367, False, 40), (276, False, 160), (276, True, 40), (1, False, 800)],
)
def test_few_images_are_seen_more_often(images, from_weights, epochs):
    part = Part(np.zeros((images, 1)), np.zeros(images, int))
    short = settings.Settings(*[None] * 8, from_weights)
    short = short._replace(batch_size=64)
    assert short.enough_epochs(part) == epochs


def test_class_weights_make_classes_count_the_same():
    labels = np.array([0, 0, 0, 1])
    part = Part(np.array(["a", "b", "c", "d"], object), labels)
    weights = training.class_weights(
        ImageSet(("often", "rare"), part, part, part)
    )
    assert weights == {0: 4 / 6, 1: 2.0}


@pytest.mark.slow
def test_numbers_of_numpy_are_numbers(photos, tmp_path):
    numbers = {
        "epochs": np.int64(1),
        "image_size": np.int32(32),
        "batch_size": np.int64(8),
        "learning_rate": np.float32(0.004),
        "seed": np.int64(1),
        "class_weights": np.True_,
    }
    report = pipelines.train_image_classifier(
        photos, output=tmp_path, **{**QUICK, **numbers}
    )
    figures = json.loads((tmp_path / "report.json").read_text())
    assert figures == json.loads(to_json(report))


def test_a_loss_that_is_not_finite_is_reported(photos, tmp_path):
    with pytest.raises(ValueError, match="`learning_rate`.*Try a tenth"):
        pipelines.train_image_classifier(
            photos, output=tmp_path, **QUICK, learning_rate=1e30
        )


def test_a_picture_that_was_removed_is_reported(photos, tmp_path, monkeypatch):
    found = load_folder(photos, seed=0)
    found.train.sources[3] = str(tmp_path / "gone.png")
    monkeypatch.setattr(
        image_classification, "load_folder", lambda *arguments: found
    )
    with pytest.raises(OSError, match="gone.png.*Check the path") as raised:
        pipelines.train_image_classifier(
            photos, output=tmp_path / "out", **QUICK
        )
    assert "to continue" in raised.value.__notes__[0]


@pytest.mark.slow
def test_mixed_precision_ends_in_float32(photos, tmp_path):
    pipelines.train_image_classifier(
        photos,
        output=tmp_path,
        **QUICK,
        mixed_precision=True,
        tensorboard=True,
    )
    assert any((tmp_path / "logs").rglob("events*"))
    model = keras.saving.load_model(tmp_path / "model.keras")
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore:Not all of weights")
def test_mixed_precision_keeps_the_padding_of_weights(
    photos, tmp_path, monkeypatch
):
    """The model is built again, in float32, and answers as the trained one.

    The width is that of the file, and no warning says that it is not known
    what the file was trained on.
    """
    name = "mobilenetv3_small_050"
    path = tmp_path / f"{name}.lamb_in1k.safetensors"
    path.write_bytes(content_of(draw_tensors(f"timm/{name}")))
    networks = []

    def train(network, *arguments):
        networks.append(network)
        return training.train(network, *arguments)

    monkeypatch.setattr(image_classification, "train", train)
    report = pipelines.train_image_classifier(
        photos,
        output=tmp_path / "out",
        **QUICK | {"model": "MobileNetV3Small", "alpha": None},
        weights=path,
        mixed_precision=True,
    )
    assert report.weights.given == str(path)
    assert report.weights.source == f"{name} of timm"
    assert report.weights.mean == [123.675, 116.28, 103.53]
    assert report.weights.std == [58.395, 57.12, 57.375]
    (half,) = networks
    model = keras.saving.load_model(tmp_path / "out" / "model.keras")
    assert half.get_layer("stem").dtype_policy.name == "mixed_float16"
    assert "stem_pad" in {layer.name for layer in model.layers}
    epsilons = [one.get_layer("stem_norm").epsilon for one in (half, model)]
    assert epsilons == [1e-5, 1e-5]
    images = np.random.default_rng(0).uniform(0, 255, (4, 32, 32, 3))
    images = images.astype("float32")
    expected, found = (one.predict(images, verbose=0) for one in (half, model))
    np.testing.assert_allclose(found, expected, atol=5e-3)


@pytest.mark.parametrize(
    "model, alpha, name, message",
    [
        ("ResNet18", 1.0, "timm/typo", "one of 'timm/resnet18.*timm/typo"),
        ("ResNet18", 0.75, "timm", "these arguments only.*alpha=0.75"),
        ("ZFNet", 1.0, "timm", "timm publishes.*of ZFNet.*Leave `weights` out"),
        ("GoogLeNet", None, "timm", "of GoogLeNet.*a file of torchvision"),
        ("ResNet50V2", None, "timm", "of ResNet50V2.*Pass weights='imagenet'"),
        ("ResNet18", None, "imagenet", "keras.*of ResNet18.*weights='timm'"),
        ("ResNet18", None, "timm/a1_in2k", "mean 'timm/resnet18.a1_in1k'"),
        ("ResNet18", None, "timm/resnet34.a1_in1k", "build ResNet34"),
        ("MobileNetV2", None, "timm/ra_in2k", "timm/mobilenetv2_100.ra_in1k'"),
    ],
)
def test_weights_that_timm_has_not_are_found_before_the_pictures_are_read(
    model, alpha, name, message, tmp_path
):
    options = TrainOptions(
        model=model, alpha=alpha, weights=name, output=tmp_path / "out"
    )
    with pytest.raises(ValueError, match=f"`weights.*{message}"):
        options.check()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "model, alpha", [("ResNet18", None), ("MobileNetV3Small", 0.75)]
)
def test_a_file_of_another_network_is_found_before_it_is_warned_of(
    model, alpha, tmp_path
):
    """Not that it is not known what it was trained on: it is known."""
    path = tmp_path / "weights.safetensors"
    path.write_bytes(content_of(draw_tensors("timm/mobilenetv3_small_050")))
    options = TrainOptions(
        model=model, alpha=alpha, weights=path, output=tmp_path / "out"
    )
    with pytest.raises(ValueError, match=r"Build MobileNetV3Small\(alpha=0.5"):
        options.check()


@pytest.mark.parametrize(
    "model, name, width",
    [
        ("MobileNetV3Small", None, 0.75),
        ("ResNet18", None, 0.75),
        ("MobileNetV3Small", "imagenet", 0.75),
        ("ResNet50", "imagenet", 1.0),
        ("ResNet18", "timm", 1.0),
        ("MobileNetV2", "timm", 1.0),
        ("MobileNetV3Small", "timm/mobilenetv3_small_050.lamb_in1k", 0.5),
        ("MobileNetV3Small", "timm/mobilenetv3_small_050", 0.5),
        ("ResNet18", "timm/typo", 1.0),
        (
            "ResNet50",
            "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
            1.0,
        ),
        ("ZFNet", "imagenet", 0.75),
    ],
)
def test_a_width_that_is_not_passed_is_that_of_the_weights(model, name, width):
    assert TrainOptions(model=model, weights=name).width == width
    assert TrainOptions(model=model, weights=name, alpha=0.3).width == 0.3


@pytest.mark.parametrize(
    "model, name",
    [
        ("ResNet50", "timm/a1_in1k"),
        ("MobileNetV3Small", "timm/tf_mobilenetv3_small_minimal_100.in1k"),
    ],
)
def test_weights_that_timm_has_pass_and_have_a_size(model, name, tmp_path):
    options = TrainOptions(
        model=model, alpha=1.0, weights=name, output=tmp_path / "out"
    )
    options.check()
    published = registry.get_record(options.model).published
    assert published.size_of(options.weights, options.alpha) == 224


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:no split.json beside")
def test_given_weights_are_frozen_first(photos, tmp_path, monkeypatch):
    start = MobileNet((32, 32, 3), alpha=0.25, classes=2)
    start.save_weights(tmp_path / "start.weights.h5")
    monkeypatch.setattr(settings, "FROZEN_SHARE", 1.0)  # of the epochs
    pipelines.train_image_classifier(
        photos,
        output=tmp_path / "out",
        **QUICK,
        weights=tmp_path / "start.weights.h5",
    )
    before, after = start.get_weights(), weights(tmp_path / "out")
    moved = [(old != new).any() for old, new in zip(before, after, strict=True)]
    assert moved == [False] * (len(moved) - 2) + [True, True]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:no split.json beside")
def test_then_all_layers_train_at_a_tenth_of_the_rate(photos, tmp_path, capsys):
    start = MobileNet((32, 32, 3), alpha=0.25, classes=2)
    start.save_weights(tmp_path / "start.weights.h5")
    report = pipelines.train_image_classifier(
        photos,
        output=tmp_path / "out",
        **{**QUICK, "epochs": 5, "verbose": 2},
        weights=tmp_path / "start.weights.h5",
        ema=0.0,  # the model has the weights of the last epoch
    )
    with open(tmp_path / "out" / "history.csv", newline="") as table:
        rates = [float(row["learning_rate"]) for row in csv.DictReader(table)]
    assert len(rates) == 5 and max(rates[1:]) <= 4e-4
    line = (
        f"\nweights             {tmp_path / 'start.weights.h5'}; trains the "
        "classifier alone for 1 epoch, then all layers for 4\n"
    )
    assert line in capsys.readouterr().out and line in str(report)
    assert "\nepoch of the model  5 of 5, " in str(report)
    assert read(tmp_path / "out") == report
    page = (tmp_path / "out" / "report.html").read_text()
    assert "start.weights.h5; trains the classifier alone" in page
    moved = [
        (old != new).any()
        for old, new in zip(
            start.get_weights(), weights(tmp_path / "out"), strict=True
        )
    ]
    assert sum(moved) > 0.9 * len(moved)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"data": "no/such/folder"}, "`data`.*no folder"),
        ({"model": "MobilNetV3Small"}, "`model`.*mean 'MobileNetV3Small'"),
        ({"alpha": 0}, "`alpha`.*alpha=0"),
        ({"epochs": 0}, "`epochs`.*epochs=0"),
        ({"image_size": 16}, "`image_size`.*at least 32.*image_size=16"),
        ({"batch_size": -1}, "`batch_size`.*batch_size=-1"),
        ({"learning_rate": 0}, "`learning_rate`.*learning_rate=0"),
        ({"label_smoothing": 1}, "`label_smoothing`.*label_smoothing=1"),
        ({"ema": 1}, "`ema`.*ema=1"),
        ({"early_stopping": 0}, "`early_stopping`.*early_stopping=0"),
        ({"weights": "no.h5"}, "`weights`.*'no.h5'.*Check the path"),
        ({"weights": __file__}, "`weights`.*a file of another kind"),
        ({"seed": -1}, "`seed`.*seed=-1"),
        ({"seed": "0"}, "`seed`.*seed='0'"),
        ({"data": 3}, "`data`.*data=3"),
        ({"output": None}, "`output`.*output=None"),
        ({"output": "/proc/nowhere"}, "`output`.*/proc/nowhere"),
        ({"output": __file__}, "`output`.*Choose a folder"),
    ],
)
def test_bad_arguments_are_explained(arguments, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        pipelines.train_image_classifier(
            **{"output": tmp_path / "out", **QUICK, **arguments}
        )
    assert not list(tmp_path.iterdir())


def test_the_output_is_not_taken_for_a_class(photos):
    with pytest.raises(ValueError, match="`output`.*inside `data`"):
        pipelines.train_image_classifier(
            photos, output=photos / "output", **QUICK
        )
    assert sorted(path.name for path in photos.iterdir()) == ["bright", "dark"]


@pytest.mark.slow
def test_folders_of_train_val_and_test_are_used_as_such(tmp_path):
    for seed, split in enumerate(("train", "val", "test")):
        paint(tmp_path / "data" / split, ["a", "b"], 4, seed)
    report = pipelines.train_image_classifier(
        tmp_path / "data", output=tmp_path / "out", **{**QUICK, "epochs": 1}
    )
    assert (report.train_images, report.test_images) == (8, 8)
    assert "8 to train on, 8 to watch, 8 held out" in str(report)


@pytest.mark.slow
def test_without_a_test_folder_val_is_held_out_and_some_of_train_watched(
    tmp_path,
):
    for seed, split in enumerate(("train", "val")):
        paint(tmp_path / "data" / split, ["a", "b"], 4, seed)
    report = pipelines.train_image_classifier(
        tmp_path / "data", output=tmp_path / "out", **{**QUICK, "epochs": 1}
    )
    assert "6 to train on, 2 to watch, 8 held out" in str(report)
