"""`neurodeploy inspect`: the layers of a model or an artifact, and what it needs on a chip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neurodeploy.cli.command import Build, Samples, command
from neurodeploy.cli.outcome import Block, Line, Outcome, Table, Tone, title
from neurodeploy.cli.output import Streams
from neurodeploy.cli.places import Place, load_model, open_unedited, place_of, read_samples
from neurodeploy.cli.views.chips import chip_blocks, chips_of
from neurodeploy.cli.views.emulation import ONLY_C, emulated
from neurodeploy.cli.views.fits import fits_of, verdicts
from neurodeploy.cli.views.layers import LAYER_NUMBERS, layer_rows, layers_of
from neurodeploy.cli.views.synthesis import ONLY_VERILOG, synthesized

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodeploy.data.structure import Node
    from neurodeploy.graph import Graph
    from neurodeploy.program import Program

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Views:
    """Other views than the usual tables."""

    text: Annotated[bool, typer.Option("--text", help="Print the program as text.")] = False
    synthesize: Annotated[
        str | None,
        typer.Option(metavar="PART", help="Synthesize Verilog for a part, such as ecp5-25k."),
    ] = None
    emulate: Annotated[
        str | None,
        typer.Option(metavar="PROCESSOR", help="Run C on an emulated cortex-m4 or riscv32."),
    ] = None
    boards: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Place it on these chips too, such as paicore."),
    ] = None


@command
def inspect(
    output: Streams,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A model, an artifact or a vendor's file.")
    ],
    views: Views,
    samples: Samples = None,
    build: Build = None,
) -> Outcome:
    """Show the layers of a model or an artifact, and the chips that it fits.

    With samples, also show the operations for one sample and, for chips with published figures, an
    estimate of its energy. With --boards, also place the network on chips that take other neurons,
    or that nothing is exported to. With --synthesize, show the cells and the clock of an artifact
    of Verilog, as the part's own tools report them. With --emulate, show the memory and the
    instructions of an artifact of C on an emulated processor.
    """
    from neurodeploy.errors import ValidationError
    from neurodeploy.graph import Graph

    kind = place_of(path)
    inputs, _ = read_samples(samples)
    head = {"path": str(path), "kind": kind.value}
    with output.progress() as say:
        say(f"reading {path}")
        if kind is Place.MODEL:
            network, reason = _model(path, build)
        else:
            artifact, network = open_unedited(path)
            head, reason = head | {"target": artifact.target}, "a network in floats"
            if views.synthesize is not None:
                return synthesized(artifact, views.synthesize, head, say)
            if views.emulate is not None:
                return emulated(artifact, views.emulate, head, say)
        if views.synthesize is not None:
            raise ValidationError(f"{path}: is a model", remedy=ONLY_VERILOG)
        if views.emulate is not None:
            raise ValidationError(f"{path}: is a model", remedy=ONLY_C)
        if isinstance(network, Graph):
            return _floats(head, network, reason, views.text)
        return _integers(head, network, views, inputs, say)


def _model(path: Path, build: str | None) -> tuple[Program | Graph, str]:
    """Return a model's program, or its graph and the reason why it has none, with the next command.

    Raises:
        ModelFileError: if the model cannot be read.
    """
    from neurodeploy import lowering
    from neurodeploy.errors import DoesNotFitError
    from neurodeploy.flow.lowered import next_command
    from neurodeploy.frontend import graph_of

    graph = graph_of(load_model(path, build))
    try:
        return lowering.lower(graph), ""
    except DoesNotFitError as error:
        if not lowering.in_floats(graph):
            return graph, str(error)
        return graph, f"{error.message} (next: {next_command(path, 'T')})"


def _integers(
    head: dict[str, Any],
    program: Program,
    views: Views,
    samples: NDArray[Any] | None,
    say: Progress,
) -> Outcome:
    from neurodeploy.program import neurons_in
    from neurodeploy.target import board, encoding_contract

    if views.boards is not None:
        # A name that nobody knows is said before the work.
        board(views.boards)
    first = program.input
    layers, fits = layers_of(program), fits_of(program, say)
    document = head | {
        "input": {"shape": list(first.shape), "signal": first.signal.value}
        | encoding_contract(first.encoding),
        "neurons": neurons_in(program),
        "weights": program.parameter_count(),
        "program_sha256": program.sha256,
        "layers": layers,
        "targets": {name: fit.as_data() for name, fit in fits.items()},
    }
    placed = {} if views.boards is None else {views.boards: program}
    placed |= {name: fit.form for name, fit in fits.items() if fit.fits}
    chips = chips_of(placed, samples)
    document |= {"chips": {name: asdict(each) for name, each in chips.items()}}
    if views.text:
        return Outcome(document | {"text": program.text()}, _lines(program.text()))
    shape = "x".join(map(str, first.shape))
    encoding = "" if first.encoding is None else f", in integers {first.encoding}"
    counts = f"{document['neurons']:,} neurons, {document['weights']:,} weights"
    blocks: list[Block] = [
        Line(f"{head['path']}: {counts}", Tone.TITLE),
        Line(f"input {shape}, {first.signal.value}{encoding}"),
        Line(""),
        Table(*layer_rows(layers), LAYER_NUMBERS),
        *title("targets"),
        *verdicts(fits),
        *(block for each in chips.values() for block in chip_blocks(each)),
    ]
    return Outcome(document, blocks)


def _floats(head: dict[str, Any], graph: Graph, reason: str, text: bool) -> Outcome:
    note = f"not on a chip's integers: {reason}"
    layers = [_float_layer(node, graph) for node in graph.nodes]
    document = head | {"layers": layers, "note": note, "targets": {}}
    if text:
        return Outcome(document | {"text": graph.text()}, _lines(graph.text()))
    rows = [
        (each["name"], each["kind"], "x".join(map(str, each["shape"])), f"{each['weights']:,}")
        for each in layers
    ]
    blocks: list[Block] = [
        Line(f"{head['path']}: {sum(each['weights'] for each in layers):,} weights", Tone.TITLE),
        Table(("layer", "kind", "shape", "weights"), rows, frozenset({"weights"})),
        Line(""),
        Line(f"note: {note}", Tone.DOUBTFUL),
    ]
    return Outcome(document, blocks)


def _float_layer(node: Node, graph: Graph) -> dict[str, Any]:
    equations = getattr(node, "equations", None)
    return {
        "name": node.name,
        "kind": node.kind_name().lower() if equations is None else equations.name,
        "shape": list(graph.shapes[node.name]),
        "weights": node.parameter_count,
    }


def _lines(text: str) -> list[Block]:
    return [Line(line) for line in text.rstrip("\n").splitlines()]
