"""The page of a training: what it says, what it hides, how it looks."""

import base64
import io
import itertools
import re
import sys

import numpy as np
import pytest
from PIL import Image

from keras_papers.extras import MissingExtraError
from keras_papers.pipelines.classification.page import Answers, render
from keras_papers.pipelines.report import trade_offs
from keras_papers.pipelines.report.finding import Finding
from keras_papers.pipelines.report.page_graphics import percent
from keras_papers.pipelines.report.page_template import STYLE
from keras_papers.pipelines.report.statistics import likely
from keras_papers.pipelines.variants.plan import Variant
from tests.support.browser import browse, in_a_browser
from tests.support.html import curve_points, parse
from tests.support.training_reports import report


def history(epochs=4, validated=True):
    rows = []
    for epoch in range(epochs):
        row = {"epoch": epoch, "loss": 2 / (epoch + 1), "learning_rate": 0.1}
        row["accuracy"] = 1 - 0.5 / (epoch + 1)
        if validated:
            row["val_loss"] = 2.1 / (epoch + 1)
            row["val_accuracy"] = 1 - 0.6 / (epoch + 1)
        rows.append(row)
    return rows


def answer(labels, predicted, classes, files=None, sure=None, names=None):
    """Answers in which each image has a most probable class."""
    sure = np.full(len(labels), 0.9) if sure is None else np.asarray(sure)
    scores = np.repeat((1 - sure)[:, None] / (classes - 1), classes, axis=1)
    scores[np.arange(len(labels)), predicted] = sure
    names = names or tuple(f"class {index:02}" for index in range(classes))
    return Answers(names, np.asarray(labels), scores, files)


def draw(classes, images, seed=0, wrong=0.3):
    """Answers of which some are wrong, each with a certainty of its own."""
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.arange(images) % classes)
    predicted = np.where(
        generator.random(images) < wrong,
        generator.integers(0, classes, images),
        labels,
    )
    sure = generator.permutation(np.linspace(0.6, 0.99, images))
    return answer(labels, predicted, classes, sure=sure)


def square(index):
    """A small image, each of its own gray."""
    return np.full((8, 8, 3), index % 256, "uint8")


def photograph(index):
    """As much detail as a camera's picture, made smaller, has at most."""
    generator = np.random.default_rng(index)
    coarse = Image.fromarray(generator.integers(0, 256, (60, 60, 3), "uint8"))
    return np.asarray(coarse.resize((224, 224), Image.Resampling.BICUBIC))


def matrix_counts(page):
    """Counts of the cells, read from what hovering shows."""
    table = page.first("table", class_="matrix")
    body = table.first("tbody")
    counts = []
    for row in body.all("tr"):
        titles = [cell.attributes.get("title") for cell in row.all("td")]
        counts.append([int(t.split()[0]) if t else 0 for t in titles])
    return np.array(counts)


def class_rows(page):
    """Cells of the tables class by class, as {name: texts}."""
    rows = {}
    for table in page.all("table"):
        if table.first("caption").text.startswith("Precision"):
            for row in table.first("tbody").all("tr"):
                cells = [cell.text for cell in row.all("td")]
                rows[row.first("th").text] = cells
    return rows


def pixels_of(image):
    content = base64.b64decode(image["src"].partition("base64,")[2])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def test_the_summary_and_the_key_figures_are_there():
    page = parse(render(report(), history(), draw(3, 60), square))
    assert page.first("h1").text == "MobileNetV3Small(alpha=0.75)"
    assert "right on 98.33% of 360 images" in page.first(class_="lead").text
    strip = page.first("dl")
    figures = {
        box.first("dt").text: [part.text for part in box.all("dd")]
        for box in strip.all("div")
    }
    assert {name: value for name, (value, _) in figures.items()} == {
        "Accuracy": "98.33%",
        "Accuracy of the .tflite file": "98.06%",
        "Size": "4.12 MB",
        "Latency": "1.23 ms",
        "Parameters": "1.02 million",
        "Multiply-adds": "3.81 million",
        "Training time": "1 min 23 s",
        "Images": "1,367",
    }
    assert "0.28 points lower" in figures["Accuracy of the .tflite file"][1]
    assert (
        figures["Images"][1] == "to train on, 70 to watch, 360 others to test"
    )
    assert "1,018,000" in figures["Parameters"][1]


