"""Atrous spatial pyramid pooling, and what is left of it without dilations.

Section 3.3 of DeepLabv3 (Chen et al., 2017, https://arxiv.org/abs/1706.05587).
"""

import keras
from keras import layers

from keras_papers.applications.image.classifier import conv_norm_graph
from keras_papers.applications.segmentation.segmenter import resized
from keras_papers.layers._image_axes import channel_axis, image_size


def pyramid(x, filters, rates, dropout, **norm):
    """Draws branches of one map side by side, and what joins them.

    Args:
        x: Keras tensor of the map.
        filters: Channels of each branch, and of the output.
        rates: Dilations of the branches of 3 x 3; R-ASPP has none of them.
        dropout: Dropout of the output.
        **norm: Arguments of the batch normalizations.
    """
    branches = [conv_norm_graph(x, "aspp1", filters, 1, 1, "relu", **norm)]
    for number, rate in enumerate(rates, start=2):
        branch = conv_norm_graph(
            x,
            f"aspp{number}",
            filters,
            3,
            1,
            "relu",
            dilation_rate=rate,
            **norm,
        )
        branches.append(branch)
    pooled = layers.GlobalAveragePooling2D(keepdims=True, name="aspp_pool")(x)
    pooled = conv_norm_graph(
        pooled, "aspp_image", filters, 1, 1, "relu", **norm
    )
    branches.append(resized(pooled, image_size(x), "aspp_image_resize"))
    axis = channel_axis(keras.config.image_data_format())
    x = layers.Concatenate(axis=axis, name="aspp_concatenate")(branches)
    x = conv_norm_graph(x, "aspp_project", filters, 1, 1, "relu", **norm)
    return layers.Dropout(dropout, name="aspp_dropout")(x)
