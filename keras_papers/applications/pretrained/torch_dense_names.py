"""The layers of torchvision's detectors and networks for segmentation.

By their names there, and ours, as data. `torch_names` explains the lines of
these maps.
"""

from keras_papers.applications.pretrained.torch_classifier_names import (
    RESNET,
    TORCHVISION_V3,
)


def _backbone(names, prefix):
    """Returns the lines of a classifier's body inside torchvision's networks.

    Args:
        names: The map of the classifier.
        prefix: Str. What begins the names of its body, without its top.
    """
    return {
        theirs.replace(prefix, "backbone.", 1): ours.replace(
            f"<{prefix}", "<backbone.", 1
        )
        for theirs, ours in names.items()
        if theirs.startswith(prefix) and ours not in ("hidden", "logits")
    }


LRASPP = {
    **_backbone(TORCHVISION_V3, "features."),
    "classifier.cbr.0": "aspp",
    "classifier.cbr.1": "aspp_norm",
    "classifier.scale.1": "gate",
    "classifier.low_classifier": "low_logits",
    "classifier.high_classifier": "high_logits",
}
DEEPLAB = {
    "classifier.0.convs.0.0": "aspp1",
    "classifier.0.convs.0.1": "aspp1_norm",
    "classifier.0.convs.4.1": "aspp_image",
    "classifier.0.convs.4.2": "aspp_image_norm",
    "classifier.0.convs.{i}.0": "aspp{i+1}",
    "classifier.0.convs.{i}.1": "aspp{i+1}_norm",
    "classifier.0.project.0": "aspp_project",
    "classifier.0.project.1": "aspp_project_norm",
    "classifier.1": "decoder",
    "classifier.2": "decoder_norm",
    "classifier.4": "logits",
    "aux_classifier.0": "auxiliary_conv",
    "aux_classifier.1": "auxiliary_conv_norm",
    "aux_classifier.4": "auxiliary_logits",
}
DEEPLAB_V3 = _backbone(TORCHVISION_V3, "features.") | DEEPLAB
DEEPLAB_RESNET = _backbone(RESNET, "") | DEEPLAB


def _block_of_v3(theirs, ours):
    """Returns the lines of a block of MobileNetV3 inside another module."""
    conv = f"{theirs}.block.{{j}}.0"
    return {
        f"{conv}:depthwise": f"{ours}_depthwise",
        f"{theirs}.block.0.0": f"{ours}_expand",
        conv: f"{ours}_project",
        f"{theirs}.block.{{j}}.1": f"<{conv}>_norm",
        f"{theirs}.block.{{j}}.fc1": f"{ours}_squeeze_excite_squeeze",
        f"{theirs}.block.{{j}}.fc2": f"{ours}_squeeze_excite_excite",
    }


CLASS_HEADS = "head.classification_head.module_list.{m}"
BOX_HEADS = "head.regression_head.module_list.{m}"
TORCHVISION_SSDLITE_V3 = {
    "backbone.features.0.0.0": "stem",
    "backbone.features.0.0.1": "stem_norm",
    **_block_of_v3("backbone.features.0.{i}", "{block[i-1]}"),
    # The block of the first map is divided behind its expansion: z is 0.
    "backbone.features.0.{i}.0": "{block[i-1]}_expand",
    "backbone.features.0.{i}.1": "{block[i-1]}_expand_norm",
    "backbone.features.1.{z}.1.0": "{block[z+12]}_depthwise",
    "backbone.features.1.{z}.1.1": "{block[z+12]}_depthwise_norm",
    "backbone.features.1.{z}.2.fc1": ("{block[z+12]}_squeeze_excite_squeeze"),
    "backbone.features.1.{z}.2.fc2": "{block[z+12]}_squeeze_excite_excite",
    "backbone.features.1.{z}.3.0": "{block[z+12]}_project",
    "backbone.features.1.{z}.3.1": "{block[z+12]}_project_norm",
    **_block_of_v3("backbone.features.1.{i}", "{block[i+12]}"),
    "backbone.features.1.{i}.0": "head",
    "backbone.features.1.{i}.1": "head_norm",
    "backbone.extra.{e}.0.0": "extra{e+1}_squeeze",
    "backbone.extra.{e}.0.1": "extra{e+1}_squeeze_norm",
    "backbone.extra.{e}.1.0": "extra{e+1}_depthwise",
    "backbone.extra.{e}.1.1": "extra{e+1}_depthwise_norm",
    "backbone.extra.{e}.2.0": "extra{e+1}_project",
    "backbone.extra.{e}.2.1": "extra{e+1}_project_norm",
    f"{CLASS_HEADS}.0.0": "map{m+1}_scores_depthwise",
    f"{CLASS_HEADS}.0.1": "map{m+1}_scores_depthwise_norm",
    f"{CLASS_HEADS}.1": "map{m+1}_scores_logits",
    f"{BOX_HEADS}.0.0": "map{m+1}_boxes_depthwise",
    f"{BOX_HEADS}.0.1": "map{m+1}_boxes_depthwise_norm",
    f"{BOX_HEADS}.1": "map{m+1}_boxes_codes",
}
TORCHVISION_SSD300 = {  # on VGG-16, of 10 convolutions before the first map
    "backbone.features.{i}": "{block[rank]}_conv",
    "backbone.scale_weight.": "scaled",
    "backbone.extra.0.{i}": "{block[rank+10]}_conv",
    "backbone.extra.0.7.1": "fc6_conv",
    "backbone.extra.0.7.3": "fc7_conv",
    "backbone.extra.{e}.0": "extra{e}_squeeze_conv",
    "backbone.extra.{e}.2": "extra{e}_conv",
    CLASS_HEADS: "map{m+1}_scores_logits",
    BOX_HEADS: "map{m+1}_boxes_codes",
}
