"""What a search is resumed by, also in folders that were written before."""

import json

import pytest

from keras_papers.pipelines.data.split import SPLIT
from keras_papers.pipelines.search.folder import PLAN, check_folder
from keras_papers.pipelines.search.options import SearchOptions
from keras_papers.pipelines.search.trials import Search

# As the first releases wrote it: without workers and output.
BEFORE = {
    "data": None,
    "space": "mnas",
    "model": "MnasNetA1",
    "budget_madds": 3e6,
    "budget_latency_ms": None,
    "trials": 12,
    "epochs": 30,
    "image_size": 48,
    "width": 0.5,
    "oracle": "random",
    "batch_size": 64,
    "learning_rate": 0.004,
    "weight_decay": 0.01,
    "label_smoothing": 0.1,
    "strict": False,
    "seed": 0,
}
SAME = {"space": "mnas", "budget_madds": 3e6, "epochs": 30, "width": 0.5}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / PLAN).write_text(json.dumps(BEFORE))
    return tmp_path


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"trials": 20, "workers": 2},
        {"strict": True},
        {"model": "MnasNetA1"},
    ],
)
def test_a_folder_that_was_written_before_is_resumed(folder, changed):
    options = SearchOptions(**SAME | changed, output=str(folder))
    check_folder(options.plan(), folder, overwrite=False)


@pytest.mark.parametrize(
    "changed",
    [
        {"epochs": 10},
        {"width": 1.0},
        {"space": "compound"},
        {"model": "EfficientNetB0"},
        {"data": "photos"},
        {"seed": 1},
    ],
)
def test_another_search_in_the_folder_is_refused(folder, changed):
    (name,) = changed
    options = SearchOptions(**SAME | changed)
    with pytest.raises(ValueError, match=f"Received: .*{name}.*where it was"):
        check_folder(options.plan(), folder, overwrite=False)
    check_folder(options.plan(), folder, overwrite=True)


def test_an_option_that_a_version_did_not_write_has_its_default(folder):
    before = {name: BEFORE[name] for name in BEFORE if name != "oracle"}
    (folder / PLAN).write_text(json.dumps(before))
    options = SearchOptions(**SAME)
    check_folder(options.plan(), folder, overwrite=False)
    other = options.replace(oracle="bayesian")
    with pytest.raises(ValueError, match="'bayesian', where it was 'random'"):
        check_folder(other.plan(), folder, overwrite=False)


def test_pictures_that_moved_to_another_part_are_refused(tmp_path):
    search = Search(SearchOptions(**SAME), tmp_path)
    search.split().save(tmp_path / SPLIT)
    search.check_pictures()
    other = Search(SearchOptions(**SAME, seed=1), tmp_path)
    with pytest.raises(
        ValueError, match="holds a search.*Received: images=.*where it was"
    ):
        other.check_pictures()


def test_a_worker_reads_the_options_of_its_search(folder):
    options = Search.of_folder(folder).options
    assert options.plan() == {**SearchOptions(**BEFORE).plan()}
    assert options.space_options() == ("MnasNetA1", 48, 0.5, 3e6, None)
    (folder / PLAN).write_text(json.dumps(options.plan()))
    assert Search.of_folder(folder).options == options
