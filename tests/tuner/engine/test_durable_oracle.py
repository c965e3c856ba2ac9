"""KerasTuner's oracles keep every trial, whatever is killed when."""

import copy
import functools
import itertools
import json
import math
import pathlib
import re
import threading

import keras_tuner
import pytest

from keras_papers.tuner.engine import durable_oracle
from keras_papers.tuner.engine.durable_oracle import (
    BayesianOptimizationOracle,
    GridSearchOracle,
    RandomSearchOracle,
)
from keras_papers.tuner.engine.search_errors import SearchFailedError
from tests.support.killing import KillAtWrite
from tests.tuner.engine.oracles import (
    OBJECTIVE,
    ORACLES,
    ended,
    on_disk,
    opened,
    run,
    run_all,
    space,
    values_of,
)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("kind", ORACLES)
def test_a_kill_at_any_write_loses_and_repeats_nothing(kind, after, tmp_path):
    arguments = {"max_trials": 4, "hyperparameters": space(x=[1, 2], y=[3, 4])}
    undisturbed = opened(tmp_path / "undisturbed", kind, **arguments)
    run_all(undisturbed)
    points = sorted(map(str, values_of(undisturbed).values()))
    assert len(points) == 4
    for write in itertools.count():
        folder = tmp_path / str(write)
        kill = KillAtWrite(write, after)
        killed = opened(folder, kind, **arguments)
        with kill.process():
            run_all(killed)
        if not kill.happened:
            break  # the whole search makes fewer writes
        completed = on_disk(folder, "COMPLETED")
        resumed = opened(folder, kind, **arguments)
        if resumed.start_order:
            started = on_disk(folder, "RUNNING") | completed
            assert started == set(resumed.start_order)
        ran = run_all(resumed)
        assert not completed & set(ran), f"ran twice, killed at {write}"
        assert len(ran) == len(set(ran)) == 4 - len(completed)
        assert on_disk(folder, "COMPLETED") == {"0", "1", "2", "3"}
        assert sorted(resumed.end_order) == ["0", "1", "2", "3"]
        assert sorted(map(str, values_of(resumed).values())) == points
    assert write > 12  # three for each trial


class KilledChief:
    """A chief that is killed at a write, and started again.

    A worker repeats the request that the kill interrupted, as `Client` does.
    """

    def __init__(self, kill, open_oracle):
        self.kill, self.open_oracle = kill, open_oracle
        self.oracle = open_oracle()

    def request(self, name, *values):
        with self.kill.process():
            return getattr(self.oracle, name)(*values)
        # Only a kill leaves the block above without a return.
        self.oracle = self.open_oracle()
        return getattr(self.oracle, name)(*values)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("kind", ORACLES)
def test_a_chief_killed_at_any_write_repeats_nothing_at_all(
    kind, after, tmp_path, monkeypatch
):
    """Two workers take turns: each reports its trial and requests another."""
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    monkeypatch.setenv("KERASTUNER_ORACLE_PORT", "1")
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "chief")
    arguments = {"max_trials": 4, "hyperparameters": space(x=[1, 2], y=[3, 4])}
    for write in itertools.count():
        folder = tmp_path / str(write)
        kill = KillAtWrite(write, after)
        chief = KilledChief(
            kill, functools.partial(opened, folder, kind, **arguments)
        )
        ran, running = [], {}
        while len(chief.oracle.end_order) < 4:
            for worker in "ab":
                if worker in running:
                    trial = running.pop(worker)
                    trial.status = "COMPLETED"
                    chief.request("update_trial", trial.trial_id, {"score": 1})
                    chief.request("end_trial", trial)
                trial = chief.request("create_trial", worker)
                if trial.status == "RUNNING":
                    running[worker] = copy.deepcopy(trial)
                    ran.append(trial.trial_id)
        assert sorted(ran) == ["0", "1", "2", "3"], f"killed at {write}"
        assert on_disk(folder, "COMPLETED") == {"0", "1", "2", "3"}
        assert len(set(map(str, values_of(chief.oracle).values()))) == 4
        if not kill.happened:
            break  # the whole search makes fewer writes
    assert write > 12


