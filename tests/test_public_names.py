"""Every public name is on a list, so that none comes or goes unnoticed."""

import ast
import importlib
import inspect
import os
import pydoc
import subprocess
import sys
import types

import pytest

from keras_papers.applications import list_models

PUBLIC = {
    "keras_papers": {
        "applications",
        "cost",
        "distillation",
        "export",
        "flatten",
        "layers",
        "losses",
        "metrics",
        "pipelines",
        "prepare",
        "pretraining",
        "quantization",
        "recipes",
        "testing",
        "tuner",
        "visualization",
    },
    "keras_papers.applications": {
        *list_models(),
        "feature_extractor",
        "compound_coefficients",
        "efficientnet",
        "efficientnet_lite",
        "get",
        "googlenet",
        "inception_resnet_v2",
        "inception_v2",
        "inception_v3",
        "inception_v4",
        "list_models",
        "mnasnet",
        "mobilenet",
        "mobilenet_v2",
        "mobilenet_v3",
        "scale",
        "table",
    },
    "keras_papers.applications.detection": {
        "Detections",
        "Detector",
        "SSDLite",
        "Suppression",
        "best_boxes",
        "clip_boxes",
        "decode_boxes",
        "default_boxes",
        "encode_boxes",
        "intersection_over_union",
        "kept_boxes",
        "match",
        "match_each_object",
        "object_detection_boxes",
        "sliding_anchors",
        "spaced_scales",
    },
    "keras_papers.applications.generative": {
        "GatedPixelCNN",
        "LatentVQVAE",
        "Latents",
        "LogisticMixtureLoss",
        "PixelSNAIL",
        "PriorBitsPerCode",
        "PriorBitsPerDimension",
        "ReconstructionLoss",
        "VQVAE",
        "VQVAE2",
        "VQVAEAudio",
        "VQVAEVideo",
        "WaveNet",
        "bits_per_code",
        "bits_per_dimension",
        "check_prior",
        "condition_of",
        "convert_voice",
        "decoder",
        "encoder",
        "extract_latents",
        "frame_examples",
        "frame_prior",
        "latent_decoder",
        "load_latents",
        "model_hash",
        "mu_law_decode",
        "mu_law_encode",
        "predict_frames",
        "receptive_field",
        "sample",
        "sample_images",
    },
    "keras_papers.applications.segmentation": {
        "DeepLabV3",
        "LRASPP",
        "RASPP",
    },
    "keras_papers.applications.sequences": {
        "AttentionSeq2Seq",
        "Translations",
        "translate",
        "translation_examples",
    },
    "keras_papers.applications.tabular": {
        "ContextualEmbeddings",
        "TabTransformer",
        "TableFile",
        "TabularModel",
        "TabularSchema",
        "contextual_embeddings",
        "numeric_edges",
        "read_table_file",
    },
    "keras_papers.layers": {
        "AxialAttention",
        "BasicResidual",
        "Block",
        "BottleneckResidual",
        "CausalAttention2D",
        "ColumnEmbedding",
        "ConvNormActivation",
        "DepthwiseSeparable",
        "FeatureAttention",
        "FiniteScalarQuantizer",
        "GatedCausalConv1D",
        "GatedMaskedConv2D",
        "HSwish",
        "Inception",
        "InceptionResidual",
        "InvertedResidual",
        "LocalResponseNormalization",
        "LuongAttention",
        "MaskedConv2D",
        "PiecewiseLinear",
        "PreactivationResidual",
        "ResidualVectorQuantizer",
        "SqueezeExcite",
        "TemporalAttention",
        "TemporalJitter",
        "VectorQuantizer",
    },
    "keras_papers.losses": {
        "BPRLoss",
        "DWDMarginLoss",
        "DistillationLoss",
        "ExpLoss",
        "FocalLoss",
        "InfoNCE",
        "L1HingeLoss",
        "L2HingeLoss",
        "L2MarginLoss",
        "LogitMarginLoss",
        "MarginLoss",
        "MarginTraits",
        "ModifiedHuberLoss",
        "MultiBoxLoss",
        "PerceptronLoss",
        "SigmoidLoss",
        "SmoothedL1HingeLoss",
        "SparseCategoricalDice",
        "TripletLoss",
        "ZeroOneLoss",
        "bpr_loss",
        "distillation_loss",
        "dwd_margin_loss",
        "exp_loss",
        "info_nce_loss",
        "l1_hinge_loss",
        "l2_hinge_loss",
        "l2_margin_loss",
        "logit_margin_loss",
        "modified_huber_loss",
        "perceptron_loss",
        "sigmoid_loss",
        "smoothed_l1_hinge_loss",
        "triplet_loss",
        "zero_one_loss",
    },
    "keras_papers.export": {
        "ImageSegmentation",
        "ObjectDetection",
        "Suppression",
        "TFLiteFile",
        "check_environment",
        "detect",
        "predict",
        "to_tflite",
        "two_scores",
        "verify",
    },
    "keras_papers.quantization": {
        "callbacks",
        "cluster",
        "fine_tune",
        "prune",
        "quantize_aware",
        "register_converter",
        "to_keras",
        "to_tf_keras",
    },
    "keras_papers.pipelines": {
        "DetectionReport",
        "GenerationReport",
        "PictureLog",
        "Report",
        "SearchReport",
        "SegmentationReport",
        "TableReport",
        "benchmark",
        "compress",
        "decompress",
        "draw_samples",
        "evaluate",
        "evaluate_detector",
        "evaluate_segmenter",
        "evaluate_table",
        "export",
        "export_detector",
        "export_segmenter",
        "info",
        "list",
        "list_models",
        "predict",
        "predict_boxes",
        "predict_masks",
        "predict_table",
        "quantize",
        "train",
        "train_detector",
        "train_image_classifier",
        "train_image_generator",
        "train_segmenter",
        "train_table_model",
        "tune",
    },
    "keras_papers.distillation": {"Distiller"},
    "keras_papers.metrics": {
        "AveragePrecision",
        "ConfusionMatrix",
        "DetectionScores",
        "MeanIoU",
        "SegmentationScores",
        "label_map",
    },
    "keras_papers.visualization": {"draw_boxes", "draw_masks"},
    "keras_papers.pretraining": {
        "MaskedColumns",
        "ReplacedColumns",
        "fine_tune",
    },
    "keras_papers.recipes": {
        "Plan",
        "Recipe",
        "Schedule",
        "add_weight_decay",
        "get",
        "list_recipes",
    },
    "keras_papers.testing": {
        "check_application",
        "check_detector",
        "check_layer",
        "check_segmenter",
    },
    "keras_papers.tuner": {
        "BayesianOptimization",
        "ChiefGoneError",
        "CompoundScaling",
        "Description",
        "DeviceBusyError",
        "GridSearch",
        "Limits",
        "LiteRTLatency",
        "MnasSpace",
        "NothingFitsError",
        "Point",
        "PointSpace",
        "RandomSearch",
        "Reward",
        "SearchFailedError",
        "SearchSpace",
        "SpaceOptions",
        "Trial",
        "Tuner",
        "WidthAndResolution",
        "feasible_triples",
        "is_worker",
        "launch",
        "pareto_front",
        "register_space",
        "release_graphs",
        "rows",
        "trials",
    },
}