def test_ten_right_of_ten_may_be_72percent():
    """Wilson's interval, whose ends for ten of ten are well known."""
    np.testing.assert_allclose(likely(1.0, 10), (0.7225, 1.0), atol=1e-4)
    np.testing.assert_allclose(likely(0.5, 10), (0.2366, 0.7634), atol=1e-4)


def test_only_all_is_100_percent_and_only_none_is_0percent():
    assert percent(1.0) == "100%"
    assert percent(0.0) == "0%"
    assert percent(0.99999) == "> 99.9%"
    assert percent(0.00001) == "< 0.1%"
    assert percent(0.99999, 2) == "> 99.99%"
    assert percent(0.9994) == "99.9%"
    assert percent(float("nan")) == "–"


def variant(name, accuracy, size, latency):
    return Variant(
        name,
        f"model.{name}.tflite",
        None,
        accuracy,
        2 * size,
        size,
        latency,
        2,
    )


SEVERAL = [
    variant("float32", 0.98, 3_800_000, 0.112),
    variant("pruned", 0.97, 1_900_000, 0.111),
    variant("pruned.clustered", 0.97, 950_000, 0.112),
    variant("pruned.clustered.qat", 0.96, 450_000, 0.06),
]


def test_variants_are_a_table_and_two_pictures():
    text = render(report(variants=SEVERAL), history(), draw(3, 60), square)
    page = parse(text)
    table = page.first(class_="files").first("tbody")
    first, *_, last = (
        [row.first("th").text, *(cell.text for cell in row.all("td"))]
        for row in table.all("tr")
    )
    assert first[:2] == ["model.float32.tflite", "98.00%"]
    assert last == [
        *("model.pruned.clustered.qat.tflite", "96.00%", "–", "0.90 MB"),
        *("0.45 MB", "0.06 ms", "2"),
    ]
    # Those by epoch come first.
    size, latency = list(page.all("svg"))[2:]
    assert size["aria-label"].startswith("Accuracy against size, as points.")
    assert "pruned 97.00% at 1.9 MB, zipped" in size["aria-label"]
    assert "pruned.clustered.qat 96.00% at 0.06 ms" in latency["aria-label"]
    for picture in (size, latency):
        words = [each.text for each in picture.all("text")]
        for each in SEVERAL:
            assert words.count(each.name) == 1
    names = re.findall(r' id="([^"]*)"', text)
    assert len(set(names)) == len(names)


def test_every_file_is_named():
    several = report(variants=SEVERAL, skipped_files=0)
    page = render(several, history(), draw(3, 60), square)
    end = parse(page).first("footer").text
    for name in ("pruned.keras", "pruned.clustered.qat.tflite"):
        assert f"output/model.{name}" in str(several)
        assert f"model.{name}" in end
    end = parse(render(report(), history(), draw(3, 60), square))
    assert end.first("footer").text.endswith("the names of the classes.")
    assert "output/model.keras, " in str(report(skipped_files=0))


def test_a_report_without_variants_does_not_mention_them():
    page = render(report(), history(), draw(3, 60), square)
    assert "Smaller files" not in page and page.count("<svg") == 2


