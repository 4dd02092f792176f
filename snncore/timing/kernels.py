"""The responses of a membrane to spikes: what arrives, how it fades, and when it crosses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import inf

import torch
from torch import Tensor

_HALVINGS = {torch.float32: 30, torch.float64: 60}
# Below this distance to a grazing spike the series is exact.
_NEAR = 0.01


class Kernel(ABC):
    """A membrane's voltage and current after a while `s` without spikes.

    voltage(s) = fade(s) * voltage + response(s) * current, current(s) = sink(s) * current; a spike
    of weight w adds w to the current. So `response` is the kernel of an input spike.
    """

    @abstractmethod
    def fade(self, s: Tensor) -> Tensor:
        """Return the share of a voltage that is left."""

    @abstractmethod
    def sink(self, s: Tensor) -> Tensor:
        """Return the share of a current that is left."""

    @abstractmethod
    def response(self, s: Tensor) -> Tensor:
        """Return the voltage that a current of one has caused."""

    @abstractmethod
    def slope(self, voltage: Tensor, current: Tensor) -> Tensor:
        """Return the derivative of the voltage."""

    @abstractmethod
    def peak(self, voltage: Tensor, current: Tensor) -> Tensor:
        """Return when the voltage is largest: 0 if it falls, inf if it rises for ever."""

    @abstractmethod
    def crossing(self, voltage: Tensor, current: Tensor, threshold: float) -> Tensor:
        """Return when the voltage reaches the threshold: 0 if it is there, inf if it never does."""

    def voltage(self, voltage: Tensor, current: Tensor, s: Tensor) -> Tensor:
        """Return the voltage after a while."""
        return self.fade(s) * voltage + self.response(s) * current

    def crosses(self, voltage: Tensor, current: Tensor, length: Tensor, threshold: float) -> Tensor:
        """Return whether the voltage is at the threshold, or reaches it within a length."""
        top = torch.minimum(self.peak(voltage, current), length)
        return (voltage >= threshold) | (self.voltage(voltage, current, top) >= threshold)


@dataclass(frozen=True)
class Ramp(Kernel):
    """An input's response that grows with time, and nothing fades: response(s) = s."""

    def fade(self, s: Tensor) -> Tensor:
        """Return the share of a voltage that is left."""
        return torch.ones_like(s)

    def sink(self, s: Tensor) -> Tensor:
        """Return the share of a current that is left."""
        return torch.ones_like(s)

    def response(self, s: Tensor) -> Tensor:
        """Return the voltage that a current of one has caused."""
        return s

    def slope(self, voltage: Tensor, current: Tensor) -> Tensor:
        """Return the derivative of the voltage."""
        return current

    def peak(self, voltage: Tensor, current: Tensor) -> Tensor:
        """Return when the voltage is largest."""
        return torch.where(current > 0, inf, 0.0).to(voltage)

    def crossing(self, voltage: Tensor, current: Tensor, threshold: float) -> Tensor:
        """Return when the voltage reaches the threshold."""
        rises = current > 0
        s = (threshold - voltage) / torch.where(rises, current, 1)
        return torch.where(voltage >= threshold, 0.0, torch.where(rises, s, inf))


