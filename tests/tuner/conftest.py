"""Searches need not trace the steps of models that take few."""

from tests.pipelines.conftest import quick_steps as quick_steps