def test_what_keras_tuner_runs_twice_after_a_kill_is_not(tmp_path):
    """It writes that a trial has ended while it calls it ongoing."""
    arguments = {
        "objective": OBJECTIVE,
        "max_trials": 3,
        "seed": 1,
        "hyperparameters": space(x=list(range(100))),
    }
    stock = keras_tuner.oracles.RandomSearchOracle(**arguments)
    stock.verbose = 0
    stock._set_project_dir(tmp_path, "search")
    run(stock)
    again = keras_tuner.oracles.RandomSearchOracle(**arguments)
    again._set_project_dir(tmp_path, "search")
    again.reload()
    assert again._retry_queue == ["0"]
    assert run_all(opened(tmp_path, max_trials=3)) == ["1", "2"]


def test_a_chief_s_workers_keep_their_trials_when_it_is_killed(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    monkeypatch.setenv("KERASTUNER_ORACLE_PORT", "1")
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "chief")
    first = opened(tmp_path, max_trials=3)
    done, of_a, of_b = run(first), *map(first.create_trial, "ab")
    second = opened(tmp_path, max_trials=3)
    assert second.create_trial("b").trial_id == of_b.trial_id == "2"
    ended(second, of_a)  # which has gone on meanwhile
    assert second.create_trial("a").status == "IDLE"
    ended(second, of_b)
    assert second.end_order == [done.trial_id, of_a.trial_id, of_b.trial_id]
    assert second.create_trial("a").status == "STOPPED"


def test_a_search_alone_repeats_what_the_workers_of_a_chief_did_not_end(
    tmp_path,
):
    first = opened(tmp_path, max_trials=3)
    for worker in "abc":
        first.create_trial(worker)
    second = opened(tmp_path, max_trials=3)
    assert run_all(second) == ["0", "1", "2"]
    assert values_of(second) == values_of(first)


def test_the_first_end_of_a_trial_counts(tmp_path):
    oracle = opened(tmp_path, max_trials=2)
    lost = oracle.create_trial("a")
    oracle.release("a")
    again = oracle.create_trial("b")
    assert again.trial_id == lost.trial_id
    ended(oracle, lost, score=7.0)  # by a, that was thought dead
    ended(oracle, again, score=5.0)
    assert oracle.get_trial("0").score == 7
    assert oracle.get_trial("0").metrics.get_best_value("score") == 7
    assert oracle.end_order == ["0"]
    assert oracle.create_trial("b").trial_id == "1"


def test_a_trial_that_ends_while_it_waits_to_be_repeated_is_not(tmp_path):
    oracle = opened(tmp_path, max_trials=1)
    lost = oracle.create_trial("a")
    oracle.release("a")
    ended(oracle, lost)
    assert run(oracle, "b").status == "STOPPED"
    assert oracle.is_exhausted


def test_a_trial_that_could_not_be_ended_is_still_repeated(tmp_path):
    oracle = opened(tmp_path, max_trials=1)
    trial = oracle.create_trial("a")
    oracle.release("a")
    trial.status = "COMPLETED"  # but has no metrics
    with pytest.raises(ValueError, match="Unknown metric"):
        oracle.end_trial(trial)
    assert run_all(oracle) == ["0"]
    assert on_disk(tmp_path, "COMPLETED") == {"0"}


def test_a_trial_that_is_repeated_has_the_metrics_of_its_last_run(tmp_path):
    oracle = opened(tmp_path, max_trials=1)
    oracle.update_trial(oracle.create_trial("a").trial_id, {"score": 1.0})
    oracle.release("a")
    run(oracle, "b", score=3.0)
    assert oracle.get_trial("0").score == 3


@pytest.mark.filterwarnings("ignore:All-NaN:RuntimeWarning")  # NumPy's
def test_a_trial_that_is_not_a_number_is_tried_again_as_if_new(tmp_path):
    oracle = opened(tmp_path, max_trials=1, max_retries_per_trial=1)
    run(oracle, score=float("nan"))
    run(oracle, score=3.0)
    assert oracle.get_trial("0").status == "COMPLETED"
    assert oracle.get_trial("0").score == 3


