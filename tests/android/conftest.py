"""Collected where MediaPipe is installed, in the environment of
`make test-android`: it is half a gigabyte, and no part of the package."""

import importlib.util

collect_ignore_glob = []
if importlib.util.find_spec("mediapipe") is None:
    collect_ignore_glob = ["test_*.py"]
