"""The page of a search: what it says, what it draws, how it looks."""

import math
import re
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from keras_papers.extras import MissingExtraError
from keras_papers.pipelines.report import page_graphics
from keras_papers.pipelines.report.page_template import STYLE
from keras_papers.pipelines.search import point_names
from keras_papers.pipelines.search.page import render
from keras_papers.pipelines.search.search_pictures import write_picture
from tests.support.browser import browse, in_a_browser
from tests.support.html import curve_points, parse
from tests.support.search_reports import pairs, report, tables, trial


@pytest.fixture(scope="module")
def pairs_page():
    return parse(render(pairs()))


@pytest.fixture(scope="module")
def tables_page():
    return parse(render(tables()))


def table(page, caption):
    """Cells of a table, a list of texts for each row of its body."""
    (found,) = [
        each
        for each in page.all("table")
        if each.first("caption").text == caption
    ]
    return [
        [row.first("th").text, *(cell.text for cell in row.all("td"))]
        for row in found.first("tbody").all("tr")
    ]


def picture(page, name):
    """The graphic whose description starts so."""
    (found,) = [
        each
        for each in page.all("svg", role="img")
        if each["aria-label"].startswith(name)
    ]
    return found


def pareto(page):
    return picture(page, "Accuracy against")


def words(svg):
    return [each.text for each in svg.all("text")]


def dots(svg, color):
    """Where points of a color stand, in the drawing's own units."""
    return np.array(
        [
            (float(each["x"]), float(each["y"]))
            for each in svg.all("use")
            if f"fill: {color}" in each.attributes.get("style", "")
        ]
    ).reshape(-1, 2)


def metrics(trials, name):
    return np.array([each.metrics[name] for each in trials])


def test_the_summary_says_what_was_searched_and_found(pairs_page):
    assert pairs_page.first("h1").text == "MobileNet"
    assert pairs_page.first(class_="lead").text == (
        "The search varied width and image size of MobileNet, each network "
        "within 30 million multiply-adds. Of 16 networks that were trained for "
        "10 epochs, the best classifies 95.28% of 360 images correctly that "
        "served neither to train nor to choose it."
    )


def test_the_key_figures_are_there(pairs_page):
    figures = {
        box.first("dt").text: [part.text for part in box.all("dd")]
        for box in pairs_page.first("dl").all("div")
    }
    assert {name: value for name, (value, _) in figures.items()} == {
        "Test accuracy": "95.28%",
        "Validation accuracy": "97.12%",
        "Accuracy of the .tflite file": "95.00%",
        "Multiply-adds": "15 million",
        "Size": "1.23 MB",
        "Latency": "1.23 ms",
        "Trials": "16",
        "Search time": "12 min 5 s",
    }
    # Wilson's interval of 343 of 360.
    assert "92.6% to 97.0% is likely" in figures["Test accuracy"][1]
    assert "0.28 points lower" in figures["Accuracy of the .tflite file"][1]
    assert "partly luck" in figures["Validation accuracy"][1]


def test_failed_and_unfinished_trials_are_counted(tables_page):
    assert "of 40 were completed; 3 failed" in tables_page.text
    assert "with 4 processes side by side" in tables_page.text
    running = trial(3, 2e6, 0.8)._replace(status="RUNNING")
    page = parse(render(report([trial(1, 3e6, 0.9), trial(2), running])))
    assert "of 3 were completed; 1 failed; 1 did not finish" in page.text
    rows = {row[0]: row for row in table(page, "All trials")}
    assert rows["03"][1] == "not finished"


def test_the_front_goes_in_steps_through_its_trials(pairs_page):
    found = pairs()
    assert len(found.front) == 6
    svg = pareto(pairs_page)
    points = curve_points(svg, "var(--accent)")
    corners = points[::2]  # between two of them lies the step
    np.testing.assert_array_equal(points[1::2, 0], corners[1:, 0])
    np.testing.assert_array_equal(points[1::2, 1], corners[:-1, 1])
    shares = metrics(found.front, "val_accuracy")
    # The axis is logarithmic, for the costs differ 31 times.
    costs = np.log(metrics(found.front, "multiply_adds"))
    assert np.corrcoef(corners[:, 0], costs)[0, 1] > 0.999999
    assert np.corrcoef(corners[:, 1], shares)[0, 1] < -0.999999
    for each in found.front:
        assert words(svg).count(each.values["width_and_resolution"]) == 1
        assert f"trial {each.trial} " in svg["aria-label"]


