"""The graph: a network traced, in floats and without torch."""

from neurodeploy.graph.graph import Graph as Graph
from neurodeploy.graph.nodes import Add as Add
from neurodeploy.graph.nodes import BatchNorm as BatchNorm
from neurodeploy.graph.nodes import Conv2d as Conv2d
from neurodeploy.graph.nodes import Delay as Delay
from neurodeploy.graph.nodes import Flatten as Flatten
from neurodeploy.graph.nodes import Input as Input
from neurodeploy.graph.nodes import Linear as Linear
from neurodeploy.graph.nodes import MaxPool2d as MaxPool2d
from neurodeploy.graph.nodes import Neuron as Neuron
from neurodeploy.graph.nodes import SumPool2d as SumPool2d
from neurodeploy.graph.serde import dumps as dumps
from neurodeploy.graph.serde import loads as loads

__all__ = [
    "Add",
    "BatchNorm",
    "Conv2d",
    "Flatten",
    "Graph",
    "Input",
    "Linear",
    "MaxPool2d",
    "Neuron",
    "SumPool2d",
    "dumps",
    "loads",
]
