"""The page of a model of a table."""

import re

import pytest

from keras_papers.pipelines.report.finding import Finding
from keras_papers.pipelines.tables.page import render
from tests.support.html import parse


@pytest.fixture(scope="module", params=["binary", "multi-class", "regression"])
def made(request, trained_tables):
    report, shown = trained_tables[request.param]
    report = report._replace(
        verdict=[Finding("few rows", "a <b>text", "the command")]
    )
    return report, shown, render(report, shown)


def sections(page):
    return {each["aria-labelledby"]: each for each in page.all("section")}


def test_the_sections_stand_in_their_order(made):
    report, _, html = made
    found = sections(parse(html))
    drawn = "predictions" if report.task == "regression" else "probabilities"
    assert [*found] == [
        *("figures", "verdict", "baselines", drawn, "importance"),
        *("curves-rtd", "curves-model", "columns", "files"),
    ]
    assert "a <b>text" in found["verdict"].text
    # An SVG has names of its vocabulary; nothing is loaded.
    assert not re.search(r"(src|href)=\"(?!data:|#)|url\((?!#)|<script", html)


def test_drawings_are_those_of_the_task(made):
    report, _, html = made
    found = sections(parse(html))
    labels = [
        each["aria-label"].partition(".")[0].partition(",")[0]
        for name in [*found]
        for each in found[name].all("svg")
    ]
    drawn = {
        "binary": ["ROC curve", "Calibration"],
        "multi-class": ["Calibration"],
        "regression": ["Predicted and true means"],
    }[report.task]
    assert labels == [*drawn, *2 * ["Accuracy by epoch", "Loss by epoch"]]
    assert "Best on validation rows" in found["curves-model"].text
    assert "Chance" in found["curves-rtd"].text
    assert "Chance" not in found["curves-model"].text
    assert "images" not in parse(html).text


def test_the_tables_have_the_figures(made):
    report, _, html = made
    found = sections(parse(html))
    figures = [each.text for each in found["figures"].all("dt")]
    assert len(figures) == 8  # whole rows of the grid
    rows = [row.text for row in found["baselines"].all("tr")][1:]
    assert len(rows) == 4
    assert sum("this model" in row for row in rows) == 1
    boosting = report.baselines[-1]
    (row,) = [each for each in rows if "gradient boosting" in each]
    assert f"{boosting.lead.better_by:+.4}"[:5] in row
    columns = [each.column for each in report.importance]
    shown = [row.first("th").text for row in found["importance"].all("tr")]
    assert shown == ["Column", *columns]
    assert "of 400 held-out rows is where" in found["importance"].text
    text = found["columns"].text
    assert "categorical" in text and "numeric" in text
    for name, number in report.classes:
        assert name in text and str(number) in text
    assert "loss 0.4000 (chance 0.6000)" in found["curves-rtd"].text
    assert "3.60 MB" in found["files"].text


def test_the_page_is_the_same_each_time(made):
    report, shown, html = made
    assert render(report, shown) == html


def test_a_model_without_any_use_has_bars_of_no_length(trained_tables):
    report, shown = trained_tables["binary"]
    useless = [each._replace(mean=-0.01) for each in report.importance]
    page = parse(render(report._replace(importance=useless), shown))
    bars = [*sections(page)["importance"].all("span", class_="bar")]
    assert [each["style"] for each in bars] == ["--share: 0.0%"] * 3
    nothing = report._replace(importance=[], pretraining=None)
    shown = shown._replace(histories=shown.histories[1:])
    found = sections(parse(render(nothing, shown)))
    assert "importance" not in found and "curves-rtd" not in found
