"""Pages in Chromium: their measures and their pixels."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

BROWSER = next(
    filter(
        None,
        map(shutil.which, ("chromium", "chromium-browser", "google-chrome")),
    ),
    None,
)
in_a_browser = pytest.mark.skipif(
    BROWSER is None, reason="needs Chromium: apt-get install chromium"
)
# Shows a page in a given width, which may be less than a window can have, and
# measures it in a script of the frame: the page itself forbids scripts.
FRAME = """<!doctype html><body style="margin: 0"><iframe style="border: 0;
width: {width}px; height: 1600px" srcdoc="{page}"></iframe><script>
const frame = document.querySelector("iframe");
frame.addEventListener("load", () => {{
  const page = frame.contentDocument, root = page.documentElement;
  const images = [...page.images];
  document.body.dataset.seen = JSON.stringify({{
    images: images.length,
    broken: images.filter(i => !i.complete || !i.naturalWidth).length,
    cells: page.querySelectorAll(".matrix tbody td").length,
    overflow: root.scrollWidth - root.clientWidth,
    cut: [...page.querySelectorAll(".figures dd, h1, h2, p")].filter(
      e => e.clientHeight > 1 && e.scrollWidth > e.clientWidth + 1).length,
    ellipses: [...page.querySelectorAll(".pictures .cut")].filter(
      e => e.scrollWidth > e.clientWidth).length,
    paper: frame.contentWindow.getComputedStyle(page.body).backgroundColor,
  }});
}});</script>"""


def browse(folder, page, width, dark=False):
    """Opens a page in a browser.

    Returns:
        A dict of what the script of the frame measured, and the pixels.
    """
    escaped = page.replace("&", "&amp;").replace('"', "&quot;")
    (folder / "frame.html").write_text(
        FRAME.format(width=width, page=escaped), encoding="utf-8"
    )
    command = [
        BROWSER,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={folder / 'profile'}",
        f"--window-size={max(500, width)},1600",
        # Chromium counts dark as 0 and light as 1.
        f"--blink-settings=preferredColorScheme={0 if dark else 1}",
    ]
    address = (folder / "frame.html").as_uri()
    run = {"capture_output": True, "text": True, "timeout": 120, "check": True}
    dom = subprocess.run([*command, "--dump-dom", address], **run).stdout
    picture = folder / "page.png"
    subprocess.run([*command, f"--screenshot={picture}", address], **run)
    seen = _measured(dom)
    with Image.open(picture) as image:
        return seen, np.asarray(image.convert("RGB"))[:, :width]


def _measured(dom):
    found = re.search(r'data-seen="([^"]*)"', dom)
    assert found, f"the page was not loaded: {dom[:500]}"
    return json.loads(found[1].replace("&quot;", '"'))
