"""Every primitive of nir 1.0.8 as a layer of ours, held against an interpreter in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from neurodeploy.frontend.from_graph import network_of
from neurodeploy.frontend.from_torch import graph_of
from neurodeploy.simulator.floats import run_floats
from snncore import neuron
from snncore.dynamics.zoo.spiking import Reset
from targets.nir.foreign.graph import Reading, graph_in
from targets.nir.foreign.network import network_in
from targets.nir.foreign.profiles import PROFILES
from targets.nir.foreign.reading import FileContent
from tests.unit.targets.nir.foreign.files import (
    F,
    affine,
    chain,
    graph,
    integrate,
    lif,
    members,
    ones,
)

DT = 1e-4
Array = NDArray[Any]


def read(node: dict[str, Any], profile: str = "spec", **others: Any) -> Any:
    network = network_in(FileContent(members(node)))
    return graph_in(network, Reading(PROFILES[profile], DT, **others))


def run(node: dict[str, Any], samples: Array, profile: str = "spec", **others: Any) -> Array:
    network, _ = network_of(read(node, profile, **others))
    for layer in network.modules():
        # Kernels have the same bits, and take seconds to compile.
        if isinstance(layer, neuron.EquationNeuron):
            layer.backend = "torch"
    with torch.no_grad():
        shown: Array = network(torch.from_numpy(samples)).numpy()
    return shown


def spikes(*shape: int, seed: int = 0) -> Array:
    return (np.random.default_rng(seed).random((40, 2, *shape)) < 0.5).astype(F)


def leaked(v: Array, x: Array, share: Any, rest: Any, r: Any) -> Array:
    return v + share * ((rest - v) + r * x)


def fired(v: Array, threshold: Any, rest: Any = 0.0) -> tuple[Array, Array]:
    s = v > threshold
    return np.where(s, F(rest), v), s.astype(F)


def stepped(samples: Array, kind: str, p: dict[str, Any]) -> Array:
    """Step neurons as NIR's documentation says, by forward Euler in float32."""
    v, i = np.zeros_like(samples[0]), np.zeros_like(samples[0])
    shown = []
    for x in samples:
        if kind in ("I", "IF"):
            v = v + (F(DT) * p["r"]) * x
        else:
            drive = x
            if "tau_syn" in p:
                i = i + (F(DT) / p["tau_syn"]) * (p["w_in"] * x - i)
                drive = i
            share = F(DT) / p.get("tau", p.get("tau_mem"))
            v = leaked(v, drive, share, p["v_leak"], p["r"])
        sent = v
        if "v_threshold" in p:
            v, sent = fired(v, p["v_threshold"], p["v_reset"])
        shown.append(sent)
    return np.stack(shown)


def drawn(kind: str, shape: tuple[int, ...]) -> dict[str, Any]:
    rng = np.random.default_rng(len(kind))
    p = {"r": rng.uniform(1, 3, shape)}
    if kind in ("I", "IF"):
        p["r"] = rng.uniform(2e3, 8e3, shape)
    else:
        tau = "tau_mem" if kind.startswith("Cuba") else "tau"
        p |= {tau: rng.uniform(2e-4, 9e-4, shape), "v_leak": rng.uniform(-0.1, 0.2, shape)}
    if kind.startswith("Cuba"):
        p |= {"tau_syn": rng.uniform(1e-4, 4e-4, shape), "w_in": rng.uniform(1, 2, shape)}
    if kind.endswith("F"):
        p |= {"v_threshold": rng.uniform(0.3, 0.8, shape), "v_reset": rng.uniform(-0.1, 0.1, shape)}
    return {key: value.astype(F) for key, value in p.items()}


@pytest.mark.parametrize("kind", ["I", "IF", "LI", "LIF", "CubaLI", "CubaLIF"])
def test_neurons_compute_every_bit_of_the_specification(kind: str) -> None:
    numbers, samples = drawn(kind, (5,)), spikes(5)
    expected = stepped(samples, kind, numbers)
    assert 0 < np.count_nonzero(expected) < expected.size * 0.999 or kind[-1] != "F"
    node = chain(("a", {"type": kind, **numbers}), inputs=(5,))
    assert (run(node, samples) == expected).all()


