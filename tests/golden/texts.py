"""The text in each file of this folder, as the library prints it and a person reviews it."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

import quant
from neurodeploy import graph, program
from neurodeploy.frontend import graph_of
from neurodeploy.graph import Graph
from neurodeploy.lowering import lower
from neurodeploy.program import Program
from neurodeploy.program.ranges import ranges
from neurodeploy.simulator.carrier import carried_step
from quant.neuron.integer_step import TRAINING
from snncore import layer, neuron
from snncore.dynamics import NumberSystem, Rounding, to_integers
from snncore.dynamics.arithmetic.interval import Interval, invariant
from snncore.dynamics.arithmetic.number_system import Format, Overflow
from snncore.dynamics.printing.render import render
from snncore.dynamics.rewriting.simplify import simplified
from targets.loihi.chip.format import LOIHI
from tests.golden import kernels
from tests.golden.lynxi_text import lynxi_text
from tests.golden.onnx_text import onnx_text

HERE = Path(__file__).parent
FLOOR = NumberSystem(
    "floor",
    (("u", Format(16, 4, Overflow.WRAP)), ("v", Format(12, 2, symmetric=False))),
    (("current_decay", 8), ("voltage_decay", 8), ("threshold", 2), ("bias", 0)),
    rounding=Rounding.FLOOR,
)


class Network(nn.Module):
    """Every kind of layer, a bias in a block, a pool to fold and a layer that is skipped."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = quant.Block(
            quant.Conv2d(1, 2, 3, padding=1, bias=True), quant.CubaLIF(0.5, current_decay=0.25)
        )
        self.pool = quant.SumPool2d(2)
        self.flat = layer.Flatten()
        self.fc = quant.Linear(8, 3)
        self.skip = quant.Linear(16, 3)
        self.lif = quant.CubaLIF(0.75, voltage_decay=1.0)

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes."""
        pooled = self.flat(self.pool(self.conv(x)))
        return self.lif(self.fc(pooled) + self.skip(x.flatten(2)))


def network() -> Network:
    """Return the network, with weights that count up."""
    result = Network()
    with torch.no_grad():
        for number, parameter in enumerate(result.parameters()):
            count = torch.arange(parameter.numel()).reshape(parameter.shape)
            parameter.copy_(((count * 14 + number) % 90 - 30) / 64)
    return result


def small_graph() -> Graph:
    """Return the traced network."""
    return graph_of(network(), shape=(1, 4, 4))


def small_program() -> Program:
    """Return the lowered network."""
    return lower(small_graph())


def equations() -> str:
    """Return the equations of a few neurons as they are written."""
    modules = {
        f"{kind.__name__} {reset}": kind(reset=reset)
        for kind in (neuron.IF, neuron.LIF)
        for reset in ("hard", "soft", "none")
    }
    modules |= {"LIF beside": neuron.LIF(decay_input=False), "CubaLIF": neuron.CubaLIF()}
    return _sections({name: module.equations.text() for name, module in modules.items()})


def integer_equations() -> str:
    """Return CUBA LIF in the integers of Loihi, and of a chip that rounds down and wraps."""
    cuba = neuron.CUBA_LIF
    systems = {"Loihi": LOIHI, "a chip that rounds down": FLOOR}
    return _sections({name: to_integers(cuba, each).text() for name, each in systems.items()})


def engine_steps() -> str:
    """Return the two functions that the fast engine runs for a layer, and their carrier's type."""
    small = small_program()
    proved = ranges(small)
    steps = {node.name: carried_step(node, proved.layers[node.name]) for node in small.layers}
    return _sections({f"{name} in {step.kind}": step.source for name, step in steps.items()})


def training_steps() -> str:
    """Return the step of training, if no value can leave its register and if every value can."""
    integers = to_integers(neuron.CUBA_LIF, LOIHI, keep_detached=True)
    values = {"current_decay": 1024, "voltage_decay": 128, "threshold": 64}
    bounds = {name: Interval(value, value) for name, value in values.items()}
    bounds["bias"] = Interval(-8, 8)
    steps = {}
    for drive in (64, 1 << 30):
        proved = invariant(integers, {"x": Interval(-drive, drive)}, bounds)[1]
        simple = simplified(integers, proved, keep_gradients=True)
        steps[f"inputs up to {drive}"] = render(simple, TRAINING)
    return _sections(steps)


def _sections(texts: dict[str, str]) -> str:
    return "\n".join(f"== {name}\n{text.rstrip()}\n" for name, text in texts.items())


TEXTS: dict[str, Callable[[], str]] = {
    "equations.txt": equations,
    "integer_equations.txt": integer_equations,
    "engine_steps.txt": engine_steps,
    "training_steps.txt": training_steps,
    "graph.txt": lambda: small_graph().text(),
    "graph.json": lambda: graph.dumps(small_graph()),
    "program.txt": lambda: small_program().text(),
    "program.json": lambda: program.dumps(small_program()),
    "onnx_scan.txt": lambda: onnx_text(small_program(), "scan"),
    "onnx_step.txt": lambda: onnx_text(small_program(), "step"),
    "lynxi_package.txt": lambda: lynxi_text(small_program()),
    "kernels_cpp.txt": lambda: _sections(kernels.cpp()),
    "kernels_cuda.txt": lambda: _sections(kernels.cuda()),
    "kernels_triton.txt": lambda: _sections(kernels.triton()),
}
