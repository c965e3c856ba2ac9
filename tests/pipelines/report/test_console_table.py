"""Tables as text."""

import rich.console

from keras_papers.pipelines.report.console_table import text_table

ROWS = [("model.tflite", "4.17 MB")]
TEXT = "file             size\nmodel.tflite  4.17 MB"


def test_a_notebook_gets_the_same_text(monkeypatch):
    monkeypatch.setattr(rich.console, "_is_jupyter", lambda: True)
    assert text_table(ROWS, ("file", "size")) == TEXT


def test_a_table_without_rows_is_its_head():
    assert text_table([]) == ""
    assert text_table([], ("file", "size")) == "file  size"