def test_every_other_trial_is_a_point(pairs_page):
    found = pairs()
    on_front = {each.trial for each in found.front}
    others = [each for each in found.trials if each.trial not in on_front]
    spots = dots(pareto(pairs_page), "var(--muted)")
    assert len(spots) == len(others) == 10
    costs = np.log(metrics(others, "multiply_adds"))
    assert np.corrcoef(spots[:, 0], costs)[0, 1] > 0.999999
    shares = metrics(others, "val_accuracy")
    assert np.corrcoef(spots[:, 1], shares)[0, 1] < -0.999999


def test_the_best_is_a_larger_point_on_the_front(pairs_page):
    svg = pareto(pairs_page)
    (name,) = [
        each for each in svg.all("text") if "font-weight: 700" in each["style"]
    ]
    assert name.text == "0.75 x 48"
    corners = curve_points(svg, "var(--accent)")[::2]
    index = [each.trial for each in pairs().front].index("04")
    best = dots(svg, "var(--accent)")
    assert any(np.allclose(spot, corners[index]) for spot in best)


@pytest.mark.parametrize(("most", "is_log"), [(30e6, False), (31e6, True)])
def test_costs_that_differ_more_than_ten_times_have_a_log_axis(most, is_log):
    trials = [trial(0, 3e6, 0.8), trial(1, 9e6, 0.9), trial(2, most, 0.95)]
    svg = pareto(parse(render(report(trials))))
    corners = curve_points(svg, "var(--accent)")[::2, 0]
    costs = np.array([3e6, 9e6, most])
    like = np.log(costs) if is_log else costs
    assert np.corrcoef(corners, like)[0, 1] > 0.999999
    ticks = words(svg)
    assert ("0" in ticks) == (not is_log)  # a linear axis starts there
    assert ("5" in ticks) == ("10" in ticks)
    assert "Multiply-adds, million" in ticks


def limit_line(svg):
    """Where the dashed line stands, or None."""
    for path in svg.all("path"):
        if "stroke-dasharray" in path.attributes.get("style", ""):
            return float(re.search(r"M ([\d.]+)", path["d"])[1])
    return None


def test_the_limit_is_a_line_at_its_cost():
    trials = [trial(0, 2e6, 0.8), trial(1, 4e6, 0.9)]
    svg = pareto(parse(render(report(trials, limit=6e6))))
    near, _, far = curve_points(svg, "var(--accent)")[:, 0]
    assert limit_line(svg) == pytest.approx(2 * far - near)
    assert "limit 6 million" in words(svg)
    page = parse(render(report(trials)))
    assert limit_line(pareto(page)) is None
    assert "Limit" not in page.first(class_="key").text


def test_a_limit_far_to_the_right_is_a_note():
    trials = [trial(0, 2e6, 0.8), trial(1, 4e6, 0.9)]
    page = parse(render(report(trials, limit=900e6)))
    assert limit_line(pareto(page)) is None
    note = "The limit of 900 million multiply-adds lies far to the right."
    assert note in page.text


def test_a_reward_has_a_target(tables_page):
    svg = pareto(tables_page)
    assert "target 1.5 ms" in words(svg)
    assert "Latency, ms" in words(svg)
    assert "weighing accuracy against a target of 1.5 ms" in tables_page.text
    assert tables_page.first(class_="key").text.endswith("Target")
    assert "Best reward so far" in tables_page.text
    head = next(tables_page.all("thead"))
    assert [cell.text for cell in head.all("th")] == [
        *("Trial", "Reward", "Validation accuracy", "Latency"),
        *("Multiply-adds", "Parameters", "Values"),
    ]


