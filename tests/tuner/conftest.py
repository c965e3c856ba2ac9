"""Searches of models that take few steps do not trace them."""

from tests.support.short_trainings import quick_steps as quick_steps
