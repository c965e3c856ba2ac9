"""Masks painted over pictures."""

from keras_papers.visualization.masks import class_colors, painted

__all__ = ["class_colors", "painted"]
