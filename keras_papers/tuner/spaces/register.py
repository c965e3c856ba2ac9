"""The decorator that gives a search space its name."""

import inspect

from keras_papers.tuner.spaces.names import CLASSES, SPACES, SpaceRecord
from keras_papers.tuner.spaces.search_space import SearchSpace


def register_space(name):
    """Registers a `SearchSpace` under a name; a decorator.

    `pipelines.tune(space=name)` then searches in it. The class defines
    `summary`, `default_model`, `from_options` and `as_code`.

    Args:
        name: Str that no other space has.

    Raises:
        ValueError: If another space has the name, or the class lacks a part.
    """

    def register(space):
        home = f"{space.__module__}.{space.__qualname__}"
        if name in SPACES and SPACES[name].home != home:
            raise ValueError(
                "`name` is the name of a new search space. Received: "
                f"name={name!r}, which is {SPACES[name].home}. Choose another "
                "name."
            )
        for part in ("summary", "default_model", "from_options", "as_code"):
            left_open = inspect.getattr_static(SearchSpace, part)
            if inspect.getattr_static(space, part) is left_open:
                raise ValueError(
                    f"`space` must define `{part}`, which `SearchSpace` leaves "
                    f"open. Received: space={home}. See its docstring."
                )
        SPACES[name] = SpaceRecord(
            home,
            space.summary,
            space.default_model,
            tuple(space.options),
            tuple(space.oracles),
        )
        CLASSES[name] = space
        return space

    return register
