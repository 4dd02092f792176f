"""The program: integers with one exact meaning, without torch."""

from neurodeploy.data.structure import Edge as Edge
from neurodeploy.data.structure import Node as Node
from neurodeploy.program.nodes import Conv2d as Conv2d
from neurodeploy.program.nodes import Dense as Dense
from neurodeploy.program.nodes import Flatten as Flatten
from neurodeploy.program.nodes import Input as Input
from neurodeploy.program.nodes import Integers as Integers
from neurodeploy.program.nodes import MaxPool2d as MaxPool2d
from neurodeploy.program.nodes import NarrowIntegers as NarrowIntegers
from neurodeploy.program.nodes import Neuron as Neuron
from neurodeploy.program.nodes import Signal as Signal
from neurodeploy.program.nodes import Synapse as Synapse
from neurodeploy.program.program import Program as Program
from neurodeploy.program.program import neurons_in as neurons_in
from neurodeploy.program.serde import dumps as dumps
from neurodeploy.program.serde import loads as loads

__all__ = [
    "Conv2d",
    "Dense",
    "Edge",
    "Flatten",
    "Input",
    "Integers",
    "MaxPool2d",
    "NarrowIntegers",
    "Neuron",
    "Node",
    "Program",
    "Signal",
    "Synapse",
    "dumps",
    "loads",
    "neurons_in",
]
