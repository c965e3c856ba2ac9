"""The code of docs/DETECTION.md runs."""

import pathlib
import re

import pytest

PAGE = pathlib.Path(__file__).parents[3] / "docs" / "DETECTION.md"


@pytest.mark.slow
def test_the_code_of_the_page_trains_a_detector():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    # XLA would take longer than the rest.
    quick = code.replace("Adam(3e-3)", "Adam(3e-3), jit_compile=False")
    names = {}
    exec(quick.replace("epochs=60", "epochs=1"), names)
    assert names["found"]["boxes"].shape == (8, 300, 4)
    assert 0 <= names["scores"].ap50 <= 1
