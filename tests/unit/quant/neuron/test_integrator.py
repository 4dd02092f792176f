"""Readouts on a chip's grid: the voltage that never fires, in the units of training."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from snncore import functional, monitor

FORMATS = ("loihi", "int8", "shift16", "lynxi")


def _network(form: str, **options: float) -> nn.Sequential:
    reset = "soft" if form == "shift16" else "hard"
    hidden = quant.CubaLIF(0.25) if form == "loihi" else quant.IF(0.25, reset=reset, format=form)
    readout = quant.LeakyIntegrator(format=form, **options)
    return nn.Sequential(
        quant.Block(quant.Linear(6, 8, format=form), hidden),
        quant.Block(quant.Linear(8, 3, bias=True, format=form), readout),
    )


def _spikes() -> Tensor:
    return (torch.rand(9, 2, 6) < 0.5).float()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("decay", [1.0, 0.5, 0.25])
def test_the_output_is_the_programs_in_the_units_of_training(form: str, decay: float) -> None:
    network, samples = _network(form, decay=decay), _spikes()
    with torch.no_grad():
        network[1].synapse.bias.copy_(torch.tensor([0.5, -0.25, 0.0]))
    output = network(samples)
    trace = nd.simulate(nd.lower(network, example=samples), samples)
    assert output.dtype == torch.float32
    assert torch.equal(output.double(), torch.from_numpy(trace.output))
    assert (trace.output != 0).any()
    assert not trace["1"].spiking
    assert (trace["1"].s == trace["1"].v).all()


def test_weights_learn_through_it() -> None:
    network = _network("loihi", decay=0.5)
    loss = nn.functional.cross_entropy(network(_spikes()).mean(0), torch.tensor([0, 2]))
    loss.backward()
    assert all(bool(p.grad is not None and p.grad.abs().sum() > 0) for p in network.parameters())


def test_a_monitor_shows_the_units_of_training() -> None:
    network, samples = _network("int8", decay=0.5), _spikes()
    with monitor.record(network) as recording:
        output = network(samples)
        shown = recording["1.neuron"]
    assert torch.equal(shown["s"].float(), output)
    assert torch.equal(shown["v"].float(), output)


@pytest.mark.parametrize("form", FORMATS)
def test_it_is_saved_and_frozen(form: str, tmp_path: Path) -> None:
    network, samples = _network(form, decay=0.5), _spikes()
    output = network(samples)
    functional.reset(network)
    nd.save(network, tmp_path / "model.pt", example=samples)
    for again in (quant.freeze(network), nd.load(tmp_path / "model.pt")):
        assert torch.equal(again(samples), output)


def test_channels_share_a_unit() -> None:
    block = quant.Block(
        quant.Linear(6, 3, per_channel=True, format="int8"), quant.LeakyIntegrator(format="int8")
    )
    with pytest.raises(ValueError, match=r"need one unit .*per_channel=False"):
        block(_spikes())


def test_what_a_format_lacks_is_named() -> None:
    with pytest.raises(ValueError, match="current_decay: shift16 has no readout with a current"):
        quant.LeakyIntegrator(current_decay=0.5, format="shift16")
    plain = quant.chip_format("loihi.driven")
    with pytest.raises(ValueError, match=r"loihi\.driven has no such neuron"):
        quant.LeakyIntegrator(format=plain)
