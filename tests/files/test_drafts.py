"""Files are whole with several writers, and after a process is killed."""

import os
import pathlib
import subprocess
import sys

import pytest

from keras_papers.files import drafts
from keras_papers.files.drafts import draft_of

KILLED = """
import os, pathlib, signal, sys
sys.path.insert(0, sys.argv[1])  # the module alone, without Keras
from drafts import draft_of
with draft_of(sys.argv[2]) as draft:
    draft.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "state.npz"
    path.write_text("before")
    with pytest.raises(KeyboardInterrupt), draft_of(path) as draft:
        draft.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "before"
    with draft_of(path) as draft:
        draft.write_text("after")
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_two_workers_may_write_one_file_at_once(tmp_path, monkeypatch):
    """One was thought dead, and its trial is run by the other."""
    path = tmp_path / "checkpoint.weights.h5"
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "worker1")
    with draft_of(path) as first:
        first.write_text("first, ")
        monkeypatch.setenv("KERASTUNER_TUNER_ID", "worker2")
        with draft_of(path) as second:
            second.write_text("second, whole")
        assert path.read_text() == "second, whole"
        with open(first, "a") as file:
            file.write("whole")
    assert path.read_text() == "first, whole"
    assert list(tmp_path.iterdir()) == [path]


def test_a_worker_that_is_started_again_leaves_no_draft(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "worker1")
    path = tmp_path / "history.json"
    with draft_of(path) as killed:
        killed.write_text("half")
    path.rename(killed)  # as a kill leaves it
    with draft_of(path) as draft:
        draft.write_text("whole")
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_kill_left_is_removed_when_the_file_is_written_again(tmp_path):
    path, other = tmp_path / "report.json", tmp_path / "my.report.json"
    path.write_text("before")
    home = str(pathlib.Path(drafts.__file__).parent)
    for file in (path, other):
        command = [sys.executable, "-c", KILLED, home, str(file)]
        assert subprocess.run(command).returncode < 0
    half = [file for file in tmp_path.iterdir() if file != path]
    assert len(half) == 2 and path.read_text() == "before"
    with draft_of(path) as draft:
        draft.write_text("after")
    left = {file.name for file in tmp_path.iterdir()} - {"report.json"}
    assert len(left) == 1 and left.pop().endswith(".my.report.json")


def test_a_draft_of_a_process_that_runs_is_not_removed(tmp_path):
    path = tmp_path / "report.json"
    living = path.with_name(
        drafts.draft_name(path.name).replace(str(os.getpid()), "1")
    )
    living.write_text("half")
    with draft_of(path) as draft:
        draft.write_text("whole")
    assert living.read_text() == "half" and path.read_text() == "whole"


def test_a_link_stays_one_and_its_file_is_written(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "report.json"
    link.symlink_to(tmp_path / "elsewhere" / "file.json")
    with draft_of(link) as draft:
        draft.write_text("whole")
    assert link.is_symlink() and link.read_text() == "whole"
    assert os.listdir(tmp_path / "elsewhere") == ["file.json"]


def test_what_is_no_regular_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    with pytest.raises(OSError, match="no regular file"):
        with draft_of(tmp_path / "link") as draft:
            draft.write_text("new")
    assert sorted(os.listdir(tmp_path)) == ["link", "pipe"]
    assert (tmp_path / "pipe").is_fifo()
