"""The command line: its table, its sentences, its exit status."""

import pytest

from keras_papers import cli


@pytest.mark.tensorflow
def test_train_prints_its_table(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status = cli.main(
        [
            *("train", "--model", "MobileNet", "--alpha", "0.25"),
            *("--epochs", "1", "--image-size", "32", "--output", "out"),
        ]
    )
    printed = capsys.readouterr()
    assert status == 0 and "Traceback" not in printed.err
    assert "accuracy, .tflite" in printed.out
    assert (tmp_path / "out" / "model.tflite").is_file()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ("train --model MobileNetV4", "'MobileNetV4'"),
        ("train --alpha 0", "alpha=0"),
        ("train no_such_folder", "'no_such_folder'"),
    ],
)
def test_a_mistake_is_one_sentence_and_status_2(
    arguments, message, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments.split()) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("keras-papers: ")
    assert message in printed.err and printed.err.count("\n") == 1
    assert printed.out == ""


def test_debug_shows_the_traceback():
    with pytest.raises(ValueError, match="alpha=0"):
        cli.main(["--debug", "train", "--alpha", "0"])


def test_an_unknown_verb_ends_with_usage(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["trian"])
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err
