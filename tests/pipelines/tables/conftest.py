"""Tables of which the best possible predictions are known."""

import numpy as np
import pytest
import threadpoolctl

from keras_papers.applications.tabular import TabularSchema
from tests.pipelines.tables import reports


@pytest.fixture(scope="session")
def tables():
    """Returns training rows, held-out rows and the schema of each task."""

    def rows(number, seed):
        generator = np.random.default_rng(seed)
        job = generator.choice(["chef", "nurse", "pilot", "judge"], number)
        age = generator.normal(40, 10, number)
        kind = generator.choice(["a", "b"], number)
        # Jobs matter in no order of their names, and the age on both sides.
        score = 2.0 * np.isin(job, ["chef", "nurse"]) + np.abs(age - 40) / 8
        noisy = score + generator.logistic(0, 0.5, number)
        columns = {
            "job": np.where(generator.random(number) < 0.05, None, job),
            "kind": kind,
            "age": np.where(generator.random(number) < 0.05, np.nan, age),
        }
        columns["buys"] = np.where(noisy > 2, "yes", "no")
        columns["plan"] = np.array(["low", "mid", "top"])[
            np.digitize(noisy, [1.2, 2.8])
        ]
        columns["spent"] = 100 + 20 * noisy
        return columns

    def of_task(target):
        features = ("job", "kind", "age", target)
        train, test = (
            {name: table[name] for name in features}
            for table in (rows(600, 0), rows(400, 1))
        )
        return train, test, TabularSchema.of(train, target)

    return {
        task: of_task(target)
        for task, target in (
            ("binary", "buys"),
            ("multi-class", "plan"),
            ("regression", "spent"),
        )
    }


@pytest.fixture(scope="session")
def trained_tables(tables):
    """Returns the report of each task, and what its page shows."""
    return {task: reports.of_task(*table) for task, table in tables.items()}


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Threads of boosting that wait for a busy core take 20 times as long."""
    with threadpoolctl.threadpool_limits(1):
        yield
