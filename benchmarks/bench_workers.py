"""Speed of two workers relative to one, with trials that sleep.

    python benchmarks/bench_workers.py 5

Trials that compute would need two processors or more. The rate is the sum over
the workers, each from the start of its first trial to the end of its last; the
total is the time from the start of the launcher to its end, with imports.
"""

import pathlib
import statistics
import sys
import tempfile
import time

from bench_faults import launched, runs

TRIALS, SECONDS = 16, 1


def measure(workers):
    """Returns trials a second, and the seconds of the whole."""
    with tempfile.TemporaryDirectory() as folder:
        folder, start = pathlib.Path(folder), time.time()
        launched(folder, TRIALS, SECONDS, workers=workers).communicate()
        whole, times = time.time() - start, {}
        for _, _, worker, _, at in runs(folder):
            times.setdefault(worker, []).append(float(at))
    assert sum(map(len, times.values())) == 2 * TRIALS  # began and ended
    return sum(len(t) / 2 / (t[-1] - t[0]) for t in times.values()), whole


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    ones, twos = zip(
        *[map(measure, (1, 2)) for _ in range(rounds)], strict=True
    )
    for what, index, exponent in (
        ("trials a second", 0, 1),
        ("seconds in all", 1, -1),
    ):
        one = [each[index] for each in ones]
        two = [each[index] for each in twos]
        gain = [(b / a) ** exponent for a, b in zip(one, two, strict=True)]
        print(
            f"{what}: one worker {statistics.median(one):.2f}, two "
            f"{statistics.median(two):.2f}, {statistics.median(gain):.2f} "
            f"times as fast ({min(gain):.2f} to {max(gain):.2f}; {rounds} "
            f"rounds of {TRIALS} trials)"
        )
