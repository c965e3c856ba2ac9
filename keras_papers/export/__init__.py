"""Models as .tflite files that were checked after writing."""

import typing as _typing

from keras_papers.lazy_names import lazy_names as _lazy_names

if _typing.TYPE_CHECKING:  # what is imported when it is first used
    from keras_papers.export.binary import two_scores as two_scores
    from keras_papers.export.detections import Suppression as Suppression
    from keras_papers.export.detections import detect as detect
    from keras_papers.export.image_segmentation import (
        ImageSegmentation as ImageSegmentation,
    )
    from keras_papers.export.interpreter import predict as predict
    from keras_papers.export.object_detection import (
        ObjectDetection as ObjectDetection,
    )
    from keras_papers.export.tflite import (
        check_environment as check_environment,
    )
    from keras_papers.export.tflite import to_tflite as to_tflite
    from keras_papers.export.verification import TFLiteFile as TFLiteFile
    from keras_papers.export.verification import verify as verify

_HOMES = {
    "ImageSegmentation": "image_segmentation.ImageSegmentation",
    "ObjectDetection": "object_detection.ObjectDetection",
    "Suppression": "detections.Suppression",
    "TFLiteFile": "verification.TFLiteFile",
    "check_environment": "tflite.check_environment",
    "detect": "detections.detect",
    "predict": "interpreter.predict",
    "to_tflite": "tflite.to_tflite",
    "two_scores": "binary.two_scores",
    "verify": "verification.verify",
}
__all__ = [
    "ImageSegmentation",
    "ObjectDetection",
    "Suppression",
    "TFLiteFile",
    "check_environment",
    "detect",
    "predict",
    "to_tflite",
    "two_scores",
    "verify",
]
__getattr__, __dir__ = _lazy_names(__name__, _HOMES)
