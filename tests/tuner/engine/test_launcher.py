"""The launcher with programs that are quicker than a search."""

import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import time

import pytest

from keras_papers.tuner.engine import bound_process, launcher
from keras_papers.tuner.engine.launcher import launch
from keras_papers.tuner.engine.search_errors import SearchFailedError

PARTS = """
import os, pathlib, signal, subprocess, sys, time
folder = pathlib.Path(sys.argv[1])
name = os.environ["KERASTUNER_TUNER_ID"]
is_chief = name == "chief"
again = "KERAS_PAPERS_RESTARTED" in os.environ
"""


def program(code, folder):
    return [sys.executable, "-c", PARTS + code, folder]


@pytest.fixture(autouse=True)
def hurry(monkeypatch, tmp_path_factory):
    monkeypatch.setattr(launcher, "PAUSE", 0.1)
    monkeypatch.setattr(launcher, "GRACE", 1)
    monkeypatch.setattr(launcher, "TERMINATION", 1)
    monkeypatch.setattr(launcher, "INTERVAL", 0.02)
    logs = tmp_path_factory.mktemp("logs")  # of searches that fail
    monkeypatch.setattr(launcher.tempfile, "tempdir", str(logs))


def is_alive(process):
    """Whether a process runs; a zombie does not."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process)],
        capture_output=True,
        text=True,
    ).stdout
    return bool(state.strip()) and not state.startswith("Z")


def wait_for_the_end(process, seconds=5):
    """Returns when a process that was killed has ended, which takes time."""
    deadline = time.monotonic() + seconds
    while is_alive(process):
        assert time.monotonic() < deadline, "it lives on"
        time.sleep(0.02)


def test_each_process_has_its_own_variables(tmp_path):
    code = "(folder / name).write_text(repr(dict(os.environ)))"
    launch(program(code, tmp_path), 2, port=None, environment={"MINE": "1"})
    found = {
        path.name: eval(path.read_text())
        for path in tmp_path.iterdir()
        if path.is_file()
    }
    assert set(found) == {"chief", "worker0", "worker1"}
    for name, variables in found.items():
        assert variables["KERASTUNER_TUNER_ID"] == name
        assert variables["KERASTUNER_ORACLE_IP"] == "127.0.0.1"
        assert variables["MINE"] == "1"
        assert "KERAS_PAPERS_RESTARTED" not in variables
    ports = {each["KERASTUNER_ORACLE_PORT"] for each in found.values()}
    assert len(ports) == 1


def test_workers_share_the_processors(tmp_path, monkeypatch):
    monkeypatch.setattr(launcher, "_processors", lambda: 6)
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    code = (
        f"(folder / name).write_text(' '.join(map(os.environ.get, {names})))\n"
        "while is_chief and len(list(folder.glob('worker*'))) < 2: pass"
    )
    launch(program(code, tmp_path), 2)
    assert (tmp_path / "worker0").read_text() == "5 3"


def test_the_chief_s_last_words_are_reported(tmp_path, capfd):
    code = (
        "if is_chief:\n"
        "    print('out'); print('noise', file=sys.stderr)\n"
        "    raise ValueError('`port` is wrong. Choose another.')\n"
        "time.sleep(60)"
    )
    started = time.monotonic()
    with pytest.raises(SearchFailedError) as error:
        launch(program(code, tmp_path), 2)
    assert time.monotonic() - started < 10
    assert str(error.value) == (
        "The chief ended with an error: ValueError: `port` is wrong. Choose "
        "another."
    )
    seen = capfd.readouterr()
    assert "out" in seen.out and "noise" in seen.err


def test_the_reason_of_a_failed_search_is_reported_unchanged(tmp_path):
    code = (
        "class SearchFailedError(Exception): pass\n"
        "if is_chief: raise SearchFailedError('3 trials in a row failed.')\n"
        "time.sleep(60)"
    )
    with pytest.raises(SearchFailedError, match="^3 trials in a row failed.$"):
        launch(program(code, tmp_path), 1, chief_to_log=True)


def test_a_worker_that_is_killed_is_started_again_as_itself(tmp_path):
    code = (
        "if is_chief:\n"
        "    while not (folder / 'done').exists(): time.sleep(0.05)\n"
        "elif not again: os.kill(os.getpid(), signal.SIGKILL)\n"
        "else: (folder / 'done').write_text(name)"
    )
    launch(program(code, tmp_path), 1)
    assert (tmp_path / "done").read_text() == "worker0"


def test_a_chief_that_is_killed_is_started_again_at_its_port(tmp_path):
    code = (
        "port = os.environ['KERASTUNER_ORACLE_PORT']\n"
        "with open(folder / 'ports', 'a') as file:\n"
        "    if is_chief: print(port, again, file=file)\n"
        "if is_chief and not again: os.kill(os.getpid(), signal.SIGTERM)"
    )
    launch(program(code, tmp_path), 1)
    first, second = (tmp_path / "ports").read_text().splitlines()
    assert first.split()[0] == second.split()[0]
    assert (first.split()[1], second.split()[1]) == ("False", "True")


@pytest.mark.parametrize("name", ["chief", "worker0"])
def test_what_is_killed_again_and_again_is_given_up(
    name, tmp_path, monkeypatch
):
    monkeypatch.setattr(launcher, "KILLS", 2)
    code = (
        f"if name == {name!r}:\n"
        "    (folder / str(os.getpid())).touch()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "time.sleep(60)"
    )
    with pytest.raises(
        SearchFailedError, match=f"The {name} was killed 3 times, .* SIGKILL"
    ):
        launch(program(code, tmp_path), 1)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_worker_s_error_is_reported_after_two_restarts(tmp_path):
    code = (
        "if not is_chief:\n"
        "    (folder / str(os.getpid())).touch()\n"
        "    raise OSError('no data')\n"
        "time.sleep(60)"
    )
    logs = tmp_path / "logs"
    with pytest.raises(SearchFailedError) as error:
        launch(program(code, tmp_path), 1, log_folder=logs)
    assert "The worker0 ended with an error: OSError: no data" in str(
        error.value
    )
    assert str(logs / "worker0.log") in str(error.value)
    assert len(list(tmp_path.iterdir())) == 1 + 3
    assert (logs / "worker0.log").read_text().count("OSError: no data") == 3


def test_the_log_of_an_earlier_search_is_not_reported(tmp_path):
    (tmp_path / "chief.log").write_text("ValueError: of another day\n")
    with pytest.raises(SearchFailedError, match="an error: status 3"):
        launch(
            program("sys.exit(3)", tmp_path),
            1,
            log_folder=tmp_path,
            chief_to_log=True,
        )


def test_nothing_that_a_search_started_outlives_it(tmp_path, monkeypatch):
    """A worker that does not listen, and what another one started."""
    monkeypatch.setattr(launcher, "GRACE", 0.2)
    monkeypatch.setattr(launcher, "TERMINATION", 0.2)
    code = (
        "if is_chief:\n"
        "    while len(list(folder.iterdir())) < 4: time.sleep(0.05)\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        "for process in (child.pid, os.getpid()):\n"
        "    (folder / str(process)).touch()\n"
        "if name == 'worker0': time.sleep(60)\n"
    )
    started = time.monotonic()
    launch(program(code, tmp_path), 2)
    assert time.monotonic() - started < 10
    for path in tmp_path.iterdir():
        wait_for_the_end(int(path.name))


def test_logs_stay_in_their_folder_or_after_a_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(launcher.tempfile, "tempdir", str(tmp_path))
    said = "print(name); time.sleep(not is_chief and 0.2 or 0.5)"
    launch(program(said, tmp_path), 1)
    assert not list(tmp_path.iterdir())
    with pytest.raises(SearchFailedError, match="no data") as error:
        code = "is_chief and time.sleep(60); raise OSError('no data')"
        launch(program(code, tmp_path), 1)
    log = pathlib.Path(str(error.value).rpartition(" ")[2].rstrip(")"))
    assert log.parent.parent == tmp_path
    assert "no data" in log.read_text()
    launch(program(said, tmp_path), 1, log_folder=tmp_path, chief_to_log=True)
    assert (tmp_path / "worker0.log").read_text() == "worker0\n"
    assert (tmp_path / "chief.log").read_text() == "chief\n"


def test_a_port_in_use_is_refused(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match=f"`port`.*{port} .*in use"):
            launch(program("", tmp_path), 1, port=port)
    with pytest.raises(ValueError, match="`port`.*70000"):
        launch(program("", tmp_path), 1, port=70000)


@pytest.mark.parametrize("workers", [0, -1, 1.5, None])
def test_a_number_of_workers_that_is_none_is_refused(workers, tmp_path):
    with pytest.raises(ValueError, match="`workers`.*Received: workers="):
        launch(program("", tmp_path), workers)


def test_a_command_in_one_string_is_refused():
    with pytest.raises(ValueError, match="`command`.*list of str"):
        launch("python search.py", 1)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc of Linux")
def test_a_process_ends_with_the_one_that_started_it(tmp_path):
    script = pathlib.Path(bound_process.__file__)
    code = (
        "import os, subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, {str(script)!r}, "
        "str(os.getpid()), 'sleep', '60'])\n"
        "print(child.pid, flush=True)\n"
        "sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        child = int(parent.stdout.readline())
        time.sleep(0.3)
        assert is_alive(child)
        parent.send_signal(signal.SIGKILL)
    wait_for_the_end(child)


def test_a_process_whose_launcher_is_gone_knows(monkeypatch):
    monkeypatch.delenv(bound_process.LAUNCHER, raising=False)
    assert not bound_process.is_orphaned()
    gone = subprocess.Popen(["true"])
    gone.wait()
    monkeypatch.setenv(bound_process.LAUNCHER, str(gone.pid))
    assert bound_process.is_orphaned()
    script = str(pathlib.Path(bound_process.__file__))
    late = subprocess.run(
        [sys.executable, script, str(gone.pid), "echo", "ran"],
        capture_output=True,
        text=True,
    )
    assert late.returncode == 1 and "ran" not in late.stdout


def test_a_shell_may_start_the_search(tmp_path):
    code = (
        "import runpy\n"
        f"bound = runpy.run_path({bound_process.__file__!r})\n"
        "assert not bound['is_orphaned']()\n"
        "assert str(os.getppid()) != os.environ[bound['LAUNCHER']]\n"
        "(folder / name).touch()"
    )
    python = " ".join(map(shlex.quote, map(str, program(code, tmp_path))))
    launch(["sh", "-c", f"{python}; exit $?"], 1)
    assert (tmp_path / "chief").exists()


def test_a_program_that_does_not_exist_is_named():
    with pytest.raises(SearchFailedError, match="serach cannot be run .No suc"):
        launch(["serach"], 1)
