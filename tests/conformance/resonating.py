"""Seeded random programs with resonators: complex weights, beside layers of LIF neurons."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neurodeploy.data.structure import Shape
from neurodeploy.program import Dense, Edge, Input, Neuron, Program, Signal
from neurodeploy.simulator import run_golden
from neurodeploy.target import Severity
from snncore.dynamics.zoo.resonator import RESONATOR
from targets.loihi.check import check
from targets.loihi.chip.format import LOIHI_RESONATOR, RESETTING_RESONATOR
from tests.conformance.networks import Builder, Case, random_convolution, random_dense

NARROW = (1, 2, 3, 5, 7, 11)
LARGEST_THRESHOLD = (1 << 17) - 1


def resonating_case(seed: int) -> Case:
    """Draw a program of this seed: resonators that spikes drive, and readers of their spikes."""
    rng = np.random.default_rng(seed + 3_000_000)
    build = Builder(rng, hard=seed % 8 == 7)
    image = rng.random() < 0.2
    shape: Shape = (2, 4, 3) if image else (int(rng.choice(NARROW)),)
    signal = Signal.CURRENT if rng.random() < 0.2 else Signal.SPIKES
    build.samples(shape, signal, steps=int(rng.choice([3, 12, 31, 64])))
    if image and rng.random() < 0.5:
        build.add(random_convolution)
    for _ in range(int(rng.integers(1, 4))):
        build.flatten()
        if rng.random() < 0.3:
            build.add(_narrow)
        else:
            _resonators(build)
    if not any(layer.ports for layer in build.case("so far").program.layers):
        _resonators(build)
    return build.case(f"resonating {seed}")


def _resonators(build: Builder) -> None:
    """Add complex weights, and neurons whose threshold some of the states reach."""
    build.depth += 1
    rng, depth, source = build.rng, build.depth, build.nodes[-1].name
    shape = build.values.shape[2:]
    while True:
        real = _narrow(rng, f"real{depth}", shape)
        imag = replace(real, name=f"imag{depth}", weight=_like(rng, real))
        edges = (Edge(real.name), Edge(imag.name))
        equations = RESONATOR if rng.random() < 0.5 else RESETTING_RESONATOR
        values = _turn(rng, real.weight.shape[0], build.hard) | {"threshold": np.array(0)}
        fields = (f"layer{depth}", edges, equations, LOIHI_RESONATOR, values, -6, equations.inputs)
        probe = Neuron(*fields)
        alone = (Input("input", shape), real, imag, probe)
        if not _errors(Program(alone, probe.name)):
            break
    silent = replace(probe, parameters=values | {"threshold": np.array(LARGEST_THRESHOLD)})
    reached = run_golden(Program((*alone[:3], silent), silent.name), build.values)[silent.name]
    state = reached.real if equations is RESONATOR else reached.imag
    neuron = replace(probe, parameters=values | {"threshold": _threshold(rng, state)})
    run = run_golden(Program((*alone[:3], neuron), neuron.name), build.values)
    build.values = run[neuron.name].s
    placed = (replace(part, source=Edge(source)) for part in (real, imag))
    build.nodes += [*placed, neuron]


def _turn(rng: np.random.Generator, neurons: int, hard: bool) -> dict[str, Any]:
    """Draw sine and cosine of a step: one for the layer or one per neuron, sometimes extreme."""
    size: Any = neurons if neurons > 1 and rng.random() < 0.3 else ()
    angle = rng.uniform(-np.pi, np.pi, size)
    left = rng.uniform(0.97, 1.0, size) if hard or rng.random() < 0.6 else rng.uniform(0, 1, size)
    sine, cosine = np.trunc(4096 * left * np.sin(angle)), np.trunc(4096 * left * np.cos(angle))
    if rng.random() < 0.15:
        ends = [-4096, -4095, -1, 0, 1, 4095, 4096]
        sine, cosine = rng.choice(ends, size), rng.choice(ends, size)
    return {"sine": np.asarray(sine, np.int64), "cosine": np.asarray(cosine, np.int64)}


def _threshold(rng: np.random.Generator, reached: Any) -> Any:
    positive = reached[reached > 0]
    exact = positive[(positive % 64 == 0) & (positive <= LARGEST_THRESHOLD << 6)]
    if positive.size == 0 or rng.random() < 0.05:
        return np.array(0)
    if rng.random() < 0.4 and exact.size:
        return np.array(int(rng.choice(exact)) >> 6)
    level = int(np.quantile(positive, rng.uniform(0.1, 0.7))) >> 6
    return np.array(min(level, LARGEST_THRESHOLD))


def _narrow(rng: np.random.Generator, name: str, shape: Shape) -> Dense:
    return random_dense(rng, name, shape, NARROW)


def _like(rng: np.random.Generator, other: Dense) -> Any:
    """Draw weights for the same neurons, of another kind."""
    rows, columns = other.weight.shape
    return random_dense(rng, "", (columns,), (rows,)).weight


def _errors(program: Program) -> list[str]:
    return [str(finding) for finding in check(program) if finding.severity == Severity.ERROR]
