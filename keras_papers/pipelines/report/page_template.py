"""The templates of the pages.

`page.html` is what all pages share, with the style in `page.css`: one file of
HTML that needs nothing else, no network and no scripts.
"""

import pathlib
import re

from keras_papers.extras import require
from keras_papers.pipelines.report.page_graphics import percent
from keras_papers.pipelines.report.page_text import in_bytes

FOLDER = pathlib.Path(__file__).parent
STYLE = FOLDER / "page.css"


def template(name):
    """Returns a template that escapes what it is given.

    Args:
        name: Of a file of a job's folder, such as
            `"classification/report_page.html"`, or of this one.

    Raises:
        MissingExtraError: If the extra `report` is not installed.
    """
    jinja2 = require("jinja2", "report")
    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FileSystemLoader([FOLDER, FOLDER.parent]),
    )
    environment.filters |= {
        "percent": percent,
        "in_bytes": in_bytes,
        "file_name": lambda path: last_parts(path, 1),
    }
    return environment.get_template(name)


def last_parts(path, parts):
    """Returns the end of a path: where the folder lies is nobody's business."""
    return "/".join(re.split(r"[/\\]", str(path))[-parts:])
