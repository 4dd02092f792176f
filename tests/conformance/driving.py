"""Seeded random programs whose input neurons a host drives: it scales samples and adds a bias."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neurodeploy.program import Edge, Input, Neuron, Program, Signal
from neurodeploy.simulator import run_golden
from snncore.dynamics.zoo.spiking import DRIVEN_CUBA_LIF
from targets.loihi.chip.format import LOIHI_DRIVEN
from tests.conformance.networks import Builder, Case, random_convolution, random_dense

LARGEST_THRESHOLD = (1 << 17) - 1
SCALES = (-9, -1, 0, 1, 3, 64, 255, 4000)


def driven_case(seed: int) -> Case:
    """Draw a program of this seed: scaled measurements through layers of neurons."""
    rng = np.random.default_rng(seed + 4_000_000)
    build = Builder(rng, hard=False)
    image = rng.random() < 0.4
    build.samples((2, 5, 3) if image else (int(rng.choice([1, 3, 8])),), Signal.CURRENT)
    _drive(build, int(rng.choice(SCALES)))
    if image and rng.random() < 0.5:
        build.add(random_convolution)
    for _ in range(int(rng.integers(0, 3))):
        build.flatten()
        build.add(random_dense)
    return build.case(f"driven {seed}")


def _drive(build: Builder, scale: int) -> None:
    """Replace the first neurons by ones that measurements drive, with a scale and a bias."""
    rng, plain = build.rng, build.nodes[-1]
    assert isinstance(plain, Neuron)
    # Grey values that change from step to step, as a camera's do.
    low = -40 if rng.random() < 0.3 else 0
    build.inputs = rng.integers(low, 256, build.inputs.shape)
    values: dict[str, Any] = dict(plain.parameters) | {"gain": np.array(scale)}
    values["bias"] = np.array(int(rng.choice([0, 37, -200, 4095, -4096])))
    shape = build.inputs.shape[2:]
    if rng.random() < 0.4:
        # One value for each neuron, in images too.
        for key in ("current_decay", "voltage_decay"):
            values[key] = np.where(rng.random(shape) < 0.3, 4096, rng.integers(0, 4097, shape))
    silent = values | {"threshold": np.array(LARGEST_THRESHOLD)}
    fields = (plain.name, (Edge("input"),), DRIVEN_CUBA_LIF, LOIHI_DRIVEN, silent, -6)
    reached = _run(build, Neuron(*fields)).v
    if reached.max() <= 0 and scale:
        # With the opposite sign it fires.
        values["gain"], values["bias"] = np.array(abs(scale)), np.array(0)
        reached = _run(
            build, replace(Neuron(*fields), parameters=values | {"threshold": silent["threshold"]})
        ).v
    positive = reached[reached > 0]
    if positive.size:
        level = int(np.quantile(positive, rng.uniform(0.1, 0.9))) >> 6
        form = shape if rng.random() < 0.3 else ()
        drawn = (level * rng.uniform(0.5, 1.2, form)).astype(np.int64)
        values["threshold"] = np.minimum(drawn, LARGEST_THRESHOLD)
    else:
        values["threshold"] = np.array(0)
    neuron = replace(Neuron(*fields), parameters=values)
    build.values = _run(build, neuron).s
    build.nodes[-1] = neuron


def _run(build: Builder, neuron: Neuron) -> Any:
    first = Input("input", build.inputs.shape[2:], Signal.CURRENT)
    return run_golden(Program((first, neuron), neuron.name), build.inputs)[neuron.name]
