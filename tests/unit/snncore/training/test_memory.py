"""Networks learn the same within a budget of memory, and the plan says how."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import quant
from snncore import functional, layer, models, neuron, training
from snncore.training.memory.fit import FittedNetwork
from snncore.training.memory.peak import peak_bytes


def plain() -> nn.Sequential:
    """Return a network whose steps do not meet."""
    torch.manual_seed(0)
    parts = [layer.Conv2d(2, 8, 3, padding=1), neuron.LIF(threshold=0.3), layer.Dropout(0.2)]
    parts += [layer.Conv2d(8, 8, 3, padding=1), neuron.ParametricLIF(threshold=0.2)]
    return nn.Sequential(*parts, layer.Flatten(), layer.Linear(512, 5), neuron.LIF(threshold=0.02))


def normed() -> nn.Module:
    """Return residual blocks with batch norms."""
    torch.manual_seed(0)
    return models.sew_resnet18(5, width=4, channels=2, small_images=True)


def on_grid() -> nn.Module:
    """Return a prepared network."""
    network = nn.Sequential(*(each for each in plain() if not isinstance(each, layer.Dropout)))
    return quant.prepare(network, target="int8", example=samples(), scale="learned")


def samples() -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return (torch.rand(8, 3, 2, 8, 8, generator=generator) < 0.4).float()


def learned(network: nn.Module, run: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
    """Return the output, the gradients, the buffers and the states of two steps."""
    x, values = samples(), {}
    torch.manual_seed(3)
    functional.reset(network)
    network.zero_grad()
    for number in range(2):
        # States of the first step go on in the second.
        functional.detach(network)
        output = run(x.flip(0) if number else x)
        torch.autograd.backward(output, torch.linspace(-1, 1, output.numel()).view(output.shape))
        values[f"output {number}"] = output.detach()
    for name, parameter in network.named_parameters():
        values[name] = torch.zeros(()) if parameter.grad is None else parameter.grad.clone()
    values |= {name: each.clone() for name, each in network.named_buffers()}
    return values | functional.states(network)


PLANS: dict[str, Any] = {
    "packed": {"packed": True},
    "recomputed": {"packed": True, "recomputed": True},
    "chunks": {"packed": True, "recomputed": True, "chunks": 3},
}


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("make", [plain, normed, on_grid])
def test_every_plan_learns_the_same(make: Callable[[], nn.Module], plan: str) -> None:
    if plan == "chunks" and make is normed:
        # Its norms need the whole sequence: fit_memory never chooses chunks.
        return
    expected, network = learned(net := make(), net), make()
    actual = learned(network, FittedNetwork(network, 0, **PLANS[plan]))
    assert expected["output 1"].any()
    assert expected.keys() == actual.keys()
    for name, value in expected.items():
        if plan == "chunks" and not name.startswith("output"):
            torch.testing.assert_close(actual[name], value, rtol=1e-5, atol=1e-5, msg=name)
        else:
            assert torch.equal(actual[name], value), name


def fitted_plans(network: nn.Module, x: Tensor) -> Iterator[FittedNetwork]:
    """Yield the plan for each budget that the plan before just does not fit."""
    budget = 1 << 40
    while True:
        plan = training.fit_memory(network, x, budget)
        yield plan
        budget = plan.peak - 1


def test_the_cheapest_plan_that_fits_is_chosen() -> None:
    network, x, plans = plain().train(), samples(), list[FittedNetwork]()
    with pytest.raises(ValueError, match="use a smaller batch"):
        plans.extend(fitted_plans(network, x))
    first, last = plans[0], plans[-1]
    assert "nothing needs to change" in first.text()
    assert first.peak == first.plain > x.nbytes
    assert last.recomputed
    assert last.chunks > 1
    assert "chunks, each computed again" in last.text()
    assert len(plans) >= 3
    assert last.peak < 0.8 * first.peak
    assert not functional.states(network)
    assert all(parameter.grad is None for parameter in network.parameters())


def test_norms_that_learn_from_all_steps_stay_whole() -> None:
    network, x = normed().train(), samples()
    before = [buffer.clone() for buffer in network.buffers()]
    with pytest.raises(ValueError, match="layers are computed again") as error:
        training.fit_memory(network, x, 1)
    assert "chunks" not in str(error.value)
    for buffer, value in zip(network.buffers(), before, strict=True):
        assert torch.equal(buffer, value)


def test_the_peak_counts_what_is_alive() -> None:
    present = torch.zeros(1000)

    def run() -> None:
        first = present + 1
        second = first + 1
        del first
        third = second.view(10, 100).t() + 1
        del second
        third += present.view(10, 100).t()

    assert peak_bytes(run, [present], torch.device("cpu")) == 8000