def test_trials_that_diverged_do_not_flatten_the_picture():
    trials = [trial(n, (n + 1) * 1e6, 0.9 + n / 100) for n in range(8)]
    low = trial(8, 5e5, 0.1)  # the cheapest of all: on the front, too
    page = parse(render(report([low, *trials])))
    svg = pareto(page)
    assert "1 trial lies below the picture." in page.text
    assert words(svg)[-1] != "08"
    assert len(curve_points(svg, "var(--accent)")) == 15
    ticks = [each for each in words(svg) if each.endswith("%")]
    assert min(float(each[:-1]) for each in ticks) > 80
    rows = table(page, "The Pareto front, the cheapest first")
    assert rows[0][0] == "08front"  # but is in the table


def test_names_cover_neither_each_other_nor_points(monkeypatch):
    """In the fullest of pictures; the best is named in any case."""
    found = tables(200, 1)
    written = []

    def keep(axes, points, spots, line=None):
        point_names.name_points(axes, points, spots, line)
        written.append((axes, points, spots))

    module = "keras_papers.pipelines.search.search_pictures.name_points"
    monkeypatch.setattr(module, keep)
    render(found)
    ((axes, points, spots),) = written
    scale = 72 / axes.figure.dpi
    boxes = []
    for text in axes.texts[1:]:  # the first is the target
        left, bottom = scale * axes.transData.transform(text.xy) + text.xyann
        boxes.append((left, bottom, left + 5.8 * len(text.get_text())))
    assert 8 < len(boxes) < len(points)
    assert axes.texts[1].get_text() == points[0].name == found.best.trial
    places = scale * axes.transData.transform(spots)
    for index, (left, bottom, right) in enumerate(boxes):
        for other, height, end in boxes[:index]:
            beside = end <= left or right <= other
            assert beside or abs(bottom - height) >= 12
        covered = (
            (left < places[:, 0])
            & (places[:, 0] < right)
            & (bottom < places[:, 1])
            & (places[:, 1] < bottom + 12)
        )
        assert not covered.any()
        assert left > scale * axes.bbox.x0


def test_the_front_is_a_table_the_cheapest_first(pairs_page):
    rows = table(pairs_page, "The Pareto front, the cheapest first")
    assert rows[0] == ["15front", "85.63%", "826,425", "118,061", "0.25 x 32"]
    assert rows[-1] == [
        *("04best", "97.12%", "15 million", "2.14 million", "0.75 x 48")
    ]
    assert len(rows) == 6


def test_all_trials_are_a_table_the_best_first(tables_page):
    found = tables()
    shown = table(tables_page, "All trials")
    folded = table(tables_page, "All trials, the rest")
    rows = shown + folded
    assert (len(shown), len(folded)) == (30, 10)
    summaries = [each.text for each in tables_page.all("summary")]
    assert "The other 10 trials" in summaries
    rewards = [float(row[2]) for row in rows if row[1] == "done"]
    assert len(rewards) == 37
    assert rewards == sorted(rewards, reverse=True)
    assert rows[0][0] == f"{found.best.trial}best"
    assert [row[0] for row in rows[-3:]] == ["05", "17", "18"]
    for row in rows[-3:]:
        assert row[1:7] == ["failed", "–", "–", "–", "–", "–"]
        assert row[7].startswith("ResourceExhaustedError: OOM when")


def test_many_values_are_folded(tables_page):
    found = tables()
    body = tables_page.first("table").first("tbody")
    for row, each in zip(body.all("tr"), found.front, strict=True):
        folded = row.first("details")
        assert folded.first("summary").text.endswith("layers in 7 stages")
        parts = [stage.text for stage in folded.all("li")]
        assert len(parts) == 7
        assert parts[3].startswith(each.values["stage4_operation"])


