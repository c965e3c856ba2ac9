"""The page of a report: its sections, and the blocks that they are made of.

A job lists sections; how they look is written in the templates of this folder
alone. A block that is a string is a paragraph.
"""

from typing import NamedTuple

from keras_papers.pipelines.report.page_template import template

UNFOLDED_ROWS = 30  # of a table, above which the rest is folded away


class Figure(NamedTuple):
    """A figure of the strip on top of a page."""

    name: str
    value: str
    note: str


def division(what, train, watched, held_out):
    """Returns the figure of the parts that a data set was divided into.

    Args:
        what: Name of the figure.
        train: Number of examples to train on.
        watched: Number that the weights are chosen by.
        held_out: Number that is held out from both.
    """
    return Figure(
        what,
        f"{train:,}",
        f"to train on, {watched:,} to watch, {held_out:,} others to test",
    )


class Drawing(NamedTuple):
    """A graphic with its title, its key and sentences below it."""

    title: str
    svg: str
    notes: tuple = ()
    key: tuple = ()  # pairs of a text and the CSS class of its mark


class Counts(NamedTuple):
    """Texts with the number of times that each applies, as a card."""

    title: str
    rows: list  # (text, times)
    note: str | None = None


class Beside(NamedTuple):
    """Paragraphs that stand beside a drawing."""

    title: str
    notes: list


class Drawings(NamedTuple):
    """Drawings, counts and paragraphs side by side."""

    items: list  # of `Drawing`, `Counts` and `Beside`
    css: str = ""
    template = "blocks/drawings.html"


class Cell(NamedTuple):
    """A cell of a table with more than a text."""

    text: str
    share: float | None = None  # length of a bar below the text
    tag: str = ""  # a word beside the text
    parts: tuple = ()  # a list that is folded below the text
    note: str | None = None  # a sentence above the text


class Row(NamedTuple):
    """A row of a table."""

    cells: list  # texts, or `Cell`
    css: str = ""


class Table(NamedTuple):
    """A table, the first column of which names its rows."""

    caption: str  # for readers who hear the page
    heads: list  # texts, or pairs of a text and the CSS class of the column
    rows: list  # of `Row`
    css: str = ""
    has_names: bool = False  # whether the first column holds users' names
    what: str = "rows"  # of which those above `UNFOLDED_ROWS` are folded
    template = "blocks/table.html"

    @property
    def columns(self):
        """Pairs of the head of each column and its CSS class."""
        return [
            (head, "") if isinstance(head, str) else head for head in self.heads
        ]

    def parts(self):
        """Returns the rows that are shown, and those that are folded."""
        return self.rows[:UNFOLDED_ROWS], self.rows[UNFOLDED_ROWS:]


class Picture(NamedTuple):
    """An image with lines of text below it."""

    source: str  # data URI
    alt: str
    lines: list  # (text, note, CSS class) of each
    file: str | None = None


class Pictures(NamedTuple):
    """A grid of images."""

    pictures: list  # of `Picture`
    template = "blocks/pictures.html"


class Pairs(NamedTuple):
    """Pairs of names with what relates them, as chips."""

    rows: list  # (name, relation, other name, note)
    template = "blocks/pairs.html"


class Card(NamedTuple):
    """A step to take next."""

    title: str
    text: str
    code: str | None = None


class Cards(NamedTuple):
    """Steps to take next, side by side."""

    cards: list
    template = "blocks/cards.html"


class Section(NamedTuple):
    """A section of a page."""

    name: str  # by which it is linked
    title: str
    blocks: list


class Page(NamedTuple):
    """What a page shows."""

    title: str
    over: str  # the kind of page
    heading: str
    lead: str
    emphasis: str  # the part of the lead that is set in bold
    figures: tuple
    sections: list
    footer: str
    verdict: list | tuple = ()  # of `Finding`


def to_html(page):
    """Returns a `Page` as HTML; the same page gives the same text.

    Raises:
        MissingExtraError: If the extra `report` is not installed.
    """
    text = template("page.html").render(page=page)
    # The name of a file may be no text, which UTF-8 cannot hold.
    return text.encode("utf-8", "replace").decode("utf-8")


def left_out(rows, text=None):
    """Returns the section of the files that were left out.

    Args:
        rows: Pairs of a file and the reason.
        text: A sentence about them, or None.
    """
    table = Table(
        "Files that were left out",
        ["File", ("Reason", "left")],
        [Row([file, reason]) for file, reason in rows],
        css="skipped",
        has_names=True,
        what="files",
    )
    return Section("skipped", "Left out", [*([text] if text else ()), table])