def test_old_files_are_read_with_a_soft_reset_where_that_is_asked_for() -> None:
    node = {k: v for k, v in integrate(5, r=6e3).items() if k != "v_reset"}
    samples = spikes(5)
    v, shown = np.zeros_like(samples[0]), []
    for x in samples:
        v = v + (F(DT) * F(6e3)) * x
        s = v > F(1)
        v = np.where(s, v - F(1), v)
        shown.append(s.astype(F))
    soft = run(chain(("a", node), inputs=(5,)), samples, reset=Reset.SOFT)
    hard = run(chain(("a", node), inputs=(5,)), samples, reset=Reset.HARD)
    assert (soft == np.stack(shown)).all()
    assert (soft != hard).any()


def conv(weight: Any, **others: Any) -> dict[str, Any]:
    axes = weight.ndim - 2
    fields = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1} | others
    values = {
        key: value
        if isinstance(value, str)
        else np.array(value if key == "groups" else [value] * axes)
        for key, value in fields.items()
    }
    bias = np.arange(len(weight), dtype=F) / F(8)
    return {"type": f"Conv{axes}d", "weight": weight.astype(F), "bias": bias, **values}


def pool(kind: str, size: int, padding: int = 0) -> dict[str, Any]:
    fields = {"kernel_size": size, "stride": size, "padding": padding}
    return {"type": kind, **{key: np.array([value, value]) for key, value in fields.items()}}


def eighths(*shape: int) -> Array:
    return np.random.default_rng(1).integers(-8, 9, shape).astype(F) / F(8)


def flat(shape: tuple[int, ...], start: int, end: int) -> dict[str, Any]:
    sides = {"start_dim": np.array(start), "end_dim": np.array(end)}
    return {"type": "Flatten", "input_type": np.array(shape), **sides}


T = torch.nn.functional
PLAIN: dict[str, tuple[dict[str, Any], tuple[int, ...], Any]] = {
    "Affine": (
        affine(eighths(4, 3), eighths(4)),
        (3,),
        lambda x: T.linear(x, torch.tensor(eighths(4, 3)), torch.tensor(eighths(4))),
    ),
    "Linear": (affine(eighths(4, 3)), (3,), lambda x: T.linear(x, torch.tensor(eighths(4, 3)))),
    "Scale": ({"type": "Scale", "scale": eighths(3)}, (3,), lambda x: x * torch.tensor(eighths(3))),
    "Threshold": (
        {"type": "Threshold", "threshold": ones(3, value=0.5)},
        (3,),
        lambda x: (x > 0.5) * 1.0,
    ),
    "Conv1d": (
        conv(eighths(4, 2, 3), padding=1),
        (2, 9),
        lambda x: T.conv1d(x, torch.tensor(eighths(4, 2, 3)), torch.arange(4) / 8, padding=1),
    ),
    "Conv2d": (
        conv(eighths(4, 1, 3, 2), groups=2, stride=2, dilation=2),
        (2, 9, 9),
        lambda x: T.conv2d(
            x, torch.tensor(eighths(4, 1, 3, 2)), torch.arange(4) / 8, 2, 0, 2, groups=2
        ),
    ),
    "Conv2d, same": (
        conv(eighths(4, 2, 4, 3), padding="same"),
        (2, 6, 7),
        # An even kernel has a zero more behind the image than before it.
        lambda x: T.conv2d(
            T.pad(x, (1, 1, 1, 2)), torch.tensor(eighths(4, 2, 4, 3)), torch.arange(4) / 8
        ),
    ),
    "SumPool2d": (pool("SumPool2d", 2), (2, 6, 6), lambda x: 4 * T.avg_pool2d(x, 2)),
    "SumPool2d, padded": (
        pool("SumPool2d", 2, 1),
        (2, 6, 6),
        lambda x: 4 * T.avg_pool2d(x, 2, 2, 1),
    ),
    "AvgPool2d": (pool("AvgPool2d", 3), (2, 6, 6), lambda x: T.avg_pool2d(x, 3)),
    "Flatten": (flat((2, 3, 4), 0, -1), (2, 3, 4), lambda x: x.flatten(1)),
    "Flatten, in part": (flat((2, 3, 4), 1, 2), (2, 3, 4), lambda x: x.flatten(2)),
}


@pytest.mark.parametrize("name", PLAIN)
def test_nodes_without_neurons_compute_what_torch_computes(name: str) -> None:
    node, shape, function = PLAIN[name]
    samples = spikes(*shape)
    expected = torch.stack([function(step) for step in torch.from_numpy(samples)]).numpy()
    whole = chain(("a", node), inputs=shape, outputs=expected.shape[2:])
    shown = run(whole, samples)
    assert (shown == expected).all()
    assert shown.any()


