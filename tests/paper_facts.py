"""What the papers, and the networks that they published, say of each model.

`python -m tests.paper_facts` prints docs/PAPERS.md. Exact counts are those
of the published weights; the figures that a paper prints stand beside them,
with a note where the two do not agree.
"""

from typing import NamedTuple

from keras_papers.applications.generative.pixel_snail import (
    ROSINALITY_BOTTOM,
    ROSINALITY_TOP,
)
from keras_papers.applications.generative.vq_vae import SECTION_4_1
from keras_papers.applications.generative.wavenet import R9Y9
from keras_papers.applications.registry import (
    CLASSIFICATION,
    get_record,
    list_models,
)
from keras_papers.applications.tabular.tab_transformer import BANK


class Fact(NamedTuple):
    """A variant, its exact cost, and what the paper prints of it."""

    model: str
    arguments: dict
    parameters: int  # trainable
    mega_adds: float  # multiply-adds of convolutions and dense, in millions
    printed: str = ""  # the paper's parameters and multiply-adds
    table: str = ""
    note: str = ""


V1, V2 = "MobileNet", "MobileNetV2"
LARGE, SMALL = "MobileNetV3Large", "MobileNetV3Small"
MIN = "minimalistic"
R192, R160, R128 = (
    {"resolution_multiplier": size / 224} for size in (192, 160, 128)
)
T1, SCALED = "Table 1", "Table 1, scaled"
R = "ResNet"
MOBILE_9, EFFICIENT_2 = "MobileNet, Table 9", "EfficientNet, Table 2"
SIXTY = "printed rounded down, as in the paper's text"
TV = "as many as in torchvision"
KERAS = "as many as in keras.applications, whose convolutions have biases"
# The factors of EfficientNet's table 3: scale("ResNet50", 1.4, 1.2, 1.3).
COMPOUND = {"input_shape": (291, 291, 3), "alpha": 1.2, "depth": 1.4}
COMPOUND_16_7 = (
    "EfficientNet, Table 3 prints 16.7B, 4.9 % more: how depth and size were "
    "rounded is not documented"
)
BN = {"batch_normalization": True}
BIASED = "as many as in torchvision, whose convolutions keep their biases"
B, LITE_, MNAS = "EfficientNetB", "EfficientNetLite", "MnasNet"
COUNTED = "torchvision counts as many, in a network of the same parameters"
README = "the README agrees with 3 more for each value that is normalized"
RITHESH = "as many as in ritheshkumar95/pytorch-vqvae"
SONNET = "as many as in DeepMind's notebook, without the codebook"
LITERAL = "the section read literally; it names no projection to the codes"
ROSINALITY = "as many as in rosinality/vq-vae-2-pytorch, without codebooks"
WIDE = "as rosinality's with the paper's 64 residual units"
NO_COUNT = "the paper gives the sizes, but no count"
LAB = "the paper gives no layers"
PUBLIC = "as many as in rosinality/vq-vae-2-pytorch"
VIDEO_GPT = "as many as in wilson1yan/VideoGPT, without the codebook"
CHANNELS = "the paper gives strides, windows and codes, but no channels"
GAINS = "r9y9/wavenet_vocoder has 35,234 more: gains, and what nothing uses"
IBAB = "ibab/tensorflow-wavenet has 1,056 more, which nothing uses"
ADULT = "UCI Adult, as the formulas of section 2 and the appendix give"
BANK_DATA = "UCI Bank Marketing, as the formulas give"
NORMED = "with its batch normalizations, which the formulas leave out"
THREE = "the paper leaves open how the levels are decoded"
EFFICIENT, TIMM = "EfficientNet's Table 2", "as many as in timm"
BATCH_NORM, VISION = {"batch_normalization": True}, "as many as in torchvision"
OD, PLUS = {"anchors": "object_detection"}, {"reduced_tail": "detection"}
LITE_V1, LITE_V2 = "SSDLiteMobileNet", "SSDLiteMobileNetV2"
LITE_LARGE, LITE_SMALL = "SSDLiteMobileNetV3Large", "SSDLiteMobileNetV3Small"
LITE_MNAS = "SSDLiteMnasNetA1"
GAMMA, AUX = "batch_norm_scale", "auxiliary"
# Of Cityscapes, in tables of MobileNetV3's paper, and of Pascal VOC.
CITY = {"input_shape": (1025, 2049, 3), "classes": 19}
RF2 = {**CITY, "reduced_tail": "segmentation"}
VOC, VOC_TV = {"input_shape": (513, 513, 3)}, {"input_shape": (520, 520, 3)}
FORM_TV = {**VOC_TV, "form": "torchvision"}
MV3_7, MV2_7 = "MobileNetV3, Table 7", "MobileNetV2, Table 7"
PROFILED = "the paper counts resizes, normalizations and h-swishes too"
UNSCALED = "the paper leaves out the scales and shifts of normalizations"
NARROW = "the paper's parameters fit no rounding of the channels, " + PROFILED
MORE_ADDS = "the paper does not explain its multiply-adds"
PAPER_1280 = "the paper's Table 2 has a 1280-wide layer, the weights 1024"

