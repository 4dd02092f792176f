"""Emulators of the chip beside Lava: what each supports, and how programs run in them.

They receive a program's integers and connections, not the `.net` file, which is Lava's own format.
So they check what the program computes, and Lava checks that the file says it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import SimulatorScopeError
from neurodeploy.program import Neuron, Program
from neurodeploy.program.ranges import ranges
from neurodeploy.sandbox import Call, Environment, Limits, run_many
from neurodeploy.simulator import run_golden
from neurodeploy.target import Simulation
from neurodeploy.trace import LayerTrace, Trace
from snncore.dynamics.zoo.readout import shows_voltage
from targets.loihi.chip.format import FRACTION, STATE_BITS
from targets.loihi.simulators.unrolled import UnrolledLayer, unrolled

_HALF = 1 << (STATE_BITS - 1)
_REQUIREMENTS = Path(__file__).with_name("requirements")

NENGO = Environment(
    name="nengo-loihi",
    title="nengo-loihi 1.1.0's emulator",
    python="3.10",
    worker=Path(__file__).with_name("nengo_worker.py"),
    self_test={"self_test": True},
    requirements=("nengo-loihi==1.1.0",),
    download_mb=60,
    disk_mb=250,
    hashes=_REQUIREMENTS / "nengo-loihi.txt",
)

BRIAN = Environment(
    name="brian2-loihi",
    title="brian2-loihi 0.5.2",
    python="3.11",
    other_pythons=("3.12",),
    worker=Path(__file__).with_name("brian_worker.py"),
    self_test={"self_test": True},
    requirements=("brian2-loihi==0.5.2", "brian2==2.9.0"),
    download_mb=45,
    disk_mb=210,
    hashes=_REQUIREMENTS / "brian2-loihi.txt",
)


@dataclass(frozen=True)
class JudgedRun:
    """A program, and samples (T, N, ...) for it."""

    program: Program
    samples: NDArray[Any]


def require_scope(judge: Environment, run: JudgedRun) -> list[UnrolledLayer]:
    """Return the layers in the form that the emulator accepts.

    Raises:
        SimulatorScopeError: if it does not support them; names the layer and the reason.
    """
    for node in run.program.layers:
        if shows_voltage(node.equations):
            raise _beyond(node.name, f"never fires, and {judge.title} knows only neurons that do")
    layers = unrolled(run.program)
    trace = run_golden(run.program, run.samples)
    proved = ranges(run.program)
    for node, layer in zip(run.program.layers, layers, strict=True):
        drive = proved.layers[node.name].drive.largest() << FRACTION
        _SCOPES[judge.name](node, layer, drive, trace[node.name])
    return layers


def run_judge(
    judge: Environment, runs: Sequence[JudgedRun], simulation: Simulation | None = None
) -> list[Trace]:
    """Return the trace of every run.

    Raises:
        SimulatorScopeError: if the emulator does not support what a network needs.
        SimulatorError: if it is missing or fails.
    """
    options = simulation or Simulation()
    prepared = [require_scope(judge, run) for run in runs]
    calls = [
        _call(runs[first :: options.jobs], prepared[first :: options.jobs], options.limits)
        for first in range(min(options.jobs, len(runs)))
    ]
    results = run_many(judge, calls, jobs=options.jobs, progress=options.progress)
    traces: list[Trace] = []
    for index, run in enumerate(runs):
        arrays = results[index % len(calls)].arrays
        traces.append(_trace(run, arrays, index // len(calls)))
    return traces


def _call(
    runs: Sequence[JudgedRun], prepared: Sequence[list[UnrolledLayer]], limits: Limits | None
) -> Call:
    arrays: dict[str, NDArray[Any]] = {}
    networks = []
    seconds = 120.0
    for number, (run, layers) in enumerate(zip(runs, prepared, strict=True)):
        stem = f"n{number}"
        arrays[f"{stem}.samples"] = run.samples.reshape(*run.samples.shape[:2], -1).astype(np.uint8)
        described = []
        for position, layer in enumerate(layers):
            own = f"{stem}.l{position}"
            arrays |= {f"{own}.{key}": value for key, value in layer.parameters.items()}
            for count, link in enumerate(layer.connections):
                arrays[f"{own}.w{count}"] = link.weight
                if link.delays is not None:
                    arrays[f"{own}.d{count}"] = link.delays
            sources = [[link.source, link.delays is not None] for link in layer.connections]
            described.append({"sources": sources})
        networks.append({"layers": described})
        seconds += 30 + run.samples.shape[0] * run.samples.shape[1] * 0.5
    return Call({"networks": networks}, arrays, limits or Limits(seconds, 8192.0))


def _trace(run: JudgedRun, arrays: dict[str, NDArray[Any]], number: int) -> Trace:
    size = run.samples.shape[:2]
    layers = {
        node.name: LayerTrace(
            {
                key: arrays[f"n{number}.l{position}.{key}"].reshape(
                    *size, *run.program.shapes[node.name]
                )
                for key in ("s", "u", "v")
            }
        )
        for position, node in enumerate(run.program.layers)
    }
    return Trace(layers, run.program.output)


def _nengo(node: Neuron, layer: UnrolledLayer, drive: int, trace: LayerTrace) -> None:
    if any(link.delays is not None for link in layer.connections):
        raise _beyond(node.name, "has delays, which nengo-loihi does not emulate")
    if drive >= 1 << 21:
        raise _beyond(node.name, "may exceed 2^21, where nengo-loihi wraps, Lava does not")
    current = int(abs(trace.u).max()) + (int(abs(layer.parameters["bias"]).max()) << FRACTION)
    if current + drive >= _HALF:
        raise _beyond(
            node.name,
            "wraps its current or its bias, which Lava and nengo-loihi do in different places",
        )


def _brian(node: Neuron, layer: UnrolledLayer, drive: int, trace: LayerTrace) -> None:
    if layer.parameters["bias"].any():
        raise _beyond(node.name, "has a bias, which brian2-loihi's neurons do not")
    if any((values != values[0]).any() for values in layer.parameters.values()):
        raise _beyond(node.name, "has neurons with differing parameters; brian2-loihi has one set")
    if int(abs(trace.u).max()) + drive >= _HALF or int(abs(trace.v).max()) >= _HALF - 1:
        raise _beyond(node.name, "exceeds 24 bits, and brian2-loihi's numbers are unlimited")
    weights = [link.weight for link in layer.connections if link.weight.size]
    if any(weight.min() < -256 or weight.max() > 255 for weight in weights):
        raise _beyond(node.name, "has weights beyond 8 bits, which brian2-loihi refuses")


def _beyond(node: str, reason: str) -> SimulatorScopeError:
    return SimulatorScopeError(f"{node}: {reason}", remedy="verify with --simulator lava")


_SCOPES: dict[str, Callable[[Neuron, UnrolledLayer, int, LayerTrace], None]] = {
    NENGO.name: _nengo,
    BRIAN.name: _brian,
}
