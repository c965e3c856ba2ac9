"""CSV files of people, whose income depends on their job, loan and age."""

import csv

import numpy as np

COLUMNS = ("job", "loan", "age", "hours", "income")


def people(number, seed=0):
    """Returns rows as dicts of texts; every tenth job is missing."""
    generator = np.random.default_rng(seed)
    rows = []
    for place in range(number):
        job = generator.choice(["chef", "nurse", "smith"])
        loan = generator.choice(["yes", "no"])
        age = int(generator.integers(20, 60))
        score = 2 * (job == "nurse") - 1.5 * (loan == "yes") + (age - 40) / 8
        rows.append(
            {
                "job": "?" if place % 10 == 9 else str(job),
                "loan": str(loan),
                "age": str(age),
                "hours": f"{generator.normal(40, 8):.1f}",
                "income": ">50K" if score > 0 else "<=50K",
            }
        )
    return rows


def write_rows(path, rows, delimiter=",", encoding="utf-8"):
    """Writes rows as a CSV file; returns its path."""
    with open(path, "w", newline="", encoding=encoding) as file:
        table = csv.DictWriter(file, rows[0], delimiter=delimiter)
        table.writeheader()
        table.writerows(rows)
    return path
