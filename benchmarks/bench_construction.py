"""Building a model, compared with keras.applications."""

from interleaved import SHARED, compare, cpu_seconds, header

import keras  # isort: skip
from keras_papers import applications, cost

ROUNDS = 15

if __name__ == "__main__":
    header("keras.applications")
    for name in SHARED:
        ours, theirs = [], []
        for _ in range(ROUNDS + 1):
            keras.backend.clear_session()
            ours.append(cpu_seconds(applications.get(name))[0])
            theirs.append(
                cpu_seconds(
                    lambda name=name: getattr(keras.applications, name)(
                        input_shape=(224, 224, 3), weights=None
                    )
                )[0]
            )
        compare(f"{name}, construction", ours[1:], theirs[1:])
    print("\n| | cost.count |\n|---|---|")
    for name in SHARED:
        model = applications.get(name)()
        seconds = sorted(
            cpu_seconds(lambda model=model: cost.count(model))[0]
            for _ in range(ROUNDS)
        )
        print(f"| {name} | {seconds[ROUNDS // 2]:.3f} s |", flush=True)