@pytest.mark.parametrize("accuracy", [0.0, 0.5, 1.0])
def test_names_of_files_that_are_alike_do_not_cover_each_other(accuracy):
    """Where every point is the same, and at every edge of the picture."""
    alike = [each._replace(tflite_accuracy=accuracy) for each in SEVERAL]
    names = [each.name for each in alike]
    spots = [(300, 15 + 180 * accuracy)] * 4
    places = trade_offs._places(names, spots)
    ends = [x + 5.8 * len(n) for (x, _), n in zip(places, names, strict=True)]
    for (i, (x, y)), (j, other) in itertools.combinations(enumerate(places), 2):
        beside = ends[i] <= other[0] or ends[j] <= x
        assert beside or abs(y - other[1]) >= 14
    assert 0 < min(x for x, _ in places) and max(ends) < 72 * trade_offs.WIDTH
    heights = [y for _, y in places]
    assert 0 < min(heights) and max(heights) < 72 * trade_offs.HEIGHT
    alike = [each._replace(zipped_bytes=9) for each in alike]
    drawn = trade_offs.trade_offs(alike)
    assert [each.title for each in drawn] == [
        "Accuracy against size",
        "Accuracy against latency",
    ]


def test_figures_of_each_class_equal_those_counted_by_hand():
    answers = draw(5, 200)
    page = parse(render(report(), history(), answers, square))
    rows = class_rows(page)
    predicted = answers.scores.argmax(axis=1)
    f1s = []
    for index, name in enumerate(answers.names):
        true = ((predicted == index) & (answers.labels == index)).sum()
        precision = true / (predicted == index).sum()
        recall = true / (answers.labels == index).sum()
        f1 = 2 * precision * recall / (precision + recall)
        assert rows[name] == [
            str((answers.labels == index).sum()),
            f"{precision:.1%}",
            f"{recall:.1%}",
            f"{f1:.1%}",
        ]
        f1s.append(f1)
    assert 0.1 < min(f1s) < max(f1s) < 1  # else any order passes
    weakest_first = [answers.names[index] for index in np.argsort(f1s)]
    assert list(rows) == weakest_first


def test_a_class_that_was_never_predicted_has_no_precision():
    answers = answer([0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 1, 1], 4)
    rows = class_rows(parse(render(report(), history(), answers, square)))
    assert rows["class 02"] == ["2", "–", "0%", "0%"]
    assert rows["class 03"] == ["0", "–", "–", "–"]  # no images of it either
    assert list(rows) == ["class 02", "class 01", "class 00", "class 03"]


@pytest.mark.parametrize("classes", [2, 3, 12, 13, 30, 31, 50])
def test_the_confusion_matrix_counts_every_image(classes):
    answers = draw(classes, 300)
    page = parse(render(report(), history(), answers, square))
    expected = np.zeros((classes, classes), int)
    predicted = answers.scores.argmax(axis=1)
    np.add.at(expected, (answers.labels, predicted), 1)
    counts = matrix_counts(page)
    np.testing.assert_array_equal(counts, expected)
    assert counts.sum() == 300
    cells = page.first("table", class_="matrix").first("tbody").all("td")
    shown = [cell.text for cell in cells]
    assert shown == [str(count) if count else "" for count in counts.flat]


def test_60_classes_show_the_30_most_confused_and_say_so():
    labels = np.repeat(np.arange(60), 4)
    predicted = labels.copy()
    predicted[4 * np.arange(10, 38)] = (np.arange(10, 38) + 1) % 60  # 10 .. 38
    predicted[4 * 50 : 4 * 50 + 3] = 52  # and the pair that is mixed up most
    answers = answer(labels, predicted, 60)
    text = render(report(classes=60), history(), answers, square)
    page = parse(text)
    table = page.first("table", class_="matrix")
    columns = [head.text for head in table.first("thead").all(scope="col")]
    # Each of 11 .. 37 is part of two mistakes, 50 and 52 of three; of the
    # others, with one, the first comes first.
    shown = [f"class {index:02}" for index in (*range(10, 38), 50, 52)]
    assert columns == shown
    assert [
        row.text for row in table.first("tbody").all("th", scope="row")
    ] == shown
    assert matrix_counts(page).shape == (30, 30)
    assert (
        "60 classes are too many for one table. These are the 30 that were "
        "mixed up most, with 30 of the 31 mistakes."
    ) in page.text
    first = page.first("ul", class_="mix-ups").first("li").text
    assert first == "class 50taken forclass 523 times"
    assert len(class_rows(page)) == 60
    assert page.first("details").first("summary").text == "The other 30 classes"


