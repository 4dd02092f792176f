"""Plasticity by triplets of spikes (Pfister and Gerstner 2006)."""

from __future__ import annotations

from math import exp
from typing import Any

from torch import Tensor, nn

from snncore.learning.stdp import STDP


class TripletSTDP(STDP):
    """Pairs as for `STDP`, which count more where a third spike was near.

    A spike behind potentiates by r1 * (potentiation + triple_potentiation * o2), one before
    depresses by o1 * (depression + triple_depression * r2): r1 and o1 are the fast traces, r2 and
    o2 the slow ones (`tau_slow_pre`, `tau_slow_post`) as they were before the spike.
    """

    def __init__(
        self,
        synapse: nn.Module,
        neurons: nn.Module,
        *,
        tau_slow_pre: float = 101.0,
        tau_slow_post: float = 125.0,
        triple_potentiation: float = 0.0065,
        triple_depression: float = 0.0,
        **options: Any,
    ) -> None:
        for name, tau in (("tau_slow_pre", tau_slow_pre), ("tau_slow_post", tau_slow_post)):
            if not tau > 0:
                raise ValueError(f"TripletSTDP.{name}: {tau} is not positive")
        super().__init__(synapse, neurons, **options)
        self.triple_sizes = triple_potentiation, triple_depression
        self._decays = (*self._decays, exp(-1 / tau_slow_pre), exp(-1 / tau_slow_post))
        self.reset()

    def _changes(self, before: Tensor, behind: Tensor, weigh: Tensor) -> tuple[Tensor, Tensor]:
        pre, post = self._trace(0, before), self._trace(1, behind)
        slow_pre = self._trace(2, before)[:-1] * self._decays[2]
        slow_post = self._trace(3, behind)[:-1] * self._decays[3]
        past = post[:-1] * self._decays[1]
        rise = self.sizes[0] + self.triple_sizes[0] * slow_post
        fall = self.sizes[1] + self.triple_sizes[1] * slow_pre
        grown = self._pairs(pre[1:], behind * weigh * rise)
        return grown, self._pairs(before * fall, past * weigh)
