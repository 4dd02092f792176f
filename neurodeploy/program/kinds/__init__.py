"""The kinds of nodes of a program, one file each: fields, shape, range, cost and text."""

from neurodeploy.program.kinds.arithmetic import Arithmetic as Arithmetic
from neurodeploy.program.kinds.conv2d import Conv2d as Conv2d
from neurodeploy.program.kinds.decoder import Decoder as Decoder
from neurodeploy.program.kinds.dense import Dense as Dense
from neurodeploy.program.kinds.input import Input as Input
from neurodeploy.program.kinds.neuron import Neuron as Neuron
from neurodeploy.program.kinds.node import Node as Node
from neurodeploy.program.kinds.products import PRODUCTS as PRODUCTS
from neurodeploy.program.kinds.products import Attention as Attention
from neurodeploy.program.kinds.products import Multiply as Multiply
from neurodeploy.program.kinds.products import Product as Product
from neurodeploy.program.kinds.selections import SELECTIONS as SELECTIONS
from neurodeploy.program.kinds.selections import Concat as Concat
from neurodeploy.program.kinds.selections import Flatten as Flatten
from neurodeploy.program.kinds.selections import MaxPool2d as MaxPool2d
from neurodeploy.program.kinds.selections import Permute as Permute
from neurodeploy.program.kinds.selections import Reshape as Reshape
from neurodeploy.program.kinds.selections import Selection as Selection
from neurodeploy.program.kinds.selections import Slice as Slice
from neurodeploy.program.kinds.selections import Upsample as Upsample
from neurodeploy.program.kinds.sums import SUMS as SUMS
from neurodeploy.program.kinds.sums import Add as Add
from neurodeploy.program.kinds.sums import SumPool2d as SumPool2d

# The kinds that a document may hold.
KINDS: tuple[type[Node], ...] = (
    *(Input, Dense, Conv2d),
    *(*SELECTIONS, *PRODUCTS, *SUMS),
    *(Neuron, Decoder),
)