def test_counts_that_do_not_fit_are_rounded_and_shown_whole_by_hovering():
    labels = np.repeat([0, 1], [123_456, 50])
    answers = answer(labels, labels, 2)
    page = parse(render(report(), history(), answers, square))
    cell = page.first("table", class_="matrix").first("td", class_="right-4")
    assert cell.text == "123k"
    assert cell["title"].startswith("123,456 of 123,456 images of class 00")


def test_the_surest_mistakes_come_first():
    answers = draw(6, 300)
    asked = []

    def thumbnail(index):
        asked.append(index)
        return square(index)

    page = parse(render(report(), history(), answers, thumbnail))
    predicted = answers.scores.argmax(axis=1)
    sure = answers.scores.max(axis=1)
    wrong = [
        index
        for index in range(300)
        if predicted[index] != answers.labels[index]
    ]
    assert len(wrong) > 24
    worst = sorted(wrong, key=lambda index: -sure[index])[:24]
    assert asked == worst
    cards = list(page.first("ul", class_="pictures").all("li"))
    assert len(cards) == 24
    for card, index in zip(cards, worst, strict=True):
        names = [name.text for name in card.all("bdi")]
        expected = answers.names[answers.labels[index]]
        assert names == [answers.names[predicted[index]], expected]
        shares = [line.text for line in card.all(class_="line")]
        rest = answers.scores[index, answers.labels[index]]
        assert shares == [f"Predicted{sure[index]:.1%}", f"Expected{rest:.1%}"]
        image = card.first("img")
        assert image["alt"] == f"Image of {expected}, taken for {names[0]}"
        np.testing.assert_array_equal(pixels_of(image)[0, 0], 3 * [index % 256])


def test_without_mistakes_the_least_certain_answers_are_shown():
    labels = np.arange(40) % 2
    sure = np.linspace(0.99, 0.6, 40)
    answers = answer(labels, labels, 2, sure=sure)
    asked = []
    page = parse(
        render(
            report(accuracy=1.0),
            history(),
            answers,
            lambda index: asked.append(index) or square(index),
        )
    )
    assert asked == list(range(39, 27, -1))
    assert "Not one of the 40 held-out images got a wrong answer" in page.text
    assert "all 40 held-out images got the right answer" in page.text
    assert "Expected" not in page.text
    assert {row[1] for row in class_rows(page).values()} == {"100%"}


def test_few_mistakes_are_all_shown():
    answers = answer([0, 0, 1, 1], [0, 1, 1, 1], 2)
    page = parse(render(report(), history(), answers, square))
    assert len(list(page.all("img"))) == 1
    assert "All wrong answers" in page.text
    assert "class 00taken forclass 01once" in page.text


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((8, 8), (96, 96)),
        ((48, 48), (96, 96)),
        ((50, 30), (100, 60)),
        ((80, 80), (128, 128)),  # twice would be too large
        ((96, 96), (96, 96)),
        ((128, 100), (128, 100)),
        ((224, 224), (128, 128)),
        ((3000, 1), (128, 1)),
    ],
)
def test_thumbnails_have_96_to_128_pixels(size, shown):
    answers = answer([0, 1], [1, 1], 2)
    page = parse(
        render(
            report(),
            history(),
            answers,
            lambda _: np.full((*size, 3), (10, 200, 90), "uint8"),
        )
    )
    pixels = pixels_of(page.first("img"))
    assert pixels.shape == (*shown, 3)
    assert np.abs(pixels.astype(int) - (10, 200, 90)).max() < 8


