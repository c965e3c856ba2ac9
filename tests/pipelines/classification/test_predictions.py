"""predict on folders and patterns: what it lists, leaves out and writes."""

import csv
import json
import re
import shutil

import keras
import numpy as np
import pytest
from PIL import Image

import keras_papers.cli.main as cli
from keras_papers import export, pipelines
from keras_papers.pipelines.classification import inference
from keras_papers.pipelines.data.picture_list import list_pictures

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A model that separates red, green and blue, and pictures in folders."""
    home = tmp_path_factory.mktemp("home")
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Softmax(),
        ]
    )
    labels = ["red", "green", "<b>blue"]
    export.to_tflite(model, home / "m.tflite", labels, runs=1)
    for index, name in enumerate(("b", "a", "c")):
        (home / "photos" / name).mkdir(parents=True)
        pixels = np.zeros((40, 50, 3), "uint8")
        pixels[..., index] = 250
        Image.fromarray(pixels).save(home / "photos" / name / "1.png")
        Image.fromarray(pixels).save(home / "photos" / name / "2.JPG")
    (home / "photos" / "b" / "broken.png").write_bytes(b"no picture")
    (home / "photos" / "b" / "notes.txt").write_text("milk")
    (home / "photos" / ".hidden").mkdir()
    (home / "photos" / ".hidden" / "1.png").write_bytes(b"of a program")
    return home


@pytest.fixture(autouse=True)
def at_home(home, monkeypatch):
    monkeypatch.chdir(home)


FILES = ["a/1.png", "a/2.JPG", "b/1.png", "b/2.JPG", "c/1.png", "c/2.JPG"]


@pytest.mark.parametrize(
    "images, files",
    [
        ("photos", FILES),
        ("photos/**/*.png", FILES[::2]),
        (["photos/c", "photos/a/1.png", "photos"], FILES[4:] + FILES[:4]),
        (["photos/c/1.png", "photos/[ac]/1.png"], ["c/1.png", "a/1.png"]),
    ],
)
def test_folders_and_patterns_are_listed_in_order(images, files):
    found = pipelines.predict("m.tflite", images)
    assert [each.file for each in found] == [f"photos/{name}" for name in files]
    for each in found:
        colour = {"b": "red", "a": "green", "c": "<b>blue"}
        assert each.labels[0] == colour[each.file.split("/")[1]]


def test_a_file_that_cannot_be_read_is_left_out_and_named(monkeypatch):
    monkeypatch.setattr(inference, "BATCH", 2)
    seen = []
    found = pipelines.predict("m.tflite", "photos", each=seen.append)
    assert len(found) == 6 and seen == found
    (file, reason) = found.skipped[0]
    assert file == "photos/b/broken.png" and "no format" in reason


@pytest.mark.parametrize(
    "images, message",
    [
        ("photos/*.gif", r"the pattern 'photos/\*.gif' without a picture"),
        ("photos/.hidden", "the folder 'photos/.hidden' without a picture"),
        ("photo", "A picture must be a file. Received: 'photo'"),
        ([], r"Received: images=\[\]"),
        (["photos/b/broken.png"] * 2, "must be a file that can be read"),
        (["photos/b/broken.png", "photos/b/notes.txt"], "the first 'photos/b/"),
    ],
)
def test_what_holds_no_picture_is_refused(images, message, home):
    (home / "photos" / ".hidden" / "1.png").unlink(missing_ok=True)
    with pytest.raises(ValueError, match=message):
        pipelines.predict("m.tflite", images)


def test_the_command_goes_through_and_its_status_says_what_is_missing(
    capsys, tmp_path
):
    page, table = tmp_path / "page.html", tmp_path / "table.csv"
    arguments = ["predict", "m.tflite", "photos", "--top", "2"]
    arguments += ["--html", str(page), "--csv", str(table)]
    assert cli.main(arguments) == 1
    printed = capsys.readouterr()
    assert printed.out.count("photos/") == 6 and "6 pictures by" in printed.out
    assert re.fullmatch(
        r"keras-papers: left out photos/b/broken.png: .+\n", printed.err
    )
    with open(table, newline="", encoding="utf-8") as file:
        rows = [*csv.DictReader(file)]
    assert [row["file"] for row in rows] == [f"photos/{name}" for name in FILES]
    assert rows[4]["label_1"] == "<b>blue"
    assert float(rows[4]["score_1"]) > float(rows[4]["score_2"]) > 0
    text = page.read_text(encoding="utf-8")
    assert text.count('<img src="data:image/') == 6
    assert "&lt;b&gt;blue" in text and "<b>blue" not in text
    assert "broken.png" in text and text.index("a/1.png") < text.index(
        "b/1.png"
    )
    assert cli.main(["predict", "m.tflite", "photos/a"]) == 0


@pytest.mark.parametrize(
    "name, path, message",
    [
        ("html", "none/page.html", "`html`.*html='none/page.html'.*not exist"),
        ("csv", "photos", "`csv`.*csv='photos', which is a folder"),
        ("csv", "m.tflite/table.csv", "`csv`.*does not exist"),
        ("csv", 3, "`csv`.*csv=3"),
    ],
)
def test_a_file_that_cannot_be_written_is_named_before_the_work(
    name, path, message
):
    seen = []
    with pytest.raises(ValueError, match=message):
        pipelines.predict(
            "m.tflite", "photos", each=seen.append, **{name: path}
        )
    assert not seen


def test_of_several_paths_those_without_a_picture_are_named(capsys, home):
    (home / "none").mkdir(exist_ok=True)
    paths = ["gone.png", "photos/a", "none", "*.gif"]
    assert cli.main(["predict", "m.tflite", *paths, "--json"]) == 1
    printed = capsys.readouterr()
    assert printed.err.count("left out") == 3
    found = json.loads(printed.out)
    assert [each["file"] for each in found["predictions"]] == [
        f"photos/{name}" for name in FILES[:2]
    ]
    assert found["skipped"] == [
        {"file": "gone.png", "reason": "No such file or directory"},
        {"file": "none", "reason": "a folder without a picture"},
        {"file": "*.gif", "reason": "a pattern without a picture"},
    ]


def test_a_pattern_passes_over_folders_of_programs(home):
    foreign = home / "more" / "@eaDir"
    foreign.mkdir(parents=True)
    for folder in foreign, foreign.parent:
        shutil.copy(home / "photos" / "a" / "1.png", folder)
    found, _ = list_pictures("more/**/*.png")
    assert found == ["more/1.png"]
    found, _ = list_pictures("more/@eaDir/*.png")
    assert found == ["more/@eaDir/1.png"]


def test_a_page_of_many_pictures_shows_the_first(tmp_path, monkeypatch):
    monkeypatch.setattr(inference, "SHOWN", 3)
    monkeypatch.setattr(
        "keras_papers.pipelines.classification.prediction_files.SHOWN", 3
    )
    pipelines.predict("m.tflite", "photos", html=tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    assert text.count("<img ") == 3 and "The first 3 of 6 pictures" in text


def test_logits_are_shown_as_shares_and_named(home, tmp_path):
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Rescaling(1 / 25.5, -5),
            keras.layers.GlobalAveragePooling2D(),
        ]
    )
    export.to_tflite(model, tmp_path / "logits.tflite", runs=1)
    picture = home / "photos" / "b" / "1.png"  # red
    with pytest.warns(UserWarning, match="ends with logits.*softmax"):
        (found,) = pipelines.predict(tmp_path / "logits.tflite", picture)
    assert found.labels[0] == "0"
    assert sum(found.scores) == pytest.approx(1)
    rest = 2 * np.exp(-5.0)
    logit = 250 / 25.5 - 5
    expected = np.exp(logit) / (np.exp(logit) + rest)
    assert found.scores[0] == pytest.approx(expected, abs=1e-5)
