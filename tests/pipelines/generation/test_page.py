"""The page of a generator: samples, reconstructions, codes, files."""

import numpy as np
import pytest

from keras_papers.applications.generative import Latents
from keras_papers.pipelines.generation.measures import Level
from keras_papers.pipelines.generation.page import render
from keras_papers.pipelines.generation.report import (
    LEFT_OUT,
    GenerationReport,
    Half,
)
from keras_papers.pipelines.generation.report_files import Shown
from keras_papers.pipelines.report.finding import Finding
from tests.support.html import parse

TOP = Level(
    *((2, 2), 8, 0.5, 3.2, 1.25, 0.02, 1.75, 3.0, 2),
    *("top", "codes2", "prior1"),
)
BOTTOM = Level(
    *((4, 4), 8, 0.25, 1.9, 0.5, 0.03, 0.75, 3.0, 1),
    *("bottom", "codes1", "prior2"),
)
REPORT = GenerationReport(
    model="VQVAE2",
    classes=2,
    image_size=16,
    epochs=3,
    best_epoch=2,
    train_images=20,
    validation_images=2,
    test_images=5,
    skipped_files=1,
    mse=100.0,
    psnr=28.13,
    relative_mse=0.125,
    bits_per_pixel=0.234,
    levels=[TOP, BOTTOM],
    bits_per_dimension=0.05,
    left_out=LEFT_OUT,
    files=[
        Half("encoder.tflite", 1_500_000, 0.25, 1, 0.75, None, 101.0, 28.09, 5),
        Half("decoder.tflite", 900_000, 0.5, 1, None, 2e-6, 100.0, 28.13, 5),
    ],
    parameters=1_234_567,
    prior_parameters=2_000,
    training_seconds=83.0,
    output="out",
    verdict=[Finding("weak prior", "it has learned little", "the command")],
)


def shown(labels):
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (3, 16, 16, 3), "uint8")
    rows = [
        {"epoch": n, "loss": 1 / n, "val_loss": 2 / n, "seconds": 1.0}
        for n in (1, 2, 3)
    ]
    codes = np.array([[[0, 1], [1, 5]]]), np.full((1, 4, 4), 7)
    return Shown(
        originals=images,
        reconstructions=255 - images,
        samples=images[:2],
        labels=labels,
        histories=[("autoencoder", rows), ("prior1", rows), ("prior2", rows)],
        latents=Latents(codes, (8, 8)),
        skipped=(("/secret/photos/a.png", "broken"),),
    )


@pytest.fixture(scope="module")
def page():
    return parse(render(REPORT, shown(["<i>rose", "tulip"])))


def sections(page):
    return {each["aria-labelledby"]: each for each in page.all("section")}


def test_the_sections_stand_in_their_order(page):
    assert [*sections(page)] == [
        *("figures", "verdict", "samples", "reconstructions", "codes"),
        *("codebook1", "codebook2"),
        *("curves-autoencoder", "curves-prior1", "curves-prior2"),
        *("files", "skipped"),
    ]


def test_samples_have_their_classes_and_originals_their_copies(page):
    found = sections(page)
    of_samples = [each["alt"] for each in found["samples"].all("img")]
    assert of_samples == ["Sample of <i>rose", "Sample of tulip"]
    alts = [each["alt"] for each in found["reconstructions"].all("img")]
    assert alts == [
        *("Original 1", "Reconstruction 1", "Original 2"),
        *("Reconstruction 2", "Original 3", "Reconstruction 3"),
    ]
    text = found["reconstructions"].text
    assert "3 held-out images, of each class in turn" in text
    sources = {each["src"] for each in found["reconstructions"].all("img")}
    assert len(sources) == 6
    plain = parse(render(REPORT._replace(classes=0), shown(None)))
    alts = [each["alt"] for each in sections(plain)["samples"].all("img")]
    assert alts == ["Sample", "Sample"]
    text = sections(plain)["reconstructions"].text
    assert "3 held-out images, drawn at random" in text


def test_the_tables_have_the_figures(page):
    found = sections(page)
    rows = [
        [cell.text for cell in row.all("td")] or row.text
        for row in found["codes"].all("tr")
    ]
    codes = found["codes"].text
    assert "top, 2 × 2, codes2" in codes and "1.250" in codes
    assert len(rows) == 3
    assert "5 of 8 codes do not occur" in found["codebook1"].text
    assert "7 of 8 codes do not occur" in found["codebook2"].text
    files = found["files"].text
    for text in ("75.00% of codes", "to 2.0e-06 of the range", "28.09 dB"):
        assert text in files
    assert "of 5 held-out images, of each class in turn" in files
    figures = found["figures"].text
    for text in ("28.13 dB", "12.5%", "0.234", LEFT_OUT, "1.23 million"):
        assert text in figures
    assert "the command" in found["verdict"].text
    assert "secret" not in page.text and "photos/a.png" in page.text


def test_each_of_several_maps_is_named_by_its_place_and_layer(page):
    found = sections(page)
    for section, title in (
        ("codebook1", "Codebook of the top map"),
        ("codebook2", "Codebook of the bottom map"),
        ("curves-prior1", "How prior1 of the top map learned"),
        ("curves-prior2", "How prior2 of the bottom map learned"),
        ("curves-autoencoder", "How autoencoder learned"),
    ):
        assert title in found[section].text
    lines = [
        " ".join(line.split())
        for line in str(REPORT).splitlines()
        if line.startswith("codes")
    ]
    assert [line.partition(":")[0] for line in lines] == [
        "codes top 2 x 2 of 8 (layer codes2)",
        "codes bottom 4 x 4 of 8 (layer codes1)",
    ]
    assert "; prior1 1.250 bits" in lines[0] and "; prior2" in lines[1]
    single = TOP._replace(place="", layer="codes", prior="prior")
    report = REPORT._replace(levels=[single])
    (line,) = [x for x in str(report).splitlines() if x.startswith("codes")]
    assert " ".join(line.split()).startswith("codes 2 x 2 of 8: usage 50.0%")
    assert "of the top map" not in parse(render(report, shown(None))).text


def test_the_same_figures_give_the_same_page():
    both = [render(REPORT, shown(None)) for _ in range(2)]
    assert both[0] == both[1]


def test_the_curves_of_several_networks_share_no_names(page):
    names = [node["id"] for node in page.all() if "id" in node.attributes]
    assert len(set(names)) == len(names)
    assert any("prior1" in name for name in names)
