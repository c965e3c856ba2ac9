"""On JAX a second process finds what the first has compiled."""

import os
import subprocess
import sys

import pytest

CODE = """
from keras_papers.pipelines.training import compilation_cache
compilation_cache.use_compilation_cache()
import jax
jax.jit(lambda x: x + 1)(1.0)
print(jax.config.jax_compilation_cache_dir)
"""


@pytest.mark.parametrize(
    "name", ["XDG_CACHE_HOME", "JAX_COMPILATION_CACHE_DIR"]
)
def test_what_jax_compiles_is_kept_where_the_user_wants(name, tmp_path):
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "JAX_ENABLE_COMPILATION_CACHE": "true",
        # As short and as small as the function above, in the user's own, too.
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        name: str(tmp_path),
    }
    used = subprocess.run(
        [sys.executable, "-c", CODE],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    folder = tmp_path
    if name == "XDG_CACHE_HOME":
        folder = tmp_path / "keras_papers" / "jax"
    assert used == str(folder)
    assert any(folder.iterdir())
