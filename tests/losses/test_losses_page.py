"""The page of the losses: its table is made of their traits, its code runs."""

import pathlib
import re

import keras
import numpy as np

from keras_papers import losses
from keras_papers.losses.margin import MARGIN_LOSSES

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "LOSSES.md"
BEGIN = "<!-- made by python -m tests.losses.test_losses_page -->"
END = "<!-- end -->"
HEADS = (
    "loss",
    "convex",
    "Lipschitz",
    "smoothness",
    "no derivative at",
    "no second one at",
    "clips at",
    "right sign",
    "probability",
)


def with_traits(text):
    """Returns the text of the page with the table of the traits."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    lines = [HEADS, ["---"] * len(HEADS), *map(row, MARGIN_LOSSES)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def row(kind):
    """Lists the cells of a loss, for its default arguments."""
    traits = kind().traits
    convex = {
        (True, True, True): "strongly",
        (True, True, False): "strictly",
        (True, False, False): "yes",
        (False, False, False): "no",
    }
    return [
        f"`{kind.__name__}`",
        convex[traits[:3]],
        number(traits.lipschitz),
        number(traits.smoothness),
        ", ".join(map(number, traits.kinks)) or "-",
        ", ".join(map(number, traits.second_kinks)) or "-",
        number(traits.clips_at),
        "yes" if traits.calibrated else "no",
        "yes" if traits.probabilities else "no",
    ]


def number(value):
    """Writes a number; none is a dash."""
    return "-" if value is None else f"{value:.4g}"


def test_the_page_has_the_traits_of_the_losses():
    """Where it does not, `make papers` updates it."""
    text = PAGE.read_text(encoding="utf-8")
    assert with_traits(text) == text
    assert text.count("Loss` |") >= len(MARGIN_LOSSES)


def test_the_code_of_the_page_trains():
    names = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL):
        exec(code, names)
    x = np.random.default_rng(0).normal(size=(16, 64)).astype("float32")
    classes = np.arange(16) % 2
    logits = np.eye(10)[classes]
    fitted = [
        (names["model"], x, 2 * classes - 1),
        (names["encoder"], x, classes),
        (names["pair"], [x, x + 1], classes),
        (names["student"], x, logits),
        (names["distiller"], x, classes),
    ]
    for model, inputs, labels in fitted:
        (loss,) = model.fit(inputs, labels, verbose=0).history["loss"]
        assert np.isfinite(loss) and loss > 0


def test_the_probabilities_of_the_page_are_those_of_the_classes():
    """Of one example, three times in four of class 1."""
    targets = np.array([1, 1, 1, -1], "float32")

    def best(loss):
        outputs = np.linspace(-3, 3, 6001, dtype="float32")
        pairs = [
            keras.ops.convert_to_numpy(loss.value(target * outputs))
            for target in targets
        ]
        return outputs[np.mean(pairs, 0).argmin()]

    logit = best(losses.LogitMarginLoss())
    assert abs(1 / (1 + np.exp(-logit)) - 0.75) < 1e-3
    assert abs((1 + best(losses.ModifiedHuberLoss())) / 2 - 0.75) < 1e-3


if __name__ == "__main__":
    PAGE.write_text(
        with_traits(PAGE.read_text(encoding="utf-8")), encoding="utf-8"
    )
