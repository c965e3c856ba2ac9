"""The split manifest: no model is judged by what it was trained on."""

import dataclasses
import hashlib
import json
import os
import pathlib
import shlex
import shutil

import numpy as np
import pytest
from PIL import Image

import keras_papers.cli.main as cli
from keras_papers import pipelines
from keras_papers.pipelines.classification.deployment import (
    Quantization,
    _divided,
)
from keras_papers.pipelines.classification.options import TrainOptions
from keras_papers.pipelines.data.images import load_digits
from keras_papers.pipelines.data.picture_folder import load_folder
from keras_papers.pipelines.data.split import (
    PARTS,
    SPLIT,
    Seen,
    divided_as,
    join,
    load_split,
    parts_of,
    pass_on,
    seen,
    split_beside,
    split_of,
)
from keras_papers.pipelines.search import job
from keras_papers.pipelines.training.run_record import run_record
from tests.support.photos import paint
from tests.support.short_trainings import QUICK

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def split(trained):
    return split_beside(trained[1] / "model.tflite")


def files_of(split, *parts):
    return [pathlib.Path(path) for part in parts for path in split.parts[part]]


def copies(photos, files, folder):
    """Copies pictures under other names, class folder by class folder."""
    for number, file in enumerate(files):
        (folder / file.parent.name).mkdir(parents=True, exist_ok=True)
        copy = folder / file.parent.name / f"copy{number}.png"
        shutil.copy(photos / file, copy)
    return folder


def test_a_training_lists_each_picture_with_its_hash(trained, photos, split):
    stored = json.loads((trained[1] / SPLIT).read_text())
    assert stored["data"] == str(photos) and stored["seed"] == 0
    assert stored["run"]["arguments"]["epochs"] == QUICK["epochs"]
    assert [len(stored[name]) for name in PARTS] == [14, 2, 4]
    listed = {
        path: digest for name in PARTS for path, digest in stored[name].items()
    }
    assert len(listed) == 20
    for path, digest in listed.items():
        data = (photos / path).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest
    images = load_folder(photos, seed=0)
    assert set(images.test.hashes) == set(split.parts["test"].values())


def test_a_model_is_not_judged_by_pictures_it_was_trained_on(trained, photos):
    report, output = trained
    for name in ("model.tflite", "model.keras"):
        found = pipelines.evaluate(output / name, photos)
        assert found.seen == Seen(4, 0, 14, 2)
        assert found.images == report.test_images == 4
        assert found.accuracy == report.accuracy
        assert str(found).endswith(
            "without 14 that it was trained on and 2 that it was watched by"
        )


def test_a_file_is_quantized_by_the_pictures_of_its_training(trained, tmp_path):
    output = tmp_path / "int8.tflite"
    found = pipelines.quantize(trained[1] / "model.keras", output=output)
    assert output.exists() and found.test_images == 4


def test_pictures_are_known_under_other_names(trained, photos, split, tmp_path):
    files = files_of(split, "train", "test")
    folder = copies(photos, files, tmp_path / "moved")
    paint(tmp_path / "more", ["bright", "dark"], 3, seed=1)
    for name in ("bright", "dark"):
        shutil.copytree(
            tmp_path / "more" / name, folder / name, dirs_exist_ok=True
        )
    found = pipelines.evaluate(trained[1] / "model.tflite", folder)
    assert found.seen == Seen(held_out=4, new=6, trained_on=14, watched=0)
    assert found.images == 10


@pytest.mark.filterwarnings("default")
def test_accuracy_on_training_pictures_comes_with_a_warning(
    trained, photos, split, tmp_path, capsys
):
    folder = copies(photos, files_of(split, "train", "validation"), tmp_path)
    model = trained[1] / "model.tflite"
    with pytest.warns(UserWarning, match="trained on all of these pictures"):
        found = pipelines.evaluate(model, folder)
    assert found.images == 16 and found.seen == Seen(0, 0, 14, 2)
    assert "on 16 pictures that it was trained on or chosen by" in str(found)
    assert cli.main(["evaluate", "--json", str(model), str(folder)]) == 0
    printed = capsys.readouterr()
    assert "figures on them are no estimate of those on new ones" in printed.err
    found = json.loads(printed.out)["seen"]
    assert found == {"held_out": 0, "new": 0, "trained_on": 14, "watched": 2}