def test_pixels_of_tiny_images_stay_squares():
    generator = np.random.default_rng(0)
    tiny = generator.integers(0, 2, (8, 8, 1)).repeat(3, axis=-1) * 255
    answers = answer([0, 1], [1, 1], 2)
    page = parse(
        render(report(), history(), answers, lambda _: tiny.astype("uint8"))
    )
    expected = tiny.repeat(12, axis=0).repeat(12, axis=1)
    np.testing.assert_array_equal(pixels_of(page.first("img")), expected)


def test_names_of_classes_and_files_are_escaped():
    evil = ('<b>"bold"</b>', "</table><script>alert(1)</script>", "' onload='x")
    files = tuple(f"/photos/{index}<b>&amp;.png" for index in range(6))
    answers = answer(
        [0, 1, 2, 0, 1, 2], [1, 2, 0, 0, 1, 2], 3, files, names=evil
    )
    page = parse(
        render(
            report(model="<em>model</em>(alpha=1)"),
            history(),
            answers,
            square,
            skipped=[("<u>broken</u>.png", "<s>no</s> picture")],
        )
    )
    for tag in ("b", "script", "em", "u", "s"):
        assert not list(page.all(tag)), tag
    assert not [node for node in page.all() if "onload" in node.attributes]
    assert page.first("h1").text == "<em>model</em>(alpha=1)"
    assert set(class_rows(page)) == set(evil)
    shown = {node.text for node in page.all("bdi", class_="file")}
    assert shown == {f"{index}<b>&amp;.png" for index in range(3)}
    assert "<s>no</s> picture" in page.text
    assert "u>broken</u>.png" in page.text


def test_the_paths_of_the_folders_are_not_shown():
    files = ("/home/somebody/birds/jay/1.png", "C:\\birds\\jay\\2.png")
    text = render(
        report(),
        history(),
        answer([0, 0], [1, 1], 2, files),
        square,
        skipped=[("/home/somebody/birds/jay/3.png", "breaks off")],
    )
    page = parse(text)
    shown = [node.text for node in page.all("bdi", class_="file")]
    assert shown == ["1.png", "2.png"]
    assert "jay/3.png" in page.text
    assert "One file could not be read" in page.text
    assert "somebody" not in text


def test_a_file_name_of_another_encoding_does_not_stop_the_writing(tmp_path):
    name = b"caf\xe9.png".decode("utf-8", "surrogateescape")
    text = render(
        report(), history(), answer([0, 0], [1, 1], 2, (name, name)), square
    )
    (tmp_path / "report.html").write_text(text, encoding="utf-8")
    assert "caf?.png" in text


def test_many_skipped_files_are_folded_away():
    skipped = [(f"{index}.png", "breaks off") for index in range(35)]
    page = parse(render(report(), history(), draw(2, 20), square, skipped))
    assert "35 files could not be read" in page.text
    folded = page.first("details")
    assert folded.first("summary").text == "The other 5 files"
    assert len(list(folded.first("tbody").all("tr"))) == 5


def test_nothing_is_fetched_and_nothing_runs():
    text = render(report(), history(), draw(4, 60), square)
    assert not re.search(r"https?:", text)
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    page = parse(text)
    assert not list(page.all("script"))
    for node in page.all():
        assert not [name for name in node.attributes if name.startswith("on")]
        for name in ("src", "href"):
            value = node.attributes.get(name, "#")
            assert value.startswith(("data:", "#")), value
    policy = page.first("meta", content="default-src")  # and forbidden, too
    assert policy["http-equiv"] == "Content-Security-Policy"


def test_names_inside_the_page_are_used_once_and_lead_somewhere():
    text = render(report(), history(), draw(4, 60), square)
    names = [
        node["id"] for node in parse(text).all() if "id" in node.attributes
    ]
    assert len(names) == len(set(names))
    used = re.findall(r'(?:href="|url\()#([\w-]+)', text)
    used += re.findall(r'aria-labelledby="([\w-]+)"', text)
    assert used
    assert set(used) <= set(names)


