"""Searches for architectures and scalings, as a job."""