def test_a_trial_that_takes_three_processes_with_it_is_given_up(tmp_path):
    oracle = opened(tmp_path, max_trials=2)
    for worker in "abc":
        assert oracle.create_trial(worker).trial_id == "0"
        oracle.release(worker)
    assert oracle.get_trial("0").status == "FAILED"
    assert "3 processes died" in oracle.get_trial("0").message
    assert run_all(oracle) == ["1"]
    assert oracle.failure is None


def test_a_space_is_not_exhausted_while_a_trial_runs(tmp_path):
    oracle = opened(tmp_path, max_trials=1)
    oracle.create_trial("a")
    assert oracle.create_trial("b").status == "IDLE"
    oracle.release("a")
    assert run(oracle, "b").trial_id == "0"
    assert oracle.create_trial("b").status == "STOPPED"


def test_a_space_that_a_trial_declares_is_waited_for(tmp_path):
    empty = keras_tuner.HyperParameters()
    oracle = opened(tmp_path, max_trials=3, hyperparameters=empty)
    first = oracle.create_trial("a")
    assert oracle.create_trial("b").status == "IDLE"
    first.hyperparameters.Choice("x", [1, 2, 3])
    ended(oracle, first)
    values = [oracle.create_trial(w).hyperparameters["x"] for w in "ab"]
    assert {1, *values} == {1, 2, 3}


def test_failures_in_a_row_end_a_search_without_an_error_inside(tmp_path):
    oracle = opened(tmp_path, max_trials=9)
    run(oracle)
    messages = ["Traceback: ...\nValueError: no.", "no", "ValueError: again"]
    for message in messages:
        assert oracle.create_trial("a").status == "RUNNING"
        run(oracle, status="FAILED", message=message)
    assert oracle.create_trial("a").status == "STOPPED"
    assert "3 trials in a row" in oracle.failure
    assert "trial 3, said: ValueError: again" in oracle.failure
    with pytest.raises(SearchFailedError, match="ValueError: again"):
        oracle.check_outcome()
    # The user who starts it again has removed the cause.
    again = opened(tmp_path, max_trials=9)
    for _ in range(2):
        run(again, status="FAILED", message="ValueError: once more")
    assert run_all(again) == ["6", "7", "8"]
    again.check_outcome()


def test_a_search_of_which_every_trial_failed_has_failed(tmp_path):
    oracle = opened(tmp_path, max_trials=2)
    for _ in range(2):
        run(oracle, status="FAILED", message="ValueError: no")
    assert oracle.failure is None
    assert oracle.create_trial("a").status == "STOPPED"
    assert oracle.failure.startswith("No trial was completed.")


def answers_elsewhere(oracle):
    """Whether another thread, too, is still served."""
    thread = threading.Thread(target=run, args=[oracle, "b"], daemon=True)
    thread.start()
    thread.join(timeout=5)
    return not thread.is_alive()


def test_an_error_leaves_no_lock_behind(tmp_path):
    oracle = opened(tmp_path, max_trials=3)
    trial = oracle.create_trial("a")
    with pytest.raises(ValueError, match="Objective value missing"):
        oracle.update_trial(trial.trial_id, {"other": 1.0})
    assert answers_elsewhere(oracle)


def test_a_trial_whose_end_could_not_be_written_has_not_ended(tmp_path):
    oracle = opened(tmp_path, max_trials=2)
    trial = oracle.create_trial("a")
    oracle.update_trial(trial.trial_id, {"score": 1.0})
    home = tmp_path / "search" / "trial_0"
    home.rename(tmp_path / "away")
    home.write_text("where a folder was")
    trial.status = "COMPLETED"
    with pytest.raises(OSError):
        oracle.end_trial(trial)
    home.unlink()
    (tmp_path / "away").rename(home)
    assert opened(tmp_path, max_trials=2).create_trial("a").trial_id == "0"
    assert run_all(oracle) == ["0", "1"]
    assert oracle.end_order == ["0", "1"]


