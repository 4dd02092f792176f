"""Plain spikes that are added to sums: counted in training as the program counts them."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.report import Status
from neurodeploy.verification.compare import compare
from snncore import functional, layer, neuron
from tests.unit.quant.grid.test_formats import traces

FORMATS = ("loihi", "lynxi", "shift16", "int2", "int8")


class Residual(nn.Module):
    """Spikes, and a sum that they are added to, dense or in an image."""

    def __init__(self, random: np.random.Generator) -> None:
        super().__init__()
        image = random.random() < 0.5
        make: Any = (lambda: layer.Conv2d(2, 2, 3, padding=1)) if image else _dense
        self.shape = (2, 4, 4) if image else (6,)
        self.into, self.first = make(), neuron.LIF(threshold=0.3)
        threshold = float(random.choice([0.25, 1.0, 3.0, 200.0, 300.0, 20000.0, 70000.0]))
        self.inner, self.last = make(), neuron.LIF(threshold=threshold, decay_input=False)
        gain = float(random.choice([1.0, 30.0, 500.0])) * threshold
        with torch.no_grad():
            self.into.weight.uniform_(-0.3, 0.9)
            self.inner.weight.uniform_(-0.3 * gain, gain)

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes."""
        x = self.first(self.into(x))
        spikes: Tensor = self.last(self.inner(x) + x)
        return spikes


def _dense() -> nn.Module:
    return layer.Linear(6, 6)


def drawn(seed: int) -> tuple[nn.Module, Tensor]:
    torch.manual_seed(seed)
    network = Residual(np.random.default_rng(seed))
    return network.eval(), (torch.rand(12, 2, *network.shape) < 0.5).float()


@pytest.mark.parametrize("form", FORMATS)
def test_training_counts_a_spike_as_the_program_does_or_is_refused(form: str) -> None:
    said: list[str] = []
    equal, spiking = 0, 0
    for seed in range(16):
        network, x = drawn(seed)
        try:
            prepared = quant.prepare(network, target=quant.chip_format(form), example=x).eval()
        except ValueError as error:
            said.append(str(error))
            continue
        assert prepared.get_submodule("last").exponent <= 0
        golden, others = traces(prepared, x)
        for name, other in others.items():
            assert compare(name, golden, other, 0.0).status == Status.EQUAL, (seed, name)
        equal += 1
        spiking += bool(golden["last"].s.any()) and bool(golden["first"].s.any())
    assert said
    for words in said:
        assert words.startswith("last: adds plain spikes, and for a threshold of")
        assert "layer.Linear or layer.Conv2d on the branch" in words
    assert equal >= 6
    assert spiking >= 4


def test_weights_that_plain_spikes_make_clip_are_said() -> None:
    network, x = drawn(0)
    with torch.no_grad():
        network.last.threshold = 3.0
        network.inner.weight.uniform_(-400.0, 400.0)
    prepared = quant.prepare(network, target="int8", example=x)
    assert quant.deviations(prepared)["last"][-1] == (
        "weights beyond -127 to 127 are clipped: plain spikes keep the unit at 2^0"
    )
    with torch.no_grad():
        network.inner.weight.uniform_(-100.0, 100.0)
    assert "last" not in quant.deviations(quant.prepare(network, target="int8", example=x))


@pytest.mark.parametrize("form", ["lynxi", "int8"])
@pytest.mark.parametrize("exponent", [-1, 0, 1, 3])
def test_neurons_built_by_hand_refuse_a_spike_below_their_unit(form: str, exponent: int) -> None:
    neurons = quant.LIF(0.0, 2.0**exponent, format=form, exponent=exponent)
    spikes = torch.tensor([0.0, 1.0, 0.0, 1.0]).reshape(4, 1, 1)
    if exponent <= 0:
        golden, others = traces(neurons, spikes)
        assert compare("training", golden, others["training"], 0.0).status == Status.EQUAL
        assert golden.output.any()
        return
    with pytest.raises(nd.NeurodeployError, match=rf"1 is not a multiple of 2\^{exponent}"):
        nd.lower(neurons, example=spikes)
    with pytest.raises(ValueError, match=rf"LIF: is driven by 1, not a multiple .* 2\^{exponent}"):
        neurons(spikes)
    functional.reset(neurons)
    # Sums of weights are multiples, and silence is one.
    assert neurons(spikes * 2.0**exponent).flatten().tolist() == [0.0, 1.0, 0.0, 1.0]
    assert not neurons(spikes * 0).any()
