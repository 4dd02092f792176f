"""A torch network run as it trains, and its values as a trace."""

from neurodeploy.frontend.training.read import read_trace as read_trace
from neurodeploy.frontend.training.traces import float_trace as float_trace
from neurodeploy.frontend.training.traces import layer_path as layer_path
from neurodeploy.frontend.training.traces import training_trace as training_trace

__all__ = ["float_trace", "layer_path", "read_trace", "training_trace"]
