"""The columns and the target of a table, as lines that describe a model."""

NAMED = 8  # classes


def column_lines(table):
    """Returns pairs of a kind and the columns of it, with numbers of levels.

    Args:
        table: Dict of the arguments of a `TabularSchema`, as its `get_config`
            and the metadata of a .tflite file have it.

    Example:
    >>> table = {"categorical": {"job": ["chef", "nurse"]}, "numeric": {}}
    >>> column_lines(table)
    [('categorical', '1: job (2)')]
    """
    kinds = {
        "categorical": [
            f"{name} ({len(levels):,})"
            for name, levels in table["categorical"].items()
        ],
        "numeric": list(table["numeric"]),
    }
    return [
        (kind, f"{len(names)}: {', '.join(names)}")
        for kind, names in kinds.items()
        if names
    ]


def target_text(table, shares=()):
    """Describes what a model of a table predicts.

    Args:
        table: As for `column_lines`.
        shares: Of each class in the rows. Defaults to none, which are then
            not printed.

    Example:
    >>> table = {"target": "buys", "classes": ["no", "yes"], "scale": None}
    >>> target_text(table), target_text(table, [0.25, 0.75])
    ('buys, 2 classes: no, yes', 'buys, 2 classes: no 25.0%, yes 75.0%')
    """
    if table["classes"] is None:
        mean, deviation = table["scale"]
        return (
            f"{table['target']}, a number: mean {mean:.4g}, deviation "
            f"{deviation:.4g}"
        )
    labels = table["classes"][:NAMED]
    shown = list(labels)
    if len(shares):
        pairs = zip(labels, shares, strict=False)
        shown = [f"{label} {share:.1%}" for label, share in pairs]
    more = ", ..." * (len(table["classes"]) > NAMED)
    number = len(table["classes"])
    return f"{table['target']}, {number} classes: {', '.join(shown)}{more}"