def to_even(values):
    """Affords even numbers only: an odd one gives way to the one above."""
    return {"x": values["x"] + values["x"] % 2}


@pytest.mark.parametrize("kind", ORACLES)
def test_no_trial_is_more_than_can_be_afforded_or_runs_twice(kind, tmp_path):
    hyperparameters = space(x=list(range(1, 11)))
    oracle = opened(
        tmp_path, kind, max_trials=5, hyperparameters=hyperparameters
    )
    oracle.afford = to_even
    run_all(oracle)
    found = [values["x"] for values in values_of(oracle).values()]
    assert sorted(found) == [2, 4, 6, 8, 10]


@pytest.mark.parametrize("kind", ORACLES)
def test_a_search_that_can_afford_nothing_stops(kind, tmp_path):
    oracle = opened(tmp_path, kind, max_trials=5)
    oracle.afford = lambda values: None
    assert run_all(oracle) == []


def test_of_equal_trials_the_first_is_the_best_also_of_a_study_read_again(
    tmp_path, monkeypatch
):
    oracle = opened(tmp_path, max_trials=3)
    for _ in range(3):
        run(oracle, score=1.0)
    glob = keras_tuner.src.backend.io.glob
    monkeypatch.setattr(
        keras_tuner.src.backend.io,
        "glob",
        lambda pattern: sorted(glob(pattern), reverse=True),
    )
    for each in (oracle, opened(tmp_path, max_trials=3)):
        best = [trial.trial_id for trial in each.get_best_trials(3)]
        assert best == ["0", "1", "2"]


def test_a_grid_goes_on_where_it_was(tmp_path):
    points = [(x, y) for x in (1, 2, 3) for y in (4, 5)]
    found = []
    for _ in points:  # a process for each trial
        oracle = opened(
            tmp_path,
            GridSearchOracle,
            hyperparameters=space(x=[1, 2, 3], y=[4, 5]),
        )
        found.append(tuple(run(oracle).hyperparameters.values.values()))
    assert found == points
    assert run(oracle).status == "STOPPED"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The optimal value found:UserWarning")
def test_a_gaussian_process_learns_of_late_hyperparameters(tmp_path):
    """KerasTuner asks the old one about a trial that has more of them."""
    oracle = opened(tmp_path, BayesianOptimizationOracle, num_initial_points=2)
    run(oracle)
    oracle.create_trial("b")
    run(oracle)
    late = oracle.create_trial("a")  # the first that is not drawn
    late.hyperparameters.Choice("y", [1, 2, 3])
    ended(oracle, late)
    assert set(run(oracle).hyperparameters.values) == {"x", "y"}


def test_a_folder_without_one_of_its_files_is_refused(tmp_path):
    run_all(opened(tmp_path, max_trials=2))
    (tmp_path / "search" / "trial_1" / "trial.json").unlink()
    with pytest.raises(ValueError, match="no trial.json of trial 1.*overwrite"):
        opened(tmp_path)


@pytest.mark.parametrize("name", ["oracle.json", "trial_0/trial.json"])
def test_a_file_of_something_else_is_refused(name, tmp_path):
    run_all(opened(tmp_path, max_trials=2))
    for content in ("", "{}"):
        (tmp_path / "search" / name).write_text(content)
        with pytest.raises(ValueError, match="a damaged file, or one of"):
            opened(tmp_path)


def test_an_older_oracle_s_file_hides_no_finished_trial(tmp_path):
    oracle = opened(tmp_path, max_trials=2)
    run(oracle)
    state = pathlib.Path(oracle._get_oracle_fname())
    older = state.read_text()
    run(oracle)
    state.write_text(older)
    with pytest.raises(ValueError, match="trial 1, which its oracle.json lack"):
        opened(tmp_path, max_trials=2)
    assert on_disk(tmp_path, "COMPLETED") == {"0", "1"}


def test_what_begins_unseen_may_end_seen(tmp_path, capsys):
    oracle = opened(tmp_path, max_trials=1)
    trial = oracle.create_trial("a")
    oracle.verbose = 1
    ended(oracle, trial)
    assert "Trial 1 Complete" in capsys.readouterr().out


