"""Layers' responses, and synthetic recordings of one of them, which it must be most like."""

import numpy as np
import pytest
import torch
from torch import nn

from snncore import functional, layer, neuron, similarity


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        layer.Conv2d(1, 4, 3, padding=1, bias=False),
        neuron.LIF(threshold=0.4, backend="torch"),
        layer.Flatten(),
        layer.Linear(4 * 36, 20),
        neuron.LIF(threshold=0.4, backend="torch"),
        layer.Linear(20, 12),
        neuron.LIF(threshold=0.2, backend="torch"),
    )


def test_responses_are_rates_of_each_stimulus_in_any_batches() -> None:
    net, stimuli = network().train(), torch.rand(5, 7, 1, 6, 6) * 3
    responses = similarity.layer_responses(net, stimuli, batch=3)
    assert net.training
    assert list(responses) == ["1", "4", "6"]
    functional.reset(net)
    spikes = net[1](net[0](stimuli)).detach()
    assert np.array_equal(responses["1"], spikes.double().mean(0).flatten(1).numpy())
    assert responses["1"].std() > 0
    steps = similarity.layer_responses(net, stimuli, names=["4"], over_time=True)
    assert steps["4"].shape == (7, 5 * 20)
    assert np.allclose(steps["4"].reshape(7, 5, 20).mean(1), responses["4"])
    with pytest.raises(ValueError, match=r"takes \(T, N, ...\)"):
        similarity.layer_responses(net, stimuli[:, :0])


@pytest.mark.parametrize("metric", ["rsa", "svcca", "regression", "cka"])
def test_a_recording_of_a_layer_is_most_like_it(metric: str) -> None:
    random = np.random.default_rng(1)
    layers = similarity.layer_responses(network(), torch.rand(8, 200, 1, 6, 6) * 3)
    # Its readout spans a part of its space, all of which is like it.
    del layers["6"]
    # Subspaces count small directions like large ones, so a few lively units stand for them.
    lively = np.argsort(-layers["4"].std(0))[:8]
    mixed = np.eye(20)[:, lively] if metric == "svcca" else random.normal(size=(20, 12))
    chosen = layers["4"] @ mixed
    noise = random.normal(size=(200, 6, chosen.shape[1])) * 0.3 * chosen.std(0)
    regions = {"V1": similarity.NeuralTrials(chosen[:, None] + noise)}
    comparison = similarity.compare(layers, regions, metric)
    assert comparison.best("V1") == "4"
    ceiling = comparison.ceilings["V1"]
    assert ceiling is not None
    assert comparison.scores["V1"]["4"] > 0.6
    assert ceiling > 0.6
    # Noise alone is not like it.
    blank = {"noise": similarity.NeuralTrials(noise)}
    assert similarity.compare(layers, blank, metric).scores["noise"]["4"] < ceiling - 0.2
    lines = comparison.text().splitlines()
    assert lines[0].split() == [metric, "1", "4", "ceiling"]
    assert lines[1].startswith("V1")


def test_means_and_halves_of_trials() -> None:
    values = np.arange(12.0).reshape(2, 3, 2)
    values[1, 2] = np.nan
    trials = similarity.NeuralTrials(values)
    assert trials.means().tolist() == [[2, 3], [7, 8]]
    one, other = trials.halves(np.random.default_rng(0))
    # Two of three trials and the third; of two, one each.
    assert sorted([one[1, 0], other[1, 0]]) == [6, 8]
    assert one[0, 0] * 2 + other[0, 0] == 0 + 2 + 4
    with pytest.raises(ValueError, match="stimulus 0 was shown once"):
        similarity.NeuralTrials(values[:, :1]).halves(np.random.default_rng(0))
    with pytest.raises(ValueError, match="without a response"):
        similarity.NeuralTrials(np.full((2, 2, 1), np.nan))


def test_reliability_is_that_of_signal_and_noise() -> None:
    random = np.random.default_rng(2)
    signal = random.normal(size=(600, 1, 2)) * np.array([1.0, 0.0])
    trials = similarity.NeuralTrials(signal + random.normal(size=(600, 8, 2)))
    # Of eight trials, the signal is 1 / (1 + 1 / 8) of the mean's variance.
    assert trials.reliability(cuts=4) == pytest.approx([8 / 9, 0], abs=0.08)
    assert trials.reliable(0.5).responses.shape == (600, 8, 1)
    with pytest.raises(ValueError, match="no unit is as reliable"):
        trials.reliable(0.99)
