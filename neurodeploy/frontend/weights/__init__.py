"""Files of weights alone: read without running anything, and matched with a module."""

from neurodeploy.frontend.weights.matching import Matching as Matching
from neurodeploy.frontend.weights.matching import matched as matched
from neurodeploy.frontend.weights.read import read_mapping as read_mapping
from neurodeploy.frontend.weights.read import read_weights as read_weights

__all__ = ["Matching", "matched", "read_mapping", "read_weights"]