# fmt: off
FACTS = (
    Fact(f"{B}0", {}, 5_288_548, 385.8, "5.3M, 0.39B", "Table 2"),
    Fact(f"{B}1", {}, 7_794_184, 686.8, "7.8M, 0.70B", "Table 2", COUNTED),
    Fact(f"{B}2", {}, 9_109_994, 993.6, "9.2M, 1.0B", "Table 2"),
    Fact(f"{B}3", {}, 12_233_232, 1827.1, "12M, 1.8B", "Table 2"),
    Fact(f"{B}4", {}, 19_341_616, 4393.8, "19M, 4.2B", "Table 2", COUNTED),
    Fact(f"{B}5", {}, 30_389_784, 10266.4, "30M, 9.9B", "Table 2", COUNTED),
    Fact(f"{B}6", {}, 43_040_704, 19067.6, "43M, 19B", "Table 2"),
    Fact(f"{B}7", {}, 66_347_960, 37745.9, "66M, 37B", "Table 2", COUNTED),
    Fact("GatedPixelCNN", {}, 1_822_272, 1824.5),
    Fact("GatedPixelCNN", {"num_classes": 10}, 1_841_472, 1824.5,
         note=RITHESH),
    Fact("GoogLeNet", {}, 6_998_552, 1582.7, "6.8M, 1550M",
         "MobileNet's Table 8", "of table 1 with all its biases"),
    Fact("GoogLeNet", {AUX: True}, 13_378_280, 1591.0),
    Fact("GoogLeNet", BATCH_NORM, 7_005_832, 1582.7),
    Fact("GoogLeNet", {**BATCH_NORM, "kernels_5x5": False}, 6_624_904, 1498.4,
         note=VISION),
    Fact("GoogLeNet", {**BATCH_NORM, "kernels_5x5": False, AUX: True},
         13_004_888, 1506.7, note=VISION),
    Fact("InceptionResNetV2", {}, 55_813_192, 13155.8, "56M, 13B", EFFICIENT),
    Fact("InceptionResNetV2", {GAMMA: True}, 55_843_464, 13155.8, note=TIMM),
    Fact("InceptionV2", {}, 11_285_224, 2032.6,
         note="osmr/imgclsmob has 10,016 more: biases that normalizations "
         "remove"),
    Fact("InceptionV3", {}, 23_817_352, 5713.2, "24M, 5.7B", EFFICIENT),
    Fact("InceptionV3", {GAMMA: True}, 23_834_568, 5713.2, note=TIMM),
    Fact("InceptionV3", {GAMMA: True, AUX: True}, 27_161_264, 5718.9,
         note=VISION),
    Fact("InceptionV4", {}, 42_679_816, 12254.0, "48M, 13B", EFFICIENT, TIMM),
    Fact(f"{LITE_}0", {}, 4_652_008, 385.2, "4.7M, 407M", "README", README),
    Fact(f"{LITE_}1", {}, 5_416_680, 600.2, "5.4M, 631M", "README", README),
    Fact(f"{LITE_}2", {}, 6_092_072, 859.7, "6.1M, 899M", "README", README),
    Fact(f"{LITE_}3", {}, 8_197_096, 1383.3, "8.2M, 1.44B", "README", README),
    Fact(f"{LITE_}4", {}, 13_006_568, 2553.0, "13.0M, 2.64B", "README", README),
    Fact(f"{MNAS}A1", {}, 3_887_038, 311.6, "3.9M, 312M", "Table 1"),
    Fact(f"{MNAS}A1", {"alpha": 1.4}, 6_105_992, 586.3),
    Fact(f"{MNAS}A1", {"alpha": 0.75}, 2_912_278, 223.4),
    Fact(f"{MNAS}A1", {"alpha": 0.5}, 2_082_006, 103.2),
    Fact(f"{MNAS}B1", {}, 4_383_312, 314.4),
    Fact(f"{MNAS}B1", {"alpha": 1.4}, 7_115_728, 588.8),
    Fact(f"{MNAS}B1", {"alpha": 0.75}, 3_170_208, 215.5),
    Fact(f"{MNAS}B1", {"alpha": 0.5}, 2_218_512, 104.5),
    Fact(f"{MNAS}Small", {}, 2_030_264, 68.3, "2.0M, 68M", "README"),
    Fact(V1, {"alpha": 1.0}, 4_231_976, 568.7, "4.2M, 569M", "Tables 4, 6, 7"),
    Fact(V1, {"alpha": 0.75}, 2_585_560, 325.4, "2.6M, 325M", "Tables 5, 6"),
    Fact(V1, {"alpha": 0.5}, 1_331_592, 149.5, "1.3M, 149M", "Table 6"),
    Fact(V1, {"alpha": 0.25}, 470_072, 41.0, "0.5M, 41M", "Table 6"),
    Fact(V1, {"alpha": 1.0, **R192}, 4_231_976, 418.1, "4.2M, 418M", "Table 7"),
    Fact(V1, {"alpha": 0.75, **R192}, 2_585_560, 239.3),
    Fact(V1, {"alpha": 0.5, **R192}, 1_331_592, 110.0),
    Fact(V1, {"alpha": 0.25, **R192}, 470_072, 30.2),
    Fact(V1, {"alpha": 1.0, **R160}, 4_231_976, 290.7, "4.2M, 290M", "Table 7"),
    Fact(V1, {"alpha": 0.75, **R160}, 2_585_560, 166.4),
    Fact(V1, {"alpha": 0.5, **R160}, 1_331_592, 76.5, "1.32M, 76M", "Table 9"),
    Fact(V1, {"alpha": 0.25, **R160}, 470_072, 21.1),
    Fact(V1, {"alpha": 1.0, **R128}, 4_231_976, 186.4, "4.2M, 186M", "Table 7"),
    Fact(V1, {"alpha": 0.75, **R128}, 2_585_560, 106.8),
    Fact(V1, {"alpha": 0.5, **R128}, 1_331_592, 49.2),
    Fact(V1, {"alpha": 0.25, **R128}, 470_072, 13.6),
    Fact(V1, {"shallow": True}, 2_887_976, 307.3, "2.9M, 307M", "Table 5"),
    Fact(V1, {"full_convolution": True}, 29_294_088, 4867.3, "29.3M, 4866M",
         "Table 4"),
    Fact(V2, {"alpha": 1.4}, 6_108_776, 582.2, "6.9M, 585M", "Table 4",
         "the published weights have 6.1M parameters"),
    Fact(V2, {"alpha": 1.3}, 5_386_792, 509.4),
    Fact(V2, {"alpha": 1.0}, 3_504_872, 300.8, "3.4M, 300M", "Table 4",
         "printed without some 0.1M"),
    Fact(V2, {"alpha": 0.75}, 2_636_424, 209.1),
    Fact(V2, {"alpha": 0.5}, 1_968_680, 97.1),
    Fact(V2, {"alpha": 0.35}, 1_677_128, 59.3),
    Fact(LARGE, {"alpha": 1.0}, 5_483_032, 216.6, "5.4M, 219M", "Table 3",
         "printed rounded down"),
    Fact(LARGE, {"alpha": 0.75}, 3_993_528, 154.6, "4.0M, 155M", "Table 3"),
    Fact(LARGE, {"alpha": 0.5}, 2_689_904, 73.7),
    Fact(LARGE, {"alpha": 0.35}, 2_132_216, 43.9),
    Fact(LARGE, {"alpha": 1.25}, 8_255_784, 349.9),
    Fact(LARGE, {"alpha": 1.0, MIN: True}, 3_924_288, 209.1),
    Fact(LARGE, {"alpha": 0.75, MIN: True}, 3_050_312, 148.8),
    Fact(LARGE, {"alpha": 0.5, MIN: True}, 2_275_648, 69.9),
    Fact(LARGE, {"alpha": 0.35, MIN: True}, 1_912_248, 41.5),
    Fact(LARGE, {"alpha": 1.25, MIN: True}, 5_757_952, 340.1),
    Fact(SMALL, {"alpha": 1.0}, 2_542_856, 56.5, "2.9M, 66M", "Table 3",
         PAPER_1280),
    Fact(SMALL, {"alpha": 0.75}, 2_041_872, 43.4, "2.4M, 44M", "Table 3",
         PAPER_1280),
    Fact(SMALL, {"alpha": 0.5}, 1_593_224, 24.2),
    Fact(SMALL, {"alpha": 0.35}, 1_350_344, 15.9),
    Fact(SMALL, {"alpha": 1.25}, 3_645_312, 87.7),
    Fact(SMALL, {"alpha": 1.0, MIN: True}, 2_044_736, 52.3),
    Fact(SMALL, {"alpha": 0.75, MIN: True}, 1_732_512, 40.1),
    Fact(SMALL, {"alpha": 0.5, MIN: True}, 1_445_480, 21.9),
    Fact(SMALL, {"alpha": 0.35, MIN: True}, 1_281_984, 14.5),
    Fact(SMALL, {"alpha": 1.25, MIN: True}, 2_870_880, 82.3),
    Fact("AttentionSeq2Seq", {}, 217_032_000, 5855.0, note=NO_COUNT),
    Fact("AlexNet", {}, 60_965_224, 724.4, "60M, 720M", MOBILE_9, SIXTY),
    Fact("AlexNet", {"grouped": False}, 62_378_344, 1135.3,
         note="on one GPU; as many as in osmr/imgclsmob"),
    Fact(R + "18", {}, 11_689_512, 1814.1, note=TV),
    Fact(R + "34", {}, 21_797_672, 3663.8, note=TV),
    Fact(R + "50", {}, 25_583_592, 3858.0, note=KERAS),
    Fact(R + "50", {"use_bias": False}, 25_557_032, 3858.0),
    Fact(R + "50", {"use_bias": False, "version": 1.5}, 25_557_032, 4089.2,
         "26M, 4.1B", EFFICIENT_2),
    Fact(R + "50", {**COMPOUND, "use_bias": False, "version": 1.5}, 54_887_592,
         15915.5, note=COMPOUND_16_7),
    Fact(R + "101", {}, 44_601_832, 7570.2, note=KERAS),
    Fact(R + "101", {"use_bias": False, "version": 1.5}, 44_549_160, 7801.4,
         note=TV),
    Fact(R + "152", {}, 60_268_520, 11282.4, "60M, 11B", EFFICIENT_2),
    Fact(R + "152", {"use_bias": False, "version": 1.5}, 60_192_808, 11513.6,
         note=TV),
    Fact(R + "20", {}, 269_722, 40.6, "0.27M", "Table 6"),
    Fact(R + "20", {"shortcut": "B"}, 272_474, 40.8),
    Fact(R + "32", {}, 464_154, 68.9, "0.46M", "Table 6"),
    Fact(R + "44", {}, 658_586, 97.2, "0.66M", "Table 6"),
    Fact(R + "56", {}, 853_018, 125.5, "0.85M", "Table 6"),
    Fact(R + "110", {}, 1_727_962, 252.9, "1.7M", "Table 6"),
    Fact(R + "50V2", {}, 25_568_360, 3482.3),
    Fact(R + "101V2", {}, 44_577_896, 7194.5),
    Fact(R + "152V2", {}, 60_236_904, 10906.7),
    Fact("SSD300MobileNet", {}, 6_819_839, 1237.1, "6.8M, 1.2B",
         "MobileNet, Table 13"),
    Fact("SSD300VGG16", {}, 35_641_826, 34858.9, note=VISION),
    Fact("SSD300VGG16", {"classes": 80}, 34_305_206, 34361.1),
    Fact("SSD300VGG16", {"classes": 20}, 26_285_486, 31374.3),
    Fact(LITE_V1, OD, 5_246_911, 1322.4),
    Fact(LITE_V1, {**OD, "classes": 80}, 5_100_661, 1309.2, "5.1M, 1.3B",
         "MobileNetV2, Table 6"),
    Fact(LITE_V1, {}, 5_393_116, 1380.8),
    Fact(LITE_V2, OD, 4_500_543, 804.4),
    Fact(LITE_V2, {**OD, "classes": 80}, 4_337_013, 788.8, "4.3M, 0.8B",
         "MobileNetV2, Table 6"),
    Fact(LITE_V2, {}, 4_664_988, 870.1),
    Fact(LITE_V2, {**OD, **PLUS, "alpha": 0.5}, 1_562_111, 272.3,
         "1.54M, 0.27B", "MobileNetV3, Table 6"),
    Fact(LITE_V2, {**OD, **PLUS, "alpha": 0.35}, 947_709, 166.7,
         "0.93M, 0.16B", "MobileNetV3, Table 6", UNSCALED),
    Fact(LITE_LARGE, OD, 5_006_735, 613.1, "4.97M, 0.62B",
         "MobileNetV3, Table 6"),
    Fact(LITE_LARGE, {**OD, "classes": 80}, 4_859_525, 598.3),
    Fact(LITE_LARGE, {}, 5_198_540, 689.8),
    Fact(LITE_LARGE, {**OD, **PLUS}, 3_248_255, 506.6, "3.22M, 0.51B",
         "MobileNetV3, Table 6"),
    Fact(LITE_LARGE, {**OD, **PLUS, "classes": 80}, 3_129_845, 494.6),
    Fact(LITE_LARGE, PLUS, 3_440_060, 583.2, note=VISION),
    Fact(LITE_SMALL, OD, 2_518_271, 210.4, "2.49M, 0.21B",
         "MobileNetV3, Table 6"),
    Fact(LITE_SMALL, {**OD, "classes": 80}, 2_405_621, 202.5),
    Fact(LITE_SMALL, {}, 2_600_636, 243.2),
    Fact(LITE_SMALL, {**OD, **PLUS}, 1_785_743, 162.3, "1.77M, 0.16B",
         "MobileNetV3, Table 6"),
    Fact(LITE_SMALL, {**OD, **PLUS, "classes": 80}, 1_690_373, 156.1),
    Fact(LITE_SMALL, PLUS, 1_868_108, 195.1),
    Fact(LITE_MNAS, OD, 4_912_181, 837.8, "4.88M, 0.84B",
         "MobileNetV3, Table 6"),
    Fact(LITE_MNAS, {**OD, "classes": 80}, 4_745_771, 821.1),
    Fact(LITE_MNAS, {}, 5_103_986, 914.4),
    Fact("VGG11", {}, 132_863_336, 7609.1, "133M", "Table 2"),
    Fact("VGG11", BN, 132_868_840, 7609.1, note=BIASED),
    Fact("VGG13", {}, 133_047_848, 11308.5, "133M", "Table 2"),
    Fact("VGG13", BN, 133_053_736, 11308.5, note=BIASED),
    Fact("VGG16", {}, 138_357_544, 15470.3, "138M", "Table 2"),
    Fact("VGG16", BN, 138_365_992, 15470.3, note=BIASED),
    Fact("VGG19", {}, 143_667_240, 19632.1, "144M", "Table 2"),
    Fact("VGG19", BN, 143_678_248, 19632.1, note=BIASED),
    Fact("ZFNet", {}, 62_357_608, 1168.0, note="as many as in osmr/imgclsmob"),
    Fact("DeepLabV3MnasNetA1", VOC, 4_905_707, 5470.9),
    Fact("DeepLabV3MobileNet", {**VOC, "padding": "symmetric"}, 11_145_301,
         12760.9, "11.15M, 14.25B", MV2_7, MORE_ADDS),
    Fact("DeepLabV3MobileNet", {**FORM_TV, "padding": "symmetric"}, 11_735_637,
         13415.0),
    Fact("DeepLabV3MobileNetV2", VOC, 4_523_541, 5363.5, "4.52M, 5.8B", MV2_7,
         MORE_ADDS),
    Fact("DeepLabV3MobileNetV2", FORM_TV, 5_113_877, 6014.6),
    Fact("DeepLabV3MobileNetV3Large", VOC, 10_435_141, 9789.1),
    Fact("DeepLabV3MobileNetV3Large", {**VOC, "reduced_tail": "segmentation"},
         5_278_853, 5249.9),
    Fact("DeepLabV3MobileNetV3Large", FORM_TV, 11_025_477, 10436.4),
    Fact("DeepLabV3MobileNetV3Large", {**FORM_TV, AUX: True}, 11_029_328,
         10452.4, note=TV),
    Fact("DeepLabV3MobileNetV3Small", VOC, 5_539_381, 5435.7),
    Fact("DeepLabV3MobileNetV3Small", {**VOC, "reduced_tail": "segmentation"},
         2_864_837, 2911.7),
    Fact("DeepLabV3MobileNetV3Small", FORM_TV, 6_129_717, 6079.1),
    Fact("DeepLabV3ResNet50", {**FORM_TV, "output_stride": 8, AUX: True},
         42_004_074, 178721.9, note=TV),
    Fact("DeepLabV3ResNet101", {**FORM_TV, "output_stride": 8, AUX: True},
         60_996_202, 258743.0, note=TV),
    Fact("DeepLabV3ResNet101", VOC, 58_040_661, 71061.4, "58.16M, 81.0B", MV2_7,
         MORE_ADDS),
    Fact("LRASPPMnasNetA1", {}, 2_281_432, 2535.0),
    Fact("LRASPPMobileNet", {}, 3_477_610, 4343.7),
    Fact("LRASPPMobileNetV2", {**RF2, "filters": 256}, 1_030_950, 12654.8,
         "1.02M, 12.83B", MV3_7),
    Fact("LRASPPMobileNetV2", RF2, 987_174, 12462.6, "0.98M, 12.57B", MV3_7),
    Fact("LRASPPMobileNetV2", {**RF2, "alpha": 0.5}, 282_598, 3898.0,
         "0.28M, 4.00B", MV3_7, PROFILED),
    Fact("LRASPPMobileNetV2", {**RF2, "alpha": 0.35}, 168_502, 2436.5,
         "0.16M, 2.54B", MV3_7, NARROW),
    Fact("LRASPPMobileNetV3Large", {**RF2, "filters": 256}, 1_632_894, 10008.0,
         "1.63M, 10.33B", MV3_7, PROFILED),
    Fact("LRASPPMobileNetV3Large", RF2, 1_507_198, 9472.4, "1.51M, 9.74B",
         MV3_7, PROFILED),
    Fact("LRASPPMobileNetV3Large", FORM_TV, 3_221_538, 2077.8, note=TV),
    Fact("LRASPPMobileNetV3Large", {**FORM_TV, "reduced_tail": "segmentation"},
         1_505_890, 1218.6),
    Fact("LRASPPMobileNetV3Small", RF2, 468_830, 2719.5, "0.47M, 2.90B", MV3_7,
         PROFILED),
    Fact("LRASPPMobileNetV3Small", FORM_TV, 1_077_954, 663.2),
    Fact("RASPPMobileNet", VOC, 3_869_269, 4594.7),
    Fact("RASPPMobileNetV2", VOC, 2_113_557, 2740.7, "2.11M, 2.75B", "Table 7"),
    Fact("RASPPMobileNetV2", CITY, 2_113_043, 21233.1, "2.11M, 21.29B", MV3_7),
    Fact("RASPPMobileNetV2", RF2, 1_159_123, 13632.8, "1.15M, 13.68B", MV3_7),
    Fact("RASPPMobileNetV3Large", CITY, 3_600_963, 18156.0, "3.60M, 18.43B",
         MV3_7),
    Fact("RASPPMobileNetV3Large", RF2, 1_762_435, 11031.5, "1.76M, 11.24B",
         MV3_7, PROFILED),
    Fact("RASPPMobileNetV3Small", VOC, 1_359_925, 886.0),
    Fact("LatentVQVAE", {}, 4_686_656, 900.7, note=LAB),
    Fact("PixelSNAIL", {}, 836_128, 782.1),
    Fact("PixelSNAIL", {"input_shape": (32, 32), "table": ROSINALITY_TOP},
         84_873_280, 85780.9, note=PUBLIC),
    Fact("PixelSNAIL", {"input_shape": (64, 64), "table": ROSINALITY_BOTTOM,
                        "codes_above": (32, 32, 512)},
         89_762_816, 337767.3, note=PUBLIC),
    Fact("TabTransformer", {}, 908_233, 1.4, note=NORMED),
    Fact("TabTransformer", {"batch_normalization": False}, 905_089, 1.4,
         note=ADULT),
    Fact("TabTransformer",
         {"categorical": BANK.categorical, "numeric": BANK.numeric,
          "batch_normalization": False},
         1_124_419, 1.7, note=BANK_DATA),
    Fact("VQVAE", {}, 662_723, 45.6, note=SONNET),
    Fact("VQVAE", {"embedding_dim": None, "table": SECTION_4_1}, 4_745_987,
         316.7, note=LITERAL),
    Fact("VQVAE2", {}, 1_716_803, 4773.1, note=WIDE),
    Fact("VQVAE2", {"residual_filters": 32}, 1_388_867, 3934.3,
         note=ROSINALITY),
    Fact("VQVAE2", {"levels": 3}, 3_197_059, 2758.3, note=THREE),
    Fact("VQVAEAudio", {}, 1_552_763, 2650.7, note=CHANNELS),
    Fact("VQVAEVideo", {}, 21_141_619, 22969.8, note=VIDEO_GPT),
    Fact("WaveNet", {"input_shape": (16000,)}, 1_514_912, 23740.4,
         note=IBAB),
    Fact("WaveNet",
         {"input_shape": (16384,), "num_mixtures": 10,
          "condition_channels": 80, "upsampling": (4, 4, 4, 4),
          "table": R9Y9},
         3_660_098, 59673.8, note=GAINS),
)
# fmt: on


