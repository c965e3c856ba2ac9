"""What `import keras_papers` adds to `import keras`: at most 0.1 s."""

import statistics
import subprocess
import sys

ROUNDS = 9
CODE = """
import time
import keras
start = time.process_time()
import keras_papers
print(time.process_time() - start)
"""

if __name__ == "__main__":
    added = [
        float(
            subprocess.run(
                [sys.executable, "-c", CODE],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for _ in range(ROUNDS)
    ]
    print(
        f"import keras_papers adds {statistics.median(added):.3f} s of CPU "
        f"time to import keras ({min(added):.3f} to {max(added):.3f}, "
        f"{ROUNDS} processes)"
    )
