"""A chief and its workers lose no trial; in one process, and in killed ones."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import keras_tuner
import pytest

from keras_papers.tuner.engine import chief, durable_oracle, worker
from keras_papers.tuner.engine.chief_address import free_port
from keras_papers.tuner.engine.launcher import launch
from keras_papers.tuner.engine.search_errors import (
    ChiefGoneError,
    DeviceBusyError,
    SearchFailedError,
)
from keras_papers.tuner.engine.searches import RandomSearch
from tests.tuner.engine.oracles import (
    OBJECTIVE,
    ended,
    on_disk,
    opened,
    run,
    run_all,
    space,
)

SEARCH = str(pathlib.Path(__file__).with_name("sleeping_search.py"))
ANY_BACKEND = {"KERAS_BACKEND": "numpy"}  # which starts fastest


class Serving(threading.Thread):
    """A chief in a thread."""

    started = []

    def __init__(self, oracle, **options):
        super().__init__(daemon=True)
        self.oracle, self.options, self.error = oracle, options, None
        self.workers = None
        self.start()
        self.started.append(self)

    def run(self):
        try:
            self.workers = chief.serve(self.oracle, **self.options)
        except Exception as error:
            self.error = error

    def end(self, seconds=3):
        """Waits for the end, and raises what the chief raised."""
        self.join(seconds)
        assert not self.is_alive(), "the chief has not ended"
        if self.error:
            raise self.error


@pytest.fixture
def hire(monkeypatch):
    """Sets an address; yields what makes the client of a worker."""
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    monkeypatch.setenv("KERASTUNER_ORACLE_PORT", str(free_port()))
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "chief")
    monkeypatch.setattr(worker, "PAUSE", 0.05)
    monkeypatch.setattr(chief, "INTERVAL", 0.05)

    def make(name, **options):
        monkeypatch.setenv("KERASTUNER_TUNER_ID", name)
        client = worker.Client(opened(pathlib.Path("nowhere")), **options)
        clients.append(client)
        return client

    clients = []
    yield make
    for client in clients:
        client.close()
    monkeypatch.setattr(chief.Servicer, "check", lambda *_: True)
    while Serving.started:
        Serving.started.pop().join(10)


def test_workers_share_the_trials_and_all_go_home(hire, tmp_path):
    oracle = opened(tmp_path, max_trials=4)
    serving = Serving(oracle)
    a, b = hire("a"), hire("b")
    of_a, of_b = a.create_trial("a"), b.create_trial("b")
    assert {of_a.trial_id, of_b.trial_id} == {"0", "1"}
    ended(a, of_a)
    ended(b, of_b)
    assert [run(a, "a").trial_id, run(b, "b").trial_id] == ["2", "3"]
    assert run(a, "a").status == "STOPPED"
    a.get_space()  # a call that crosses the last answer
    time.sleep(0.3)
    assert serving.is_alive()  # for b
    assert run(b, "b").status == "STOPPED"
    serving.end()
    assert len(on_disk(tmp_path, "COMPLETED")) == 4
    assert serving.workers == 2


def test_a_silent_worker_s_trial_is_run_by_another(hire, tmp_path, capsys):
    serving = Serving(opened(tmp_path, max_trials=2), lease=0.5)
    a, b = hire("a"), hire("b")
    lost = a.create_trial("a")
    a.close()  # as a kill does
    assert run(b, "b").trial_id != lost.trial_id
    started = time.monotonic()
    while (trial := run(b, "b")).status == "IDLE":
        assert time.monotonic() < started + 5
    assert trial.trial_id == lost.trial_id
    assert run(b, "b").status == "STOPPED"
    serving.end()
    assert "a is silent for 0.5 s: trial 0 is run" in capsys.readouterr().err


def test_a_worker_that_lives_keeps_its_trial(hire, tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "HEARTBEAT", 0.1)
    serving = Serving(opened(tmp_path, max_trials=1), lease=0.5)
    a, b = hire("a"), hire("b")
    trial = a.create_trial("a")
    started, asked = time.monotonic(), 0
    while time.monotonic() < started + 1:  # two leases
        assert b.create_trial("b").status == "IDLE"
        asked += 1
    assert asked <= 1 / worker.PAUSE + 1
    ended(a, trial)
    for client in (a, b):
        assert client.create_trial(client.tuner_id).status == "STOPPED"
    serving.end()


def test_no_worker_is_missed_while_the_chief_is_busy(
    hire, tmp_path, monkeypatch
):
    monkeypatch.setattr(worker, "HEARTBEAT", 0.1)
    oracle = opened(tmp_path, max_trials=2)
    propose = oracle.populate_space

    def slowly(trial_id):
        time.sleep(int(trial_id))  # the second one two leases
        return propose(trial_id)

    monkeypatch.setattr(oracle, "populate_space", slowly)
    Serving(oracle, lease=0.5)
    a, b = hire("a"), hire("b")
    trial = a.create_trial("a")
    assert b.create_trial("b").trial_id == "1"
    time.sleep(0.2)  # the chief looks meanwhile
    assert oracle.ongoing_trials["a"].trial_id == trial.trial_id
    assert not oracle._deaths


def test_a_worker_that_is_started_again_gets_its_trial_at_once(hire, tmp_path):
    serving = Serving(opened(tmp_path, max_trials=2))
    first = hire("a").create_trial("a")
    assert hire("b").create_trial("b").trial_id == "1"
    again = hire("a").create_trial("a")
    assert again.trial_id == first.trial_id == "0"
    assert serving.oracle._deaths == {"0": 1}


def test_a_trial_that_takes_its_workers_with_it_is_given_up(
    hire, tmp_path, capsys
):
    serving = Serving(opened(tmp_path, max_trials=2))
    for _ in range(3):
        assert hire("a").create_trial("a").trial_id == "0"
    assert run_all(last := hire("a")) == ["1"]
    serving.end()
    assert "3 processes died" in serving.oracle.get_trial("0").message
    printed = [
        line
        for line in capsys.readouterr().err.splitlines()
        if "started again" in line
    ]
    assert [line.rpartition(": ")[2] for line in printed] == [
        "trial 0 is run again.",
        "trial 0 is run again.",
        "trial 0 is given up.",
    ]
    with pytest.raises(ChiefGoneError, match="The search is over"):
        last.get_best_trials()


def test_a_second_worker_of_one_name_is_refused(hire, tmp_path):
    Serving(opened(tmp_path, max_trials=5))
    first, second = hire("a"), hire("a")
    first.create_trial("a")
    trial = second.create_trial("a")
    with pytest.raises(SearchFailedError, match="`KERASTUNER_TUNER_ID`.*'a'"):
        first.create_trial("a")
    assert second.create_trial("a").trial_id == trial.trial_id


def test_the_chief_keeps_why_a_trial_failed(hire, tmp_path):
    Serving(opened(tmp_path, max_trials=5))
    message = "Traceback\n" + "é" * 10_000 + "\nValueError: größer"
    a = hire("a")
    run(a, "a", status="FAILED", message=message)
    (path,) = (tmp_path / "search").glob("trial_*/trial.json")
    kept = keras_tuner.engine.trial.Trial.load(path).message
    assert kept.endswith("é\nValueError: größer") and len(kept) > 1000


def test_every_worker_hears_that_the_search_failed(hire, tmp_path):
    serving = Serving(opened(tmp_path, max_trials=9))
    a, b = hire("a"), hire("b")
    of_b = b.create_trial("b")
    for _ in range(3):
        run(a, "a", status="FAILED", message="ValueError: no luck")
    with pytest.raises(SearchFailedError, match="3 trials in a row.*no luck"):
        a.create_trial("a")
    ended(b, of_b)
    assert serving.is_alive()
    with pytest.raises(SearchFailedError, match="3 trials in a row.*no luck"):
        b.create_trial("b")
    with pytest.raises(SearchFailedError, match="3 trials in a row.*no luck"):
        serving.end()
    assert of_b.trial_id in on_disk(tmp_path, "COMPLETED")


def test_that_a_worker_failed_says_nothing_of_who_took_its_trial(
    hire, tmp_path
):
    serving = Serving(opened(tmp_path, max_trials=1), lease=0.3)
    a, b = hire("a"), hire("b")
    trial = a.create_trial("a")
    a.close()
    while (of_b := b.create_trial("b")).status == "IDLE":
        pass
    ended(a, trial, status="FAILED", message="its connection was lost")
    assert serving.oracle.get_trial(trial.trial_id).status == "RUNNING"
    ended(b, of_b)
    assert serving.oracle.get_trial(trial.trial_id).status == "COMPLETED"


def test_that_a_worker_thought_dead_was_done_ends_its_trial(hire, tmp_path):
    serving = Serving(opened(tmp_path, max_trials=1), lease=0.3)
    a, b = hire("a"), hire("b")
    trial = a.create_trial("a")
    a.close()
    while b.create_trial("b").status == "IDLE":
        pass
    ended(a, trial)
    assert serving.oracle.get_trial(trial.trial_id).status == "COMPLETED"
    assert b.create_trial("b").status == "STOPPED"


def test_a_worker_that_died_with_its_chief_is_missed(hire, tmp_path):
    lost = opened(tmp_path, max_trials=1).create_trial("a")
    Serving(opened(tmp_path, max_trials=1), lease=0.5)
    b, started = hire("b"), time.monotonic()
    while (trial := b.create_trial("b")).status == "IDLE":
        assert time.monotonic() < started + 5
    assert trial.trial_id == lost.trial_id
    assert time.monotonic() > started + 0.3


def test_a_worker_that_dies_without_a_trial_is_not_waited_for_long(
    hire, tmp_path, monkeypatch
):
    monkeypatch.setattr(chief, "IDLE_LEASE", 0.5)
    serving = Serving(opened(tmp_path, max_trials=1))
    a, b = hire("a"), hire("b")
    trial = a.create_trial("a")
    assert b.create_trial("b").status == "IDLE"
    b.close()
    ended(a, trial)
    assert a.create_trial("a").status == "STOPPED"
    serving.end()


def test_a_chief_that_was_killed_at_the_end_ends(hire, tmp_path, monkeypatch):
    monkeypatch.setattr(chief, "IDLE_LEASE", 0.5)
    run_all(opened(tmp_path, max_trials=2))
    Serving(opened(tmp_path, max_trials=2)).end()
    again = Serving(opened(tmp_path, max_trials=2))
    time.sleep(0.2)
    assert hire("a").create_trial("a").status == "STOPPED"  # who comes late
    again.end()
    more = Serving(opened(tmp_path, max_trials=3))
    time.sleep(0.7)  # longer than for the end of a search
    assert more.is_alive()  # there is something to do
    assert run_all(hire("a")) == ["2"]
    more.end()


def test_workers_wait_for_a_chief_that_is_started_again(hire, tmp_path):
    a = hire("a", patience=10)
    found = []
    thread = threading.Thread(target=lambda: found.extend(run_all(a)))
    thread.start()
    time.sleep(0.3)
    serving = Serving(opened(tmp_path, max_trials=2))
    thread.join(10)
    assert found == ["0", "1"]
    serving.end()


def test_a_chief_that_is_nowhere_is_one_sentence(hire):
    a = hire("a", patience=0.3)
    started = time.monotonic()
    with pytest.raises(ChiefGoneError) as error:
        a.create_trial("a")
    assert time.monotonic() - started < 4
    address = f"127.0.0.1:{os.environ['KERASTUNER_ORACLE_PORT']}"
    assert f"Received: {address}, where nobody has" in str(error.value)
    assert "Start the chief there" in str(error.value)
    assert "or mend the network between" in str(error.value)


def test_a_worker_that_waits_long_for_its_chief_says_so_once(
    hire, capsys, monkeypatch
):
    monkeypatch.setattr(worker, "SILENCE", 0.2)
    a = hire("a", patience=1)
    with pytest.raises(ChiefGoneError):
        a.create_trial("a")
    address = f"127.0.0.1:{os.environ['KERASTUNER_ORACLE_PORT']}"
    printed = capsys.readouterr().err
    assert printed == f"a waits for the chief at {address}, 1 s at most.\n"


def test_a_worker_says_nothing_of_a_chief_that_is_away_for_a_moment(
    hire, tmp_path, capsys
):
    a = hire("a")
    threading.Timer(0.5, Serving, [opened(tmp_path, max_trials=1)]).start()
    assert a.create_trial("a").trial_id == "0"
    assert not capsys.readouterr().err


def test_a_chief_that_vanishes_ends_a_trial_s_worker_and_not_the_trial(
    hire, tmp_path
):
    """KerasTuner takes other errors for failures of a trial."""
    a = hire("a", patience=0.1)
    with pytest.raises(keras_tuner.errors.FatalError):
        a.update_trial("0", {"score": 1.0})


@pytest.mark.parametrize("port", ["", "99999", "port"])
def test_a_port_that_is_none_is_refused(port, hire, tmp_path, monkeypatch):
    monkeypatch.setenv("KERASTUNER_ORACLE_PORT", port)
    with pytest.raises(ValueError, match=f"Received: .*PORT='{port}'. Set"):
        hire("a")
    with pytest.raises(ValueError, match=f"Received: .*PORT='{port}'. Set"):
        chief.serve(opened(tmp_path))


def test_a_port_in_use_is_refused(hire, tmp_path):
    first = Serving(opened(tmp_path / "a", max_trials=1))
    a = hire("a")
    trial = a.create_trial("a")
    with pytest.raises(ValueError, match=r"Received: 127.* in use\). Choose"):
        chief.serve(opened(tmp_path / "b"))
    ended(a, trial)
    assert run(a, "a").status == "STOPPED"
    first.end()


def test_an_address_of_another_machine_is_refused(hire, tmp_path, monkeypatch):
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "192.0.2.1")
    with pytest.raises(ValueError, match="Received: 192.0.2.1:.*Choose"):
        chief.serve(opened(tmp_path))


def test_a_full_disk_ends_the_chief(hire, tmp_path):
    serving = Serving(opened(tmp_path, max_trials=2))
    a = hire("a")
    trial = a.create_trial("a")
    (tmp_path / "search" / "trial_0" / "trial.json").unlink()
    (tmp_path / "search" / "trial_0").rmdir()
    (tmp_path / "search" / "trial_0").write_text("where a folder was")
    with pytest.raises(SearchFailedError, match="The chief could not answer"):
        ended(a, trial)
    with pytest.raises(OSError, match="Not a directory"):
        serving.end()


def test_a_worker_of_another_search_ends_none_of_this_one_s_trials(
    hire, tmp_path, monkeypatch
):
    first = Serving(opened(tmp_path / "first", max_trials=1))
    stray = hire("a")
    trial = stray.create_trial("a")
    with monkeypatch.context() as patch:
        patch.setattr(chief.Servicer, "check", lambda *_: True)
        first.join(10)
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "chief")
    serving = Serving(opened(tmp_path / "second", max_trials=1))
    own = hire("b")
    assert own.create_trial("b").trial_id == trial.trial_id
    with pytest.raises(SearchFailedError, match="a worker of another search"):
        ended(stray, trial)
    assert not on_disk(tmp_path / "second", "COMPLETED")
    with pytest.raises(SearchFailedError, match="a worker of another search"):
        hire_again = hire("c")
        hire_again._metadata = stray._metadata
        hire_again.create_trial("c")
    assert serving.is_alive()


def test_an_end_that_no_oracle_can_take_ends_the_chief(hire, tmp_path):
    oracle = opened(tmp_path, max_trials=2, allow_new_entries=False)
    serving = Serving(oracle)
    a = hire("a")
    trial = a.create_trial("a")
    trial.hyperparameters.Int("late", 1, 2)
    with pytest.raises(SearchFailedError, match="allow_new_entries"):
        ended(a, trial)
    with pytest.raises(RuntimeError, match="allow_new_entries"):
        serving.end()


def test_a_late_end_of_what_is_forgotten_is_ignored(hire, tmp_path):
    """Its lease expires between its metrics and its end."""
    oracle = opened(tmp_path, max_trials=1)
    serving = Serving(oracle)
    late, successor = hire("a"), hire("b")
    trial = late.create_trial("a")
    late.update_trial(trial.trial_id, {"score": 3.0})
    oracle.release("a")
    again = successor.create_trial("b")
    assert again.trial_id == trial.trial_id
    trial.status = "COMPLETED"
    late.end_trial(trial)
    assert not on_disk(tmp_path, "COMPLETED")
    ended(successor, again, score=1.0)
    assert oracle.get_trial("0").score == 1.0
    assert run(successor, "b").status == "STOPPED"
    assert run(late, "a").status == "STOPPED"
    serving.end()


def test_a_proposal_that_fails_ends_the_chief(hire, tmp_path):
    def busy(values):
        raise DeviceBusyError("the device is busy")

    oracle = opened(tmp_path, max_trials=2)
    oracle.afford = busy
    serving = Serving(oracle)
    with pytest.raises(Exception, match="the device is busy"):
        hire("a").create_trial("a")
    with pytest.raises(DeviceBusyError):
        serving.end()


def test_a_grid_declared_late_is_searched_whole(hire, tmp_path):
    """KerasTuner's messages sort hyperparameters by their type."""
    oracle = opened(
        tmp_path,
        durable_oracle.GridSearchOracle,
        hyperparameters=keras_tuner.HyperParameters(),
    )
    Serving(oracle)
    a, found = hire("a"), []
    while (trial := a.create_trial("a")).status != "STOPPED":
        hp = trial.hyperparameters
        kind = hp.Choice("kind", ["plain", "wide"])
        with hp.conditional_scope("kind", ["wide"]):
            width = hp.Float("width", 1, 3, step=1)
        found.append((kind, width))
        ended(a, trial, score=1.0)
    assert found == [("plain", None), *(("wide", w) for w in (1, 2, 3))]


