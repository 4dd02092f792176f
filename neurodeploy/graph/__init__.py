"""The graph: a network traced, in floats and without torch."""

from neurodeploy.graph.graph import Graph as Graph
from neurodeploy.graph.kinds import Add as Add
from neurodeploy.graph.kinds import BatchNorm as BatchNorm
from neurodeploy.graph.kinds import Conv2d as Conv2d
from neurodeploy.graph.kinds import Delay as Delay
from neurodeploy.graph.kinds import Flatten as Flatten
from neurodeploy.graph.kinds import Input as Input
from neurodeploy.graph.kinds import Linear as Linear
from neurodeploy.graph.kinds import MaxPool2d as MaxPool2d
from neurodeploy.graph.kinds import Neuron as Neuron
from neurodeploy.graph.kinds import Node as Node
from neurodeploy.graph.kinds import SumPool2d as SumPool2d
from neurodeploy.graph.serde import dumps as dumps
from neurodeploy.graph.serde import loads as loads

__all__ = [
    "Add",
    "BatchNorm",
    "Conv2d",
    "Delay",
    "Flatten",
    "Graph",
    "Input",
    "Linear",
    "MaxPool2d",
    "Neuron",
    "Node",
    "SumPool2d",
    "dumps",
    "loads",
]
