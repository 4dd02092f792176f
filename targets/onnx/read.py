"""Our ONNX files to programs; the graph must be the one that export writes for the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError
from neurodeploy.graph import Graph
from targets.onnx.compile import FORMAT, PREFIX, Written, written
from targets.onnx.description import Network, rebuilt
from targets.onnx.forms.forms import Choices, GraphForm
from targets.onnx.limits import messages_in, numbers_of, require_numbers
from targets.onnx.writing.types import onnx_module

_AGAIN = "export the model again"
# What our own code raises over descriptions that make no sense to it.
_DAMAGE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)
# What costs nothing to write anew.
_FREE_NODES, _FEW_STEPS = 64, 8


@dataclass(frozen=True)
class Opened:
    """A file: its network, the choices with which it was written, and its bytes."""

    network: Network
    choices: Choices
    written: Written
    content: bytes

    @property
    def is_in_floats(self) -> bool:
        """Whether it equals the network only within a tolerance."""
        return isinstance(self.network, Graph)


def open_file(artifact: Artifact) -> Opened:
    """Return the content of an artifact's file.

    Raises:
        ArtifactError: if it is not a file of ours, is damaged, or was edited.
    """
    file = next((name for name in artifact.files if name.endswith(".onnx")), None)
    path = str(artifact.path or "the artifact")
    if file is None:
        raise ArtifactError(f"{path}: holds no .onnx file", remedy=_AGAIN)
    try:
        return _opened(artifact.files[file], trusted=bool(artifact.edited))
    except ArtifactError as error:
        raise ArtifactError(f"{path}: {error.message}", remedy=error.remedy or _AGAIN) from error


@lru_cache(maxsize=2)
def _opened(content: bytes, *, trusted: bool) -> Opened:
    """Return the file's content; an edit that the manifest reveals is not reported again."""
    messages = messages_in(content)
    model = _parsed(content)
    notes = {
        _word(entry.key).removeprefix(PREFIX): _word(entry.value) for entry in model.metadata_props
    }
    if "format" not in notes:
        raise ArtifactError(
            "was not written by neurodeploy: a graph of somebody else's does not say what its "
            "numbers mean",
            remedy="export it with neurodeploy, from the model that it was made from",
        )
    if notes["format"] != FORMAT:
        version, form = _shown(_word(model.producer_version)), _shown(notes["format"])
        raise ArtifactError(f"was written by neurodeploy {version}, in format {form}")
    network = rebuilt(notes.get("program", ""), _tensors(model), messages)
    choices = _choices(notes)
    require_numbers(network, len(content))
    expected = _expected(network, choices, notes.get("program_sha256", ""), len(model.graph.node))
    if not trusted:
        _require_same(model, expected, network, notes)
    return Opened(network, choices, expected, content)


def _expected(network: Network, choices: Choices, sha256: str, nodes: int) -> Written:
    """Return the graph that export writes for a network, for a file of so many nodes.

    Raises:
        ArtifactError: if it would have many more, or there is none.
    """
    try:
        if choices.form == GraphForm.UNROLLED and choices.steps > _FEW_STEPS:
            # What all steps would take is known from the second.
            short = [
                len(written(network, replace(choices, steps=n), sha256).model.graph.node)
                for n in (1, 2)
            ]
            needed = (short[1] - short[0]) * choices.steps
            if needed > 2 * nodes + _FREE_NODES:
                raise ArtifactError(
                    f"was edited: it says that it holds {choices.steps} steps, which are about "
                    f"{needed:,} nodes, and it has {nodes:,}"
                )
        return written(network, choices, sha256)
    except _DAMAGE as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(f"its description is damaged: {error}") from error


def _parsed(content: bytes) -> Any:
    from google.protobuf.message import DecodeError

    model = onnx_module().ModelProto()
    try:
        model.ParseFromString(content)
    except DecodeError as error:
        raise ArtifactError("is not an ONNX file, or is cut off or damaged") from error
    if not model.HasField("graph"):
        raise ArtifactError("is not an ONNX file, or is cut off or damaged")
    return model


def _word(text: str | bytes) -> str:
    """Return a text of the file; the parser returns anything else as bytes."""
    if isinstance(text, bytes):
        raise ArtifactError("is not an ONNX file, or is cut off or damaged")
    return text


def _shown(text: str) -> str:
    """Return the beginning of a text, in letters that can be printed."""
    return f"{text if text.isprintable() else repr(text)[1:-1]:.40}"


def _tensors(model: Any) -> dict[str, NDArray[Any]]:
    """Return the numbers in the file itself; no other file is ever read."""
    return {_word(tensor.name): numbers_of(tensor) for tensor in model.graph.initializer}


def _choices(notes: Mapping[str, str]) -> Choices:
    try:
        return Choices(
            GraphForm(notes["form"]),
            int(notes["steps"]),
            notes["functions"] == "yes",
            notes["trace"] == "yes",
        )
    except (KeyError, ValueError) as error:
        raise ArtifactError(f"its description is damaged: {error}") from error


def _require_same(
    model: Any, expected: Written, network: Network, notes: Mapping[str, str]
) -> None:
    """Check that the file is what export writes for the program.

    Raises:
        ArtifactError: otherwise; names what was edited.
    """
    if network.sha256 != notes.get("program_sha256"):
        raise ArtifactError("was edited: its numbers are not those that were exported")
    rewritten = expected.model
    # Who wrote the same graph does not matter.
    rewritten.producer_version = _word(model.producer_version)
    for tensor, (name, message) in zip(
        model.graph.initializer, expected.tensors.items(), strict=False
    ):
        if _serialized(tensor) != bytes(message):
            raise ArtifactError(f"was edited: its tensor {name} does not fit its program")
    same = len(model.graph.initializer) == len(expected.tensors)
    del model.graph.initializer[:]
    if same and _serialized(model) == _serialized(rewritten):
        return
    for kind, actual, other in (
        ("node", model.graph.node, rewritten.graph.node),
        ("function", model.functions, rewritten.functions),
    ):
        for one, two in zip(actual, other, strict=False):
            if one != two:
                raise ArtifactError(f"was edited: its {kind} {one.name} does not fit its program")
    raise ArtifactError("was edited: its graph does not fit its program")


def _serialized(message: Any) -> bytes:
    content: bytes = message.SerializeToString(deterministic=True)
    return content
