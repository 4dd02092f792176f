"""Quantization-aware training beside float training: python benchmarks/gpu/quantized.py [--write].

A small convolutional network on one GPU: two convolutions with batch norms, dense weights, LIF
neurons, T = 16, batch 32, 32 x 32 pixels. An iteration is the forward pass, the loss, the backward
pass and a step of SGD. Nothing is timed before training computes golden's spikes on every bit, and
before torch has seen a whole step that fetches nothing from the GPU. SpikingJelly 2.0.0 runs the
float network beside ours where it is installed. `--write` puts the table into RESULTS.md.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from benchmarks._iterations import captured, iteration
from neurodeploy.frontend.training import training_trace
from neurodeploy.verification.compare import compare
from snncore import functional, layer, neuron

STEPS, BATCH, SIZE, CLASSES = 16, 32, 32, 10
ROUNDS, TIMES = 15, 20
FORMATS = ("loihi", "int8", "lynxi")
RESULTS = Path(__file__).parents[1] / "RESULTS.md"
HEADING = "## Quantization-aware training on a GPU"


def floats() -> nn.Sequential:
    """Return the float network."""
    torch.manual_seed(0)
    return nn.Sequential(
        layer.Conv2d(2, 64, 3, padding=1, bias=False),
        layer.BatchNorm2d(64),
        neuron.LIF(tau=2.0, detach_reset=True),
        layer.Conv2d(64, 64, 3, padding=1, bias=False),
        layer.BatchNorm2d(64),
        neuron.LIF(tau=2.0, detach_reset=True),
        layer.Flatten(),
        layer.Linear(64 * SIZE * SIZE, CLASSES),
        neuron.LIF(tau=2.0, detach_reset=True),
    )


def peer() -> nn.Module:
    """Return the float network in SpikingJelly."""
    from spikingjelly.activation_based import functional as theirs
    from spikingjelly.activation_based import layer as layers
    from spikingjelly.activation_based import neuron as neurons

    network = nn.Sequential(
        layers.Conv2d(2, 64, 3, padding=1, bias=False),
        layers.BatchNorm2d(64),
        neurons.LIFNode(detach_reset=True),
        layers.Conv2d(64, 64, 3, padding=1, bias=False),
        layers.BatchNorm2d(64),
        neurons.LIFNode(detach_reset=True),
        layers.Flatten(),
        layers.Linear(64 * SIZE * SIZE, CLASSES),
        neurons.LIFNode(detach_reset=True),
    )
    theirs.set_step_mode(network, "m")
    return network


def spikes_of(batch: int, steps: int = STEPS) -> Tensor:
    """Return random events on the CPU."""
    generator = torch.Generator().manual_seed(1)
    return (torch.rand(steps, batch, 2, SIZE, SIZE, generator=generator) < 0.2).float()


def milliseconds(calls: dict[str, Callable[[], None]]) -> dict[str, list[float]]:
    """Return the times of calls in rounds that take turns, since other load comes and goes."""
    for call in calls.values():
        for _ in range(5):
            call()
    rounds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            torch.cuda.synchronize()
            start = time.perf_counter()
            for _ in range(TIMES):
                call()
            torch.cuda.synchronize()
            rounds[name].append((time.perf_counter() - start) * 1e3 / TIMES)
    return rounds


def prepared(form: str) -> nn.Module:
    """Return the network on a chip's grid, once it has trained for a few steps on the GPU.

    Raises:
        RuntimeError: if it does not compute golden's spikes, or nothing fires.
    """
    network = quant.prepare(floats(), target=quant.chip_format(form), example=spikes_of(2, 2))
    network.cuda().train()
    step = iteration(network, spikes_of(4).cuda(), CLASSES)
    # Until the norms' statistics have settled.
    for _ in range(40):
        step()
    functional.reset(network)
    network.eval()
    samples = spikes_of(2, 6)
    program = nd.lower(network, example=samples)
    golden = nd.simulate(program, samples)
    trained = training_trace(network, program, samples.numpy().astype(np.int64))
    link = compare("CUDA", golden, trained, 0.0)
    if not link.same or not golden.spikes():
        raise RuntimeError(f"{form}: {link.divergence or link.reason or 'nothing fired'}")
    # A trace is recorded step by step, and this is what is timed.
    functional.reset(network)
    if not np.array_equal(network(samples.cuda()).detach().cpu().numpy(), golden.output):
        raise RuntimeError(f"{form}: the kernels' spikes are not golden's")
    functional.reset(network)
    return network.train()


def fetches(step: Callable[[], None]) -> str:
    """Return why a training step waits for the GPU, or "nothing" if it does not."""
    step()
    torch.cuda.set_sync_debug_mode("error")
    try:
        step()
    except RuntimeError as error:
        return str(error).splitlines()[0]
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return "nothing"


def rows() -> list[str]:
    """Return the lines of the table."""
    x = spikes_of(BATCH).cuda()
    eager = {"floats": iteration(floats().cuda().train(), x, CLASSES)}
    graphs = {"floats": captured(floats().cuda().train(), x, CLASSES)}
    fetched = {}
    for form in FORMATS:
        eager[form] = iteration(prepared(form), x, CLASSES)
        fetched[form] = fetches(eager[form])
        graphs[form] = captured(prepared(form), x, CLASSES)
    if find_spec("spikingjelly") is not None:
        from spikingjelly.activation_based import functional as theirs

        eager["SpikingJelly 2.0.0, floats"] = iteration(
            peer().cuda().train(), x, CLASSES, theirs.reset_net
        )
    measured, recorded = milliseconds(eager), milliseconds(graphs)
    lines = []
    for name in eager:
        cells = _cells(measured, name), _cells(recorded, name), fetched.get(name, "")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _cells(rounds: dict[str, list[float]], name: str) -> str:
    """Return the median of the times, and that of the ratios to floats in the same round."""
    if name not in rounds:
        return " | "
    ratios = [a / b for a, b in zip(rounds[name], rounds["floats"], strict=True)]
    return f"{statistics.median(rounds[name]):.2f} | {statistics.median(ratios):.2f}"


def section(lines: list[str]) -> str:
    """Return the part of RESULTS.md."""
    where = f"One {torch.cuda.get_device_name()}, torch {torch.__version__}"
    about = (
        f"{where}: milliseconds per iteration of a small convolutional network (conv 2-64, norm, "
        f"LIF, conv 64-64, norm, LIF, linear, LIF; T = {STEPS}, batch {BATCH}, {SIZE} x {SIZE}), "
        "from `PYTHONPATH=. python benchmarks/gpu/quantized.py --write`. Every network computes "
        f"golden's spikes first, on every bit. Medians of {ROUNDS} rounds of {TIMES}, which take "
        "turns; in a graph: `training.CapturedStep`."
    )
    head = (
        "| network | ms | over floats | in a graph | over floats | fetched from the GPU |\n"
        "|---|---|---|---|---|---|"
    )
    return "\n".join([HEADING, about, "", head, *lines]) + "\n"


def write(text: str) -> None:
    """Put the section into RESULTS.md, in place of an older one."""
    before, _, after = RESULTS.read_text().partition(HEADING)
    _, mark, rest = after.partition("\n## ")
    RESULTS.write_text(before.rstrip() + "\n\n" + text + (f"\n## {rest}" if mark else ""))


def main() -> None:
    """Measure, print, and write the table if it is wanted."""
    text = section(rows())
    print(text)
    if "--write" in sys.argv[1:]:
        write(text)


if __name__ == "__main__":
    main()