# Processes, which are killed.


@contextlib.contextmanager
def launched(folder, *options, **arguments):
    """Runs a search with two workers while the body does as it likes."""
    errors = []

    def body():
        try:
            launch(
                [sys.executable, SEARCH, folder, *options],
                2,
                environment=ANY_BACKEND,
                log_folder=folder / "logs",
                chief_to_log=True,
                **arguments,
            )
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    yield
    thread.join(120)
    assert not thread.is_alive(), "the launcher has not returned"
    assert not processes_of(folder)
    if errors:
        raise errors[0]


def runs(folder, what=""):
    """Returns the lines of what ran, each as its words."""
    path = folder / "runs.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.split() for line in lines if line.startswith(what)]


def wait_for(condition, seconds=60):
    """Returns what a condition returns when it is true."""
    started = time.monotonic()
    while not (found := condition()):
        assert time.monotonic() < started + seconds, "waited in vain"
        time.sleep(0.02)
    return found


def processes_of(folder):
    """Returns the processes of a search that live, by their names."""
    found = {}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(folder) in (process / "cmdline").read_text():
                variables = (process / "environ").read_text().split("\0")
                name = dict(v.partition("=")[::2] for v in variables if v)
                found[name.get("KERASTUNER_TUNER_ID", "launcher")] = int(
                    process.name
                )
    return found


