"""Models of the papers, as keras.applications would offer them."""

from keras_papers.applications import mobilenet as mobilenet
from keras_papers.applications import mobilenet_v2 as mobilenet_v2
from keras_papers.applications import mobilenet_v3 as mobilenet_v3
from keras_papers.applications._catalog import get as get
from keras_papers.applications._catalog import list_models as list_models
from keras_papers.applications._catalog import table as table
from keras_papers.applications._feature_extractor import (
    feature_extractor as feature_extractor,
)
from keras_papers.applications.mobilenet import MobileNet as MobileNet
from keras_papers.applications.mobilenet_v2 import MobileNetV2 as MobileNetV2
from keras_papers.applications.mobilenet_v3 import (
    MobileNetV3Large as MobileNetV3Large,
)
from keras_papers.applications.mobilenet_v3 import (
    MobileNetV3Small as MobileNetV3Small,
)
