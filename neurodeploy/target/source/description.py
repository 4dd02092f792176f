"""The description of a program in a comment: one JSON document, without the numbers beside it.

It has the nodes by class and fields. Instead of the numbers that the text itself reads, a node's
members name the arrays or files that hold them; only the target knows these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data import codec
from neurodeploy.data.network.encoding import Encoding
from neurodeploy.data.structure import Edge
from neurodeploy.data.typed import build_member
from neurodeploy.errors import ArtifactError, ValidationError
from neurodeploy.program import Node, Part, Program

# The errors that our own code raises over members that make no sense to it.
DAMAGE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)
_CLASSES = {"Edge": Edge, "Encoding": Encoding, "Part": Part}
_MOST_AXES = 16


def described(
    program: Program, head: Mapping[str, Any], named: Callable[[Node], Mapping[str, Any]]
) -> str:
    """Return the description; `named` has the members of a node that name arrays or files."""
    nodes = []
    for node in program.nodes:
        members = {f.name: vars(node)[f.name] for f in fields(node) if codec.is_written(node, f)}
        nodes.append({"class": node.kind_name(), **members, **named(node)})
    facts = {"program_sha256": program.sha256, "output": program.output, "nodes": nodes}
    # A solidus may be escaped in JSON, and a comment ends at one.
    return codec.dumps({**head, **facts}).replace("/", "\\/")


@dataclass(frozen=True)
class Description:
    """A description that was found in a text, and the text behind its comment."""

    document: Mapping[str, Any]
    behind: str

    @property
    def sha256(self) -> str:
        """The program's hash when it was exported."""
        return str(self.document.get("program_sha256"))

    def program(self, fill: Callable[[type[Node], dict[str, Any]], None]) -> Program:
        """Return the program; `fill` puts numbers in the place of the names of arrays.

        Raises:
            ValidationError: if the document describes none.
        """
        entries = codec.members(self.document, "nodes")
        nodes = tuple(_node(dict(each), fill) for each in entries)
        return Program(nodes, str(self.document.get("output")))


def description_in(text: str, opening: str, form: str) -> Description:
    """Return the description behind these words of a comment, in a format of this name.

    Raises:
        ArtifactError: if the text has none.
        ValidationError: if it is damaged.
    """
    start = text.find(opening)
    end = text.find("*/", start)
    if start < 0:
        raise ArtifactError(
            "was not written by neurodeploy: it has no description of its program",
            remedy="export it with neurodeploy, from the model that it was made from",
        )
    if end < 0:
        raise ArtifactError("is damaged: it is cut off within its description")
    document = codec.loads(text[start + len(opening) : end], _CLASSES, "a description")
    if document.get("format") != form:
        raise ValidationError(f"it is in format {document.get('format')!r:.20}")
    return Description(document, text[end:])


@contextmanager
def naming_damage(where: str) -> Iterator[None]:
    """Turn every error over a description into one that says so; `where` is the file or folder.

    Raises:
        ArtifactError: instead of each of them.
    """
    try:
        yield
    except ArtifactError:
        raise
    except KeyError as error:
        words = f"it names {error}, which is nothing in the {where}, or named twice"
        raise ArtifactError(f"its description is damaged: {words}") from error
    except DAMAGE as error:
        raise ArtifactError(f"its description is damaged: {error}") from error


def _node(members: dict[str, Any], fill: Callable[[type[Node], dict[str, Any]], None]) -> Any:
    class_name = str(members.pop("class"))
    kind = next((each for each in Program.kinds if each.kind_name() == class_name), None)
    if kind is None or not issubclass(kind, Node):
        raise ValidationError(f"{class_name} is not a node of a program")
    fill(kind, members)
    return build_member(kind, members)


def shape_of(entry: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the shape of an array that a member names.

    Raises:
        ValidationError: if it is not one.
    """
    shape = entry["shape"]
    if not isinstance(shape, tuple) or len(shape) > _MOST_AXES:
        raise ValidationError(f"{shape!r:.80} is not a shape")
    if any(type(length) is not int or length < 0 for length in shape):
        raise ValidationError(f"{shape!r:.80} is not a shape")
    return shape


def by_source(flat: NDArray[np.int64], shape: tuple[int, ...], groups: Any) -> NDArray[np.int64]:
    """Return weights of a shape, dense or a convolution's, whose numbers go by their source.

    Raises:
        ValidationError: if the groups do not divide the channels.
    """
    if len(shape) == 2:
        return flat.reshape(shape[::-1]).T
    outputs, inputs, height, width = shape
    if type(groups) is not int or groups < 1 or outputs % groups:
        raise ValidationError(f"{groups!r:.40} groups do not divide {outputs} channels")
    ordered = flat.reshape(groups, inputs, height, width, outputs // groups)
    return ordered.transpose(0, 4, 1, 2, 3).reshape(shape)
