"""Boxes of objects drawn on pictures."""

from keras_papers.visualization.boxes import framed as drawn_boxes

__all__ = ["drawn_boxes"]
