"""Gradients that lie in one piece of memory, so that processes average them in one go."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, distributed, nn


class PooledGradients:
    """A place for each parameter's gradient; those of one type lie one behind the other."""

    def __init__(self, parameters: Sequence[nn.Parameter], processes: int) -> None:
        self._processes = processes
        self._flat: list[Tensor] = []
        self.places: list[Tensor] = [parameter.detach() for parameter in parameters]
        for kind in dict.fromkeys(parameter.dtype for parameter in parameters):
            alike = [index for index, p in enumerate(parameters) if p.dtype == kind]
            sizes = [parameters[index].numel() for index in alike]
            flat = parameters[alike[0]].new_zeros(sum(sizes), requires_grad=False)
            for index, piece in zip(alike, flat.split(sizes), strict=True):
                self.places[index] = piece.view_as(parameters[index])
            self._flat.append(flat)

    def take(self, gradients: Sequence[Tensor | None]) -> None:
        """Copy gradients to their places."""
        pairs = zip(self.places, gradients, strict=True)
        filled = [(part, gradient) for part, gradient in pairs if gradient is not None]
        torch._foreach_copy_([part for part, _ in filled], [gradient for _, gradient in filled])

    def average(self) -> None:
        """Replace every tensor's values with the mean over all processes."""
        for flat in self._flat:
            distributed.all_reduce(flat)
            flat /= self._processes