class Form(NamedTuple):
    """What a table says of a network's form."""

    model: str
    blocks: int
    table: str
    channels: dict  # by stride, of the last block there


BASIC_TAPS = {2: 64, 4: 64, 8: 128, 16: 256, 32: 512}
R_TAPS = {2: 64, 4: 256, 8: 512, 16: 1024, 32: 2048}
CIFAR_TAPS = {1: 16, 2: 32, 4: 64}
ZF_TAPS = {2: 96, 4: 96, 8: 256, 16: 256, 32: 256}
VGG_TAPS = {1: 64, 2: 128, 4: 256, 8: 512, 16: 512, 32: 512}
# fmt: off
FORMS = (
    Form("AlexNet", 5, "Section 3.5", {4: 96, 8: 256, 16: 256, 32: 256}),
    Form(f"{B}0", 16, T1, {2: 16, 4: 24, 8: 40, 16: 112, 32: 320}),
    Form(f"{B}1", 23, SCALED, {2: 16, 4: 24, 8: 40, 16: 112, 32: 320}),
    Form(f"{B}2", 23, SCALED, {2: 16, 4: 24, 8: 48, 16: 120, 32: 352}),
    Form(f"{B}3", 26, SCALED, {2: 24, 4: 32, 8: 48, 16: 136, 32: 384}),
    Form(f"{B}4", 32, SCALED, {2: 24, 4: 32, 8: 56, 16: 160, 32: 448}),
    Form(f"{B}5", 39, SCALED, {2: 24, 4: 40, 8: 64, 16: 176, 32: 512}),
    Form(f"{B}6", 45, SCALED, {2: 32, 4: 40, 8: 72, 16: 200, 32: 576}),
    Form(f"{B}7", 55, SCALED, {2: 32, 4: 48, 8: 80, 16: 224, 32: 640}),
    Form(f"{LITE_}0", 16, T1, {2: 16, 4: 24, 8: 40, 16: 112, 32: 320}),
    Form(f"{LITE_}1", 21, SCALED, {2: 16, 4: 24, 8: 40, 16: 112, 32: 320}),
    Form(f"{LITE_}2", 21, SCALED, {2: 16, 4: 24, 8: 48, 16: 120, 32: 352}),
    Form(f"{LITE_}3", 24, SCALED, {2: 24, 4: 32, 8: 48, 16: 136, 32: 384}),
    Form(f"{LITE_}4", 30, SCALED, {2: 24, 4: 32, 8: 56, 16: 160, 32: 448}),
    Form("GoogLeNet", 10, T1, {2: 64, 4: 192, 8: 480, 16: 832, 32: 1024}),
    Form("InceptionResNetV2", 45, "Code",
         {2: 64, 4: 192, 8: 320, 16: 1088, 32: 2080}),
    Form("InceptionV2", 11, "Figure 5",
         {2: 64, 4: 192, 8: 320, 16: 608, 32: 1024}),
    Form("InceptionV3", 13, T1, {2: 64, 4: 192, 8: 288, 16: 768, 32: 2048}),
    Form("InceptionV4", 20, "Figure 9",
         {2: 64, 4: 192, 8: 384, 16: 1024, 32: 1536}),
    Form(f"{MNAS}A1", 16, "Figure 7",
         {2: 16, 4: 24, 8: 40, 16: 112, 32: 320}),
    Form(f"{MNAS}B1", 17, "Code", {2: 16, 4: 24, 8: 40, 16: 96, 32: 320}),
    Form(f"{MNAS}Small", 15, "Code", {2: 8, 4: 16, 8: 16, 16: 32, 32: 144}),
    Form(V1, 13, "Table 1", {2: 64, 4: 128, 8: 256, 16: 512, 32: 1024}),
    Form(V2, 17, "Table 2", {2: 16, 4: 24, 8: 32, 16: 96, 32: 320}),
    Form(LARGE, 15, "Table 1", {2: 16, 4: 24, 8: 40, 16: 112, 32: 160}),
    Form(SMALL, 11, "Table 2", {2: 16, 4: 16, 8: 24, 16: 48, 32: 96}),
    Form(R + "101", 33, T1, R_TAPS),
    Form(R + "101V2", 33, T1, R_TAPS),
    Form(R + "110", 54, "Section 4.2", CIFAR_TAPS),
    Form(R + "152", 50, T1, R_TAPS),
    Form(R + "152V2", 50, T1, R_TAPS),
    Form(R + "18", 8, T1, BASIC_TAPS),
    Form(R + "20", 9, "Section 4.2", CIFAR_TAPS),
    Form(R + "32", 15, "Section 4.2", CIFAR_TAPS),
    Form(R + "34", 16, T1, BASIC_TAPS),
    Form(R + "44", 21, "Section 4.2", CIFAR_TAPS),
    Form(R + "50", 16, T1, R_TAPS),
    Form(R + "50V2", 16, T1, R_TAPS),
    Form(R + "56", 27, "Section 4.2", CIFAR_TAPS),
    Form("VGG11", 8, T1, VGG_TAPS),
    Form("VGG13", 10, T1, VGG_TAPS),
    Form("VGG16", 13, T1, VGG_TAPS),
    Form("VGG19", 16, T1, VGG_TAPS),
    Form("ZFNet", 5, "Figure 3", ZF_TAPS),
)
# fmt: on
NAMES = {  # of the tables in the arguments
    id(BANK.categorical): "BANK.categorical",
    id(BANK.numeric): "BANK.numeric",
    id(R9Y9): "R9Y9",
    id(ROSINALITY_BOTTOM): "ROSINALITY_BOTTOM",
    id(ROSINALITY_TOP): "ROSINALITY_TOP",
    id(SECTION_4_1): "SECTION_4_1",
}


