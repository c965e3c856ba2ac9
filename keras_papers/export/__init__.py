"""Models as .tflite files that were checked after writing."""

from keras_papers.export.tflite import to_tflite as to_tflite
from keras_papers.export.verify import TFLiteFile as TFLiteFile
from keras_papers.export.verify import predict as predict
from keras_papers.export.verify import verify as verify
