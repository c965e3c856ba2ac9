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
    from keras_papers.pipelines.detection.inference import (
        evaluate_detector as evaluate_detector,
    )
    from keras_papers.pipelines.detection.inference import (
        predict_boxes as predict_boxes,
    )
    from keras_papers.pipelines.detection.job import (
        export_detector as export_detector,
    )
    from keras_papers.pipelines.detection.job import (
        train_detector as train_detector,
    )
    from keras_papers.pipelines.detection.report import (
        DetectionReport as DetectionReport,
    )
    from keras_papers.pipelines.generation.compression import (
        compress as compress,
    )
    from keras_papers.pipelines.generation.compression import (
        decompress as decompress,
    )
    from keras_papers.pipelines.generation.job import (
        train_image_generator as train_image_generator,
    )
    from keras_papers.pipelines.generation.picture_log import (
        PictureLog as PictureLog,
    )
    from keras_papers.pipelines.generation.report import (
        GenerationReport as GenerationReport,
    )
    from keras_papers.pipelines.generation.sampling import (
        draw_samples as draw_samples,
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
    from keras_papers.pipelines.segmentation.inference import (
        evaluate_segmenter as evaluate_segmenter,
    )
    from keras_papers.pipelines.segmentation.inference import (
        predict_masks as predict_masks,
    )
    from keras_papers.pipelines.segmentation.job import (
        export_segmenter as export_segmenter,
    )
    from keras_papers.pipelines.segmentation.job import (
        train_segmenter as train_segmenter,
    )
    from keras_papers.pipelines.segmentation.report import (
        SegmentationReport as SegmentationReport,
    )
    from keras_papers.pipelines.tables.evaluation import (
        evaluate_table as evaluate_table,
    )
    from keras_papers.pipelines.tables.job import (
        train_table_model as train_table_model,
    )
    from keras_papers.pipelines.tables.predictions import (
        predict_table as predict_table,
    )
    from keras_papers.pipelines.tables.report import TableReport as TableReport

_HOMES = {
    "DetectionReport": "detection.report.DetectionReport",
    "GenerationReport": "generation.report.GenerationReport",
    "PictureLog": "generation.picture_log.PictureLog",
    "Report": "classification.report.Report",
    "SearchReport": "search.report.SearchReport",
    "SegmentationReport": "segmentation.report.SegmentationReport",
    "TableReport": "tables.report.TableReport",
    "benchmark": "classification.speed.benchmark",
    "compress": "generation.compression.compress",
    "decompress": "generation.compression.decompress",
    "draw_samples": "generation.sampling.draw_samples",
    "evaluate": "classification.inference.evaluate",
    "evaluate_detector": "detection.inference.evaluate_detector",
    "evaluate_segmenter": "segmentation.inference.evaluate_segmenter",
    "evaluate_table": "tables.evaluation.evaluate_table",
    "export": "classification.deployment.export",
    "export_detector": "detection.job.export_detector",
    "export_segmenter": "segmentation.job.export_segmenter",
    "info": "models.information.info",
    "list": "models.model_facts.list_models",
    "list_models": "models.model_facts.list_models",
    "predict": "classification.inference.predict",
    "predict_boxes": "detection.inference.predict_boxes",
    "predict_masks": "segmentation.inference.predict_masks",
    "predict_table": "tables.predictions.predict_table",
    "quantize": "classification.deployment.quantize",
    "train": "classification.job.train_image_classifier",
    "train_detector": "detection.job.train_detector",
    "train_image_classifier": "classification.job.train_image_classifier",
    "train_image_generator": "generation.job.train_image_generator",
    "train_segmenter": "segmentation.job.train_segmenter",
    "train_table_model": "tables.job.train_table_model",
    "tune": "search.job.tune",
}
__all__ = [
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
]
__getattr__, __dir__ = _lazy_names(__name__, _HOMES)
