"""Tables from a kind of node to what one consumer does with it; an unknown kind is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from neurodeploy.data.structure import Node
from neurodeploy.errors import UnknownKindError

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])

# Every table of this process, so that a test reaches each of them.
TABLES: list[KindTable[..., Any]] = []


class KindTable(Generic[P, R]):
    """The functions of one consumer, one for each kind of node.

    A kind without a function of its own takes that of the nearest class it derives from.
    """

    def __init__(self, consumer: str) -> None:
        self.consumer = consumer
        self._functions: dict[type, Callable[Concatenate[Any, P], R]] = {}
        TABLES.append(self)

    def register(self, *kinds: type[Node]) -> Callable[[F], F]:
        """Return a decorator that enters a function for some kinds."""

        def entered(function: F) -> F:
            self._functions |= dict.fromkeys(kinds, function)
            return function

        return entered

    def knows(self, node: Node) -> bool:
        """Return whether there is a function for the node's kind."""
        return any(kind in self._functions for kind in type(node).__mro__)

    def of(self, node: Node) -> Callable[Concatenate[Any, P], R]:
        """Return the function for the node's kind.

        Raises:
            UnknownKindError: if there is none; names the node, its kind and the consumer.
        """
        for kind in type(node).__mro__:
            if kind in self._functions:
                return self._functions[kind]
        raise UnknownKindError(
            f"{node.name}: {self.consumer} does not know the kind {type(node).__name__}"
        )

    def __call__(self, node: Node, *args: P.args, **options: P.kwargs) -> R:
        """Call the function for the node's kind.

        Raises:
            UnknownKindError: if there is none; names the node, its kind and the consumer.
        """
        return self.of(node)(node, *args, **options)
