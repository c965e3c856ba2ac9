"""Every public name is on a list, so that none comes or goes unnoticed."""

import importlib
import types

import pytest

PUBLIC = {
    "keras_papers": {
        "applications",
        "cost",
        "export",
        "flatten",
        "layers",
        "pipelines",
        "quantization",
        "testing",
        "tuner",
    },
    "keras_papers.applications": {
        *(f"EfficientNetB{size}" for size in range(8)),
        *(f"EfficientNetLite{size}" for size in range(5)),
        "MnasNetA1",
        "MnasNetB1",
        "MnasNetSmall",
        "MobileNet",
        "MobileNetV2",
        "MobileNetV3Large",
        "MobileNetV3Small",
        "feature_extractor",
        "compound_coefficients",
        "efficientnet",
        "efficientnet_lite",
        "get",
        "list_models",
        "mnasnet",
        "mobilenet",
        "mobilenet_v2",
        "mobilenet_v3",
        "scale",
        "table",
    },
    "keras_papers.layers": {
        "Block",
        "ConvNormActivation",
        "DepthwiseSeparable",
        "HSwish",
        "InvertedResidual",
        "SqueezeExcite",
    },
    "keras_papers.export": {
        "TFLiteFile",
        "check_environment",
        "predict",
        "to_tflite",
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
        "Report",
        "SearchReport",
        "benchmark",
        "evaluate",
        "export",
        "info",
        "list",
        "list_models",
        "predict",
        "quantize",
        "train",
        "train_image_classifier",
        "tune",
    },
    "keras_papers.testing": {"check_application", "check_layer"},
    "keras_papers.tuner": {
        "BayesianOptimization",
        "ChiefGoneError",
        "CompoundScaling",
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
        "Trial",
        "Tuner",
        "WidthAndResolution",
        "feasible_triples",
        "is_worker",
        "launch",
        "pareto_front",
        "release_graphs",
        "rows",
        "trials",
    },
}


@pytest.mark.parametrize("package", PUBLIC)
def test_public_names_are_those_of_the_list(package):
    """A package's own files are modules in it too, and are no names of it."""
    module = importlib.import_module(package)
    for name in PUBLIC[package]:
        getattr(module, name)  # `tuner` is imported when it is asked for
    names = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not (
            isinstance(value, types.ModuleType) and name not in PUBLIC[package]
        )
    }
    assert names == PUBLIC[package]


@pytest.mark.parametrize("package", PUBLIC)
def test_public_names_say_what_they_are(package):
    module = importlib.import_module(package)
    for name in PUBLIC[package]:
        text = getattr(module, name).__doc__ or ""
        assert len(text.splitlines()[0]) > 15, f"{package}.{name}"
