"""Metadata inside a .tflite file, as Android's task libraries read it.

A task has a file, whose `describe` returns the metadata of its inputs and
outputs, and where the library asks for more, an `options`. `no_task` is for all
other models.
"""

from keras_papers.export.metadata.description import Decoding as Decoding
from keras_papers.export.metadata.description import Description as Description
from keras_papers.export.metadata.file import read as read
from keras_papers.export.metadata.file import write as write
