"""Spikes that repeat, and spikes of changes."""

from pathlib import Path

import pytest
import torch
from torch import nn

import neurodeploy as nd
from snncore import encoding, functional


def test_a_pattern_repeats(tmp_path: Path) -> None:
    pattern = torch.tensor([[1.0, 0, 0], [0, 1, 1], [0, 0, 1]])
    module, x = encoding.Periodic(pattern), torch.zeros(8, 2, 3)
    spikes = module(x)
    for t in range(8):
        assert torch.equal(spikes[t], pattern[t % 3].expand(2, 3))
    # It goes on where it stopped, until it is reset.
    assert torch.equal(module(x)[0], pattern[2].expand(2, 3))
    functional.reset(module)
    functional.set_step_mode(module, "s")
    assert torch.equal(torch.stack([module(step) for step in x]), spikes)
    functional.set_step_mode(module, "m")
    functional.reset(module)
    nd.save(nn.Sequential(module), tmp_path / "model.pt", example=x)
    assert torch.equal(nd.load(tmp_path / "model.pt")(x), spikes)
    with pytest.raises(ValueError, match=r"Periodic\.spikes"):
        encoding.Periodic(torch.zeros(0, 3))


def test_changes_become_spikes() -> None:
    values = torch.tensor([0.0, 0.5, 0.6, 0.2, 0.2, 0.7])[:, None]
    rises, falls = [0, 1, 0, 0, 0, 1], [0, 0, 0, 1, 0, 0]
    assert encoding.delta(values, 0.3)[:, 0].tolist() == rises
    both = encoding.delta(values, 0.3, negative=True)[:, 0]
    assert both.tolist() == [up - down for up, down in zip(rises, falls, strict=True)]
    with pytest.raises(ValueError, match="threshold is 0"):
        encoding.delta(values, 0.0)