def call_of(fact):
    """Writes the constructor's call down as a user would."""
    texts = []
    for name, value in fact.arguments.items():
        text = NAMES.get(id(value), f"{value!r}")
        if name == "resolution_multiplier":
            text = f"{round(value * 224)} / 224"
        texts.append(f"{name}={text}")
    return f"{fact.model}({', '.join(texts)})"


class Difference(NamedTuple):
    """How far an exact count is from what the paper prints of it."""

    relative: float
    is_rounding: bool  # whether the paper could print the exact one as this


def differences(fact):
    """Returns the `Difference` of the parameters and of the multiply-adds."""
    found = []
    millions = (fact.parameters / 1e6, fact.mega_adds)
    # Some papers print the parameters only.
    for printed, exact in zip(fact.printed.split(", "), millions, strict=False):
        number, unit = float(printed[:-1]), {"M": 1, "B": 1000}[printed[-1]]
        last_place = unit * 10 ** -len(printed[:-1].partition(".")[2])
        off = exact - unit * number
        found.append(
            Difference(off / (unit * number), abs(off) <= last_place / 2)
        )
    return found


def _form_of(model):
    (form,) = [form for form in FORMS if form.model == model]
    taps = ", ".join(f"{c} at {s}" for s, c in form.channels.items())
    return f"{form.table}: {form.blocks} blocks; channels by stride: {taps}."


