"""Networks that label each pixel of an image, on any backbone."""

from keras_papers.applications.segmentation.deeplab_v3 import (
    DeepLabV3 as DeepLabV3,
)
from keras_papers.applications.segmentation.lr_aspp import LRASPP as LRASPP
from keras_papers.applications.segmentation.r_aspp import RASPP as RASPP
