"""The kinds of nodes of a graph, one file each: fields, shape and text."""

from neurodeploy.graph.kinds.arithmetic import PRODUCTS as PRODUCTS
from neurodeploy.graph.kinds.arithmetic import Add as Add
from neurodeploy.graph.kinds.arithmetic import Attention as Attention
from neurodeploy.graph.kinds.arithmetic import Multiply as Multiply
from neurodeploy.graph.kinds.arithmetic import Product as Product
from neurodeploy.graph.kinds.batch_norm import BatchNorm as BatchNorm
from neurodeploy.graph.kinds.conv2d import Conv2d as Conv2d
from neurodeploy.graph.kinds.delay import Delay as Delay
from neurodeploy.graph.kinds.dense import Dense as Dense
from neurodeploy.graph.kinds.group_norm import GroupNorm as GroupNorm
from neurodeploy.graph.kinds.input import Input as Input
from neurodeploy.graph.kinds.neuron import Decoder as Decoder
from neurodeploy.graph.kinds.neuron import Neuron as Neuron
from neurodeploy.graph.kinds.node import Node as Node
from neurodeploy.graph.kinds.pools import SumPool2d as SumPool2d
from neurodeploy.graph.kinds.selections import SELECTIONS as SELECTIONS
from neurodeploy.graph.kinds.selections import Concat as Concat
from neurodeploy.graph.kinds.selections import Flatten as Flatten
from neurodeploy.graph.kinds.selections import MaxPool2d as MaxPool2d
from neurodeploy.graph.kinds.selections import Permute as Permute
from neurodeploy.graph.kinds.selections import Reshape as Reshape
from neurodeploy.graph.kinds.selections import Selection as Selection
from neurodeploy.graph.kinds.selections import Slice as Slice
from neurodeploy.graph.kinds.selections import Upsample as Upsample

_WEIGHTS: tuple[type[Node], ...] = (Dense, Conv2d, SumPool2d, BatchNorm, GroupNorm)
_SUMS: tuple[type[Node], ...] = (Delay, Add, *PRODUCTS)
# The kinds that a document may hold.
KINDS: tuple[type[Node], ...] = (Input, *_WEIGHTS, *SELECTIONS, *_SUMS, Neuron, Decoder)
