"""The nodes of a folded network, each of which stands for the same calls in all steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor, nn

from neurodeploy.frontend.foreign.recording.values import Known


@dataclass
class Node:
    """A layer or a function of the folded network, and the steps in which it was called."""

    name: str
    # "module", or a function of `calls`.
    function: str
    inputs: tuple[str, ...]
    # Builds the layer, once it is known to be needed.
    build: Callable[[], nn.Module] | None = None
    # Where it comes from: the path of a foreign module, and its class.
    source: str = ""
    source_kind: str = ""
    note: str = ""
    # Of neurons that show a state: the node of their spikes, and the state.
    state_of: tuple[str, str] = ("", "")
    # Of a sum with what is fed back: the node of the weights that feed it back.
    late: str = ""
    # The states that the user's code gave neurons in their first step.
    starts: list[Known] = field(default_factory=list)
    steps: set[int] = field(default_factory=set)
    # What the foreign module returned, by step (T, N, ...); neurons only.
    expected: dict[int, Tensor] = field(default_factory=dict)

    @property
    def form(self) -> tuple[str, ...]:
        """The structure, which two runs of the same network share."""
        return (self.name, self.function, *self.inputs, self.source)
