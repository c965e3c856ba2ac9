"""The layers of PyTorch's classifiers by their names there, and ours, as data.

`torch_names` explains the lines of these maps.
"""

from keras_papers.applications.pretrained.torch_names import NORM


def _units(names):
    """Doubles the lines of units of a convolution and a normalization."""
    lines = {}
    for theirs, ours in names.items():
        lines[f"{theirs}.conv"] = ours
        lines[f"{theirs}.bn"] = ours + NORM
    return lines


ENDS = {"conv_stem": "stem", "bn1": "stem_norm", "classifier": "logits"}
HEAD = {"conv_head": "head", "bn2": "head_norm"}
SEPARABLE = {  # MobileNet of timm
    **ENDS,
    "blocks.{s}.{b}.conv_dw": "stage{s+1}_block{b+1}_depthwise",
    "blocks.{s}.{b}.bn1": "stage{s+1}_block{b+1}_depthwise_norm",
    "blocks.{s}.{b}.conv_pw": "stage{s+1}_block{b+1}_pointwise",
    "blocks.{s}.{b}.bn2": "stage{s+1}_block{b+1}_pointwise_norm",
}
SQUEEZE = {
    "blocks.{s}.{b}.se.conv_reduce": (
        "stage{s+1}_block{b+1}_squeeze_excite_squeeze"
    ),
    "blocks.{s}.{b}.se.conv_expand": (
        "stage{s+1}_block{b+1}_squeeze_excite_excite"
    ),
}
INVERTED = {  # timm; the blocks of the first stage do not expand
    **ENDS,
    **SQUEEZE,
    "blocks.0.{b}.conv_dw": "stage1_block{b+1}_depthwise",
    "blocks.0.{b}.bn1": "stage1_block{b+1}_depthwise_norm",
    "blocks.0.{b}.conv_pw": "stage1_block{b+1}_project",
    "blocks.0.{b}.bn2": "stage1_block{b+1}_project_norm",
    "blocks.{s}.{b}.conv_pw": "stage{s+1}_block{b+1}_expand",
    "blocks.{s}.{b}.bn1": "stage{s+1}_block{b+1}_expand_norm",
    "blocks.{s}.{b}.conv_dw": "stage{s+1}_block{b+1}_depthwise",
    "blocks.{s}.{b}.bn2": "stage{s+1}_block{b+1}_depthwise_norm",
    "blocks.{s}.{b}.conv_pwl": "stage{s+1}_block{b+1}_project",
    "blocks.{s}.{b}.bn3": "stage{s+1}_block{b+1}_project_norm",
}
MBCONV = INVERTED | HEAD  # MobileNetV2, MnasNet, EfficientNet
V3_LARGE = {
    "blocks.6.0.conv": "head",
    "blocks.6.0.bn1": "head_norm",
    **INVERTED,
    "conv_head": "hidden",
}
V3_SMALL = {
    "blocks.5.0.conv": "head",
    "blocks.5.0.bn1": "head_norm",
    **INVERTED,
    "conv_head": "hidden",
}
TORCHVISION_ENDS = {
    "features.0.0": "stem",
    "features.0.1": "stem_norm",
    "features.{i}.0": "head",
    "features.{i}.1": "head_norm",
}
TORCHVISION_V2 = {
    **TORCHVISION_ENDS,
    "features.{i}.conv.{j}.0:depthwise": "{block[i-1]}_depthwise",
    "features.{i}.conv.{j}.0": "{block[i-1]}_expand",
    "features.{i}.conv.{j}.1": "<features.{i}.conv.{j}.0>_norm",
    "features.{i}.conv.{j}:conv": "{block[i-1]}_project",
    "features.{i}.conv.{j}:norm": "<features.{i}.conv.{j-1}>_norm",
    "classifier.1": "logits",
}
TORCHVISION_V3 = {
    **TORCHVISION_ENDS,
    "features.{i}.block.{j}.0:depthwise": "{block[i-1]}_depthwise",
    "features.{i}.block.0.0": "{block[i-1]}_expand",
    "features.{i}.block.{j}.0": "{block[i-1]}_project",
    "features.{i}.block.{j}.1": "<features.{i}.block.{j}.0>_norm",
    "features.{i}.block.{j}.fc1": "{block[i-1]}_squeeze_excite_squeeze",
    "features.{i}.block.{j}.fc2": "{block[i-1]}_squeeze_excite_excite",
    "classifier.0": "hidden",
    "classifier.3": "logits",
}
TORCHVISION_MNASNET = {
    "layers.0": "stem",
    "layers.1": "stem_norm",
    "layers.3": "stage1_block1_depthwise",
    "layers.4": "stage1_block1_depthwise_norm",
    "layers.6": "stage1_block1_project",
    "layers.7": "stage1_block1_project_norm",
    "layers.{s}.{b}.layers.0": "stage{s-6}_block{b+1}_expand",
    "layers.{s}.{b}.layers.1": "stage{s-6}_block{b+1}_expand_norm",
    "layers.{s}.{b}.layers.3": "stage{s-6}_block{b+1}_depthwise",
    "layers.{s}.{b}.layers.4": "stage{s-6}_block{b+1}_depthwise_norm",
    "layers.{s}.{b}.layers.6": "stage{s-6}_block{b+1}_project",
    "layers.{s}.{b}.layers.7": "stage{s-6}_block{b+1}_project_norm",
    "layers.14": "head",
    "layers.15": "head_norm",
    "classifier.1": "logits",
}
TORCHVISION_EFFICIENTNET = {
    **TORCHVISION_ENDS,
    "features.{s}.{b}.block.{j}.0:depthwise": "stage{s}_block{b+1}_depthwise",
    "features.1.{b}.block.{j}.0": "stage1_block{b+1}_project",
    "features.{s}.{b}.block.0.0": "stage{s}_block{b+1}_expand",
    "features.{s}.{b}.block.{j}.0": "stage{s}_block{b+1}_project",
    "features.{s}.{b}.block.{j}.1": "<features.{s}.{b}.block.{j}.0>_norm",
    "features.{s}.{b}.block.{j}.fc1": (
        "stage{s}_block{b+1}_squeeze_excite_squeeze"
    ),
    "features.{s}.{b}.block.{j}.fc2": (
        "stage{s}_block{b+1}_squeeze_excite_excite"
    ),
    "classifier.1": "logits",
}
RESNET = {  # timm and torchvision
    "conv1": "stem",
    "bn1": "stem_norm",
    "layer{s}.{b}.conv{n}": "stage{s}_block{b+1}_conv{n}",
    "layer{s}.{b}.bn{n}": "stage{s}_block{b+1}_conv{n}_norm",
    "layer{s}.{b}.downsample.0": "stage{s}_block{b+1}_project",
    "layer{s}.{b}.downsample.1": "stage{s}_block{b+1}_project_norm",
    "fc": "logits",
}
FEATURES = {
    "features.{i}:norm": "{block[rank]}_norm",
    "features.{i}": "{block[rank]}_conv",
}
VGG = {
    **FEATURES,
    "pre_logits.fc1": "hidden1",
    "pre_logits.fc2": "hidden2",
    "head.fc": "logits",
}
TORCHVISION_VGG = {
    **FEATURES,
    "classifier.0": "hidden1",
    "classifier.3": "hidden2",
    "classifier.6": "logits",
}
INCEPTION_V3 = {  # timm and torchvision
    **_units(
        {
            "Conv2d_1a_3x3": "stem",
            "Conv2d_2a_3x3": "stage1_block1_branch1_conv1",
            "Conv2d_2b_3x3": "stage1_block1_branch1_conv2",
            "Conv2d_3b_1x1": "stage2_block1_branch1_conv1",
            "Conv2d_4a_3x3": "stage2_block1_branch1_conv2",
            "Mixed_5{m:letter}.branch1x1": "stage3_block{m}_branch1_conv1",
            "Mixed_5{m:letter}.branch5x5_{n}": (
                "stage3_block{m}_branch2_conv{n}"
            ),
            "Mixed_5{m:letter}.branch3x3dbl_{n}": (
                "stage3_block{m}_branch3_conv{n}"
            ),
            "Mixed_5{m:letter}.branch_pool": "stage3_block{m}_branch4_conv2",
            "Mixed_6a.branch3x3": "stage4_block1_branch1_conv1",
            "Mixed_6a.branch3x3dbl_{n}": "stage4_block1_branch2_conv{n}",
            "Mixed_6{m:letter}.branch1x1": "stage4_block{m+1}_branch1_conv1",
            "Mixed_6{m:letter}.branch7x7_{n}": (
                "stage4_block{m+1}_branch2_conv{n}"
            ),
            "Mixed_6{m:letter}.branch7x7dbl_{n}": (
                "stage4_block{m+1}_branch3_conv{n}"
            ),
            "Mixed_6{m:letter}.branch_pool": "stage4_block{m+1}_branch4_conv2",
            "Mixed_7a.branch3x3_{n}": "stage5_block1_branch1_conv{n}",
            "Mixed_7a.branch7x7x3_{n}": "stage5_block1_branch2_conv{n}",
            "Mixed_7{m:letter}.branch1x1": "stage5_block{m+1}_branch1_conv1",
            "Mixed_7{m:letter}.branch3x3_{n}": (
                "stage5_block{m+1}_branch2_conv{n}"
            ),
            "Mixed_7{m:letter}.branch3x3_2a": (
                "stage5_block{m+1}_branch2_fork2_branch1_conv1"
            ),
            "Mixed_7{m:letter}.branch3x3_2b": (
                "stage5_block{m+1}_branch2_fork2_branch2_conv1"
            ),
            "Mixed_7{m:letter}.branch3x3dbl_{n}": (
                "stage5_block{m+1}_branch3_conv{n}"
            ),
            "Mixed_7{m:letter}.branch3x3dbl_3a": (
                "stage5_block{m+1}_branch3_fork3_branch1_conv1"
            ),
            "Mixed_7{m:letter}.branch3x3dbl_3b": (
                "stage5_block{m+1}_branch3_fork3_branch2_conv1"
            ),
            "Mixed_7{m:letter}.branch_pool": "stage5_block{m+1}_branch4_conv2",
            "AuxLogits.conv0": "auxiliary1_branch1_conv1",
            "AuxLogits.conv1": "auxiliary1_branch1_conv2",
        }
    ),
    "AuxLogits.fc": "auxiliary1_logits",
    "fc": "logits",
}
INCEPTION_V4 = {
    **_units(
        {
            "features.0": "stem",
            "features.1": "stage1_block1_branch1_conv1",
            "features.2": "stage1_block1_branch1_conv2",
            "features.3.conv": "stage2_block1_branch2_conv1",
            "features.4.branch{n}.{k}": "stage2_block2_branch{n+1}_conv{k+1}",
            "features.5.conv": "stage3_block1_branch1_conv1",
            # Modules 6 to 21, of which 10 and 18 reduce the map.
            "features.{i}.branch0": "{block[i-2]}_branch1_conv1",
            "features.{i}.branch3.1": "{block[i-2]}_branch4_conv2",
            "features.{i}.branch{n}.{k}": "{block[i-2]}_branch{n+1}_conv{k+1}",
            "features.{i}.branch1_1a": (
                "{block[i-2]}_branch2_fork2_branch1_conv1"
            ),
            "features.{i}.branch1_1b": (
                "{block[i-2]}_branch2_fork2_branch2_conv1"
            ),
            "features.{i}.branch2_3a": (
                "{block[i-2]}_branch3_fork4_branch1_conv1"
            ),
            "features.{i}.branch2_3b": (
                "{block[i-2]}_branch3_fork4_branch2_conv1"
            ),
            "features.{i}.branch{n}_{k}": "{block[i-2]}_branch{n+1}_conv{k+1}",
        }
    ),
    "last_linear": "logits",
}
INCEPTION_RESNET_V2 = {
    **_units(
        {
            "conv2d_1a": "stem",
            "conv2d_2a": "stage1_block1_branch1_conv1",
            "conv2d_2b": "stage1_block1_branch1_conv2",
            "conv2d_3b": "stage2_block1_branch1_conv1",
            "conv2d_4a": "stage2_block1_branch1_conv2",
            "mixed_5b.branch0": "stage3_block1_branch1_conv1",
            "mixed_5b.branch3.1": "stage3_block1_branch4_conv2",
            "mixed_5b.branch{n}.{k}": "stage3_block1_branch{n+1}_conv{k+1}",
            "repeat.{b}.branch0": "stage3_block{b+2}_branch1_conv1",
            "repeat.{b}.branch{n}.{k}": (
                "stage3_block{b+2}_branch{n+1}_conv{k+1}"
            ),
            "mixed_6a.branch0": "stage4_block1_branch1_conv1",
            "mixed_6a.branch{n}.{k}": "stage4_block1_branch{n+1}_conv{k+1}",
            "repeat_1.{b}.branch0": "stage4_block{b+2}_branch1_conv1",
            "repeat_1.{b}.branch{n}.{k}": (
                "stage4_block{b+2}_branch{n+1}_conv{k+1}"
            ),
            "mixed_7a.branch{n}.{k}": "stage5_block1_branch{n+1}_conv{k+1}",
            "repeat_2.{b}.branch0": "stage5_block{b+2}_branch1_conv1",
            "repeat_2.{b}.branch{n}.{k}": (
                "stage5_block{b+2}_branch{n+1}_conv{k+1}"
            ),
            "block8.branch0": "stage5_block11_branch1_conv1",
            "block8.branch{n}.{k}": "stage5_block11_branch{n+1}_conv{k+1}",
            "conv2d_7b": "head_branch1_conv1",
        }
    ),
    "repeat.{b}.conv2d": "stage3_block{b+2}_project",
    "repeat_1.{b}.conv2d": "stage4_block{b+2}_project",
    "repeat_2.{b}.conv2d": "stage5_block{b+2}_project",
    "block8.conv2d": "stage5_block11_project",
    "classif": "logits",
}
GOOGLENET = {  # of torchvision
    **_units(
        {
            "conv1": "stem",
            "conv2": "stage1_block1_branch1_conv1",
            "conv3": "stage1_block1_branch1_conv2",
            "inception{s}{m:letter}.branch1": (
                "stage{s-1}_block{m+1}_branch1_conv1"
            ),
            "inception{s}{m:letter}.branch4.1": (
                "stage{s-1}_block{m+1}_branch4_conv2"
            ),
            "inception{s}{m:letter}.branch{n}.{k}": (
                "stage{s-1}_block{m+1}_branch{n}_conv{k+1}"
            ),
            "aux{n}.conv": "auxiliary{n}_branch1_conv1",
        }
    ),
    "aux{n}.fc1": "auxiliary{n}_hidden",
    "aux{n}.fc2": "auxiliary{n}_logits",
    "fc": "logits",
}
