"""The verbs below `generate`: last lines, JSON, sentences."""

import json
import re

import pytest

import keras_papers.cli.main as cli
from keras_papers.pipelines.data.pictures import read_picture
from tests.support.generate_verbs import fails


def run(capsys, *arguments):
    """Runs a verb below `generate`; returns what it printed."""
    assert cli.main(["generate", *map(str, arguments)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out


@pytest.mark.tensorflow
def test_samples_are_drawn_of_a_class_and_again_by_the_seed(
    generated, capsys, tmp_path, monkeypatch
):
    _, output = generated
    monkeypatch.chdir(tmp_path)
    common = ("sample", output, "--number", 4, "--seed", 3)
    printed = run(capsys, *common, "--label", "dark", "--output", "a.png")
    assert re.fullmatch(
        r"(.*\n)*4 samples of dark: a\.png, [\d.]+ s\n", printed
    )
    printed = run(capsys, *common, "--output", "b.png", "--json")
    assert json.loads(printed) == {
        "output": "b.png",
        "number": 4,
        "labels": ["bright", "dark", "bright", "dark"],
    }
    first = read_picture(tmp_path / "b.png")
    run(capsys, *common, "--output", "b.png", "--json")
    assert (read_picture(tmp_path / "b.png") == first).all()
    assert first.shape == (34, 34, 3)


@pytest.mark.tensorflow
def test_a_picture_goes_to_codes_and_back(generated, capsys, tmp_path):
    _, output = generated
    file = tmp_path / "a.kpc"
    printed = run(
        capsys,
        *("compress", output / "samples.png"),
        *("--model", output, "--output", file),
    )
    assert re.fullmatch(
        r"34 x 34 pixels as 9 x 9 codes: [\d.]+ bits per pixel, PSNR "
        rf"[\d.]+ dB: {file}, [\d.]+ kB, [\d.]+ s\n",
        printed,
    )
    printed = run(
        capsys, "decompress", file, "--model", output / "autoencoder.keras"
    )
    assert printed.startswith("34 x 34 pixels of ")
    assert read_picture(tmp_path / "a.decoded.png").shape == (34, 34, 3)


def test_wrong_arguments_are_one_sentence(generated, capsys, tmp_path):
    _, output = generated
    new = tmp_path / "new.png"
    for arguments, words in (
        (("sample", tmp_path, "--output", new), "a folder that generate train"),
        (("sample", output, "--output", tmp_path / "a.jpg"), "ends with .png"),
        (
            ("sample", output, "--output", new, "--label", "drak"),
            "Did you mean 'dark'?",
        ),
        (
            ("sample", output, "--output", new, "--temperature", 0),
            "`temperature` is a divisor of the logits",
        ),
        (
            ("sample", output, "--output", tmp_path / "no" / "a.png"),
            "in a folder that does not exist",
        ),
    ):
        assert words in fails(capsys, *arguments)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("verb", ["compress", "decompress"])
def test_an_option_without_a_default_is_required(verb, capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["generate", verb, "a.png"])
    assert "are required: --model\n" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["generate", verb, "--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert "[--debug] --model MODEL" in words
