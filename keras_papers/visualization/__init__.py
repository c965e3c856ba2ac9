"""What models find, drawn on images."""

from keras_papers.visualization.boxes import draw_boxes as draw_boxes
from keras_papers.visualization.masks import draw_masks as draw_masks
