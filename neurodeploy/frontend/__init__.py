"""The entrance for networks: model files, and torch modules traced into graphs."""

from neurodeploy.frontend.checkpoint import load as load
from neurodeploy.frontend.checkpoint import save as save
from neurodeploy.frontend.from_torch import graph_of as graph_of

__all__ = ["graph_of", "load", "save"]
