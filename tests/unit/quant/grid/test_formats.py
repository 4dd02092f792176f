"""Every format: training forward = golden = fast on every bit, for networks drawn at random."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
from neurodeploy.frontend.training import training_trace
from neurodeploy.report import Status
from neurodeploy.trace import Trace
from neurodeploy.verification.compare import compare
from tests.unit.quant.drawn import FORMATS, drawn_network, drawn_spikes


def traces(network: nn.Module, samples: Tensor) -> tuple[Trace, dict[str, Trace]]:
    """Return the golden trace, and those that have to equal it."""
    program = nd.lower(network, example=samples)
    golden = nd.simulate(program, samples)
    trained = training_trace(network, program, samples.numpy().astype(np.int64))
    return golden, {"training": trained, "fast": nd.simulate(program, samples, engine="fast")}


@pytest.mark.parametrize("form", FORMATS)
def test_training_is_golden_is_fast_on_every_bit(form: str, full: bool) -> None:
    seeds = range(1000 if full else 6)
    spiking = 0
    for seed in seeds:
        network, shape = drawn_network(form, seed)
        golden, others = traces(network, drawn_spikes(shape, seed))
        for name, other in others.items():
            link = compare(name, golden, other, 0.0)
            assert link.same, f"{form} {seed}: {link.divergence or link.reason}"
        spiking += golden.spikes() > 0
    assert spiking > len(seeds) / 2


@pytest.mark.parametrize("form", FORMATS)
def test_one_changed_weight_is_seen(form: str, full: bool) -> None:
    seen = 0
    seeds = range(1, 40, 3 if full else 8)
    for seed in seeds:
        network, shape = drawn_network(form, seed)
        samples = drawn_spikes(shape, seed)
        program = nd.lower(network, example=samples)
        weight = next(v for k, v in network.named_parameters() if k.endswith("weight"))
        with torch.no_grad():
            weight.neg_()
        trained = training_trace(network, program, samples.numpy().astype(np.int64))
        golden = nd.simulate(program, samples)
        seen += compare("x", golden, trained, 0.0).status == Status.DIFFERS
    assert seen >= len(seeds) // 2
