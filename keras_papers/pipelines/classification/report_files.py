"""The report of a training in its folder, written and updated."""

import csv
import hashlib
import json
import pathlib
import warnings

from keras_papers.files.drafts import draft_of
from keras_papers.pipelines.classification import verdict
from keras_papers.pipelines.classification.page import (
    Answers,
    Seen,
    render,
)
from keras_papers.pipelines.classification.paper_recipe import PaperRecipe
from keras_papers.pipelines.classification.report import Report, Taught
from keras_papers.pipelines.classification.starting_weights import (
    StartingWeights,
)
from keras_papers.pipelines.data.image_set import some_of_each_class
from keras_papers.pipelines.report.finding import Finding
from keras_papers.pipelines.report.report_folder import write_report
from keras_papers.pipelines.variants.plan import Variant

THUMBNAIL = 128  # pixels, of a picture that a person looks at
SHOWN = 12  # training images that the page shows


def write(report, history, scores, material, folder):
    """Writes `report.html`, where its extra is installed, and `report.json`.

    Args:
        report: The `Report`.
        history: List with a dict of figures for each epoch.
        scores: The model's answers to the held-out images.
        material: The `Material` of the training.
        folder: Where to write.
    """
    images = material.images
    answers = Answers(
        images.names, images.test.labels, scores, images.test.files
    )
    size = max(material.image_size, THUMBNAIL)
    write_report(
        report,
        lambda: render(
            report,
            history,
            answers,
            lambda index: images.test.read(index, size),
            images.skipped,
            _seen(material, report.augmentation),
        ),
        folder,
    )


def add_file(model, before, after, scores, material, quantize):
    """Adds a smaller file to the report of the training beside a model.

    Nothing is done where there is no such report, or the model was measured
    on other images there. With a warning, nothing is done where the files
    beside the report cannot be read.

    Args:
        model: Path of the .keras file that the smaller file was made of.
        before: The `Variant` of its float file.
        after: The `Variant` of the smaller file, which lies beside the model.
        scores: Scores of the float file on the held-out images.
        material: The `Material` that both files were measured with.
        quantize: Function from changed options to the command that quantizes.
    """
    folder = pathlib.Path(model).parent
    report = read(folder)
    if report is None:
        return
    variants = report.variants
    if not variants and before.file == "model.tflite":
        reached = report.tflite_accuracy
        variants = [before._replace(tflite_accuracy=reached)]
    was = [each for each in variants if each.file == before.file]
    if (
        not was
        or was[0].tflite_accuracy != before.tflite_accuracy
        or report.test_images != len(material.images.test)
    ):
        return  # judged by other images, or not known at all
    steps = before.file.removeprefix("model").removesuffix("tflite").strip(".")
    name = ".".join(filter(None, [steps, after.name]))
    variants = [each for each in variants if each.file != after.file]
    variants.append(after._replace(name=name))
    report = report._replace(variants=variants)
    report = report._replace(verdict=verdict.with_files(report, quantize))
    try:
        history = _read_history(folder)
        facts = _read_facts(folder)
    except (OSError, ValueError) as error:
        warnings.warn(
            f"the report in {str(folder)!r} stays without {after.file!r}, for "
            f"a file beside it cannot be read: {error}",
            UserWarning,
            stacklevel=3,
        )
        return
    write(report, history, scores, material, folder)
    content = (folder / after.file).read_bytes()
    facts["sha256"][after.file] = hashlib.sha256(content).hexdigest()
    with draft_of(folder / "metadata.json") as draft:
        draft.write_text(json.dumps(facts, indent=2) + "\n")


def read(folder):
    """Returns the `Report` of a folder, or None where there is none."""
    try:
        text = (folder / "report.json").read_text()
        figures = json.loads(text)
        figures["variants"] = [Variant(**each) for each in figures["variants"]]
        figures["verdict"] = [Finding(**each) for each in figures["verdict"]]
        if figures["teacher"] is not None:
            figures["teacher"] = Taught(**figures["teacher"])
        if figures.get("recipe") is not None:
            figures["recipe"] = PaperRecipe(**figures["recipe"])
        if figures.get("weights") is not None:
            figures["weights"] = StartingWeights(**figures["weights"])
        return Report(**figures)
    except (OSError, ValueError, TypeError, KeyError):
        return None  # of a search, or of another version


def _read_history(folder):
    """Returns the figures of each epoch; raises ValueError if damaged."""
    with open(folder / "history.csv", newline="") as table:
        try:
            rows = [
                {name: float(value) for name, value in row.items() if value}
                for row in csv.DictReader(table)
            ]
        except (ValueError, TypeError, csv.Error) as error:
            raise ValueError(f"history.csv holds no table ({error})") from error
    if not rows or not {"loss", "accuracy"} <= set(rows[0]):
        raise ValueError("history.csv holds no loss and accuracy")
    return rows


def _read_facts(folder):
    """Returns what `metadata.json` holds; raises ValueError if damaged."""
    try:
        facts = json.loads((folder / "metadata.json").read_text())
    except ValueError as error:
        raise ValueError(f"metadata.json holds no JSON ({error})") from error
    if not isinstance(facts, dict) or not isinstance(facts.get("sha256"), dict):
        raise ValueError("metadata.json holds no checksums")
    return facts


def _seen(material, augmentation):
    """Returns training images as the network takes them."""
    part = material.images.train
    part = part[some_of_each_class(part, SHOWN, material.seed)]
    settings = material.settings._replace(augment=augmentation)
    batch = material._replace(settings=settings).to_train(part, SHOWN)
    pixels, targets = next(iter(batch))
    pixels = pixels.numpy().round().astype("uint8")
    names = material.images.names
    return [
        Seen(image, names[label])
        for image, label in zip(
            pixels, targets.numpy().argmax(axis=-1), strict=True
        )
    ]
