"""`neurodeploy run`: samples through a network, and its output."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neurodeploy.cli.command import Build, command
from neurodeploy.cli.outcome import Block, Line, Outcome, Table, Tone
from neurodeploy.cli.output import Streams
from neurodeploy.cli.places import Place, load_model, lowered, open_unedited, place_of
from neurodeploy.cli.undisturbed import load_torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from neurodeploy.artifact import Artifact
    from neurodeploy.graph import Graph
    from neurodeploy.program import Program
    from neurodeploy.trace import Trace

    Say = Callable[[str], None]


Source = Annotated[
    Path,
    typer.Argument(metavar="ARTIFACT|MODEL", help="An artifact, a vendor's file or a model."),
]
SamplesFile = Annotated[
    Path,
    typer.Option(
        metavar="FILE",
        help="An .npz with `samples` (T, N, ...) and, if you like, `labels`; or an .npy.",
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="The file for the output (.npz)."),
]
Engine = Annotated[
    str, typer.Option(metavar="NAME", help="golden, fast, or the name of a simulator.")
]
WithTrace = Annotated[
    bool, typer.Option("--trace", help="Also write every layer's output and states.")
]


@dataclass(frozen=True)
class RunSource:
    """The network that runs, what builds its architecture, and the engine that runs it."""

    path: Source
    engine: Engine = "golden"
    build: Build = None


@dataclass(frozen=True)
class OutputOptions:
    """The file of the output, and the choice to write the whole trace."""

    file: OutputFile = None
    trace: WithTrace = False


@command
def run(
    output: Streams, network: RunSource, samples: SamplesFile, writing: OutputOptions
) -> Outcome:
    """Run samples through an artifact or a model."""
    from neurodeploy.flow import pipeline
    from neurodeploy.trace import accuracy

    file, engine = writing.file, network.engine
    _require_file(file, writing.trace)
    with output.progress() as say:
        inputs, labels = pipeline.read_samples(samples)
        program, artifact = _program(network.path, network.build, inputs)
        started = time.perf_counter()
        result = _trace(program, artifact, inputs, engine, say)
        seconds = time.perf_counter() - started
        share = None if labels is None else accuracy(result, labels)
        if file is not None:
            _write(file, result, writing.trace)
    document: dict[str, Any] = {
        "engine": engine,
        "steps": inputs.shape[0],
        "samples": inputs.shape[1],
        "input_shape": list(inputs.shape[2:]),
        "output": None if file is None else str(file),
        "accuracy": share,
        "spikes": result.spikes(),
        "seconds": seconds,
        "layers": _layers(result),
    }
    return Outcome(document, _blocks(document))


def _require_file(file: Path | None, trace: bool) -> None:
    if file is None and trace:
        raise typer.TyperException("--trace has a meaning only with -o FILE")
    if file is not None and file.suffix != ".npz":
        raise typer.TyperException(f"-o {file}: the output is an .npz")


def _program(
    path: Path, build: str | None, samples: NDArray[Any]
) -> tuple[Program | Graph, Artifact | None]:
    if place_of(path) is Place.MODEL:
        return lowered(load_model(path, build), samples), None
    if build is not None:
        raise typer.TyperException("--build has a meaning only with a model")
    artifact, program = open_unedited(path)
    return program, artifact


def _trace(
    program: Program | Graph,
    artifact: Artifact | None,
    samples: NDArray[Any],
    engine: str,
    say: Say,
) -> Trace:
    """Return the engine's trace of the samples.

    Raises:
        UnknownNameError: if there is no such engine; lists those there are.
    """
    from neurodeploy.errors import UnknownNameError
    from neurodeploy.flow import pipeline
    from neurodeploy.simulator import ENGINES
    from neurodeploy.target import Simulation, targets

    say(f"running {engine}")
    if engine in ENGINES:
        if engine == "fast":
            load_torch()
        return pipeline.simulate(program, samples, engine)
    chips = [
        chip for chip in targets().values() if artifact is None or chip.name == artifact.target
    ]
    chip = next((chip for chip in chips if engine in chip.simulators), None)
    if chip is None:
        names = [*ENGINES, *(name for each in chips for name in each.simulators)]
        raise UnknownNameError(f"no engine {engine!r}; there are: {', '.join(names)}")
    compiled = pipeline.compiled(program, target=chip.name) if artifact is None else artifact
    return pipeline.run_simulator(compiled, samples, engine, Simulation(progress=say))


def _write(file: Path, trace: Trace, every_layer: bool) -> None:
    import numpy as np

    from neurodeploy.data.files import write_atomically

    arrays = trace.arrays() if every_layer else {"output": trace.output}
    small = {name: _narrowed(values) for name, values in arrays.items()}
    write_atomically(file, lambda stream: np.savez(stream, allow_pickle=False, **small))


def _narrowed(values: NDArray[Any]) -> NDArray[Any]:
    """Return spikes in one byte and states in four, if they fit."""
    import numpy as np

    if values.dtype.kind == "f" and not (values == np.rint(values)).all():
        return values.astype(np.float32)
    low, high = int(values.min()), int(values.max())
    for kind in (np.uint8, np.int32):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return values.astype(kind)
    return values


def _layers(trace: Trace) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "shape": list(layer.s.shape[2:]),
            "spikes": int((layer.s != 0).sum()) if layer.spiking else None,
            "rate": float((layer.s != 0).mean()) if layer.spiking else None,
            # The largest output value of a layer whose output is not spikes.
            "largest": None if layer.spiking else float(abs(layer.s).max()),
        }
        for name, layer in trace.layers.items()
    ]


def _activity(layer: dict[str, Any]) -> tuple[str, str]:
    """Return a layer's spike rate, or how large its values are if it sends no spikes."""
    if layer["largest"] is not None:
        return "", f"values up to {layer['largest']:.3g}"
    return f"{layer['spikes']:,}", f"{layer['rate']:.4f}"


def _blocks(document: dict[str, Any]) -> list[Block]:
    rows = [
        (
            each["name"],
            "x".join(map(str, each["shape"])),
            *_activity(each),
        )
        for each in document["layers"]
    ]
    head = f"{document['samples']} samples of {document['steps']} steps by {document['engine']}"
    headings = ("layer", "shape", "spikes", "a neuron and step")
    blocks: list[Block] = [
        Line(f"{head} in {document['seconds']:.2f} s", Tone.TITLE),
        Table(headings, rows, frozenset(headings[2:])),
    ]
    if document["accuracy"] is not None:
        blocks.append(Line(f"accuracy: {document['accuracy']:.2%}", Tone.GOOD))
    if document["output"] is not None:
        blocks.append(Line(f"output: {document['output']}"))
    return blocks