def test_without_a_list_a_warning_is_that_nothing_is_known(
    trained, photos, tmp_path
):
    shutil.copy(trained[1] / "model.tflite", tmp_path)
    with pytest.warns(UserWarning, match="no split.json .* not known whether"):
        found = pipelines.evaluate(tmp_path / "model.tflite", photos)
    assert found.images == 20 and found.seen is None


def test_a_damaged_list_is_named(trained, photos, tmp_path):
    shutil.copy(trained[1] / "model.tflite", tmp_path)
    for text in ("{", "[]", '{"train": {}}', '{"train": 1, "validation": []}'):
        (tmp_path / SPLIT).write_text(text)
        with pytest.raises(ValueError, match="split.json', which is damaged"):
            pipelines.evaluate(tmp_path / "model.tflite", photos)


def test_another_seed_divides_as_the_training_did(photos, split):
    drawn = load_folder(photos, seed=5)
    images, counts = _divided(drawn, split, pathlib.Path("model.keras"))
    assert counts == Seen(4, 0, 14, 2)
    for name in PARTS:
        ours = getattr(images, name)
        assert set(ours.hashes) == set(split.parts[name].values())
        assert len(ours) == len(ours.labels) == len(split.parts[name])
    assert set(drawn.test.hashes) != set(images.test.hashes)


def test_digits_divide_as_the_training_did(tmp_path):
    split = split_of(load_digits(32, 0), None, 0, {})
    split.save(tmp_path / SPLIT)
    split = load_split(tmp_path / SPLIT)
    images, counts = _divided(load_digits(8, 5), split, tmp_path)
    assert counts == Seen(held_out=360, new=0, trained_on=1_367, watched=70)
    expected = load_digits(8, 0)
    for name in PARTS:
        ours, theirs = getattr(images, name), getattr(expected, name)
        assert set(ours.hashes) == set(theirs.hashes)
        pictures = dict(zip(theirs.hashes, theirs.sources, strict=True))
        np.testing.assert_array_equal(
            ours.sources, [pictures[digest] for digest in ours.hashes]
        )


@pytest.fixture
def more(tmp_path):
    """Pictures that the model has not seen."""
    folder = paint(tmp_path / "more", ["dark", "bright"], 10, seed=1)
    return load_folder(folder, seed=0)


def joined(photos, parts, more):
    """An `ImageSet` of parts of the photos and of all that is new."""
    images = load_folder(photos, seed=0)
    known = [getattr(images, name) for name in parts]
    whole = join(more)
    arrays = {
        field.name: np.concatenate(
            [getattr(part, field.name) for part in (whole, *known)]
        )
        for field in dataclasses.fields(whole)
    }
    new = dataclasses.replace(whole, **arrays)
    nothing = new[np.zeros(len(new), bool)]
    return dataclasses.replace(
        more, train=new, validation=nothing, test=nothing
    )


def test_new_pictures_are_held_out_where_no_others_are(photos, split, more):
    path = pathlib.Path("model.keras")
    images, counts = _divided(joined(photos, PARTS, more), split, path)
    assert counts == Seen(4, 20, 14, 2)
    assert [len(getattr(images, name)) for name in PARTS] == [14, 2, 4]
    images, counts = _divided(more, split, path)
    assert counts == Seen(0, 20, 0, 0)
    assert set(images.test.hashes) == set(more.test.hashes)


def test_what_cannot_be_held_out_is_refused(photos, split, more):
    path = pathlib.Path("model.keras")
    images = load_folder(photos, seed=0)
    nothing = images.train[np.zeros(14, bool)]
    seen_only = dataclasses.replace(images, test=nothing)
    with pytest.warns(UserWarning, match="was trained on all of these"):
        images, counts = _divided(seen_only, split, path)
    assert len(images.test) == 16 and counts.held_out == 0
    held_out = dataclasses.replace(
        images,
        train=load_folder(photos, seed=0).test,
        validation=nothing,
        test=nothing,
    )
    with pytest.raises(ValueError, match="4 that were held out and 0 that"):
        _divided(held_out, split, path)
    with pytest.warns(UserWarning, match="not known whether"):
        assert _divided(images, None, path) == (images, None)


def test_a_file_that_was_trained_on_more_has_a_list_of_its_own(
    split, more, tmp_path
):
    model, output = tmp_path / "model.keras", tmp_path / "model.qat.tflite"
    model.write_text("float")
    output.write_text("integers")
    split.save_for([model], tmp_path / SPLIT)
    pass_on(split, output, model, more)
    own = split_beside(output)
    assert seen(parts_of(own, join(more).hashes)) == Seen(4, 0, 14, 2)
    # Pictures of the same path are others.
    assert len(own.parts["train"]) == 14 + 14
    assert split_beside(model).parts == split.parts
    output.write_text("other integers")
    pass_on(split, output, model)
    assert split_beside(output).parts == split.parts
    assert len(split_beside(model).models) == 2
    output.write_text("integers")  # by its name and by its content
    assert split_beside(output).parts == own.parts


