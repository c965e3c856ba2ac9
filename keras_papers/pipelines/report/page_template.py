"""The templates of the pages.

A page is one file of HTML that needs nothing else, no network and no scripts:
`page.html`, whose sections are made of the blocks in `blocks/`.
"""

import pathlib
import re

from keras_papers.extras import require

FOLDER = pathlib.Path(__file__).parent
STYLE = FOLDER / "page.css"


def template(name):
    """Returns a template that escapes what it is given.

    Args:
        name: Of a file of this folder.

    Raises:
        MissingExtraError: If the extra `report` is not installed.
    """
    jinja2 = require("jinja2", "report")
    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FileSystemLoader(FOLDER),
    )
    return environment.get_template(name)


def last_parts(path, parts):
    """Returns the end of a path: the place of the folder is private."""
    return "/".join(re.split(r"[/\\]", str(path))[-parts:])
