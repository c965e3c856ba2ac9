"""Masks of the classes of pixels, read from image files."""