@pytest.mark.parametrize("package", PUBLIC)
def test_public_names_are_those_of_the_list(package):
    """A package's own files are modules in it too, and are no names of it."""
    module = importlib.import_module(package)
    names = {
        name
        for name in dir(module)  # some are imported when they are first used
        if not name.startswith("_")
        and not (
            isinstance(getattr(module, name), types.ModuleType)
            and name not in PUBLIC[package]
        )
    }
    assert names == PUBLIC[package]


LAZY = [
    "keras_papers",
    "keras_papers.export",
    "keras_papers.pipelines",
    "keras_papers.tuner",
]


@pytest.mark.parametrize("package", LAZY)
def test_editors_know_where_a_name_is_that_is_imported_late(package):
    """By a block that only type checkers run, of the same names and homes."""
    module = importlib.import_module(package)
    tree = ast.parse(inspect.getsource(module))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    found = {
        alias.asname: getattr(importlib.import_module(node.module), alias.name)
        for node in block.body
        for alias in node.names
    }
    assert sorted(found) == sorted(module.__all__) == sorted(PUBLIC[package])
    for name, value in found.items():
        assert getattr(module, name) is value


@pytest.mark.parametrize("package", LAZY)
def test_a_name_that_is_not_there_is_an_attribute_error(package):
    module = importlib.import_module(package)
    message = f"module '{package}' has no attribute 'nothing'"
    with pytest.raises(AttributeError, match=message):
        _ = module.nothing
    assert not hasattr(module, "__wrapped__")


def test_a_file_of_a_package_is_an_attribute_without_an_import_of_it():
    code = (
        "import keras_papers as k; k.export.metadata.read;"
        "k.lowering.lower; k.pipelines.data"
    )
    process = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "KERAS_BACKEND": "numpy"},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr


def test_help_shows_functions_that_are_imported_late():
    text = pydoc.plain(pydoc.render_doc("keras_papers.pipelines"))
    assert "predict(model, images" in text and "tune(data=None" in text


HAVE_EXAMPLES = [
    "keras_papers.applications.detection",
    "keras_papers.applications.generative",
    "keras_papers.applications.sequences",
    "keras_papers.applications.tabular",
]


@pytest.mark.parametrize("package", HAVE_EXAMPLES)
def test_public_names_have_an_example(package):
    module = importlib.import_module(package)
    for name in PUBLIC[package]:
        text = inspect.getdoc(getattr(module, name))
        assert "\n>>> " in text, f"{package}.{name}"


@pytest.mark.parametrize("package", PUBLIC)
def test_public_names_say_what_they_are(package):
    module = importlib.import_module(package)
    for name in PUBLIC[package]:
        text = getattr(module, name).__doc__ or ""
        assert len(text.splitlines()[0]) > 15, f"{package}.{name}"
