"""The command line: its last line, its sentences, its exit status."""

import errno
import json
import os
import pathlib
import re
import socket
import subprocess
import sys

import pytest

import keras_papers.cli.main as cli
from keras_papers import pipelines
from keras_papers.files.drafts import draft_name
from keras_papers.pipelines.classification.options import EvaluateOptions
from tests.support.photos import paint
from tests.support.short_trainings import untraced

QUICK = (
    *("--model", "MobileNet", "--alpha", "0.25", "--epochs", "1"),
    *("--batch-size", "8"),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with photos, and a training of them in `out`."""
    home = tmp_path_factory.mktemp("home")
    paint(home / "photos", ["dark", "bright"])
    with pytest.MonkeyPatch.context() as patch, untraced():
        patch.chdir(home)
        assert cli.main(["train", "photos", *QUICK, "--output", "out"]) == 0
    return home


@pytest.fixture(autouse=True)
def quick_steps():
    """Trains without tracing."""
    with untraced():
        yield


def run(capsys, *arguments):
    """Runs a verb; returns what it printed."""
    assert cli.main(list(arguments)) == 0
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    return printed.out


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "arguments, last",
    [
        ("list Mobile*V3*", r"2 models, [\d.]+ s"),
        ("info MobileNet", r"MobileNet: 4,231,976 parameters, [\d.]+ s"),
        ("info out/model.tflite", r"mobilenet\S*: [\d,]+ parameters, [\d.]+ s"),
        (
            "export out/model.keras --output half.tflite --quantize float16",
            r"half.tflite: .* MB, .* partition, .* ms .*, [\d.]+ s",
        ),
        (
            "quantize out/model.keras photos --output integers.tflite",
            r"quantized out/model.keras to [\d.]+%: integers.tflite, "
            r"[\d.]+ MB, [\d.]+ s",
        ),
        (
            "predict out/model.tflite photos/dark/0.png photos/dark/1.png",
            r"2 pictures by out/model.tflite, [\d.]+ MB, [\d.]+ s",
        ),
        (
            "evaluate out/model.tflite photos",
            r"out/model.tflite: accuracy [\d.]+% on 4 pictures, lowest for "
            r"'\w+' \([\d.]+%\), without 14 .* and 2 .*, 0.8\d MB, [\d.]+ s",
        ),
        (
            "benchmark out/model.tflite --runs 5",
            r"fastest at [\d.]+ ms: out/model.tflite, [\d.]+ MB, [\d.]+ s",
        ),
    ],
)
def test_each_verb_ends_with_one_line(
    arguments, last, home, capsys, monkeypatch
):
    monkeypatch.chdir(home)
    lines = run(capsys, *arguments.split()).splitlines()
    assert re.fullmatch(last, lines[-1]), lines[-1]


@pytest.mark.tensorflow
def test_train_ends_with_the_files_line(home, capsys, monkeypatch):
    monkeypatch.chdir(home)
    arguments = ["train", "photos", *QUICK, "--output", "out", "--overwrite"]
    lines = run(capsys, *arguments).splitlines()
    assert re.fullmatch(
        r"trained MobileNet\(alpha=0.25\) to [\d.]+%: "
        r"out/model.tflite, [\d.]+ MB, [\d.]+ s",
        lines[-1],
    )
    assert any(line.startswith("accuracy, .tflite") for line in lines)
    assert lines[0] == "classes             2, to train on: bright 7, dark 7"
    assert lines[2] == (
        "image size          32 x 32, "
        "since half of the pictures have 40 or fewer"
    )
    assert lines[4].startswith("epochs              1, 2 steps of batches of 8")
    assert lines[4].endswith("use --weights, or --epochs 400")


@pytest.mark.tensorflow
@pytest.mark.slow
def test_train_ends_with_a_table_of_all_files(home, capsys, monkeypatch):
    monkeypatch.chdir(home)
    arguments = ["train", "photos", *QUICK, "--output", "two"]
    lines = run(capsys, *arguments, "--quantize", "float16").splitlines()
    head = next(n for n, line in enumerate(lines) if line[:5] == "file ")
    assert lines[head].split() == [
        *("file", "Keras", ".tflite", "size", "zipped", "latency"),
        "partitions",
    ]
    assert lines[head + 1].startswith("model.tflite ")
    assert lines[head + 2].startswith("model.float16.tflite ")
    assert any(line.startswith("verdict  ") for line in lines[head + 3 : -1])
    assert lines[-1].startswith("trained MobileNet(alpha=0.25)")
    assert "makes model.float16.tflite" in lines


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "arguments, key",
    [
        ("list *V2", "multiply_adds"),
        ("info MobileNetV2", "table"),
        ("export out/model.keras --output again.tflite", "parity"),
        ("predict out/model.tflite photos/dark/0.png", "skipped"),
        ("evaluate out/model.keras photos", "recall"),
        ("benchmark out/model.tflite --runs 5", "latency_ms"),
        ("quantize out/model.keras photos --output i.tflite", "agreement"),
    ],
)
def test_json_is_for_machines(arguments, key, home, capsys, monkeypatch):
    monkeypatch.chdir(home)
    verb, *rest = arguments.split()
    found = json.loads(run(capsys, verb, "--json", *rest))
    assert key in (found[0] if isinstance(found, list) else found)


@pytest.mark.tensorflow
def test_options_are_checked_once(home, capsys, monkeypatch):
    """A check of `evaluate` or `train` walks the whole folder of images."""
    checked = []
    check = EvaluateOptions.check

    def counted(options):
        checked.append(options)
        check(options)

    monkeypatch.setattr(EvaluateOptions, "check", counted)
    monkeypatch.chdir(home)
    run(capsys, "evaluate", "out/model.tflite", "photos")
    assert len(checked) == 1
    with pytest.raises(ValueError, match="'no_such_folder'"):
        pipelines.evaluate("out/model.tflite", "no_such_folder")
    assert len(checked) == 2


def test_info_prints_the_papers_table(capsys):
    text = run(capsys, "info", "MobileNetV3Small")
    assert "1905.02244" in text
    assert re.search(r"kernel +exp_size +out +se +nl +s\n", text)


def test_info_counts_the_values_of_a_recipe_that_are_from_memory(capsys):
    text = run(capsys, "info", "MobileNetV3Small", "--recipe")
    assert "\nbatch_norm       momentum 0.99, epsilon 0.001 *\n" in text
    assert text.splitlines()[-1].startswith(
        "MobileNetV3Small: the recipe of its paper, of 15 values, 13 from "
        "memory and 2 chosen by this package"
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        ("train --model MobileNetV4", "'MobileNetV4'"),
        ("train --alpha 0", "alpha=0"),
        ("train --epochs -1", "epochs=-1"),
        ("train no_such_folder", "'no_such_folder'"),
        ("info MobileNetV5", "mean 'MobileNetV"),
        ("predict no.tflite no.png", "no.tflite', which is no file"),
        ("evaluate no.keras photos", "no.keras', which is no file"),
        ("train --prune 1", "prune=1.0"),
        ("train --cluster 1", "cluster=1"),
        ("tune --trials 0", "trials=0"),
        ("tune no_such_folder", "no_such_folder', which is no folder"),
        ("tune --model MobileNetV4", "'MobileNetV4'"),
        ("export no.keras", "no.keras', which is no file"),
        ("quantize no.keras photos", "no.keras', which is no file"),
        ("benchmark no.tflite", "no.tflite', which is no file"),
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
    assert not list(tmp_path.iterdir())


@pytest.fixture
def is_one_of_several(monkeypatch, tmp_path):
    """Returns what makes this process the chief or a worker of a search."""
    monkeypatch.chdir(tmp_path)

    def become(name, port, host="127.0.0.1"):
        for what, value in (
            ("TUNER_ID", name),
            ("ORACLE_IP", host),
            ("ORACLE_PORT", port),
        ):
            monkeypatch.delenv(f"KERASTUNER_{what}", raising=False)
            if value is not None:
                monkeypatch.setenv(f"KERASTUNER_{what}", str(value))

    return become


def mistake(capsys, *arguments):
    """Runs a verb that cannot do its work; returns the one line it says."""
    assert cli.main(list(arguments)) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert printed.err.startswith("keras-papers: ")
    return printed.err


@pytest.mark.tensorflow
def test_a_chief_whose_port_is_in_use_says_so_before_it_begins(
    is_one_of_several, capsys, tmp_path
):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        is_one_of_several("chief", port)
        printed = mistake(capsys, "tune", "--output", "found")
    assert (
        f"Received: 127.0.0.1:{port} (Address already in use). Cho" in printed
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.tensorflow
def test_a_worker_whose_chief_is_nowhere_says_where_it_knocked(
    is_one_of_several, capsys, monkeypatch
):
    from keras_papers.tuner.engine import worker
    from keras_papers.tuner.engine.chief_address import free_port

    # Of the minute that it waits in earnest, a part.
    monkeypatch.setattr(worker.Client.__init__, "__defaults__", (0.2,))
    port = free_port()
    is_one_of_several("worker1", port)
    printed = mistake(capsys, "tune", "--space", "mnas", "--output", "found")
    assert f"Received: 127.0.0.1:{port}, where nobody has" in printed
    assert printed.endswith("and then start this worker again.\n")


@pytest.mark.parametrize(
    "name, port, host, forgotten",
    [
        (None, "8000", "127.0.0.1", "KERASTUNER_TUNER_ID"),
        ("worker1", None, "127.0.0.1", "KERASTUNER_ORACLE_PORT"),
        ("worker1", "8000", None, "KERASTUNER_ORACLE_IP"),
        (None, "8000", None, "KERASTUNER_ORACLE_IP and no KERASTUNER_TUNER_ID"),
    ],
)
@pytest.mark.tensorflow
def test_a_forgotten_variable_of_a_search_is_named(
    name, port, host, forgotten, is_one_of_several, capsys, tmp_path
):
    is_one_of_several(name, port, host)
    printed = mistake(capsys, "tune", "--output", "found")
    assert f"Received: no {forgotten}. Set all three" in printed
    assert not list(tmp_path.iterdir())


def test_debug_shows_the_traceback():
    with pytest.raises(ValueError, match="alpha=0"):
        cli.main(["train", "--debug", "--alpha", "0"])


@pytest.mark.parametrize(
    "arguments, message",
    [
        ("trian", "choose from"),
        ("trian photos", "Did you mean train?"),
        ("train photos --qantize int8", "Did you mean --quantize?"),
        ("predict m.tflite a.png --htm=page.html --tpo 3", "--top?"),
        ("train photos --quantize int9", "Did you mean int8?"),
        ("", "required: VERB"),
        ("train --epochs ten", "'ten'"),
        ("tune --budget-madds many", "write 60 million as 60M"),
        ("predict", "required: MODEL, IMAGE"),
        ("export m.keras --quantize int4", "'float16'"),
        ("export m.keras --quantize qat", "keras-papers quantize --mode qat"),
    ],
)
def test_what_cannot_be_parsed_ends_with_usage(arguments, message, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments.split())
    assert ended.value.code == 2
    printed = capsys.readouterr().err
    assert printed.startswith("usage") and message in printed


def test_a_slip_of_the_pen_does_not_wait_for_keras():
    code = (
        "import sys, keras_papers.cli.main\n"
        "try: keras_papers.cli.main.main(['train', '--alpha', 'abc'])\n"
        "except SystemExit: print('keras' in sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert ended.stdout == "False\n" and "abc" in ended.stderr


@pytest.mark.slow
def test_what_is_printed_are_our_own_lines_only(home):
    (home / "photos" / "dark" / "notes.txt").write_text("milk")
    try:
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "keras_papers", "evaluate"),
                *("out/model.tflite", "photos"),
            ],
            capture_output=True,
            text=True,
            cwd=home,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"},
        )
    finally:
        (home / "photos" / "dark" / "notes.txt").unlink()
    assert ended.returncode == 0 and ended.stdout.count("\n") == 1
    lines = [
        line
        for line in ended.stderr.splitlines()
        if "XNNPACK delegate" not in line  # LiteRT's own, when it runs
    ]
    assert lines == [
        "keras-papers: 1 file cannot be read and left out: "
        "photos/dark/notes.txt (no format that is known)"
    ]


def test_completion_without_its_extra_names_it(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "shtab", None)
    with pytest.raises(SystemExit):
        cli.main(["--print-completion", "bash"])
    assert "keras-papers[completion]" in capsys.readouterr().err


def test_the_help_describes_a_job_by_its_verbs(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "classify images: train, export, quantize, predict, eval" in text


def test_every_verb_is_a_function_and_has_an_example(capsys):
    verbs = "train tune list info export quantize predict evaluate benchmark"
    for verb in verbs.split():
        assert callable(getattr(pipelines, verb))
        with pytest.raises(SystemExit) as ended:
            cli.main([verb, "--help"])
        assert ended.value.code == 0
        text = " ".join(capsys.readouterr().out.split())
        assert f"example: keras-papers {verb} " in text


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_completes_the_verbs(shell, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--print-completion", shell])
    assert ended.value.code == 0
    assert "benchmark" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize(
    "file",
    [
        draft_name("all-000001.npz"),
        "model.keras",
        "labels.txt",
    ],
    ids=["state", "model", "labels"],
)
def test_a_full_disk_is_reported_and_leaves_nothing_half_written(
    file, home, tmp_path, capsys
):
    state = tmp_path / "out" / ".training"
    state.mkdir(parents=True)
    (state / file).symlink_to("/dev/full")
    arguments = ["train", str(home / "photos"), *QUICK, "--output"]
    assert cli.main([*arguments, str(tmp_path / "out")]) == 2
    printed = capsys.readouterr().err.splitlines()[-1]
    assert printed.startswith(
        "keras-papers: the disk is full; make room; every "
    )
    assert "run the same again" in printed
    assert os.listdir(tmp_path / "out") == [".training"]
    (state / file).unlink(missing_ok=True)
    assert cli.main([*arguments, str(tmp_path / "out")]) == 0
    assert "report.json" in os.listdir(tmp_path / "out")


def test_a_full_disk_at_an_export_leaves_the_file_that_was_there(
    home, tmp_path, capsys, monkeypatch
):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "model.tflite"
    path.write_bytes(b"before")
    monkeypatch.setattr(pathlib.Path, "write_bytes", full)
    model = str(home / "out" / "model.keras")
    assert cli.main(["export", model, "--output", str(path)]) == 2
    assert capsys.readouterr().err == (
        "keras-papers: the disk is full; make room; nothing is left "
        "half-written\n"
    )
    assert os.listdir(tmp_path) == ["model.tflite"]
    assert path.read_bytes() == b"before"


def test_ctrl_c_ends_with_130(capsys, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(pipelines, "list", interrupted)
    assert cli.main(["list"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_a_closed_pipe_ends_quietly():
    command = [sys.executable, "-m", "keras_papers", "list"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.parametrize("flags", [(), ("-S",)])  # -S: no other package
def test_the_module_runs_as_a_program_from_its_sources_too(flags):
    ended = subprocess.run(
        [sys.executable, *flags, "-m", "keras_papers", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.startswith("keras_papers 0.")
