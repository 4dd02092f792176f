"""The seed paper's figures 1d, 5b, 5c, 21 and 27, with the peer in the same run.

    python benchmarks/figures.py [--device cuda] [--rounds 5] [--write] [--plots DIR]

SpikingJelly runs in a process of its own, from `neurodeploy simulators install spikingjelly`.
Spikes of a training step have to be equal on every bit, and gradients to 1e-6 of the largest,
before anything is timed. Sizes are those that a small CPU bears; `--write` draws the plots.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import _figures_common as common
import numpy as np
import torch
from _table import compared
from platformdirs import user_cache_path
from torch import Tensor, nn

from snncore import functional, layer, models, neuron, plot

PLOTS = Path(__file__).parent / "plots"
Run = tuple[Callable[[Tensor], Tensor], nn.Module]


def network(backend: str) -> nn.Sequential:
    """Return the small network."""
    lif = partial(neuron.LIF, backend=backend)
    channels, pixels = common.CHANNELS, common.PIXELS
    net = nn.Sequential(
        layer.Conv2d(2, channels, 3, padding=1, bias=False),
        layer.BatchNorm2d(channels),
        lif(),
        layer.MaxPool2d(2),
        layer.Conv2d(channels, channels, 3, padding=1, bias=False),
        layer.BatchNorm2d(channels),
        lif(),
        layer.MaxPool2d(2),
        layer.Flatten(),
        layer.Linear(channels * (pixels // 4) ** 2, 10, bias=False),
        lif(),
    )
    common.weigh(net)
    return net


def all_steps(net: nn.Module) -> Callable[[Tensor], Tensor]:
    """Return a function that runs layer after layer."""

    def run(x: Tensor) -> Tensor:
        functional.reset(net)
        return net(x)

    return run


def step_by_step(net: nn.Module) -> Callable[[Tensor], Tensor]:
    """Return a function that runs step after step."""
    functional.set_step_mode(net, "s")

    def run(x: Tensor) -> Tensor:
        functional.reset(net)
        return torch.stack([net(step) for step in x])

    return run


def not_merged(net: nn.Sequential) -> nn.Sequential:
    """Return a network whose layers without states see one step after another."""
    parts = []
    for module in net:
        if not isinstance(module, neuron.Neuron):
            functional.set_step_mode(module, "s")
        parts.append(module if isinstance(module, neuron.Neuron) else layer.Steps(module))
    return nn.Sequential(*parts)


def our_runs(device: str) -> dict[str, Run]:
    """Return the rungs of figure 21; the last one is what users get."""
    stepping, split = network("torch").to(device), not_merged(network("torch")).to(device)
    merged, kernels = network("torch").to(device), network("auto").to(device)
    return {
        "step by step": (step_by_step(stepping), stepping),
        "layer by layer": (all_steps(split), split),
        "merged": (all_steps(merged), merged),
        "kernels": (all_steps(kernels), kernels),
    }


def residual_runs(device: str) -> dict[str, Run]:
    """Return the recurrent SEW ResNet-18, by a neuron of its own and by a container."""

    def container() -> nn.Module:
        return layer.Recurrent(neuron.LIF(detach_reset=True))

    kinds = {
        "one kernel": models.recurrent_sew_resnet18(10),
        "container": models.sew_resnet18(10, neuron=container),
    }
    runs = {}
    for name, net in kinds.items():
        common.weigh_residual(net)
        runs[name] = all_steps(net.to(device)), net
    return runs


def peer(device: str, rounds: int, folder: Path) -> dict[str, dict[str, common.Times]]:
    """Run the peer's process and return its times."""
    root = user_cache_path("neurodeploy") / "simulators/spikingjelly/lib"
    packages = next(root.glob("python*/site-packages"), None)
    if packages is None:
        raise SystemExit("SpikingJelly is missing: neurodeploy simulators install spikingjelly")
    script = Path(__file__).with_name("_figures_peer.py")
    paths = os.pathsep.join([str(packages), str(script.parent)])
    command = [sys.executable, str(script), str(folder), device, str(rounds)]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": paths})
    times: dict[str, dict[str, common.Times]] = json.loads((folder / "peer.json").read_text())
    return times


def unequal(runs: dict[str, Run], device: str, folder: Path) -> dict[str, str]:
    """Return how each network differs from the peer's that does not fire and learn alike.

    Spikes are held to every bit. A weight's gradient sums up to 16,384 products of float32, whose
    rounding in another order is about sqrt(16,384) * 2^-24 = 8e-6 of them: a GPU's sums are in
    another order than the peer's, a CPU's are not.
    """
    with np.load(folder / "peer.npz") as file:
        spikes = torch.from_numpy(file["spikes"])
        gradients = [torch.from_numpy(file[f"gradient{i}"]) for i in range(len(file.files) - 1)]
    if not 0.01 < spikes.mean() < 0.99:
        raise SystemExit("the peer's network is silent")
    tolerance, problems = 1e-6 if device == "cpu" else 2e-5, {}
    for name, (run, net) in runs.items():
        if name in ("step by step", "layer by layer"):
            # Their norms see the statistics of one step.
            continue
        result = common.learnt(run, net, common.images(common.ABLATION, device))
        gaps = [
            float((mine - theirs).abs().max() / theirs.abs().max())
            for mine, theirs in zip(result["gradients"], gradients, strict=True)
        ]
        print(f"{name}: gradients within {max(gaps):.1e} of the largest of the peer's")
        if not torch.equal(result["spikes"], spikes):
            problems[name] = "spikes differ from the peer's"
        elif max(gaps) > tolerance:
            problems[name] = f"a gradient differs by {max(gaps):.1e} of the largest"
    return problems


