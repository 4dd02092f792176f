"""The kinds of nodes of a program, one file each: fields, shape, range, cost and text."""

from neurodeploy.program.kinds.conv2d import Conv2d as Conv2d
from neurodeploy.program.kinds.decoder import Decoder as Decoder
from neurodeploy.program.kinds.dense import Dense as Dense
from neurodeploy.program.kinds.flatten import Flatten as Flatten
from neurodeploy.program.kinds.input import Input as Input
from neurodeploy.program.kinds.max_pool import MaxPool2d as MaxPool2d
from neurodeploy.program.kinds.neuron import Neuron as Neuron
from neurodeploy.program.kinds.node import Node as Node
from neurodeploy.program.kinds.node import Selection as Selection

# The kinds that a document may hold.
KINDS: tuple[type[Node], ...] = (Input, Dense, Conv2d, MaxPool2d, Flatten, Neuron, Decoder)