def late(samples: Array, steps: Any) -> Array:
    padded = np.concatenate([np.zeros_like(samples[:4]), samples])
    columns = [padded[4 - n : 4 - n + len(samples), :, c] for c, n in enumerate(steps)]
    return np.stack(columns, axis=2)


def test_delays_are_whole_steps_for_all_channels_or_for_each() -> None:
    samples = spikes(3)
    for steps in ([2, 2, 2], [0, 3, 1]):
        delay = {"type": "Delay", "delay": np.array(steps) * DT}
        shown = run(chain(("a", delay)), samples)
        assert (shown == late(samples, steps)).all()


def test_edges_that_meet_add_up() -> None:
    nodes = chain(("a", affine(eighths(3, 3))), ("b", affine(2 * eighths(3, 3))))["nodes"]
    edges = [("input", "a"), ("input", "b"), ("a", "output"), ("b", "output"), ("input", "output")]
    samples = spikes(3)
    expected = samples @ eighths(3, 3).T + samples @ (2 * eighths(3, 3)).T + samples
    assert (run(graph(nodes, edges), samples) == expected).all()


def recurrent(bias: Array) -> dict[str, Any]:
    inner = {"lif": lif(4, tau=2e-4, threshold=0.4), "back": affine(eighths(4, 4), bias)}
    ends = {
        "input": {"type": "Input", "shape": np.array([4])},
        "output": {"type": "Output", "shape": np.array([4])},
    }
    edges = [("input", "lif"), ("lif", "back"), ("back", "lif"), ("lif", "output")]
    return chain(("a", affine(eighths(4, 3))), ("sub", graph(inner | ends, edges)), outputs=(4,))


@pytest.mark.parametrize(("profile", "from_start"), [("spec", True), ("norse", False)])
def test_a_subgraph_may_hold_a_loop(profile: str, from_start: bool) -> None:
    samples, bias = spikes(3), np.array([0.5, 0.25, 0, -0.25], F)
    v, last, expected = np.zeros((2, 4), F), np.zeros((2, 4), F), []
    for step, x in enumerate(samples):
        fed = last @ eighths(4, 4).T + bias if step or from_start else 0
        v = leaked(v, x @ eighths(4, 3).T + fed, F(0.5), 0, 1)
        v, last = fired(v, F(0.4))
        expected.append(last)
    shown = run(recurrent(bias), samples, profile)
    assert (shown == np.stack(expected)).all()
    assert 0 < shown.sum() < shown.size
    traced = graph_of(network_of(read(recurrent(bias), profile))[0], example=samples)
    assert (run_floats(traced, samples).output == np.stack(expected)).all()


def test_a_delay_in_a_loop_takes_the_place_of_its_wait() -> None:
    delay = {"type": "Delay", "delay": ones(3, value=3e-4)}
    nodes = chain(("a", lif(3, tau=1e-4, threshold=0.5)))["nodes"]
    edges = [("input", "a"), ("a", "output"), ("a", "d"), ("d", "w"), ("w", "a")]
    node = graph(nodes | {"d": delay, "w": affine(np.eye(3))}, edges)
    samples = np.zeros((9, 1, 3), F)
    samples[0] = 1
    assert run(node, samples)[:, 0, 0].tolist() == [1, 0, 0, 1, 0, 0, 1, 0, 0]


def test_neurons_of_the_zoo_are_recognized_and_others_are_equations() -> None:
    def became(node: dict[str, Any], profile: str = "spec", **others: Any) -> type:
        network, paths = network_of(read(chain(("a", node)), profile, **others))
        return type(dict(network.named_modules())[paths["a"]])

    assert became(integrate(3)) is neuron.IF
    assert became(lif(3, tau=4e-4)) is neuron.LIF
    assert became(lif(3, tau=3e-4)) is neuron.Defined
    assert became(lif(3, tau=3e-4), "spikingjelly") is neuron.LIF
    assert became(lif(3, tau=3e-4, r=2.0), zoo=True) is neuron.LIF


def test_what_is_not_used_is_said() -> None:
    node = chain(("a", lif(3, r=2.0, v_reset=0.5)), ("b", affine(np.eye(3))))
    node["nodes"]["alone"] = affine(np.eye(3))
    node["edges"].append(["input", "alone"])
    node["metadata"] = {"made by": "a test"}
    foreign = read(node, "norse")
    assert foreign.left_out == ("alone: nothing reads it",)
    words = "\n".join(foreign.notes)
    for part in ("metadata is not used (made by)", "Norse ignores r (2)", "Norse ignores v_reset"):
        assert part in words