def unequal_scores(runs: dict[str, Run], device: str, folder: Path) -> dict[str, str]:
    """Return how far scores of the residual networks are from the peer's, where it is not near."""
    with np.load(folder / "residual.npz") as file:
        theirs = torch.from_numpy(file["scores"])
    largest, problems = float(theirs.abs().max()), {}
    if not largest:
        raise SystemExit("the peer's residual network is silent")
    for name, run in runs.items():
        gap = float((common.outputs_of(*run, device) - theirs).abs().max()) / largest
        print(f"recurrent, {name}: scores within {gap:.1e} of the largest of the peer's")
        if gap > 1e-4:
            problems[name] = f"scores differ from the peer's by {gap:.1e} of the largest"
    return problems


def draw(
    plots: Path,
    networks: dict[str, common.Times],
    neurons: dict[str, common.Times],
    residual: dict[str, common.Times],
) -> None:
    """Write a plot for each figure."""
    plots.mkdir(exist_ok=True)

    def lines(times: dict[str, common.Times], word: str) -> dict[str, tuple[list[float], ...]]:
        chosen = {}
        for name, each in times.items():
            points = [(float(k.split()[1]), 1e3 * v) for k, v in each.items() if k.startswith(word)]
            chosen[name] = tuple(map(list, zip(*points, strict=True)))
        return chosen

    ends = {name: each for name, each in networks.items() if "Jelly" in name or name == "kernels"}
    for file, times, word, horizontal in (
        ("figure_1d", ends, "training", "steps"),
        ("figure_5b", neurons, "neurons", "neurons"),
        ("figure_5c", neurons, "steps", "steps"),
        ("figure_21", networks, "training", "steps"),
        ("figure_27", residual, "recurrent", "steps"),
    ):
        vertical = "ms a training step"
        figure = plot.curves(lines(times, word), horizontal=horizontal, vertical=vertical)
        figure.axes[0].set(xscale="log", yscale="log")
        figure.savefig(plots / f"{file}.png", dpi=80)


def show(times: dict[str, common.Times]) -> None:
    """Print a table of milliseconds."""
    keys = list(next(iter(times.values())))
    print("| | " + " | ".join(keys) + " |\n|---|" + "---|" * len(keys))
    for name, each in times.items():
        print(f"| {name} | " + " | ".join(f"{1e3 * each[key]:.2f}" for key in keys) + " |")


def add_rows(what: str, times: dict[str, common.Times]) -> None:
    """Add the largest size of ours and of the peers to the table of all benchmarks."""
    mine = next(each for name, each in times.items() if "kernel" in name)
    key = list(mine)[-1]
    peers = {name: 1e3 * each[key] for name, each in times.items() if "Jelly" in name}
    compared(f"{what}, {key}", 1e3 * mine[key], peers)


def equal_runs(runs: dict[str, Run], problems: dict[str, str]) -> dict[str, Run]:
    """Return the runs without a problem, and print the others': they are not measured."""
    for name, words in problems.items():
        print(f"{name} is not measured: {words}")
    return {name: run for name, run in runs.items() if name not in problems}


def main() -> None:
    """Check, measure, print, and perhaps draw."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--plots", type=Path, default=PLOTS, help="folder of the plots")
    options = parser.parse_args()
    device, rounds = options.device, options.rounds
    common.settle()
    runs, deep = our_runs(device), residual_runs(device)
    with tempfile.TemporaryDirectory() as folder:
        theirs = peer(device, rounds, Path(folder))
        runs = equal_runs(runs, unequal(runs, device, Path(folder)))
        deep = equal_runs(deep, unequal_scores(deep, device, Path(folder)))
    layers = {
        "kernels": neuron.LIF(keep_states=False),
        "eager": neuron.LIF(keep_states=False, backend="torch"),
    }
    networks = theirs["networks"] | common.measure(runs, device, rounds)
    show(networks)
    add_rows("the small network", networks)
    neurons = theirs["neurons"] | common.measure_neurons(layers, device, rounds)
    show(neurons)
    add_rows("LIF", neurons)
    residual = theirs["residual"] | common.measure_residual(deep, device, rounds)
    show(residual)
    add_rows("recurrent SEW ResNet-18", residual)
    if options.write:
        draw(options.plots, networks, neurons, residual)


if __name__ == "__main__":
    main()
