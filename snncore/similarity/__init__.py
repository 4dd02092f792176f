"""How alike two systems respond to the same stimuli: layers of a network, or recorded neurons."""

from snncore.similarity.comparison import Comparison as Comparison
from snncore.similarity.comparison import compare as compare
from snncore.similarity.recordings.allen import allen_scenes as allen_scenes
from snncore.similarity.recordings.arrays import read_assembly as read_assembly
from snncore.similarity.recordings.arrays import read_averages as read_averages
from snncore.similarity.recordings.trials import NeuralTrials as NeuralTrials
from snncore.similarity.regression import regression as regression
from snncore.similarity.responses import layer_responses as layer_responses
from snncore.similarity.rsa import dissimilarities as dissimilarities
from snncore.similarity.rsa import rsa as rsa
from snncore.similarity.subspaces import canonical_correlations as canonical_correlations
from snncore.similarity.subspaces import cka as cka
from snncore.similarity.subspaces import svcca as svcca

__all__ = [
    "Comparison",
    "NeuralTrials",
    "allen_scenes",
    "canonical_correlations",
    "cka",
    "compare",
    "dissimilarities",
    "layer_responses",
    "read_assembly",
    "read_averages",
    "regression",
    "rsa",
    "svcca",
]
