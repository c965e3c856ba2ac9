"""A whole job as one function; the command line's verbs call these."""

import typing as _typing

from keras_papers.lazy_names import lazy_names as _lazy_names

if _typing.TYPE_CHECKING:  # what is imported when it is first used
    from keras_papers.pipelines.classification.deployment import (
        export as export,
    )
    from keras_papers.pipelines.classification.deployment import (
        quantize as quantize,
    )
    from keras_papers.pipelines.classification.inference import (
        evaluate as evaluate,
    )
    from keras_papers.pipelines.classification.inference import (
        predict as predict,
    )
    from keras_papers.pipelines.classification.job import (
        train_image_classifier as train,
    )
    from keras_papers.pipelines.classification.job import (
        train_image_classifier as train_image_classifier,
    )
    from keras_papers.pipelines.classification.report import Report as Report
    from keras_papers.pipelines.classification.speed import (
        benchmark as benchmark,
    )
    from keras_papers.pipelines.models.information import info as info
    from keras_papers.pipelines.models.model_facts import list_models as list
    from keras_papers.pipelines.models.model_facts import (
        list_models as list_models,
    )
    from keras_papers.pipelines.search.job import tune as tune
    from keras_papers.pipelines.search.report import (
        SearchReport as SearchReport,
    )

_HOMES = {
    "Report": "classification.report.Report",
    "SearchReport": "search.report.SearchReport",
    "benchmark": "classification.speed.benchmark",
    "evaluate": "classification.inference.evaluate",
    "export": "classification.deployment.export",
    "info": "models.information.info",
    "list": "models.model_facts.list_models",
    "list_models": "models.model_facts.list_models",
    "predict": "classification.inference.predict",
    "quantize": "classification.deployment.quantize",
    "train": "classification.job.train_image_classifier",
    "train_image_classifier": "classification.job.train_image_classifier",
    "tune": "search.job.tune",
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
