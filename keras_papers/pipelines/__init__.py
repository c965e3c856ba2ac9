"""A whole job as one function; the command line's verbs call these."""

from keras_papers.pipelines.deployment import benchmark as benchmark
from keras_papers.pipelines.deployment import export as export
from keras_papers.pipelines.deployment import quantize as quantize
from keras_papers.pipelines.image_classification import (
    train_image_classifier as train_image_classifier,
)
from keras_papers.pipelines.inference import evaluate as evaluate
from keras_papers.pipelines.inference import predict as predict
from keras_papers.pipelines.model_facts import info as info
from keras_papers.pipelines.model_facts import list_models as list_models
from keras_papers.pipelines.report import Report as Report
from keras_papers.pipelines.search_report import SearchReport as SearchReport
from keras_papers.pipelines.tuning import tune as tune

# As the command calls them.
train = train_image_classifier
list = list_models
