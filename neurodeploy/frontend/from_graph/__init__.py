"""Graphs in floats, such as those of foreign files, as torch networks."""

from neurodeploy.frontend.from_graph.network import network_of as network_of

__all__ = ["network_of"]
