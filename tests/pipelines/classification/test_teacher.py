"""A classifier that is taught by a trained one."""

import contextlib
import csv
import io
import json
import shutil

import keras
import numpy as np
import pytest

from keras_papers import pipelines
from keras_papers.pipelines.classification.options import TrainOptions
from keras_papers.pipelines.classification.report import Taught
from keras_papers.pipelines.classification.report_files import read
from keras_papers.pipelines.data.picture_folder import load_folder
from keras_papers.pipelines.data.pictures import read_picture
from tests.support.photos import paint
from tests.support.short_trainings import QUICK


@pytest.fixture(scope="module")
def taught(trained, photos, tmp_path_factory):
    """Returns report, folder and printed text of a training by `trained`."""
    output = tmp_path_factory.mktemp("taught")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        report = pipelines.train_image_classifier(
            photos,
            output=output,
            teacher=trained[1] / "model.keras",
            overwrite=True,
            **QUICK | {"verbose": 2},
        )
    return report, output, printed.getvalue()


def test_the_student_is_written_without_the_teacher(taught, trained):
    _, output, _ = taught
    student, alone = (
        keras.saving.load_model(folder / "model.keras")
        for folder in (output, trained[1])
    )
    assert student.count_params() == alone.count_params()
    assert not np.allclose(
        student.get_weights()[0], alone.get_weights()[0], atol=1e-4
    )


def test_the_report_names_the_teacher_and_its_accuracy(taught, trained, photos):
    report, output, _ = taught
    path = trained[1] / "model.keras"
    test = load_folder(photos, seed=0).test
    pixels = np.stack([read_picture(file, (32, 32)) for file in test.files])
    scores = keras.saving.load_model(path).predict(pixels, verbose=0)
    accuracy = np.mean(scores.argmax(-1) == test.labels)
    assert report.teacher.file == str(path)
    assert report.teacher.accuracy == pytest.approx(accuracy)
    assert "accuracy, teacher" in str(report)
    figures = json.loads((output / "report.json").read_text())["teacher"]
    assert figures == report.teacher._asdict()
    assert read(output) == report
    assert str(path) in (output / "report.html").read_text()


def test_the_teacher_is_named_before_the_training_and_after(taught, trained):
    report, _, printed = taught
    line = (
        f"\nteacher             {trained[1] / 'model.keras'}, 32 x 32, 219,058 "
        "parameters; temperature 4, labels with the weight 0.1\n"
    )
    assert line in printed and line in str(report)
    assert printed.index(line) < printed.index("Epoch 1")


def test_a_teacher_of_images_of_any_size_is_described():
    taught = Taught("big.keras", [None, None], 1000, 2.5, 0.0)
    assert str(taught) == (
        "big.keras, images of any size, 1,000 parameters; temperature 2.5, "
        "labels with the weight 0"
    )


@pytest.mark.slow
def test_a_recipe_teaches_with_its_weight_decay(trained, photos, tmp_path):
    """The decay is a part of the loss beside the answers and the labels."""
    report = pipelines.train_image_classifier(
        photos,
        output=tmp_path / "out",
        teacher=trained[1] / "model.keras",
        recipe="paper",
        weight_decay=10.0,
        **QUICK | {"model": "MobileNetV2"},
    )
    with open(tmp_path / "out" / "history.csv", newline="") as table:
        first, *_ = csv.DictReader(table)
    answers = 0.9 * float(first["distillation_loss"])
    assert answers > 0
    terms = answers + 0.1 * float(first["label_loss"])
    assert float(first["loss"]) > 100 + terms
    assert report.teacher.file == str(trained[1] / "model.keras")
    assert report.recipe.text.startswith("RMSprop, momentum 0.9, rho 0.9")
    assert (
        "loss: 0.9 x teacher's answers (temperature 4) + 0.1 x labels, "
        "instead of labels alone"
    ) in report.recipe.changes
    student = keras.saving.load_model(tmp_path / "out" / "model.keras")
    assert student.get_layer("stage1_block1_depthwise_norm").momentum < 0.99


def test_what_the_teacher_learned_is_not_held_out(trained, photos, tmp_path):
    splits = [json.loads((trained[1] / "split.json").read_text())]
    pipelines.train_image_classifier(
        photos,
        output=tmp_path / "other",
        teacher=trained[1] / "model.keras",
        seed=5,
        **{**QUICK, "epochs": 1},
    )
    splits.append(json.loads((tmp_path / "other/split.json").read_text()))
    assert splits[0]["test"] == splits[1]["test"]


def test_a_teacher_of_unknown_pictures_is_named(trained, photos, tmp_path):
    alone = tmp_path / "alone" / "model.keras"
    alone.parent.mkdir()
    shutil.copy(trained[1] / "model.keras", alone)
    shutil.copy(trained[1] / "labels.txt", alone.parent)
    with pytest.warns(UserWarning, match="not known whether it was trained"):
        pipelines.train_image_classifier(
            photos,
            output=tmp_path / "output",
            teacher=alone,
            **{**QUICK, "epochs": 1},
        )


def test_a_teacher_of_other_classes_is_named(trained, tmp_path):
    three = paint(tmp_path / "photos", ["dark", "bright", "striped"])
    with pytest.raises(
        ValueError, match=r"of the classes \['bright', 'dark'\]"
    ):
        pipelines.train_image_classifier(
            three,
            output=tmp_path / "output",
            teacher=trained[1] / "model.keras",
            **QUICK,
        )


@pytest.mark.parametrize(
    "option", [{"temperature": 2.0}, {"label_weight": 0.5}]
)
def test_an_option_of_a_teacher_without_one_is_named(option, photos, tmp_path):
    ((name, value),) = option.items()
    with pytest.raises(ValueError, match=f"{name}={value} without teacher"):
        TrainOptions(photos, output=tmp_path, **option).check()


def test_a_teacher_that_is_a_file_of_weights_alone_is_named(photos, tmp_path):
    path = tmp_path / "resnet18.a1_in1k.safetensors"
    path.write_bytes(b"weights")
    with pytest.raises(ValueError, match="of another kind. Build .*as .keras"):
        TrainOptions(photos, output=tmp_path / "out", teacher=path).check()


def test_a_teacher_that_is_no_file_is_named(photos, tmp_path):
    with pytest.raises(ValueError, match="`teacher` must be a .keras file"):
        pipelines.train_image_classifier(
            photos, output=tmp_path, teacher="big.keras", **QUICK
        )
