"""Tables as text, for the console."""

import io


def text_table(rows, head=None, left=(0,)):
    """Returns a table as lines of text; all of it on as many columns as needed.

    Args:
        rows: List of tuples of cells.
        head: Tuple of the heads of the columns, or None.
        left: Indices of the columns that are aligned to the left.

    Example:
    >>> print(text_table([("model.tflite", "4.17 MB")], ("file", "size")))
    file             size
    model.tflite  4.17 MB
    """
    if not rows and head is None:
        return ""
    # Not at the top: the command line need not wait for it to print an error.
    import rich.box
    import rich.console
    import rich.table
    import rich.text

    table = rich.table.Table(
        box=None, show_header=head is not None, pad_edge=False, padding=(0, 1)
    )
    for index, text in enumerate(head or rows[0]):
        table.add_column(
            rich.text.Text(str(text)),
            justify="left" if index in left else "right",
            no_wrap=True,
        )
    for row in rows:
        table.add_row(*(rich.text.Text(str(cell)) for cell in row))
    file = io.StringIO()
    console = rich.console.Console(
        file=file,
        width=10_000,
        color_system=None,
        # In a notebook rich would display the table and write no text.
        force_jupyter=False,
        force_terminal=False,
    )
    console.print(table)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())
