"""Event-driven layers compute and learn what dense ones do, where they are faster."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from snncore import functional, layer, neuron, training
from snncore.kernels.cpp import events
from snncore.kernels.cpp.events import choice

CLOSE: Any = {"rtol": 1e-6, "atol": 1e-6}


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let events win at every rate, and return what was asked."""
    asked: list[str] = []

    def rate(wanted: choice.Choice, measure: Callable[[], float]) -> float:
        asked.append(wanted.name)
        return 2.0

    monkeypatch.setattr(choice, "_rate", rate)
    return asked


def spikes(*shape: int, rate: float = 0.1) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    fired = torch.rand(shape, generator=generator) < rate
    # Counts as well as single spikes.
    return fired.float() * torch.randint(1, 4, shape, generator=generator)


def require_alike(module: nn.Module, x: Tensor) -> None:
    # Sums of such numbers are exact in every order, so processors cannot differ.
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.round(parameter * 64) / 64)
    twin = training.event_driven(copy.deepcopy(module))
    inputs = [x.clone().requires_grad_() for _ in range(2)]
    outputs = [net(each) for net, each in zip((module, twin), inputs, strict=True)]
    assert outputs[0].any()
    torch.testing.assert_close(outputs[1], outputs[0], **CLOSE)
    arriving = torch.round(torch.linspace(-1, 1, outputs[0].numel()) * 32) / 32
    for output in outputs:
        torch.autograd.backward(output, arriving.view(output.shape))
    torch.testing.assert_close(inputs[1].grad, inputs[0].grad, **CLOSE)
    for (name, expected), actual in zip(module.named_parameters(), twin.parameters(), strict=True):
        assert expected.grad is not None
        assert actual.grad is not None
        scale = float(expected.grad.abs().max())
        difference = float((actual.grad - expected.grad).abs().max())
        assert difference <= 2e-6 * max(scale, 1), name
        assert actual.grad.stride() == actual.stride() or actual.ndim == 4, name


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sizes", [(70, 40), (33, 1100)])
def test_linear(sizes: tuple[int, int], bias: bool, always: list[str]) -> None:
    require_alike(layer.Linear(*sizes, bias), spikes(3, 5, sizes[0]))
    assert always == ["linear"]


GEOMETRIES = [
    ((3, 3), (1, 1), (1, 1), (1, 1)),
    ((5, 2), (2, 3), (2, 0), (1, 1)),
    ((3, 3), (2, 1), (0, 3), (2, 3)),
    ((1, 1), (1, 1), (0, 0), (1, 1)),
]


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_convolution(geometry: Any, always: list[str]) -> None:
    require_alike(layer.Conv2d(3, 32, *geometry), spikes(2, 3, 3, 9, 10))
    assert always == ["conv2d"]


def test_a_network_learns_the_same(always: list[str]) -> None:
    torch.manual_seed(0)
    parts = [layer.Conv2d(1, 32, 3), neuron.LIF(threshold=0.2), layer.Flatten()]
    network = nn.Sequential(*parts, layer.Linear(1152, 40), neuron.LIF(threshold=0.1))
    twin = training.event_driven(copy.deepcopy(network))
    assert network.state_dict().keys() == twin.state_dict().keys()
    for net in (network, twin):
        optimizer = torch.optim.Adam(net.parameters(), 1e-3)
        for _ in range(3):
            functional.reset(net)
            net(spikes(4, 2, 1, 8, 8, rate=0.3)).sum().backward()
            optimizer.step()
    assert always.count("linear") == always.count("conv2d") == 3
    for expected, actual in zip(network.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)
    back = training.event_driven(twin, enabled=False)
    assert all(parameter.is_contiguous() for parameter in back.parameters() if parameter.ndim == 2)


def test_many_events_and_few_outputs_stay_dense(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[choice.Choice] = []

    def rate(wanted: choice.Choice, measure: Callable[[], float]) -> float:
        asked.append(wanted)
        return 0.05

    monkeypatch.setattr(choice, "_rate", rate)
    monkeypatch.setattr(events, "linear_sums", None)
    x = spikes(2, 3, 70)
    for outputs in (40, 8):
        network = layer.Linear(70, outputs)
        expected = network(x)
        torch.testing.assert_close(training.event_driven(network)(x), expected)
    assert len(asked) == 1


def test_the_break_even_is_measured_once_and_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    wanted = choice.Choice("linear", (64, 70, 40), 1)
    assert choice._rate(wanted, lambda: 0.25) == 0.25
    choice._rates.clear()

    def refused() -> float:
        raise AssertionError("measured again")

    assert choice._rate(wanted, refused) == 0.25
    choice._rates.clear()


def test_the_rate_follows_from_the_times(monkeypatch: pytest.MonkeyPatch) -> None:
    def seconds(run: Callable[[Tensor], Tensor], x: Tensor) -> float:
        return 1.0 if run is dense else 0.1 + 8 * rates[float(x.sum())]

    def dense(x: Tensor) -> Tensor:
        return x

    uniform = torch.rand((50, 60), generator=torch.Generator().manual_seed(0))
    rates = {float((uniform < rate).sum()): rate for rate in (*choice._RATES, 0.7 / 8)}
    monkeypatch.setattr(choice, "_seconds", seconds)
    assert choice.measured((50, 60), dense, lambda x: x) == pytest.approx(0.7 / 8)


def test_a_rate_is_lowered_where_many_spikes_take_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []

    def dense(x: Tensor) -> Tensor:
        return x

    def seconds(run: object, x: Tensor) -> float:
        rate = float((x != 0).float().mean())
        if run is dense:
            return 1.0
        seen.append(rate)
        # Beyond a twentieth, a spike costs four times as much.
        return 8 * rate + 24 * max(rate - 0.05, 0)

    monkeypatch.setattr(choice, "_seconds", seconds)
    limit = choice.measured((500, 600), dense, lambda x: x)
    # In proportion it would be 0.1, where they take 2.0.
    assert 0.04 < limit < 0.0625
    assert seen == pytest.approx([*choice._RATES, 0.1, limit], abs=0.002)