def test_the_best_table_is_there_row_by_row(tables_page):
    found = tables()
    rows = table(tables_page, "The table that the best network is built from")
    assert len(rows) == 7
    for stage, (row, searched) in enumerate(
        zip(rows, found.table, strict=True), start=1
    ):
        skips = {True: "yes", "pool": "pooled", False: "no"}
        assert row == [
            str(stage),
            searched.operation,
            f"{searched.k} × {searched.k}",
            str(searched.se or "–"),
            skips[searched.skip],
            *map(str, (searched.filters, searched.layers, searched.s)),
        ]
    assert "before the width of 0.35" in tables_page.text


def test_a_search_without_a_table_shows_none(pairs_page):
    assert "block by block" not in pairs_page.text


def test_the_best_until_then_rises_in_steps():
    """A failed trial keeps its place, and the line continues over it."""
    shares = [0.8, 0.7, None, 0.9, 0.85, 0.95]
    trials = [
        trial(number) if share is None else trial(number, 3e6, share)
        for number, share in enumerate(shares)
    ]
    page = parse(render(report(trials)))
    svg = picture(page, "Best validation accuracy so far")
    points = curve_points(svg, "var(--accent)")
    best = np.array([0.8, 0.8, 0.8, 0.9, 0.9, 0.95])
    heights = points[::2, 1]
    assert np.corrcoef(heights, best)[0, 1] < -0.999999
    assert np.corrcoef(points[::2, 0], np.arange(6))[0, 1] > 0.999999
    spots = dots(svg, "var(--muted)")
    places = [number for number in range(6) if number != 2]
    assert np.corrcoef(spots[:, 0], places)[0, 1] > 0.999999
    assert "Trial 05 reached 95.00%, and none after it more." in page.text


def test_what_may_be_chance_is_counted():
    """Of 90% of 100 images, Wilson's interval is 82.6% to 94.5%."""
    shares = [0.9, 0.83, 0.82, 0.84]
    trials = [trial(n, (4 - n) * 1e6, share) for n, share in enumerate(shares)]
    page = parse(render(report(trials, validation_images=100)))
    assert (
        "90.00% of 100 validation images may stand for 82.6% to 94.5% of many. "
        "2 other trials lie within that, so their order may be chance. The "
        "cheapest of them is trial 03, with 1 million multiply-adds against 4 "
        "million multiply-adds."
    ) in page.first(class_="beside").text
    page = parse(render(report(trials, validation_images=100_000)))
    beside = page.first(class_="beside").text
    assert "No other trial lies within that." in beside
    assert "cheapest" not in beside


def test_an_equal_of_the_best_that_costs_less_is_named():
    trials = [trial(0, 4e6, 0.9), trial(1, 3e6, 0.9)]
    found = report(trials)
    assert found.best.trial == "00"
    assert [each.trial for each in found.front] == ["01"]
    page = parse(render(found))
    note = "Trial 01 is no less accurate than the best and costs no more."
    assert note in page.text
    assert note not in parse(render(report(trials[1:]))).text


def test_the_reasons_of_failures_are_counted(tables_page):
    reasons = [
        each.text for each in tables_page.first(class_="reasons").all("li")
    ]
    assert reasons == [
        "3 ×ResourceExhaustedError: OOM when allocating tensor with "
        "shape[64,105,48,48]"
    ]
    assert "Why trials failed" not in parse(render(pairs())).text


def test_one_trial_is_enough():
    page = parse(render(report([trial(0, 3e6, 0.9)], epochs=1)))
    assert "Of 1 network that was trained for 1 epoch, the best" in page.text
    assert "The only trial reached 90.00%." in page.text
    assert "partly luck" not in page.text
    assert len(curve_points(pareto(page), "var(--accent)")) == 1
    assert len(table(page, "All trials")) == 1
    assert "nan" not in page.text


def test_all_but_one_may_fail():
    trials = [trial(0), trial(1), trial(2, 3e6, 0.9), trial(3)]
    page = parse(render(report(trials)))
    assert "of 4 were completed; 3 failed" in page.text
    assert [row[0] for row in table(page, "All trials")] == [
        *("02best", "00", "01", "03")
    ]
    assert "nan" not in page.text


