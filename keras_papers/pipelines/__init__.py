"""A whole job as one function; the command line's verbs call these."""

import typing as _typing

from keras_papers.lazy_names import lazy_names as _lazy_names

if _typing.TYPE_CHECKING:  # what is imported when it is first used
    from keras_papers.pipelines.deployment import export as export
    from keras_papers.pipelines.deployment import quantize as quantize
    from keras_papers.pipelines.image_classification import (
        train_image_classifier as train,
    )
    from keras_papers.pipelines.image_classification import (
        train_image_classifier as train_image_classifier,
    )
    from keras_papers.pipelines.inference import evaluate as evaluate
    from keras_papers.pipelines.inference import predict as predict
    from keras_papers.pipelines.model_facts import info as info
    from keras_papers.pipelines.model_facts import list_models as list
    from keras_papers.pipelines.model_facts import list_models as list_models
    from keras_papers.pipelines.report import Report as Report
    from keras_papers.pipelines.search_report import (
        SearchReport as SearchReport,
    )
    from keras_papers.pipelines.speed import benchmark as benchmark
    from keras_papers.pipelines.tuning import tune as tune

_HOMES = {
    "Report": "report.Report",
    "SearchReport": "search_report.SearchReport",
    "benchmark": "speed.benchmark",
    "evaluate": "inference.evaluate",
    "export": "deployment.export",
    "info": "model_facts.info",
    "list": "model_facts.list_models",
    "list_models": "model_facts.list_models",
    "predict": "inference.predict",
    "quantize": "deployment.quantize",
    "train": "image_classification.train_image_classifier",
    "train_image_classifier": "image_classification.train_image_classifier",
    "tune": "tuning.tune",
}
__all__ = [
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
]
__getattr__, __dir__ = _lazy_names(__name__, _HOMES)
