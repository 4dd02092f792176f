"""Silent layers are found, with the thresholds that would let them fire."""

import warnings

import pytest
import torch
from torch import Tensor, nn

import quant
from snncore import layer, monitor, neuron


def chain(second: float = 8.0) -> nn.Sequential:
    """Two layers, of which the second reaches half of a threshold of 8."""
    network = nn.Sequential(
        layer.Linear(4, 3, bias=False),
        neuron.IF(),
        layer.Linear(3, 2, bias=False),
        neuron.LIF(tau=1.0, threshold=second),
    )
    with torch.no_grad():
        network[0].weight.fill_(1.0)
        network[2].weight.fill_(4.0 / 3)
    return network


def spikes(rate: float = 1.0) -> Tensor:
    return (torch.rand(6, 2, 4, generator=torch.Generator().manual_seed(0)) < rate).float()


def test_the_threshold_that_would_let_it_fire_is_said() -> None:
    network = chain()
    (silence,) = monitor.silent_layers(network, spikes())
    assert (silence.layer, silence.threshold) == ("3", 8.0)
    assert silence.highest == pytest.approx(4.0)
    assert silence.sentence() == (
        "3: never fires on the samples: its voltage reaches 4 of 8 (a threshold of at most 4, or "
        "weights 2 times as large, would let it fire)"
    )
    assert network.training
    assert network[3].record is None
    assert monitor.silent_layers(chain(3.9), spikes()) == ()


def test_what_no_threshold_helps_says_so() -> None:
    first, second = monitor.silent_layers(chain(), -spikes())
    assert "no threshold above zero helps" in first.sentence()
    assert (second.layer, second.highest) == ("3", 0.0)
    window = nn.Sequential(layer.Linear(4, 3), neuron.SlidingPSN(threshold=99.0))
    (silence,) = monitor.silent_layers(window, spikes())
    assert silence.sentence() == "1: never fires on the samples (use larger weights, or a bias)"


def test_prepare_warns_of_a_layer_by_the_name_of_its_block() -> None:
    with pytest.warns(monitor.SilenceWarning, match="3: never fires .* 3.98 of 8 .* at most 3.98"):
        quant.prepare(chain(), target="int8", example=spikes())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quant.prepare(chain(3.9), target="int8", example=spikes())
        quant.prepare(chain(), target="int8", example=torch.zeros(1, 1, 4))
        quant.prepare(chain(), target="int8")


def test_voltages_of_a_chip_count_from_zero_again() -> None:
    network = nn.Sequential(layer.Linear(4, 3), neuron.Izhikevich())
    with pytest.warns(monitor.SilenceWarning, match="1: never fires .* reaches -6") as caught:
        quant.prepare(network, target="int8", example=spikes())
    assert len(caught) == 1


def test_training_warns_once_when_a_layer_stays_silent() -> None:
    network, x = chain(), spikes()
    with warnings.catch_warnings(record=True) as caught, monitor.watch_silence(network, batches=3):
        warnings.simplefilter("always")
        for batch in range(5):
            assert len(caught) == (batch >= 3)
            network(x)
            for part in (network[1], network[3]):
                part.reset()
    assert [each.category for each in caught] == [monitor.SilenceWarning]
    assert "3: never fires" in str(caught[0].message)
    assert "4 of 8" in str(caught[0].message)
    assert not network[3]._forward_hooks
    assert network[3].record is None


def test_a_layer_that_fires_late_is_not_named() -> None:
    network, x = chain(), spikes()
    with warnings.catch_warnings(), monitor.watch_silence(network, batches=3):
        warnings.simplefilter("error")
        network(x)
        network[3].threshold = 1.0
        for _ in range(4):
            network(x)