def test_the_same_training_gives_the_same_page_and_leaves_matplotlib_alone():
    import matplotlib

    before = dict(matplotlib.rcParams)
    first, second = (
        render(report(), history(), draw(4, 60), square) for _ in range(2)
    )
    assert first == second
    assert dict(matplotlib.rcParams) == before


def test_the_curves_take_the_colors_of_the_page():
    page = parse(render(report(), history(), draw(4, 60), square))
    for title, svg in zip(
        ("Accuracy", "Loss"), page.all("svg", role="img"), strict=True
    ):
        assert svg["aria-label"].startswith(f"{title} by epoch")
        styles = " ".join(
            node.attributes.get("style", "") for node in svg.all()
        )
        assert "currentColor" in styles and "var(--accent)" in styles
        assert not re.search(r"#[0-9a-f]{6}\b", styles)
        assert "Epoch" in svg.text


@pytest.mark.parametrize(
    ("key", "curve", "color"),
    [
        ("accuracy", 0, "currentColor"),
        ("val_accuracy", 0, "var(--accent)"),
        ("loss", 1, "currentColor"),
        ("val_loss", 1, "var(--accent)"),
    ],
)
def test_the_curves_go_through_the_history(key, curve, color):
    page = parse(render(report(), history(20), draw(4, 60), square))
    svg = list(page.all("svg", role="img"))[curve]
    points = curve_points(svg, color)
    values = np.array([row[key] for row in history(20)])
    assert len(points) == 20
    # Equal but for scale and origin, downwards as SVG counts.
    assert np.corrcoef(points[:, 0], np.arange(20))[0, 1] > 0.99999
    assert np.corrcoef(points[:, 1], values)[0, 1] < -0.99999


def test_the_best_epoch_is_that_on_validation_images_if_any():
    rows = history(4)
    rows[1]["val_accuracy"] = 0.9512
    rows[2]["val_loss"] = 0.0123
    page = parse(render(report(), rows, draw(3, 60), square))
    assert "Best on validation images: 95.12% in epoch 2 of 4." in page.text
    assert "Best on validation images: 0.0123 in epoch 3 of 4." in page.text
    page = parse(render(report(), history(4, False), draw(3, 60), square))
    assert "Best on training images: 87.50% in epoch 4 of 4." in page.text
    keys = [key.text for key in page.all(class_="key")]
    assert keys == ["Training", "Training"]


def test_one_epoch_is_a_point():
    page = parse(render(report(epochs=1), history(1), draw(3, 60), square))
    assert "in epoch 1 of 1" in page.text
    notes = [part.text for part in page.all("dd")]
    assert any(note.startswith("for 1 epoch; ") for note in notes)
    for svg in page.all("svg", role="img"):
        assert len(list(svg.all("use"))) == 2  # training and validation
        labels = [node.text for node in svg.all("text")]
        assert labels[:2] == ["1", "Epoch"]


def test_a_training_without_history_or_with_infinite_loss_has_a_page():
    page = parse(render(report(), [], draw(3, 60), square))
    assert not list(page.all("svg", role="img"))
    assert "No epoch was recorded" in page.text
    rows = history(3)
    rows[0]["loss"] = float("inf")
    rows[1]["loss"] = rows[1]["val_loss"] = float("nan")
    page = parse(render(report(), rows, draw(3, 60), square))
    assert len(list(page.all("svg", role="img"))) == 2
    assert "nan" not in page.text and "inf" not in page.text


def test_tables_and_pictures_can_be_heard():
    page = parse(render(report(), history(), draw(4, 60), square))
    assert page.first("html")["lang"] == "en"
    assert len(list(page.all("h1"))) == 1
    for table in page.all("table"):
        assert table.first("caption").text
        heads = list(table.all("th"))
        assert heads
        assert {head["scope"] for head in heads} <= {"col", "row", "colgroup"}
    for image in page.all("img"):
        assert image["alt"]


