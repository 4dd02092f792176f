"""The graph: a network traced, in floats and without torch."""

from neurodeploy.data.network.network import dumps as dumps
from neurodeploy.graph.foreign import ForeignGraph as ForeignGraph
from neurodeploy.graph.graph import Graph as Graph
from neurodeploy.graph.graph import loads as loads
from neurodeploy.graph.kinds import Add as Add
from neurodeploy.graph.kinds import Attention as Attention
from neurodeploy.graph.kinds import BatchNorm as BatchNorm
from neurodeploy.graph.kinds import Concat as Concat
from neurodeploy.graph.kinds import Conv2d as Conv2d
from neurodeploy.graph.kinds import Decoder as Decoder
from neurodeploy.graph.kinds import Delay as Delay
from neurodeploy.graph.kinds import Dense as Dense
from neurodeploy.graph.kinds import Flatten as Flatten
from neurodeploy.graph.kinds import GroupNorm as GroupNorm
from neurodeploy.graph.kinds import Input as Input
from neurodeploy.graph.kinds import MaxPool2d as MaxPool2d
from neurodeploy.graph.kinds import Multiply as Multiply
from neurodeploy.graph.kinds import Neuron as Neuron
from neurodeploy.graph.kinds import Node as Node
from neurodeploy.graph.kinds import Permute as Permute
from neurodeploy.graph.kinds import Product as Product
from neurodeploy.graph.kinds import Reshape as Reshape
from neurodeploy.graph.kinds import Selection as Selection
from neurodeploy.graph.kinds import Slice as Slice
from neurodeploy.graph.kinds import SumPool2d as SumPool2d
from neurodeploy.graph.kinds import Upsample as Upsample

__all__ = [
    "Add",
    "Attention",
    "BatchNorm",
    "Concat",
    "Conv2d",
    "Decoder",
    "Delay",
    "Dense",
    "Flatten",
    "ForeignGraph",
    "Graph",
    "GroupNorm",
    "Input",
    "MaxPool2d",
    "Multiply",
    "Neuron",
    "Node",
    "Permute",
    "Product",
    "Reshape",
    "Selection",
    "Slice",
    "SumPool2d",
    "Upsample",
    "dumps",
    "loads",
]
