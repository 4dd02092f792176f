"""Neurons of a user's own: one step is traced into equations, with the same spikes."""

import pytest
import torch
from torch import nn

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.foreign.convert import converted
from snncore import neuron


class Fire(torch.autograd.Function):
    """A step with a surrogate, as people write it."""

    @staticmethod
    def forward(ctx, distance):
        ctx.save_for_backward(distance)
        return (distance > 0).float()

    @staticmethod
    def backward(ctx, gradient):
        (distance,) = ctx.saved_tensors
        return gradient / (1 + 25 * distance.abs()) ** 2


class Explicit(nn.Module):
    """A membrane that the caller keeps, with a learned leak of its own for every neuron."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.beta = nn.Parameter(torch.rand(count))
        self.threshold = 0.4

    def forward(self, x, mem):
        mem = self.beta.clamp(0, 1) * mem + x
        spk = Fire.apply(mem - self.threshold)
        return spk, mem - spk * self.threshold


class Hidden(nn.Module):
    """A current and a membrane that the module keeps itself; a hard reset by a choice."""

    def __init__(self) -> None:
        super().__init__()
        self.leak = nn.Parameter(torch.tensor(0.3))
        self.reset()

    def reset(self) -> None:
        self.cur = self.mem = 0.0

    def forward(self, x):
        self.cur = 0.8 * self.cur + x
        self.mem = self.mem + (self.cur - self.mem) * torch.sigmoid(self.leak)
        fired = self.mem >= 0.5
        self.mem = torch.where(fired, torch.zeros_like(self.mem), self.mem)
        return fired.to(x.dtype)


class Sine(nn.Module):
    """A neuron with a word that equations lack."""

    def forward(self, x, mem):
        mem = torch.sin(mem) + x
        return (mem > 1).float(), mem


class ExplicitNet(nn.Module):
    def __init__(self, make=Explicit) -> None:
        super().__init__()
        self.fc1, self.lif1 = nn.Linear(6, 8), make(8) if make is Explicit else make()
        self.fc2, self.lif2 = nn.Linear(8, 4), make(4) if make is Explicit else make()

    def forward(self, x):
        mem1, mem2 = torch.zeros(x.shape[1], 8), torch.zeros(x.shape[1], 4)
        out = []
        for step in x:
            spk1, mem1 = self.lif1(self.fc1(step), mem1)
            spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
            out.append(spk2)
        return torch.stack(out), mem2


class HiddenNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.lif1, self.fc2, self.lif2 = (
            nn.Linear(6, 8),
            Hidden(),
            nn.Linear(8, 4),
            Hidden(),
        )

    def forward(self, x):
        self.lif1.reset()
        self.lif2.reset()
        return sum(self.lif2(self.fc2(self.lif1(self.fc1(step)))) for step in x)


@pytest.mark.parametrize("build", [ExplicitNet, HiddenNet])
def test_a_neuron_of_ones_own_becomes_equations(build) -> None:
    module, x = build(), torch.rand(12, 4, 6) * 3
    conversion = converted(module, x)
    agreement = conversion.agreement
    assert agreement is not None
    assert agreement.equal
    assert agreement.layers == ("lif1", "lif2")
    assert agreement.spikes > 40
    assert isinstance(conversion.network.get_submodule("lif1"), neuron.Defined)
    with torch.no_grad():
        theirs = module(x)
        assert torch.equal(conversion.network(x), theirs[0] if build is ExplicitNet else theirs)


def test_its_membrane_can_be_the_output() -> None:
    module, x = ExplicitNet(), torch.rand(12, 4, 6) * 3
    network = converted(module, x, output=1).network
    with torch.no_grad():
        assert torch.equal(network(x), module(x)[1])


def test_a_word_that_equations_lack_is_named() -> None:
    with pytest.raises(
        UnsupportedLayerError, match=r"lif1 \(Sine, test_own.py:\d+\).*sin is not a word"
    ) as refusal:
        converted(ExplicitNet(Sine), torch.rand(5, 2, 6))
    assert "neuron.define" in str(refusal.value.remedy)
