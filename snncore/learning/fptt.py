"""Forward propagation through time (Kag and Saligrama 2021)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class FPTT:
    """A penalty that lets parameters be updated in every step of a sequence.

    With running means m and gradients g, the penalty is alpha / 2 * |w - m - g / alpha|^2 without
    its constant; after every update g becomes g - alpha (w - m), which is the loss's gradient where
    loss and penalty balance, and m becomes (m + w) / 2 - g / (2 alpha).
    """

    def __init__(self, parameters: Iterable[nn.Parameter], alpha: float = 0.5) -> None:
        if not alpha > 0:
            raise ValueError(f"FPTT.alpha: {alpha} is not positive")
        self.alpha = float(alpha)
        self.parameters = [parameter for parameter in parameters if parameter.requires_grad]
        self.reset()

    @torch.no_grad()
    def reset(self) -> None:
        """Begin at the parameters as they are, without gradients."""
        self.means = [parameter.clone() for parameter in self.parameters]
        self.gradients = [torch.zeros_like(parameter) for parameter in self.parameters]

    def penalty(self) -> Tensor:
        """Return the term that is added to the loss of a step."""
        terms = [
            self.alpha / 2 * (parameter - mean).square().sum() - (parameter * gradient).sum()
            for parameter, mean, gradient in self._all()
        ]
        return torch.stack(terms).sum()

    @torch.no_grad()
    def update(self) -> None:
        """Follow the parameters, after the optimizer's step."""
        for parameter, mean, gradient in self._all():
            gradient.sub_(self.alpha * (parameter - mean))
            mean.copy_((mean + parameter) / 2 - gradient / (2 * self.alpha))

    def _all(self) -> Iterable[tuple[nn.Parameter, Tensor, Tensor]]:
        return zip(self.parameters, self.means, self.gradients, strict=True)
