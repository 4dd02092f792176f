"""A float network on several targets at several widths of weights: what each costs, and gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

import quant
from neurodeploy.data.samples_file import read_samples
from neurodeploy.errors import NeurodeployError, ValidationError
from neurodeploy.flow.sharing.parcel import digest
from neurodeploy.flow.sharing.tasks import Tasks
from quant.grid.formats import ChipFormat, Grid

FEWEST_BITS, MOST_BITS = 2, 16


@dataclass(frozen=True)
class Point:
    """One target at one width; `error` says why the network does not fit there."""

    target: str
    bits: int
    # Shares of the labels, if there are labels; else of the float network's own decisions.
    accuracy: float | None = None
    float_accuracy: float | None = None
    # Of the weights, in their own widths.
    bytes: int | None = None
    # NeuroBench's effective operations for one sample.
    operations: float | None = None
    spikes: int | None = None
    error: str | None = None
    # Whether no other point is at least as good in all three, and better in one.
    on_front: bool = False


def swept(
    model: Path,
    samples: Path,
    targets: Sequence[str],
    bits: Sequence[int],
    tasks: Tasks,
    source: Mapping[str, Any],
) -> list[Point]:
    """Return every target at every width of its weights, with those on the front marked.

    `source` has what else reads the model: build, dt and profile. Widths beyond a target's own are
    left out.

    Raises:
        UnknownNameError: if there is no such target.
        ValidationError: if no width fits any target.
        ModelFileError: if the model cannot be read.
        SamplesError: if the samples cannot be read.
    """
    widths = [(name, width) for name in targets for width in bits if width <= _own_bits(name)]
    if not widths:
        raise ValidationError(f"no target of {', '.join(targets)} has weights of these bits")
    # A file that cannot be read is refused once, before any process starts.
    inputs_of(model, samples, source)
    files = {"model": model.resolve(), "samples": samples.resolve()}
    same = {
        "files": {name: str(path) for name, path in files.items()},
        "digests": {name: digest(path) for name, path in files.items()},
        "source": dict(source),
    }
    items = [{**same, "target": name, "bits": width} for name, width in widths]
    points = [Point(**each) for each in tasks.run(point, items)]
    front = _front(points)
    return [replace(each, on_front=index in front) for index, each in enumerate(points)]


def point(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of one point; runs in a process of its own."""
    target, bits = str(item["target"]), int(item["bits"])
    try:
        return asdict(_measured(item, target, bits))
    except NeurodeployError as error:
        return asdict(Point(target, bits, error=str(error)))


def _measured(item: Mapping[str, Any], target: str, bits: int) -> Point:
    from neurodeploy.flow.post_training import quantized
    from neurodeploy.simulator import simulate
    from neurodeploy.simulator.samples import checked_samples
    from neurodeploy.verification.neurobench import neurobench

    files = Path(item["files"]["model"]), Path(item["files"]["samples"])
    network, samples, labels = inputs_of(*files, item["source"])
    labels = decisions(network, samples) if labels is None else labels
    form = narrowed(quant.chip_format(target), bits)
    result = quantized(network, target=target, samples=samples, labels=labels, form=form)
    program, inputs = result.program, checked_samples(result.program, samples)
    trace = simulate(program, inputs, "fast")
    metrics = neurobench(program, trace, inputs)
    return Point(
        target,
        bits,
        accuracy=result.accuracies["quantized"],
        float_accuracy=result.accuracies["float"],
        bytes=-(-metrics.weights * bits // 8),
        operations=metrics.effective_acs + metrics.effective_macs,
        spikes=trace.spikes(),
    )


def inputs_of(
    model: Path, samples: Path, source: Mapping[str, Any]
) -> tuple[Any, NDArray[Any], NDArray[Any] | None]:
    """Return the network, the samples and their labels.

    Raises:
        ModelFileError: if the model cannot be read.
        SamplesError: if the samples cannot be read.
    """
    from neurodeploy.flow.inputs import read_network

    reading = dict(source)
    build = reading.pop("build", None)
    return read_network(model, build, reading, {"neurons": "zoo"}), *read_samples(samples)


def decisions(network: Any, samples: NDArray[Any]) -> NDArray[Any]:
    """Return the float network's own decisions, where there are no labels."""
    import torch

    from neurodeploy.frontend import graph_of
    from snncore import functional

    graph = graph_of(network, example=samples)
    functional.reset(network)
    with torch.no_grad():
        output = network.eval()(torch.from_numpy(samples.astype("float32")))
    functional.reset(network)
    totals = output if graph.readout.over_time else output.sum(0)
    decisions: NDArray[Any] = totals.flatten(1).argmax(1).numpy()
    return decisions


def narrowed(form: ChipFormat, bits: int) -> ChipFormat:
    """Return a format whose weights have so many bits, a part of its own grid.

    Raises:
        ValidationError: if the format has fewer.
    """
    grid, own = form.weights, bits_of(form.weights)
    if not FEWEST_BITS <= bits <= own:
        raise ValidationError(f"{form.name} has weights of {FEWEST_BITS} to {own} bits, not {bits}")
    if bits == own:
        return form
    low = max(grid.minimum, -(grid.step << (bits - 1)))
    high = min(grid.maximum, grid.step * ((1 << (bits - 1)) - 1))
    if grid.minimum == -grid.maximum:
        low = -high
    weights = Grid(low, high, grid.step)
    return replace(form, weights=weights, exponent=form.exponent + own - bits)


def bits_of(grid: Grid) -> int:
    """Return the bits of a grid's integers."""
    return ((grid.maximum - grid.minimum) // grid.step).bit_length()


def _own_bits(target: str) -> int:
    """Return the bits of a target's weights.

    Raises:
        UnknownNameError: if there is no such target.
    """
    from neurodeploy.target import target as find

    find(target)
    return bits_of(quant.chip_format(target).weights)


def _front(points: Sequence[Point]) -> set[int]:
    """Return the points that no other one beats."""
    scores = {
        index: (-each.accuracy, each.bytes, each.operations)
        for index, each in enumerate(points)
        if each.accuracy is not None and each.bytes is not None and each.operations is not None
    }
    return {
        index
        for index, score in scores.items()
        if not any(_beats(other, score) for other in scores.values())
    }


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
