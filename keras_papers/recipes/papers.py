"""The recipes of the papers, one for each family."""

from keras_papers.checks import check_choice
from keras_papers.recipes.recipe import (
    ALL,
    DROPS,
    KERNELS,
    NOT_DEPTHWISE,
    NOT_NORMS,
    PLATEAUS,
    RMSPROP,
    SGD,
    Recipe,
    Schedule,
)

CROPS = (
    "crops of the original picture, of 8 to 100 % of its area and of the "
    "shapes 3:4 to 4:3, mirrored"
)
INCEPTION_CROPS = CROPS + ", colors with their hue distorted"
RESNET_CROPS = (
    "the shorter side has 256 to 480 pixels, crops of 224, mirrored, colors"
)
SLIM = "tensorflow/models, research/slim"
EVERYTHING = tuple(
    name
    for name in Recipe._fields
    if name not in ("networks", "augment", "left_out", "sources")
    and name not in ("remembered", "chosen")
)


def without(*names):
    """Returns the names of all values but some."""
    return tuple(name for name in EVERYTHING if name not in names)


VGG = Recipe(
    ("VGG13", "VGG16", "VGG19"),
    SGD,
    0.01,
    0.9,
    Schedule(PLATEAUS, 0.1, 5),
    256,
    74,
    5e-4,
    ALL,
    dropout=0.5,
    augmentation="crops of 224 pixels; the shorter side has 256, or 256 to 512",
    notes="The deeper networks start from the weights of the network A, VGG11. "
    "The rate was lowered three times: the 5 epochs are a choice of this "
    "package",
    left_out=("the start from the weights of VGG11",),
    remembered=EVERYTHING,
)
EFFICIENT_NET = Recipe(
    ("EfficientNetB0", "EfficientNetB1"),
    RMSPROP,
    0.016 * 8,
    0.9,
    Schedule(DROPS, 0.97, 2.4, warm_up=5),
    256 * 8,
    350,
    1e-5,
    NOT_NORMS,
    rho=0.9,
    epsilon=1e-3,
    label_smoothing=0.1,
    ema=0.9999,
    dropout=0.2,
    batch_norm=(0.99, 1e-3),
    augmentation="AutoAugment; without it B0 reaches 76.7 %",
    augment="inception",
    notes="Blocks are dropped with up to 0.2",
    sources=(
        "tensorflow/tpu, models/official/efficientnet: main.py, utils.py, "
        "efficientnet_builder.py",
    ),
)
EFFICIENT_NET_LITE = EFFICIENT_NET._replace(
    networks=("EfficientNetLite0", "EfficientNetLite1"),
    augmentation="AutoAugment, as of EfficientNet",
    notes=f"{EFFICIENT_NET.notes}. The file has dropout, dropped blocks and "
    "normalizations; that the other values are those of EfficientNet is from "
    "memory",
    sources=(
        "tensorflow/tpu, models/official/efficientnet/lite/"
        "efficientnet_lite_builder.py",
    ),
    remembered=without("dropout", "batch_norm"),
)
RECIPES = (
    Recipe(
        ("AlexNet", "ZFNet"),
        SGD,
        0.01,
        0.9,
        Schedule(PLATEAUS, 0.1, 5),
        128,
        90,
        5e-4,
        ALL,
        dropout=0.5,
        augmentation="crops of 224 of 256 pixels, mirrored, colors along "
        "their principal components with a deviation of 0.1",
        notes="Weights from a normal distribution of the deviation 0.01. "
        "Biases of 1 in the convolutions 2, 4 and 5 and in the dense layers. "
        "The rate was lowered by hand, three times: the 5 epochs are a choice "
        "of this package",
        left_out=(
            "the initial weights, of a deviation of 0.01 and biases of 1",
        ),
        remembered=EVERYTHING,
    ),
    VGG._replace(networks=("VGG11",), left_out=()),
    VGG,
    Recipe(
        ("GoogLeNet",),
        SGD,
        0.01,
        0.9,
        Schedule(DROPS, 0.96, 8),
        256,
        250,
        1e-4,
        KERNELS,
        dropout=0.4,
        augmentation=INCEPTION_CROPS,
        augment="inception",
        notes="The paper states neither rate, batch, epochs nor weight decay, "
        "and trained asynchronously, which cannot be repeated: those are "
        "choices of this package. The loss of each auxiliary classifier has "
        "the weight 0.3, and its dropout is 0.7",
        left_out=("the auxiliary classifiers", "asynchronous training"),
        remembered=without(
            *("learning_rate", "batch_size", "epochs", "weight_decay"), "decays"
        ),
        chosen=(
            "learning_rate",
            "batch_size",
            "epochs",
            "weight_decay",
            "decays",
        ),
    ),
    Recipe(
        ("InceptionV2",),
        SGD,
        0.0015 * 5,
        0.9,
        Schedule(DROPS, 0.96, 8 / 6),
        32,
        55,
        1e-4 / 5,
        KERNELS,
        augmentation=f"{CROPS}, colors less distorted than those of Inception",
        augment="inception",
        notes="BN-x5 of section 4.2.1: 5 times the rate of Inception, which "
        "falls 6 times as fast, a fifth of its weight decay, no dropout, "
        "images shuffled more thoroughly, and distorted less. The batches "
        "have 32 images, and the training is distributed. BN-x5 reaches the "
        "72.2 % of Inception after 31e6 / 14 = 2.2e6 steps, 55 epochs, and "
        "73.0 % at most. Inception's momentum and weight decay are not in the "
        "paper: they are those of GoogLeNet here, and choices of this package "
        "as the epochs are",
        left_out=("distributed training",),
        sources=("arXiv:1502.03167, section 4.2",),
        remembered=("schedule", "batch_norm", "augmentation"),
        chosen=("momentum", "epochs", "weight_decay", "decays"),
    ),
    Recipe(
        ("InceptionV3", "InceptionV4", "InceptionResNetV2"),
        RMSPROP,
        0.045,
        0.9,
        Schedule(DROPS, 0.94, 2),
        32 * 50,
        100,
        4e-5,
        KERNELS,
        rho=0.9,
        epsilon=1.0,
        clip_norm=2.0,
        label_smoothing=0.1,
        ema=0.9999,
        dropout=0.2,
        batch_norm=(0.9997, 1e-3),
        augmentation=INCEPTION_CROPS,
        augment="inception",
        notes="The loss of the auxiliary classifier has the weight 0.4. The "
        "rate is taken as that of 50 replicas in step; if these were "
        "asynchronous, 0.045 belongs to a batch of 32",
        left_out=("the auxiliary classifier",),
        sources=(f"{SLIM}, inception_utils.py: weight decay, normalizations",),
        remembered=without("weight_decay", "decays", "batch_norm"),
    ),
    Recipe(
        ("ResNet18", "ResNet34", "ResNet50", "ResNet101", "ResNet152"),
        SGD,
        0.1,
        0.9,
        Schedule(PLATEAUS, 0.1, 5),
        256,
        120,
        1e-4,
        ALL,
        batch_norm=(0.9, 1e-5),
        augmentation=RESNET_CROPS,
        notes="Weights of He et al., 2015. No dropout. The 5 epochs are a "
        "choice of this package",
        remembered=EVERYTHING,
    ),
    Recipe(
        ("ResNet50V2", "ResNet101V2", "ResNet152V2"),
        SGD,
        0.1,
        0.9,
        Schedule(DROPS, 0.1, 30),
        256,
        90,
        1e-4,
        ALL,
        batch_norm=(0.9, 1e-5),
        augmentation=RESNET_CROPS,
        notes="Weights of He et al., 2015. No dropout, and no warm-up on "
        "ImageNet. The images are varied as for ResNet. The rate falls after "
        "the epochs 30 and 60; that the training ends after 90 is a choice of "
        "this package",
        sources=("arXiv:1603.05027, appendix",),
        remembered=("decays", "batch_norm"),
        chosen=("epochs",),
    ),
    Recipe(
        ("MobileNet",),
        SGD,
        0.045,
        0.0,
        Schedule(DROPS, 0.94, 2.5),
        64,
        100,
        4e-5,
        NOT_DEPTHWISE,
        dropout=0.001,
        batch_norm=(0.9997, 1e-3),
        augmentation="mild: no small crops",
        notes="The paper trained by RMSprop as InceptionV3, asynchronously, "
        "which cannot be repeated: this is the published script. Neither "
        "label smoothing nor auxiliary classifiers. Weights of the deviation "
        "0.09",
        left_out=(
            "asynchronous training by RMSprop",
            "the initial weights, of a deviation of 0.09",
        ),
        sources=(f"{SLIM}, mobilenet_v1.py, mobilenet_v1_train.py",),
        remembered=("epochs", "dropout", "augmentation"),
    ),
    Recipe(
        ("MobileNetV2",),
        RMSPROP,
        0.045 * 8,
        0.9,
        Schedule(DROPS, 0.98, 2.5),
        96 * 8,
        420,
        4e-5,
        NOT_DEPTHWISE,
        rho=0.9,
        epsilon=1.0,
        label_smoothing=0.1,
        ema=0.9999,
        dropout=0.2,
        batch_norm=(0.997, 1e-3),
        augmentation=INCEPTION_CROPS,
        augment="inception",
        notes="The published script takes 700,000 steps of 96 images on each "
        "of 8 GPUs, and 0.045 times the number of GPUs as the rate. The paper "
        "has a drop in each epoch",
        sources=(
            f"{SLIM}, mobilenet/README.md, mobilenet.py, "
            "train_image_classifier.py",
        ),
        remembered=("dropout", "augmentation"),
    ),
    Recipe(
        ("MobileNetV3Small", "MobileNetV3Large"),
        RMSPROP,
        0.1,
        0.9,
        Schedule(DROPS, 0.99, 3, warm_up=5),
        4096,
        600,
        1e-5,
        NOT_DEPTHWISE,
        rho=0.9,
        epsilon=1e-3,
        ema=0.9999,
        dropout=0.2,
        batch_norm=(0.99, 1e-3),
        augmentation=INCEPTION_CROPS,
        augment="inception",
        notes="The paper's dropout of 0.8 is the share that is kept. The "
        "warm-up is not in the paper",
        remembered=without("epochs", "epsilon"),
        chosen=("epochs", "epsilon"),
    ),
    Recipe(
        ("MnasNetA1", "MnasNetB1", "MnasNetSmall"),
        RMSPROP,
        0.016 * 4,
        0.9,
        Schedule(DROPS, 0.97, 2.4, warm_up=5),
        256 * 4,
        350,
        1e-5,
        NOT_NORMS,
        rho=0.9,
        epsilon=1e-3,
        label_smoothing=0.1,
        ema=0.9999,
        dropout=0.2,
        batch_norm=(0.99, 1e-3),
        augmentation=CROPS,
        augment="inception",
        sources=(
            "tensorflow/tpu, models/official/mnasnet: mnasnet_main.py, "
            "configs/mnasnet_config.py, preprocessing.py",
        ),
    ),
    EFFICIENT_NET,
    *(
        EFFICIENT_NET._replace(
            networks=(f"EfficientNetB{first}", f"EfficientNetB{first + 1}"),
            dropout=dropout,
        )
        for first, dropout in ((2, 0.3), (4, 0.4), (6, 0.5))
    ),
    EFFICIENT_NET_LITE,
    EFFICIENT_NET_LITE._replace(
        networks=tuple(f"EfficientNetLite{kind}" for kind in (2, 3, 4)),
        dropout=0.3,
    ),
)
_BY_NAME = {name: recipe for recipe in RECIPES for name in recipe.networks}


def list_recipes():
    """Lists the names of the networks that have a recipe, in order.

    Example:
    >>> "MobileNetV2" in list_recipes()
    True
    """
    return sorted(_BY_NAME)


def get(name):
    """Returns the `Recipe` of a network.

    Args:
        name: One of `list_recipes()`.

    Raises:
        ValueError: If there is none; the nearest name is offered.

    Example:
    >>> recipe = get("MobileNetV2")
    >>> recipe.learning_rate, recipe.epsilon, recipe.decays
    (0.36, 1.0, 'kernels but depthwise ones')
    """
    check_choice("name", name, list_recipes(), "a network with a recipe")
    return _BY_NAME[name]