on_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="finds processes by /proc"
)


@pytest.mark.slow
@on_linux
def test_a_killed_worker_s_trial_is_run_again(tmp_path):
    with launched(tmp_path, "--trials=5", "--seconds=0.5"):
        _, trial, _, process, _ = wait_for(lambda: runs(tmp_path, "began"))[0]
        os.kill(int(process), signal.SIGKILL)
    assert on_disk(tmp_path, "COMPLETED") == set("01234")
    assert sorted(each[1] for each in runs(tmp_path, "ended")) == list("01234")
    twice = [each[1] for each in runs(tmp_path, "began")]
    assert sorted(twice) == sorted([*"01234", trial])


@pytest.mark.slow
@on_linux
def test_a_killed_chief_is_started_again_and_nothing_is_lost(tmp_path):
    with launched(tmp_path, "--trials=6", "--seconds=0.5"):
        wait_for(lambda: len(runs(tmp_path, "began")) > 2)
        os.kill(processes_of(tmp_path)["chief"], signal.SIGKILL)
    assert on_disk(tmp_path, "COMPLETED") == set("012345")
    # Its workers continued meanwhile: no trial had to run twice.
    for what in ("began", "ended"):
        assert sorted(each[1] for each in runs(tmp_path, what)) == [*"012345"]


