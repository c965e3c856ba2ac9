"""Models of the papers, as keras.applications would offer them."""

from keras_papers.applications import alexnet as alexnet
from keras_papers.applications import efficientnet as efficientnet
from keras_papers.applications import efficientnet_lite as efficientnet_lite
from keras_papers.applications import googlenet as googlenet
from keras_papers.applications import inception_resnet_v2 as inception_resnet_v2
from keras_papers.applications import inception_v2 as inception_v2
from keras_papers.applications import inception_v3 as inception_v3
from keras_papers.applications import inception_v4 as inception_v4
from keras_papers.applications import mnasnet as mnasnet
from keras_papers.applications import mobilenet as mobilenet
from keras_papers.applications import mobilenet_v2 as mobilenet_v2
from keras_papers.applications import mobilenet_v3 as mobilenet_v3
from keras_papers.applications import resnet as resnet
from keras_papers.applications import resnet_v2 as resnet_v2
from keras_papers.applications import vgg as vgg
from keras_papers.applications import zfnet as zfnet
from keras_papers.applications.alexnet import AlexNet as AlexNet
from keras_papers.applications.detection.ssd import (
    SSD300VGG16 as SSD300VGG16,
)
from keras_papers.applications.detection.ssd import (
    SSD300MobileNet as SSD300MobileNet,
)
from keras_papers.applications.detection.ssd_lite import (
    SSDLiteMnasNetA1 as SSDLiteMnasNetA1,
)
from keras_papers.applications.detection.ssd_lite import (
    SSDLiteMobileNet as SSDLiteMobileNet,
)
from keras_papers.applications.detection.ssd_lite import (
    SSDLiteMobileNetV2 as SSDLiteMobileNetV2,
)
from keras_papers.applications.detection.ssd_lite import (
    SSDLiteMobileNetV3Large as SSDLiteMobileNetV3Large,
)
from keras_papers.applications.detection.ssd_lite import (
    SSDLiteMobileNetV3Small as SSDLiteMobileNetV3Small,
)
from keras_papers.applications.efficientnet import (
    EfficientNetB0 as EfficientNetB0,
)
from keras_papers.applications.efficientnet import (
    EfficientNetB1 as EfficientNetB1,
)
from keras_papers.applications.efficientnet import (
    EfficientNetB2 as EfficientNetB2,
)
from keras_papers.applications.efficientnet import (
    EfficientNetB3 as EfficientNetB3,
)
from keras_papers.applications.efficientnet import (
    EfficientNetB4 as EfficientNetB4,
)
from keras_papers.applications.efficientnet import (
    EfficientNetB5 as EfficientNetB5,
)
from keras_papers.applications.efficientnet import (
    EfficientNetB6 as EfficientNetB6,
)
from keras_papers.applications.efficientnet import (
    EfficientNetB7 as EfficientNetB7,
)
from keras_papers.applications.efficientnet_lite import (
    EfficientNetLite0 as EfficientNetLite0,
)
from keras_papers.applications.efficientnet_lite import (
    EfficientNetLite1 as EfficientNetLite1,
)
from keras_papers.applications.efficientnet_lite import (
    EfficientNetLite2 as EfficientNetLite2,
)
from keras_papers.applications.efficientnet_lite import (
    EfficientNetLite3 as EfficientNetLite3,
)
from keras_papers.applications.efficientnet_lite import (
    EfficientNetLite4 as EfficientNetLite4,
)
from keras_papers.applications.generative.latent_vq_vae import (
    LatentVQVAE as LatentVQVAE,
)
from keras_papers.applications.generative.pixel_cnn import (
    GatedPixelCNN as GatedPixelCNN,
)
from keras_papers.applications.generative.pixel_snail import (
    PixelSNAIL as PixelSNAIL,
)
from keras_papers.applications.generative.vq_vae import VQVAE as VQVAE
from keras_papers.applications.generative.vq_vae_2 import VQVAE2 as VQVAE2
from keras_papers.applications.generative.vq_vae_audio import (
    VQVAEAudio as VQVAEAudio,
)
from keras_papers.applications.generative.vq_vae_video import (
    VQVAEVideo as VQVAEVideo,
)
from keras_papers.applications.generative.wavenet import WaveNet as WaveNet
from keras_papers.applications.googlenet import GoogLeNet as GoogLeNet
from keras_papers.applications.image.compound_scaling import (
    compound_coefficients as compound_coefficients,
)
from keras_papers.applications.image.compound_scaling import scale as scale
from keras_papers.applications.image.feature_extractor import (
    feature_extractor as feature_extractor,
)
from keras_papers.applications.inception_resnet_v2 import (
    InceptionResNetV2 as InceptionResNetV2,
)
from keras_papers.applications.inception_v2 import InceptionV2 as InceptionV2
from keras_papers.applications.inception_v3 import InceptionV3 as InceptionV3
from keras_papers.applications.inception_v4 import InceptionV4 as InceptionV4
from keras_papers.applications.mnasnet import (
    MnasNetA1 as MnasNetA1,
)
from keras_papers.applications.mnasnet import (
    MnasNetB1 as MnasNetB1,
)
from keras_papers.applications.mnasnet import (
    MnasNetSmall as MnasNetSmall,
)
from keras_papers.applications.mobilenet import MobileNet as MobileNet
from keras_papers.applications.mobilenet_v2 import MobileNetV2 as MobileNetV2
from keras_papers.applications.mobilenet_v3 import (
    MobileNetV3Large as MobileNetV3Large,
)
from keras_papers.applications.mobilenet_v3 import (
    MobileNetV3Small as MobileNetV3Small,
)
from keras_papers.applications.registry import get as get
from keras_papers.applications.registry import list_models as list_models
from keras_papers.applications.registry import table as table
from keras_papers.applications.resnet import ResNet18 as ResNet18
from keras_papers.applications.resnet import ResNet20 as ResNet20
from keras_papers.applications.resnet import ResNet32 as ResNet32
from keras_papers.applications.resnet import ResNet34 as ResNet34
from keras_papers.applications.resnet import ResNet44 as ResNet44
from keras_papers.applications.resnet import ResNet50 as ResNet50
from keras_papers.applications.resnet import ResNet56 as ResNet56
from keras_papers.applications.resnet import ResNet101 as ResNet101
from keras_papers.applications.resnet import ResNet110 as ResNet110
from keras_papers.applications.resnet import ResNet152 as ResNet152
from keras_papers.applications.resnet_v2 import ResNet50V2 as ResNet50V2
from keras_papers.applications.resnet_v2 import ResNet101V2 as ResNet101V2
from keras_papers.applications.resnet_v2 import ResNet152V2 as ResNet152V2
from keras_papers.applications.segmentation.deeplab_v3 import (
    DeepLabV3MnasNetA1 as DeepLabV3MnasNetA1,
)
from keras_papers.applications.segmentation.deeplab_v3 import (
    DeepLabV3MobileNet as DeepLabV3MobileNet,
)
from keras_papers.applications.segmentation.deeplab_v3 import (
    DeepLabV3MobileNetV2 as DeepLabV3MobileNetV2,
)
from keras_papers.applications.segmentation.deeplab_v3 import (
    DeepLabV3MobileNetV3Large as DeepLabV3MobileNetV3Large,
)
from keras_papers.applications.segmentation.deeplab_v3 import (
    DeepLabV3MobileNetV3Small as DeepLabV3MobileNetV3Small,
)
from keras_papers.applications.segmentation.deeplab_v3 import (
    DeepLabV3ResNet50 as DeepLabV3ResNet50,
)
from keras_papers.applications.segmentation.deeplab_v3 import (
    DeepLabV3ResNet101 as DeepLabV3ResNet101,
)
from keras_papers.applications.segmentation.lr_aspp import (
    LRASPPMnasNetA1 as LRASPPMnasNetA1,
)
from keras_papers.applications.segmentation.lr_aspp import (
    LRASPPMobileNet as LRASPPMobileNet,
)
from keras_papers.applications.segmentation.lr_aspp import (
    LRASPPMobileNetV2 as LRASPPMobileNetV2,
)
from keras_papers.applications.segmentation.lr_aspp import (
    LRASPPMobileNetV3Large as LRASPPMobileNetV3Large,
)
from keras_papers.applications.segmentation.lr_aspp import (
    LRASPPMobileNetV3Small as LRASPPMobileNetV3Small,
)
from keras_papers.applications.segmentation.r_aspp import (
    RASPPMobileNet as RASPPMobileNet,
)
from keras_papers.applications.segmentation.r_aspp import (
    RASPPMobileNetV2 as RASPPMobileNetV2,
)
from keras_papers.applications.segmentation.r_aspp import (
    RASPPMobileNetV3Large as RASPPMobileNetV3Large,
)
from keras_papers.applications.segmentation.r_aspp import (
    RASPPMobileNetV3Small as RASPPMobileNetV3Small,
)
from keras_papers.applications.sequences.attention_seq2seq import (
    AttentionSeq2Seq as AttentionSeq2Seq,
)
from keras_papers.applications.tabular.tab_transformer import (
    TabTransformer as TabTransformer,
)
from keras_papers.applications.vgg import VGG11 as VGG11
from keras_papers.applications.vgg import VGG13 as VGG13
from keras_papers.applications.vgg import VGG16 as VGG16
from keras_papers.applications.vgg import VGG19 as VGG19
from keras_papers.applications.zfnet import ZFNet as ZFNet
