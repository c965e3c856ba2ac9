"""Shapes of targets and outputs."""


def shapes_differ(first, second):
    """Returns whether ranks or known sizes of two tensors differ."""
    shapes = tuple(first.shape), tuple(second.shape)
    return len(shapes[0]) != len(shapes[1]) or any(
        None not in sizes and sizes[0] != sizes[1]
        for sizes in zip(*shapes, strict=True)
    )
