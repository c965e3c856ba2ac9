"""Heads on backbones: one builder, a constructor for each backbone."""

from keras_papers.applications.image.dense_head import published
from keras_papers.applications.registry import network
from keras_papers.applications.variants import variant


def constructor(build, paper, table, backbone, omit=(), *, size, task, **rest):
    """Returns a head's constructor on a backbone, and registers it.

    Args:
        build: The head's builder, whose docstring begins with what it builds
            "on a backbone".
        paper: The `Paper` of the head.
        table: Its table.
        backbone: Name of a network.
        omit: Names of the builder's arguments that the backbone lacks.
        size: Height and width of the default images.
        task: What the network is for.
        **rest: Defaults of the constructor where they differ.
    """
    name = f"{build.__name__}{backbone}"
    register = network(
        paper, table, size=size, task=task, published=published(name)
    )
    summary = build.__doc__.partition("\n")[0]
    built = variant(
        name,
        build,
        backbone,
        summary.replace("on a backbone", f"on {backbone}"),
        module=build.__module__,
        omit=("backbone_arguments", *omit),
        name=name.lower(),
        **rest,
    )
    built.__doc__ = built.__doc__.replace(
        f"{build.__name__.lower()}_{{backbone}}", name.lower()
    )
    return register(built)