def test_a_list_holds_for_the_files_of_its_job_only(split, tmp_path):
    """Others of the folder: older ones, or of a model that nothing lists."""
    model, phone = tmp_path / "model.keras", tmp_path / "phone.tflite"
    model.write_text("first")
    phone.write_text("of the first")
    split.save_for([model], tmp_path / SPLIT)
    assert split_beside(model).parts == split.parts
    pass_on(split_beside(phone), tmp_path / "x.tflite", phone)
    assert split_beside(phone) is None
    pass_on(split, phone, model)
    assert split_beside(phone).parts == split.parts
    # Another training, with --overwrite.
    model.write_text("second")
    later = split._replace(parts=dict.fromkeys(PARTS, {}))
    later.save_for([model], tmp_path / SPLIT)
    assert split_beside(model).parts == later.parts
    assert split_beside(phone) is None
    # A second export lists it; an old list of its own is not used.
    split.save_for([phone], tmp_path / "phone.split.json")
    phone.write_text("of the second")
    pass_on(later, phone, model)
    assert split_beside(phone).parts == later.parts
    assert sorted(load_split(tmp_path / SPLIT).models) == sorted(
        hashlib.sha256(path.read_bytes()).hexdigest() for path in (model, phone)
    )


def test_the_list_follows_a_file_to_another_folder(trained, photos, tmp_path):
    path = tmp_path / "app.tflite"
    pipelines.export(trained[1] / "model.keras", path)
    assert pipelines.evaluate(path, photos).seen == Seen(4, 0, 14, 2)


def test_what_a_model_started_from_stays_known(photos, split, more, tmp_path):
    """Pictures of an earlier training, which the later one did not have."""
    later = split_of(more, tmp_path / "more", 0, {})
    both = later.with_pictures_of(split)
    images = load_folder(photos, seed=5)
    assert seen(parts_of(both, join(images).hashes)) == Seen(4, 0, 14, 2)
    assert all(
        os.path.exists(tmp_path / "more" / path)
        for name in PARTS
        for path in both.parts[name]
    )
    assert both.with_pictures_of(split) == both


def test_a_picture_of_two_parts_was_trained_on(photos, split):
    digest = next(iter(split.parts["train"].values()))
    parts = {**split.parts, "test": {"copy.png": digest}}
    assert split._replace(parts=parts).part_of()[digest] == "train"


def test_weights_keep_what_was_held_out_from_them(trained, photos, tmp_path):
    """Pictures that another seed would hold out were trained on before."""
    weights = trained[1] / "model.keras"
    before = split_beside(weights)
    images = divided_as(before, load_folder(photos, seed=5), with_new=True)
    assert set(images.test.hashes) == set(before.parts["test"].values())
    only = copies(photos, files_of(before, "train"), tmp_path / "only")
    with pytest.raises(ValueError, match="`data`.*weights.*0 to watch and 0 h"):
        pipelines.train(only, output=tmp_path / "o", weights=weights, **QUICK)


@pytest.mark.filterwarnings("error")
def test_weights_without_a_list_give_the_same_warning(
    trained, photos, tmp_path
):
    weights = shutil.copy(trained[1] / "model.keras", tmp_path)
    how = {"output": tmp_path / "out", "weights": weights, **QUICK}
    with pytest.raises(UserWarning, match="model.keras lists it, so it is not"):
        pipelines.train(photos, **how)


def test_a_class_without_training_pictures_is_named(
    trained, photos, split, tmp_path
):
    bright = [
        file
        for file in files_of(split, "test", "validation")
        if file.parent.name == "bright"
    ]
    dark = [file for file in files_of(split, *PARTS) if file not in bright]
    dark = [file for file in dark if file.parent.name == "dark"]
    folder = copies(photos, [*bright, *dark], tmp_path / "few")
    paint(tmp_path / "more", ["bright", "dark"], 3, seed=1)
    shutil.copytree(folder, tmp_path / "set" / "train")
    shutil.copytree(tmp_path / "more", tmp_path / "set" / "test")
    weights = trained[1] / "model.keras"
    how = {"output": tmp_path / "out", "weights": weights, **QUICK}
    with pytest.raises(ValueError, match=r"none of \['bright'\], whose"):
        pipelines.train(tmp_path / "set", **how)