def luminance(color):
    """Of a color #rrggbb, as the Web Content Accessibility Guidelines say."""
    channels = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(
        channels <= 0.04045,
        channels / 12.92,
        ((channels + 0.055) / 1.055) ** 2.4,
    )
    return linear @ (0.2126, 0.7152, 0.0722)


def test_text_stands_out_from_its_ground_in_light_dark_and_print():
    style = STYLE.read_text(encoding="utf-8")
    palettes = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    ]
    assert len(palettes) == 3
    grounds = ("paper", "card")
    pairs = {(ink, on) for ink in ("ink", "muted", "accent") for on in grounds}
    pairs |= {("ink", f"right-{step}") for step in range(1, 5)}
    pairs |= {("ink", f"wrong-{step}") for step in range(1, 4)}
    pairs.add(("on-accent", "wrong-4"))
    for palette in palettes:
        for ink, ground in pairs:
            low, high = sorted(luminance(palette[n]) for n in (ink, ground))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, palette[ground])


def test_ten_classes_with_photographs_stay_below_400_kilobytes():
    page = render(report(), history(40), draw(10, 1000), photograph)
    assert page.count("data:image/") == 24
    assert 50_000 < len(page.encode()) < 400_000


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_missing_package_is_named_with_its_extra(package, monkeypatch):
    for name in [package, *sys.modules]:
        if name.partition(".")[0] == package:
            monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r"keras-papers\[report\]"):
        render(report(), history(), draw(3, 60), square)


@in_a_browser
@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
def test_a_browser_shows_the_page(width, dark, tmp_path):
    long = "a class with a name as long as only people can come up with"
    answers = draw(12, 300)
    answers = answers._replace(
        names=(long, *answers.names[1:]),
        files=tuple(f"{long}/{long} {index}.jpg" for index in range(300)),
    )
    page = render(
        report(classes=12, variants=SEVERAL),
        history(30),
        answers,
        photograph,
        skipped=[(f"{long}/{long}.png", long)],
    )
    seen, picture = browse(tmp_path, page, width, dark)
    assert seen["images"] == 24
    assert seen["broken"] == 0
    assert seen["cells"] == 12 * 12
    assert seen["overflow"] == 0  # nothing sticks out on the right
    assert seen["cut"] == 0
    assert seen["ellipses"] >= 24  # the names of the files
    paper = tuple(map(int, re.findall(r"\d+", seen["paper"])))
    assert paper == ((19, 22, 26) if dark else (247, 248, 249))
    # No blank page: title, figures and curves are in what one sees first.
    upper = picture[:1200]
    distance = np.abs(upper.astype(int) - paper).max(axis=-1)
    assert 0.01 < (distance > 100).mean() < 0.3  # ink
    assert len(np.unique(upper.reshape(-1, 3), axis=0)) > 100
    bands = (distance > 100).reshape(12, -1).any(axis=1)
    assert bands.sum() >= 10, bands


@in_a_browser
@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 60])
def test_few_and_many_classes_fit_a_phone(classes, tmp_path):
    page = render(report(), history(), draw(classes, 300), square)
    seen, _ = browse(tmp_path, page, 360)
    assert seen["overflow"] == 0
    assert seen["cut"] == 0
    assert seen["broken"] == 0


def test_the_verdict_stands_first_with_its_command():
    found = [
        Finding("overfitting", "99.0% and <74.0%>", "keras-papers train 'a'"),
        Finding("few images", "8 images", None),
    ]
    page = render(report(verdict=found), history(), draw(3, 60), square)
    first = parse(page).first("section", **{"aria-labelledby": "verdict"})
    titles = [title.text for title in first.all("h3")]
    assert titles == ["Overfitting", "Few images"]
    assert "99.0% and <74.0%>." in first.text
    assert [each.text for each in first.all("pre")] == [found[0].command]
    assert page.index('id="verdict"') < page.index('id="curves"')
