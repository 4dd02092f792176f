"""Several neurons for one class."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from snncore.layer.weights.linear import Layer


class Vote(Layer):
    """The mean, or the sum, of each group of neurons in a row, which vote for one class."""

    def __init__(self, voters: int = 10, *, adds: bool = False) -> None:
        super().__init__()
        if voters < 1:
            raise ValueError(f"Vote.voters: {voters} is not positive")
        self.voters, self.adds = int(voters), bool(adds)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"voters": self.voters} | ({"adds": True} if self.adds else {})

    def weights(self, neurons: int) -> Tensor:
        """Return the votes as dense weights (classes, neurons).

        Raises:
            ValueError: if the neurons are not whole groups of voters.
        """
        if neurons % self.voters:
            raise ValueError(f"Vote: {neurons} neurons are not groups of {self.voters}")
        classes = torch.eye(neurons // self.voters)
        votes = classes.repeat_interleave(self.voters, dim=1)
        return votes if self.adds else votes / self.voters

    def forward(self, x: Tensor) -> Tensor:
        """Return the votes."""
        self.input_shape = (x.shape[-1],)
        groups = x.unflatten(-1, (-1, self.voters))
        votes: Tensor = groups.sum(-1) if self.adds else groups.mean(-1)
        return votes