def test_numbers_that_are_none_are_dashes():
    strange = trial(1, 3e6, 0.8, val_loss=math.nan, parameters=math.nan)
    lost = trial(2, 3e6, 0.7)
    del lost.metrics["multiply_adds"]
    page = parse(render(report([trial(0, 3e6, 0.9), strange, lost])))
    rows = {row[0]: row for row in table(page, "All trials")}
    assert rows["01"][2:5] == ["80.00%", "3 million", "–"]
    assert rows["02"][2:4] == ["70.00%", "–"]
    assert "nan" not in page.text


def test_200_trials_stay_below_400_kilobytes():
    page = render(tables(200, 1, failures=range(3, 200, 23)))
    assert "The other 170 trials" in page
    assert 100_000 < len(page.encode()) < 400_000


def test_more_trials_are_advised_where_the_best_came_late():
    advice = "The best was one of the last trials"
    shares = [0.8] * 9
    late = [trial(n, 3e6, share) for n, share in enumerate([*shares, 0.9])]
    early = [trial(n, 3e6, share) for n, share in enumerate([0.9, *shares])]
    assert advice in parse(render(report(late))).text
    assert advice not in parse(render(report(early))).text


def test_the_page_has_the_python_of_the_best_network():
    code = "from keras_papers.applications import MobileNet\n\nmodel = 1 < 2"
    page = parse(render(report([trial(0, 3e6, 0.9)], code=code)))
    *_, shown = page.all("pre")
    assert shown.children == [code]  # as it is written: spaces and lines count


def test_what_trials_say_is_escaped():
    evil = "</table><script>alert(1)</script>"
    failed = trial(0, values={"scaling": evil})._replace(message=f"E: {evil}")
    odd = trial(1, 2e6, 0.8, {"scaling": "$\\x$"})._replace(trial='"><u>')
    best = trial(2, 3e6, 0.9, {"scaling": "1 1 <s>"})
    values = {"<i>width</i>": "\"' onload='x", "b": "<b>2</b>"}
    many = report([failed, trial(3, 3e6, 0.9, values)], "mnas", model="<em>")
    few = parse(render(report([failed, odd, best])))
    for page in (few, parse(render(many))):
        for tag in ("script", "i", "b", "u", "s", "em"):
            assert not list(page.all(tag)), tag
        assert not [each for each in page.all() if "onload" in each.attributes]
        assert evil in page.text
        assert len(table(page, "All trials")) in (2, 3)
    assert parse(render(many)).first("h1").text == "<em>"
    # Nor are dollars, between which Matplotlib reads formulas.
    assert {"1 1 <s>", "$\\x$"} <= set(words(pareto(few)))
    assert 'trial "><u> 80.00% at 2 million' in pareto(few)["aria-label"]


def test_halves_of_characters_do_not_stop_the_writing(tmp_path):
    message = b"caf\xe9".decode("utf-8", "surrogateescape")
    failed = trial(0)._replace(message=message)
    text = render(report([failed, trial(1, 3e6, 0.9)]))
    (tmp_path / "report.html").write_text(text, encoding="utf-8")
    assert "caf?" in text


def test_the_path_of_the_folder_is_not_on_the_page():
    assert "somebody" not in render(pairs())


def test_nothing_is_fetched_and_nothing_runs():
    text = render(tables())
    assert not re.search(r"https?:", text)
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    page = parse(text)
    assert not list(page.all("script"))
    for each in page.all():
        assert not [name for name in each.attributes if name.startswith("on")]
        for name in ("src", "href"):
            assert each.attributes.get(name, "#").startswith(("data:,", "#"))
    policy = page.first("meta", content="default-src")
    assert policy["http-equiv"] == "Content-Security-Policy"


def test_names_inside_the_page_are_used_once_and_lead_somewhere():
    text = render(tables())
    names = [
        each["id"] for each in parse(text).all() if "id" in each.attributes
    ]
    assert len(names) == len(set(names))
    used = re.findall(r'(?:href="|url\()#([\w-]+)', text)
    used += re.findall(r'aria-labelledby="([\w-]+)"', text)
    assert used
    assert set(used) <= set(names)