@pytest.mark.slow
@on_linux
def test_if_every_trial_fails_everything_ends_with_what_it_said(tmp_path):
    with pytest.raises(SearchFailedError, match="in a row.*no trial can succ"):
        with launched(tmp_path, "--seconds=0.1", "--failing", "--trials=9"):
            pass
    assert len(on_disk(tmp_path, "COMPLETED")) == 0
    assert 3 <= len(on_disk(tmp_path, "FAILED")) <= 4


@pytest.mark.slow
@on_linux
def test_a_space_declared_by_its_first_trial_is_searched_by_all(tmp_path):
    with launched(tmp_path, "--late", "--trials=6", "--seconds=0.5"):
        pass
    assert on_disk(tmp_path, "COMPLETED") == set("012345")
    assert len({each[2] for each in runs(tmp_path, "ended")}) == 2


@pytest.mark.slow
@on_linux
def test_a_trial_that_kills_its_process_is_given_up(tmp_path):
    with launched(tmp_path, "--deadly=1", "--seconds=0.1"):
        pass
    assert on_disk(tmp_path, "COMPLETED") == set("023")
    assert on_disk(tmp_path, "FAILED") == {"1"}
    assert len([each for each in runs(tmp_path) if each[1] == "1"]) == 3


@pytest.mark.slow
@on_linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_launcher_that_ends_leaves_no_process_and_all_trials(
    number, tmp_path
):
    options = ["--trials=5", "--seconds=0.5"]
    command = [sys.executable, SEARCH, str(tmp_path), *options]
    code = (
        "from keras_papers.tuner.engine.launcher import launch\n"
        f"launch({command}, 2, log_folder={str(tmp_path / 'logs')!r})"
    )
    launcher = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, **ANY_BACKEND},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(lambda: runs(tmp_path, "ended"))
    assert len(processes_of(tmp_path)) == 4
    os.kill(launcher.pid, number)
    launcher.wait(10)
    wait_for(lambda: not processes_of(tmp_path), seconds=10)
    completed = on_disk(tmp_path, "COMPLETED")
    began = len(runs(tmp_path, "began"))
    with launched(tmp_path, *options):
        pass
    assert on_disk(tmp_path, "COMPLETED") == set("01234")
    again = {each[1] for each in runs(tmp_path, "began")[began:]}
    assert not completed & again
    assert completed | again == set("01234")


