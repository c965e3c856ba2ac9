"""Training of small models by large ones."""

from keras_papers.distillation.distiller import Distiller as Distiller
