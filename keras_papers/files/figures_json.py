"""The results of a pipeline as JSON."""

import json
import math
import os

from keras_papers.files.drafts import draft_of


def to_json(value):
    """Returns figures as JSON, with null for NaN and infinity.

    Named tuples become objects, and paths become strings.

    Example:
    >>> print(to_json({"loss": float("nan"), "sizes": (1, 2.5)}))
    {
      "loss": null,
      "sizes": [
        1,
        2.5
      ]
    }
    """
    return json.dumps(_plain(value), indent=2, allow_nan=False)


def write_json(path, value):
    """Writes figures as a JSON file, whole or not at all."""
    with draft_of(path) as draft:
        draft.write_text(to_json(value) + "\n")


def _plain(value):
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, os.PathLike) else value
