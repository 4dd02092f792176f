"""The program: integers with one exact meaning, without torch."""

from neurodeploy.data.network.network import dumps as dumps
from neurodeploy.data.structure import Edge as Edge
from neurodeploy.program.integers import Integers as Integers
from neurodeploy.program.integers import NarrowIntegers as NarrowIntegers
from neurodeploy.program.kinds.arithmetic import Arithmetic as Arithmetic
from neurodeploy.program.kinds.conv2d import Conv2d as Conv2d
from neurodeploy.program.kinds.decoder import Decoder as Decoder
from neurodeploy.program.kinds.dense import Dense as Dense
from neurodeploy.program.kinds.input import Input as Input
from neurodeploy.program.kinds.input import Signal as Signal
from neurodeploy.program.kinds.neuron import Neuron as Neuron
from neurodeploy.program.kinds.node import Node as Node
from neurodeploy.program.kinds.products import Attention as Attention
from neurodeploy.program.kinds.products import Multiply as Multiply
from neurodeploy.program.kinds.selections import Concat as Concat
from neurodeploy.program.kinds.selections import Flatten as Flatten
from neurodeploy.program.kinds.selections import MaxPool2d as MaxPool2d
from neurodeploy.program.kinds.selections import Permute as Permute
from neurodeploy.program.kinds.selections import Reshape as Reshape
from neurodeploy.program.kinds.selections import Selection as Selection
from neurodeploy.program.kinds.selections import Slice as Slice
from neurodeploy.program.kinds.selections import Upsample as Upsample
from neurodeploy.program.kinds.sums import Add as Add
from neurodeploy.program.kinds.sums import SumPool2d as SumPool2d
from neurodeploy.program.kinds.synapse import Synapse as Synapse
from neurodeploy.program.part import Part as Part
from neurodeploy.program.program import Program as Program
from neurodeploy.program.program import loads as loads
from neurodeploy.program.program import neurons_in as neurons_in

__all__ = [
    "Add",
    "Arithmetic",
    "Attention",
    "Concat",
    "Conv2d",
    "Decoder",
    "Dense",
    "Edge",
    "Flatten",
    "Input",
    "Integers",
    "MaxPool2d",
    "Multiply",
    "NarrowIntegers",
    "Neuron",
    "Node",
    "Part",
    "Permute",
    "Program",
    "Reshape",
    "Selection",
    "Signal",
    "Slice",
    "SumPool2d",
    "Synapse",
    "Upsample",
    "dumps",
    "loads",
    "neurons_in",
]
