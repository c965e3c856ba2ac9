"""What JAX compiles is kept on disk for the next process."""

import os
import pathlib
import sys

import keras


def use_compilation_cache():
    """Lets JAX read and write a cache, unless the user has chosen one.

    To compile a network takes JAX most of a minute. A second process finds
    what the first has compiled. `JAX_COMPILATION_CACHE_DIR` chooses another
    folder, and `JAX_ENABLE_COMPILATION_CACHE=false` none.
    """
    if keras.config.backend() != "jax":
        return
    import jax

    if jax.config.jax_compilation_cache_dir is not None:
        return
    jax.config.update("jax_compilation_cache_dir", str(cache_folder() / "jax"))
    # A network is built by hundreds of small functions: keep them, too.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


def cache_folder():
    """Returns where this package keeps what can be made again."""
    home = pathlib.Path.home()
    places = {
        "darwin": home / "Library" / "Caches",
        "win32": os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local",
    }
    place = os.environ.get("XDG_CACHE_HOME") or places.get(
        sys.platform, home / ".cache"
    )
    return pathlib.Path(place, "keras_papers")