def test_the_same_search_gives_the_same_page():
    assert render(tables()) == render(tables())


def test_tables_can_be_heard(tables_page):
    assert tables_page.first("html")["lang"] == "en"
    assert len(list(tables_page.all("h1"))) == 1
    for found in tables_page.all("table"):
        assert found.first("caption").text
        heads = list(found.all("th"))
        assert {head["scope"] for head in heads} == {"col", "row"}


def test_graphics_are_drawn_in_the_light_colors_of_the_page(tables_page):
    light = re.search(r":root \{(.*?)\}", STYLE.read_text(), re.DOTALL)[1]
    colors = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    assert {
        "card": page_graphics.CARD,
        "ink": page_graphics.INK,
        "muted": page_graphics.MUTED,
        "line": page_graphics.FAINT,
        "accent": page_graphics.ACCENT,
    }.items() <= colors.items()
    for svg in tables_page.all("svg", role="img"):
        styles = " ".join(
            each.attributes.get("style", "") for each in svg.all()
        )
        assert "var(--accent)" in styles and "var(--muted)" in styles
        assert not re.search(r"#[0-9a-f]{6}\b", styles)


def test_a_picture_stands_alone(tmp_path):
    write_picture(pairs(), tmp_path / "front.svg")
    write_picture(pairs(), tmp_path / "front.png")
    text = (tmp_path / "front.svg").read_text()
    assert "var(" not in text and "currentColor" not in text
    root = ET.fromstring(text)
    texts = [
        each.text for each in root.iter("{http://www.w3.org/2000/svg}text")
    ]
    for name in (
        *("Validation accuracy", "Multiply-adds, million", "other trials"),
        *("Pareto front", "best", "limit", "limit 30 million"),
        *("0.75 x 48", "0.25 x 32"),
    ):
        assert texts.count(name) == 1
    with Image.open(tmp_path / "front.png") as image:
        assert image.size == (1200, 780)
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    assert (pixels[0] == 255).all()
    accent = (pixels == (0x1F, 0x57, 0xC3)).all(axis=-1).mean()
    assert 0.003 < accent < 0.1
    assert {path.name for path in tmp_path.iterdir()} == {
        *("front.svg", "front.png")
    }


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_the_same_search_gives_the_same_picture(suffix, tmp_path):
    for name in ("a", "b"):
        write_picture(tables(), tmp_path / f"{name}{suffix}")
    first, second = (
        (tmp_path / f"{name}{suffix}").read_bytes() for name in ("a", "b")
    )
    assert first == second


def test_a_picture_of_another_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"Received: path='.*front.jpg'"):
        write_picture(pairs(), tmp_path / "front.jpg")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_missing_package_is_named_with_its_extra(package, monkeypatch):
    for name in [package, *sys.modules]:
        if name.partition(".")[0] == package:
            monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r"keras-papers\[report\]"):
        render(pairs())


@in_a_browser
@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
def test_a_browser_shows_the_page(width, dark, tmp_path):
    long = "AnErrorWithANameAsLongAs" + "OnlyPackagesCanComeUpWith" * 4
    found = tables()
    found.trials[5] = found.trials[5]._replace(message=f"{long}: {long}")
    seen, picture = browse(tmp_path, render(found), width, dark)
    assert seen["overflow"] == 0  # nothing sticks out on the right
    assert seen["cut"] == 0
    paper = tuple(map(int, re.findall(r"\d+", seen["paper"])))
    assert paper == ((19, 22, 26) if dark else (247, 248, 249))
    upper = picture[:1200]
    distance = np.abs(upper.astype(int) - paper).max(axis=-1)
    assert 0.01 < (distance > 100).mean() < 0.3  # ink
    assert len(np.unique(upper.reshape(-1, 3), axis=0)) > 100


@in_a_browser
@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 200])
def test_one_and_many_trials_fit_a_phone(number, tmp_path):
    seen, _ = browse(tmp_path, render(tables(number, 1, ())), 360)
    assert seen["overflow"] == 0
    assert seen["cut"] == 0
