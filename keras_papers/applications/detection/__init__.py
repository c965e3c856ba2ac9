"""Detectors, and what they are made of: anchors, boxes, matching, NMS."""

from keras_papers.applications.detection.anchors import (
    default_boxes as default_boxes,
)
from keras_papers.applications.detection.anchors import (
    object_detection_boxes as object_detection_boxes,
)
from keras_papers.applications.detection.anchors import (
    sliding_anchors as sliding_anchors,
)
from keras_papers.applications.detection.anchors import (
    spaced_scales as spaced_scales,
)
from keras_papers.applications.detection.boxes import clip_boxes as clip_boxes
from keras_papers.applications.detection.boxes import (
    decode_boxes as decode_boxes,
)
from keras_papers.applications.detection.boxes import (
    encode_boxes as encode_boxes,
)
from keras_papers.applications.detection.boxes import (
    intersection_over_union as intersection_over_union,
)
from keras_papers.applications.detection.detections import (
    Detections as Detections,
)
from keras_papers.applications.detection.detector import Detector as Detector
from keras_papers.applications.detection.matching import match as match
from keras_papers.applications.detection.matching import (
    match_each_object as match_each_object,
)
from keras_papers.applications.detection.ssd_lite import SSDLite as SSDLite
from keras_papers.applications.detection.suppression import (
    best_boxes as best_boxes,
)
from keras_papers.applications.detection.suppression import (
    kept_boxes as kept_boxes,
)
from keras_papers.suppression_rule import Suppression as Suppression
