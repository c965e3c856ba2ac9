"""Models as .tflite files that were checked after writing."""

from keras_papers.export.tflite import check_environment as check_environment
from keras_papers.export.tflite import to_tflite as to_tflite
from keras_papers.export.verification import TFLiteFile as TFLiteFile
from keras_papers.export.verification import predict as predict
from keras_papers.export.verification import verify as verify