@dataclass(frozen=True)
class Leaky(Kernel):
    """The membrane of LIF neurons with a current: tau_mem v' = -v + i, tau_syn i' = -i.

    response(s) = (exp(-s / tau_mem) - exp(-s / tau_syn)) * tau_syn / (tau_mem - tau_syn), or
    s / tau * exp(-s / tau) if the time constants are equal. Crossings are in closed form if
    tau_mem is tau_syn (by Lambert's W) or 2 tau_syn (by a square root), else found by halving.
    """

    tau_mem: float = 1.0
    tau_syn: float = 1.0

    def __post_init__(self) -> None:
        for name, tau in (("tau_mem", self.tau_mem), ("tau_syn", self.tau_syn)):
            if not 0 < tau < inf:
                raise ValueError(f"Leaky.{name}: {tau} is not a positive time")

    @property
    def _share(self) -> float:
        return self.tau_syn / (self.tau_mem - self.tau_syn)

    @property
    def _apart(self) -> float:
        return 1 / self.tau_syn - 1 / self.tau_mem

    def fade(self, s: Tensor) -> Tensor:
        """Return the share of a voltage that is left."""
        return torch.exp(-s / self.tau_mem)

    def sink(self, s: Tensor) -> Tensor:
        """Return the share of a current that is left."""
        return torch.exp(-s / self.tau_syn)

    def response(self, s: Tensor) -> Tensor:
        """Return the voltage that a current of one has caused."""
        if self.tau_mem == self.tau_syn:
            return s / self.tau_mem * torch.exp(-s / self.tau_mem)
        return -self._share * torch.exp(-s / self.tau_mem) * torch.expm1(-s * self._apart)

    def slope(self, voltage: Tensor, current: Tensor) -> Tensor:
        """Return the derivative of the voltage."""
        return (current - voltage) / self.tau_mem

    def peak(self, voltage: Tensor, current: Tensor) -> Tensor:
        """Return when the voltage is largest."""
        rises = current > voltage
        if self.tau_mem == self.tau_syn:
            y = 1 - voltage / torch.where(current > 0, current, 1)
            s = torch.where(current > 0, self.tau_mem * y, inf)
        else:
            share = self._share * current
            ratio = share * self.tau_mem / (self.tau_syn * (voltage + share))
            turns = (ratio > 0) & ratio.isfinite()
            s = torch.where(turns, torch.where(turns, ratio, 1).log() / self._apart, inf)
        return torch.where(rises, s.clamp(min=0), 0.0)

    def crossing(self, voltage: Tensor, current: Tensor, threshold: float) -> Tensor:
        """Return when the voltage reaches the threshold."""
        rises = (current > voltage) & (current > 0) & (voltage < threshold)
        safe = torch.where(rises, current, 1)
        if self.tau_mem == self.tau_syn:
            s = self._equal(voltage, safe, threshold)
        elif self.tau_mem == 2 * self.tau_syn:
            s = self._double(voltage, safe, threshold)
        else:
            s = self._halved(voltage, safe, threshold)
        return torch.where(voltage >= threshold, 0.0, torch.where(rises, s, inf))

    def crosses(self, voltage: Tensor, current: Tensor, length: Tensor, threshold: float) -> Tensor:
        """Return whether the voltage is at the threshold, or reaches it within a length."""
        if self.tau_mem != 2 * self.tau_syn:
            return super().crosses(voltage, current, length, threshold)
        # The root of `_double` is compared with the end: no logarithm of every voltage.
        both = voltage + current
        square = both.square() - 4 * threshold * current
        root = both + square.clamp(min=0).sqrt()
        within = (root >= 2 * self.fade(length) * current) & (square >= 0)
        return (voltage >= threshold) | (within & (current > voltage) & (both > 0))

    def _equal(self, voltage: Tensor, current: Tensor, threshold: float) -> Tensor:
        """Solve (voltage + current * y) * exp(-y) = threshold for y = s / tau."""
        ratio = voltage / current
        exponent = torch.log(threshold / current) - ratio
        y = minus_w(exponent.clamp(max=-1)) - ratio
        return torch.where(exponent <= -1, self.tau_mem * y.clamp(min=0), inf)

    def _double(self, voltage: Tensor, current: Tensor, threshold: float) -> Tensor:
        """Solve (voltage + current) * x - current * x**2 = threshold for x = exp(-s / tau_mem)."""
        both = voltage + current
        square = both.square() - 4 * threshold * current
        reaches = (both > 0) & (square >= 0)
        x = (both + square.clamp(min=0).sqrt()) / (2 * current)
        return torch.where(
            reaches, -self.tau_mem * torch.where(reaches, x, 1).clamp(max=1).log(), inf
        )

    def _halved(self, voltage: Tensor, current: Tensor, threshold: float) -> Tensor:
        """Halve the time from the start to the peak, in which the voltage rises."""
        peak = self.peak(voltage, current)
        end = torch.where(peak.isfinite(), peak, 0)
        reaches = self.voltage(voltage, current, end) >= threshold
        low, high = torch.zeros_like(end), end
        for _ in range(_HALVINGS[voltage.dtype]):
            middle = (low + high) / 2
            below = self.voltage(voltage, current, middle) < threshold
            low, high = torch.where(below, middle, low), torch.where(below, high, middle)
        return torch.where(reaches, high, inf)


def minus_w(exponent: Tensor) -> Tensor:
    """Return -W(-exp(exponent)) of Lambert's first branch: u in (0, 1] with u exp(-u) = exp(e)."""
    p = (-2 * torch.expm1(1 + exponent)).clamp(min=0).sqrt()
    near = 1 - p + p**2 / 3 - 11 / 72 * p**3 + 43 / 540 * p**4 - 769 / 17280 * p**5
    small = exponent.exp()
    far = small + small**2 + 1.5 * small**3
    u = torch.where(exponent > -1.5, near, far)
    for _ in range(4):
        # Newton's step of log(u) - u = exponent, which is ill-conditioned at u = 1.
        change = (u.log() - u - exponent) * u / torch.where(p > _NEAR, 1 - u, 1)
        u = torch.where(p > _NEAR, u - change, u)
    return u
