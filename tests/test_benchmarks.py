"""The log of the benchmarks of tables, which a next run continues."""

import importlib.util
import pathlib

import pytest

FILE = pathlib.Path(__file__).parents[1] / "benchmarks/tables.py"


@pytest.fixture(scope="module")
def tables():
    pytest.importorskip("sklearn")
    spec = importlib.util.spec_from_file_location("benchmark_tables", FILE)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FILE.parent)  # of what it imports
        spec.loader.exec_module(module)
    return module


def test_a_log_is_continued_under_the_same_conditions_only(
    tables, tmp_path, capsys
):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"age": ["1", "2"], "y": ["no", "yes"]})

    def log_of(*options, frame=frame, **others):
        arguments = tables.parser("").parse_args(options)
        settings = tables.Settings(epochs=arguments.epochs)
        found = tables.conditions(frame, "y", arguments, settings, **others)
        return tables.Log(tmp_path / "log.jsonl", found)

    first = {"model": "MLP", "split": 0, "auc": 0.9}
    log_of().add(first)
    longer = log_of("--epochs", "50")
    assert not longer.entries
    longer.add({**first, "auc": 0.95})
    capsys.readouterr()

    assert log_of().of(model="MLP") == [first]
    assert "1 measurements of another table" in capsys.readouterr().out
    assert log_of("--epochs", "50").of(split=0)[0]["auc"] == 0.95
    assert not log_of("--missing", "?").entries
    assert not log_of(dropout=0.1).entries
    assert not log_of(frame=frame.iloc[::-1]).entries
