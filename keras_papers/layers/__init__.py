"""Layers of the papers; each file holds one."""

from keras_papers.layers.axial_attention import (
    AxialAttention as AxialAttention,
)
from keras_papers.layers.basic_residual import BasicResidual as BasicResidual
from keras_papers.layers.block import Block as Block
from keras_papers.layers.bottleneck_residual import (
    BottleneckResidual as BottleneckResidual,
)
from keras_papers.layers.causal_attention2d import (
    CausalAttention2D as CausalAttention2D,
)
from keras_papers.layers.column_embedding import (
    ColumnEmbedding as ColumnEmbedding,
)
from keras_papers.layers.conv_norm_activation import (
    ConvNormActivation as ConvNormActivation,
)
from keras_papers.layers.depthwise_separable import (
    DepthwiseSeparable as DepthwiseSeparable,
)
from keras_papers.layers.feature_attention import (
    FeatureAttention as FeatureAttention,
)
from keras_papers.layers.finite_scalar_quantizer import (
    FiniteScalarQuantizer as FiniteScalarQuantizer,
)
from keras_papers.layers.gated_causal_conv1d import (
    GatedCausalConv1D as GatedCausalConv1D,
)
from keras_papers.layers.gated_masked_conv2d import (
    GatedMaskedConv2D as GatedMaskedConv2D,
)
from keras_papers.layers.h_swish import HSwish as HSwish
from keras_papers.layers.inception import Inception as Inception
from keras_papers.layers.inception_residual import (
    InceptionResidual as InceptionResidual,
)
from keras_papers.layers.inverted_residual import (
    InvertedResidual as InvertedResidual,
)
from keras_papers.layers.local_response_normalization import (
    LocalResponseNormalization as LocalResponseNormalization,
)
from keras_papers.layers.luong_attention import LuongAttention as LuongAttention
from keras_papers.layers.masked_conv2d import MaskedConv2D as MaskedConv2D
from keras_papers.layers.piecewise_linear import (
    PiecewiseLinear as PiecewiseLinear,
)
from keras_papers.layers.preactivation_residual import (
    PreactivationResidual as PreactivationResidual,
)
from keras_papers.layers.residual_vector_quantizer import (
    ResidualVectorQuantizer as ResidualVectorQuantizer,
)
from keras_papers.layers.squeeze_excite import SqueezeExcite as SqueezeExcite
from keras_papers.layers.temporal_attention import (
    TemporalAttention as TemporalAttention,
)
from keras_papers.layers.temporal_jitter import (
    TemporalJitter as TemporalJitter,
)
from keras_papers.layers.vector_quantizer import (
    VectorQuantizer as VectorQuantizer,
)