def as_markdown():
    """Returns the text of docs/PAPERS.md."""
    lines = [
        "# Papers and tested figures",
        "",
        "Made by `python -m tests.paper_facts` from the rows that the tests "
        "compare the models with.",
        "Parameters are the trainable ones; multiply-adds are those of "
        "convolutions and dense layers.",
        "*off* is the difference from the values in the paper, which "
        "are rounded.",
    ]
    classifiers = list_models(task=CLASSIFICATION)
    others = [name for name in list_models() if name not in classifiers]
    for model in classifiers + others:
        record = get_record(model)
        paper = record.paper
        form = f"Task: `{record.task}`."
        if model in classifiers:
            form = _form_of(model)
        lines += [
            "",
            f"## `{model}`",
            "",
            f"[{paper.title} ({paper.year})]({paper.link}). {form}",
            "",
            "| constructor | parameters | multiply-adds | printed | off | "
            "note |",
            "|---|---|---|---|---|---|",
        ]
        for fact in FACTS:
            if fact.model == model:
                printed = off = ""
                if fact.printed:
                    printed = f"{fact.printed} ({fact.table})"
                    off = ", ".join(
                        f"{each.relative:+.1%}" for each in differences(fact)
                    )
                lines.append(
                    f"| `{call_of(fact)}` | {fact.parameters:,} | "
                    f"{fact.mega_adds:,.1f}M | {printed} | {off} | "
                    f"{fact.note} |"
                )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(as_markdown(), end="")