def test_copies_are_those_of_the_pictures_that_are_kept(
    photos, split, tmp_path
):
    images = load_folder(photos, seed=0)
    names, copy = split.parts["train"], images.train[:1]
    assert len(names) == 14
    twice = dataclasses.replace(
        images.train,
        **{
            field.name: np.concatenate(
                [getattr(images.train, field.name), getattr(copy, field.name)]
            )
            for field in dataclasses.fields(copy)
        },
    )
    with_copy = dataclasses.replace(images, train=twice)
    assert divided_as(split, with_copy, with_new=True).duplicates.copies == 1
    nothing = split._replace(parts=dict.fromkeys(PARTS, {}))
    found = divided_as(nothing, with_copy, with_new=False)
    assert not len(found.train) and found.duplicates.copies == 0


def test_figures_on_known_pictures_are_not_called_held_out():
    found = Quantization(
        *("m.keras", "m.int8.tflite", "int8", 3, 20),
        seen=Seen(held_out=0, new=3, trained_on=15, watched=2),
        agreement=1.0,
        variants=[],
        verdict=[],
    )
    assert "held" not in str(found)
    assert "17 of which the model was trained on or chosen by, and 3 new" in (
        str(found)
    )
    assert "held-out images" in str(found._replace(test_images=3))


def test_zero_is_recorded_as_it_was_given():
    given = TrainOptions("d", ema=0.0, weight_decay=0.0)
    run = run_record("train", given)
    for words in ("train d --model", "--ema 0.0", "--seed 0"):
        assert words in run["command"]
    assert "--epochs" not in run["command"]
    check_command(run)


def check_command(run):
    """Checks that a command line gives the arguments that it stands for."""
    words = shlex.split(run["command"])
    parsed = vars(cli._parser().parse_args(words[1:]))
    assert words[0] == "keras-papers"
    for name, value in run["arguments"].items():
        if value is not None and value is not False:
            assert parsed[name] == value, name


def test_the_command_of_a_report_is_the_same_training(trained):
    report, output = trained
    run = report.run
    check_command(run)
    assert run["arguments"]["batch_size"] == 8
    facts = json.loads((output / "metadata.json").read_text())
    assert facts["command"] == run["command"]
    assert facts["arguments"] == run["arguments"]
    assert json.loads((output / "report.json").read_text())["run"] == run


def test_a_single_folder_beside_train_is_held_out(tmp_path):
    """Watched pictures choose the model, so they cannot judge it."""
    paint(tmp_path / "train", ["a", "b"], 10)
    val = paint(tmp_path / "val", ["a", "b"], 4, seed=1)
    for name in ("val", "test"):
        if name == "test":
            val.rename(tmp_path / name)
        for share, watched in ((0.05, 2), (0.2, 4)):
            images = load_folder(tmp_path, 0, validation_share=share)
            assert all(f"/{name}/" in file for file in images.test.files)
            assert all("/train/" in file for file in images.validation.files)
            assert len(images.test) == 8
            assert len(images.validation) == watched
            assert len(images.train) == 20 - watched


def test_a_search_goes_on_with_the_same_pictures_only(tmp_path, monkeypatch):
    folder = paint(tmp_path / "photos" / "train", ["a", "b"], 6).parent
    paint(folder / "val", ["a", "b"], 2, seed=1)
    search = {
        "space": "width-resolution",
        "image_size": 32,
        "output": tmp_path / "found",
        "budget_madds": 60e6,
    }

    def stop(self, verbose):
        raise KeyboardInterrupt

    monkeypatch.setattr(job.Search, "run", stop)
    with pytest.raises(KeyboardInterrupt):
        pipelines.tune(folder, **search)
    split = load_split(tmp_path / "found" / SPLIT)
    assert {path.split(os.sep)[0] for path in split.parts["test"]} == {"val"}
    assert [len(split.parts[name]) for name in PARTS] == [10, 2, 4]
    check_command(split.run)
    assert split.run["arguments"]["data"] == str(folder)
    with pytest.raises(KeyboardInterrupt):
        pipelines.tune(folder, **search)
    Image.new("RGB", (9, 9)).save(folder / "train" / "a" / "late.png")
    with pytest.raises(ValueError, match="Received: images=.11 to train on"):
        pipelines.tune(folder, **search)
    with pytest.raises(KeyboardInterrupt):
        pipelines.tune(folder, **search, overwrite=True)
