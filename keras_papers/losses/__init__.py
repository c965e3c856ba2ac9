"""Losses of the papers: classes for `compile`, and functions."""

from keras_papers.losses.agreement import MarginLoss as MarginLoss
from keras_papers.losses.agreement import MarginTraits as MarginTraits
from keras_papers.losses.contrastive import BPRLoss as BPRLoss
from keras_papers.losses.contrastive import InfoNCE as InfoNCE
from keras_papers.losses.contrastive import TripletLoss as TripletLoss
from keras_papers.losses.contrastive import bpr_loss as bpr_loss
from keras_papers.losses.contrastive import info_nce_loss as info_nce_loss
from keras_papers.losses.contrastive import triplet_loss as triplet_loss
from keras_papers.losses.detection import FocalLoss as FocalLoss
from keras_papers.losses.detection import MultiBoxLoss as MultiBoxLoss
from keras_papers.losses.distillation import (
    DistillationLoss as DistillationLoss,
)
from keras_papers.losses.distillation import (
    distillation_loss as distillation_loss,
)
from keras_papers.losses.margin import DWDMarginLoss as DWDMarginLoss
from keras_papers.losses.margin import ExpLoss as ExpLoss
from keras_papers.losses.margin import L1HingeLoss as L1HingeLoss
from keras_papers.losses.margin import L2HingeLoss as L2HingeLoss
from keras_papers.losses.margin import L2MarginLoss as L2MarginLoss
from keras_papers.losses.margin import LogitMarginLoss as LogitMarginLoss
from keras_papers.losses.margin import ModifiedHuberLoss as ModifiedHuberLoss
from keras_papers.losses.margin import PerceptronLoss as PerceptronLoss
from keras_papers.losses.margin import SigmoidLoss as SigmoidLoss
from keras_papers.losses.margin import (
    SmoothedL1HingeLoss as SmoothedL1HingeLoss,
)
from keras_papers.losses.margin import ZeroOneLoss as ZeroOneLoss
from keras_papers.losses.margin import dwd_margin_loss as dwd_margin_loss
from keras_papers.losses.margin import exp_loss as exp_loss
from keras_papers.losses.margin import l1_hinge_loss as l1_hinge_loss
from keras_papers.losses.margin import l2_hinge_loss as l2_hinge_loss
from keras_papers.losses.margin import l2_margin_loss as l2_margin_loss
from keras_papers.losses.margin import logit_margin_loss as logit_margin_loss
from keras_papers.losses.margin import (
    modified_huber_loss as modified_huber_loss,
)
from keras_papers.losses.margin import perceptron_loss as perceptron_loss
from keras_papers.losses.margin import sigmoid_loss as sigmoid_loss
from keras_papers.losses.margin import (
    smoothed_l1_hinge_loss as smoothed_l1_hinge_loss,
)
from keras_papers.losses.margin import zero_one_loss as zero_one_loss
from keras_papers.losses.segmentation import (
    SparseCategoricalDice as SparseCategoricalDice,
)