@pytest.mark.slow
def test_a_worker_without_a_chief_ends_with_one_sentence(tmp_path):
    code = (
        "from keras_papers.tuner.engine import worker\n"
        "worker.PATIENCE = worker.Client.__init__.__defaults__ = (1,)\n"
        f"import sys; sys.argv = ['search', {str(tmp_path)!r}]\n"
        f"import runpy; runpy.run_path({SEARCH!r}, run_name='__main__')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            **ANY_BACKEND,
            "KERASTUNER_ORACLE_IP": "127.0.0.1",
            "KERASTUNER_ORACLE_PORT": str(free_port()),
            "KERASTUNER_TUNER_ID": "worker0",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert "ChiefGoneError: `KERASTUNER" in ended.stderr.splitlines()[-1]


def test_workers_get_whole_spaces(hire, tmp_path):
    oracle = opened(
        tmp_path, max_trials=1, hyperparameters=space(x=[0.1], y=["b"])
    )
    Serving(oracle)
    values = hire("a").create_trial("a").hyperparameters.values
    assert values == {"x": 0.1, "y": "b"}


class Instant(RandomSearch):
    """Has no model to train."""

    def run_trial(self, trial):
        return {"score": 0.5}


def worker_of(hire, folder, **choices):
    """Returns the tuner of a worker whose program declares such choices."""
    hire("a")
    return Instant(
        objective=OBJECTIVE,
        max_trials=2,
        hyperparameters=space(**choices),
        directory=folder,
        project_name="search",
    )


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize(
    "choices, message",
    [
        ({"x": [1, 2], "y": ["b", "d"]}, r"'b', 'd'\].*which is .*'b', 'c'\]"),
        (
            {"x": [1, 2], "z": ["b", "c"]},
            r"'z'.* is not known to",
        ),
    ],
)
def test_a_worker_of_another_program_is_refused(
    choices, message, again, hire, tmp_path
):
    own = space(x=[1, 2], y=["b", "c"])
    Serving(opened(tmp_path, max_trials=2, hyperparameters=own))
    worker_of(hire, tmp_path, **choices)
    if again:  # with the file that it left there
        worker_of(hire, tmp_path, x=[1, 2], y=["b", "c"]).save()
    searched = worker_of(hire, tmp_path, **choices)
    with pytest.raises(ValueError, match=f"one program.*{message}.*same files"):
        searched.search()
    assert not on_disk(tmp_path, "COMPLETED")


def test_a_worker_of_the_chief_s_program_runs_its_trials(hire, tmp_path):
    own = space(x=[1, 2], y=["b", "c"], z=[0.1, 0.25])
    serving = Serving(opened(tmp_path, max_trials=2, hyperparameters=own))
    worker_of(hire, tmp_path, x=[1, 2], y=["b", "c"], z=[0.1, 0.25]).search()
    serving.end()
    assert len(on_disk(tmp_path, "COMPLETED")) == 2