def lines_of(capsys):
    """What was printed, of times only their unit."""
    return re.sub(r"\d+\.\d s\n", "_ s\n", capsys.readouterr().out)


def test_a_trial_prints_a_line_at_its_begin_and_one_at_its_end(
    tmp_path, capsys
):
    oracle = opened(tmp_path, max_trials=10)
    oracle.describe = "{x} of a hundred".format_map
    oracle.verbose = 1
    a, b = oracle.create_trial("a"), oracle.create_trial("b")
    values = [each.hyperparameters.values["x"] for each in (a, b)]
    ended(oracle, b, score=0.5)
    ended(oracle, a, score=0.7512345)
    run(oracle, status="FAILED", message="Traceback\nValueError: no luck\n")
    run(oracle, score=0.25)
    assert [
        line
        for line in lines_of(capsys).splitlines()
        if "trial 02 b" not in line and "trial 03 b" not in line
    ] == [
        f"trial 00 begins, 1 of at most 10: {values[0]} of a hundred",
        f"trial 01 begins, 2 of at most 10: {values[1]} of a hundred",
        "trial 01 ended: score 0.5, the best so far, _ s",
        "trial 00 ended: score 0.75123, best so far 0.5 of trial 01, _ s",
        "trial 02 failed: ValueError: no luck, best so far 0.5 of trial 01, "
        "_ s",
        "trial 03 ended: score 0.25, the best so far, _ s",
    ]


@pytest.mark.filterwarnings("ignore:All-NaN:RuntimeWarning")  # KerasTuner's
def test_a_trial_that_fails_prints_its_reason(tmp_path, capsys):
    oracle = opened(tmp_path, GridSearchOracle)
    oracle.describe = str
    oracle.verbose = "auto"
    run(oracle, score=math.nan)
    assert lines_of(capsys) == (
        "trial 0000 begins, 1: {'x': 0}\n"
        "trial 0000 failed: its score is not a number, _ s\n"
    )


def test_a_line_says_that_a_trial_begins_again_after_a_kill(tmp_path, capsys):
    first = opened(tmp_path, max_trials=1)
    first.describe, first.verbose = str, 1
    trial = first.create_trial("a")
    again = opened(tmp_path, max_trials=1)
    again.describe, again.verbose = str, 1
    again.create_trial("a")
    line = f"1 of at most 1: {trial.hyperparameters.values}\n"
    assert capsys.readouterr().out == (
        f"trial 0 begins, {line}trial 0 begins again, {line}"
    )


def test_a_search_with_verbose_0_prints_no_line(tmp_path, capsys):
    oracle = opened(tmp_path, max_trials=2)
    oracle.describe = str
    run_all(oracle)
    assert capsys.readouterr().out == ""


def test_json_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "state.json"
    durable_oracle._write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        durable_oracle._write_json(path, {"b": object()})
    assert json.loads(path.read_text()) == {"a": 1}
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "kind", [RandomSearchOracle, BayesianOptimizationOracle]
)
def test_every_point_of_a_list_is_drawn(kind, seed, tmp_path):
    """Also if the search is stopped and resumed."""
    arguments = {
        "hyperparameters": space(x=list(range(16))),
        "max_trials": 20,
        "seed": seed + 1,
        "kind": kind,
    }
    if kind is BayesianOptimizationOracle:
        arguments["num_initial_points"] = 20
    first = opened(tmp_path, **arguments)
    for _ in range(9):
        run(first)
    again = opened(tmp_path, **arguments)
    run_all(again)
    values = [
        each.hyperparameters.values["x"] for each in again.trials.values()
    ]
    assert sorted(values) == list(range(16)) != values


def test_a_grid_of_which_almost_nothing_fits_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(durable_oracle, "WALK", 20)
    oracle = opened(tmp_path, kind=GridSearchOracle)
    oracle.afford = lambda values: {"x": 0}
    run(oracle)
    with pytest.raises(ValueError, match="`limits`.*20 points.*RandomSearch"):
        run_all(oracle)
