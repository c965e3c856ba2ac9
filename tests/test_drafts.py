"""Files that are whole whoever else writes them, and whenever it ends."""

import pytest

from keras_papers.drafts import draft_of


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
