"""State spaces against their formula, step by step against all at once, and as integers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from snncore import functional, layer, neuron


def written_out(module: layer.S4D, x: Tensor) -> Tensor:
    """Compute the recurrence in double precision, one complex number after another."""
    a = -np.exp(module.log_decay.detach().double().numpy()) + 1j * (
        module.frequency.detach().double().numpy()
    )
    step = np.exp(module.log_step.detach().double().numpy())[:, None]
    turn = np.exp(step * a)
    hold = (turn - 1) / a
    c = module.mix.detach().double().numpy()
    c = c[..., 0] + 1j * c[..., 1]
    values = x.double().numpy()
    state = np.zeros((values.shape[1], *turn.shape), complex)
    outputs = []
    for now in values:
        state = turn * state + hold * now[..., None]
        outputs.append(2 * (c * state).sum(-1).real + module.skip.detach().double().numpy() * now)
    return torch.from_numpy(np.stack(outputs))


def test_it_is_the_papers_recurrence() -> None:
    torch.manual_seed(0)
    module, x = layer.S4D(3, 5), torch.randn(40, 2, 3)
    expected = written_out(module, x)
    assert torch.allclose(module(x).double(), expected, atol=1e-4 * float(expected.abs().max()))


@pytest.mark.parametrize("shape", [(4,), (4, 3), (4, 2, 3)])
@pytest.mark.parametrize(("kind", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_all_at_once_is_step_by_step_and_in_parts(
    shape: tuple[int, ...], kind: torch.dtype, tolerance: float
) -> None:
    torch.manual_seed(1)
    module = layer.S4D(4, 6).to(kind)
    x = torch.randn(30, 2, *shape, dtype=kind, requires_grad=True)
    whole = module(x)
    size = float(whole.detach().abs().max())
    whole.square().sum().backward()
    gradient, weights = x.grad.clone(), [p.grad.clone() for p in module.parameters()]
    whole, last = whole.detach(), functional.states(module)
    functional.reset(module)
    module.zero_grad()
    x.grad = None
    module.step_mode = "s"
    steps = torch.stack([module(step) for step in x])
    steps.square().sum().backward()
    assert (steps - whole).abs().max() < tolerance * size
    assert (x.grad - gradient).abs().max() < 10 * tolerance * float(gradient.abs().max())
    for parameter, before in zip(module.parameters(), weights, strict=True):
        assert (parameter.grad - before).abs().max() < 100 * tolerance * float(before.abs().max())
    for name, state in functional.states(module).items():
        assert (state - last[name]).abs().max() < tolerance * size
    functional.reset(module)
    module.step_mode = "m"
    parts = torch.cat([module(x[:7]), module(x[7:8]), module(x[8:])])
    assert (parts - whole).abs().max() < tolerance * size
    functional.reset(module)
    assert torch.equal(module(x), whole)


def test_neurons_fire_where_the_output_is_the_threshold() -> None:
    torch.manual_seed(2)
    module = layer.S4D(6, 3, shortest=0.01).double()
    # Rotations by more than half a turn go the other way round.
    with torch.no_grad():
        module.frequency[:, 2] = 0.7 * 2 * torch.pi / module.log_step.exp()
    x = torch.randn(50, 3, 6, dtype=torch.float64)
    outputs, neurons = module(x), module.neurons(0.3, backend="torch")
    spikes = neurons(x)
    clear = (outputs - 0.3).abs() > 1e-9
    assert 0.1 < spikes.mean() < 0.9
    assert torch.equal(spikes[clear], (outputs >= 0.3).double()[clear])
    with pytest.raises(ValueError, match="17 rotations are more than"):
        layer.S4D(2, 17).neurons()


def test_its_step_form_is_exact_on_a_grid(tmp_path: Path) -> None:
    torch.manual_seed(1)
    state_space = layer.S4D(8, 2, shortest=0.05, longest=0.5)
    with torch.no_grad():
        state_space.skip.abs_()
    net = nn.Sequential(
        layer.Linear(6, 8),
        state_space.neurons(0.2, backend="torch"),
        layer.Linear(8, 4),
        neuron.LIF(backend="torch"),
    )
    with torch.no_grad():
        for weight in (net[0].weight, net[2].weight):
            weight.abs_().mul_(3)
    x = (torch.rand(12, 3, 6) < 0.5).float()
    prepared = quant.prepare(net, target="onnx", example=x).eval()
    artifact = nd.export(prepared, target="onnx", path=tmp_path / "out", example=x)
    report = nd.verify(artifact, model=prepared, samples=x, simulator="none")
    assert report.equal, report.to_text()
    assert all(each.spikes > 0 for each in report.layers)


def test_it_is_saved_and_refused_on_a_grid(tmp_path: Path) -> None:
    net = nn.Sequential(layer.Linear(3, 4), layer.S4D(4, 2), layer.Linear(4, 2), neuron.LIF())
    x = torch.rand(5, 2, 3)
    nd.save(net, tmp_path / "m.pt", example=x)
    loaded = nd.load(tmp_path / "m.pt")
    assert torch.equal(loaded(x), net(x))
    with pytest.raises(ValueError, match="1: S4D has no quantized form"):
        quant.prepare(net, target="onnx", example=(x > 0.5).float())


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="0 channels"):
        layer.S4D(0)
    with pytest.raises(ValueError, match=r"steps from 0.2 to 0.1"):
        layer.S4D(2, 2, shortest=0.2, longest=0.1)
    module = layer.S4D(3, 2)
    with pytest.raises(ValueError, match=r"takes \(T, N, 3"):
        module(torch.zeros(4, 2, 5))
    module(torch.zeros(4, 2, 3))
    with pytest.raises(ValueError, match=r"call functional\.reset"):
        module(torch.zeros(4, 1, 3))
