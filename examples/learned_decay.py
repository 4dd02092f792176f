"""Define a neuron of your own with a learned decay for each channel.

Each channel must count the events of its last few steps; the number of steps differs by channel.

Usage: python examples/learned_decay.py
"""

from __future__ import annotations

from typing import Any

import torch

from snncore import functional, neuron
from snncore.dynamics import sigmoid

STEPS, CHANNELS = 30, 4
TRUE_DECAYS = torch.tensor([0.2, 0.5, 0.8, 0.95])


@neuron.define(states={"v": 0.0}, params={"w": 0.0})
def Trace(v: Any, x: Any, *, w: Any) -> Any:  # noqa: N802
    """Return a fading sum of the input; this neuron does not fire."""
    v = sigmoid(w) * v + x
    return v, v


def main() -> None:
    """Learn the decays from the output of neurons with the true decays."""
    torch.manual_seed(0)
    events = (torch.rand(STEPS, 64, CHANNELS) < 0.2).float()
    teacher = Trace(w=torch.logit(TRUE_DECAYS))
    student = Trace(w=torch.zeros(CHANNELS), learnable=("w",))
    expected = teacher(events)
    optimizer = torch.optim.Adam(student.parameters(), 0.1)
    for _ in range(300):
        functional.reset(student)
        loss = (student(events) - expected).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"true decays     {TRUE_DECAYS.tolist()}")
    print(f"learned decays  {[round(value, 3) for value in student.w.sigmoid().tolist()]}")


if __name__ == "__main__":
    main()
