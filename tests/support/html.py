"""HTML as a tree of nodes, by a parser that requires closing tags."""

import html.parser
import re

import numpy as np

VOID = {"meta", "link", "img", "wbr", "br"}


class Node:
    """An element of a page."""

    def __init__(self, tag, attributes):
        self.tag, self.attributes, self.children = tag, attributes, []

    def __getitem__(self, name):
        return self.attributes[name]

    @property
    def text(self):
        parts = [
            child if isinstance(child, str) else child.text
            for child in self.children
        ]
        return re.sub(r"\s+", " ", "".join(parts)).strip()

    def all(self, tag=None, **attributes):
        """Yields the elements inside with these attributes, in their order."""
        for child in self.children:
            if isinstance(child, str):
                continue
            if tag in (None, child.tag) and all(
                value in (child.attributes.get(name.strip("_")) or "").split()
                for name, value in attributes.items()
            ):
                yield child
            yield from child.all(tag, **attributes)

    def first(self, tag=None, **attributes):
        return next(self.all(tag, **attributes))


class Parser(html.parser.HTMLParser):
    """Parses a page into nodes; fails where a tag is not closed."""

    def __init__(self, page):
        super().__init__()
        self.open = [Node("page", {})]
        self.feed(page)
        self.close()
        assert len(self.open) == 1, self.open[-1].tag

    def handle_starttag(self, tag, attributes):
        assert len(dict(attributes)) == len(attributes), tag
        node = Node(tag, dict(attributes))
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag

    def handle_data(self, data):
        self.open[-1].children.append(data)


def parse(page):
    """Returns the root node of an HTML page."""
    return Parser(page).open[0]


def curve_points(svg, color):
    """Returns the points of the line of a color, in the units of an SVG."""
    (line,) = [
        node["d"]
        for node in svg.all("path")
        if f"stroke: {color};" in node.attributes.get("style", "")
    ]
    return np.array(re.findall(r"[ML] ([\d.]+) ([\d.]+)", line), float)
