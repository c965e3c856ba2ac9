"""How the papers trained their networks, as data."""

import typing as _typing

from keras_papers.lazy_names import lazy_names as _lazy_names

if _typing.TYPE_CHECKING:  # imported on first use: data need no Keras
    from keras_papers.recipes.papers import get as get
    from keras_papers.recipes.papers import list_recipes as list_recipes
    from keras_papers.recipes.recipe import Plan as Plan
    from keras_papers.recipes.recipe import Recipe as Recipe
    from keras_papers.recipes.recipe import Schedule as Schedule
    from keras_papers.recipes.weight_decay import (
        add_weight_decay as add_weight_decay,
    )

__all__ = [
    "Plan",
    "Recipe",
    "Schedule",
    "add_weight_decay",
    "get",
    "list_recipes",
]
__getattr__, __dir__ = _lazy_names(
    __name__,
    {
        "Plan": "recipe.Plan",
        "Recipe": "recipe.Recipe",
        "Schedule": "recipe.Schedule",
        "add_weight_decay": "weight_decay.add_weight_decay",
        "get": "papers.get",
        "list_recipes": "papers.list_recipes",
    },
)
