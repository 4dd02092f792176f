"""Neurons whose steps are computed at once: the same bits and gradients as one after another."""

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from snncore import functional, layer, neuron


def sequence(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0)) + 0.4


def stepped(module: neuron.SlidingPSN, x: Tensor) -> Tensor:
    """Compute one step after another."""
    single = neuron.SlidingPSN(**module.config() | {"step_mode": "s", "surrogate": None})
    single.load_state_dict(module.state_dict())
    fired = torch.stack([single(step) for step in x])
    module.zero_grad()
    fired.sum().backward()
    gradients = {name: value.grad for name, value in single.named_parameters()}
    vars(module)["expected"] = gradients
    return fired


@pytest.mark.parametrize("order", [2, 3, 7])
def test_all_steps_at_once_are_one_after_another(order: int) -> None:
    module = neuron.SlidingPSN(order, w1=-0.3)
    x = sequence(9, 3, 5)
    expected = stepped(module, x)
    fired = module(x)
    fired.sum().backward()
    assert torch.equal(fired, expected)
    assert 0 < fired.sum() < fired.numel()
    for name, value in module.named_parameters():
        torch.testing.assert_close(value.grad, vars(module)["expected"][name], msg=name)


def test_a_sequence_continues_where_the_last_one_ended() -> None:
    module, x = neuron.SlidingPSN(5), sequence(11, 2, 4)
    whole = module(x)
    functional.reset(module)
    parts = torch.cat([module(part) for part in x.split([1, 2, 6, 2])])
    assert torch.equal(whole, parts)
    assert torch.equal(module.states["x1"], x[-1])
    assert torch.equal(module.states["x4"], x[-4])


def test_kernels_compute_the_same_bits() -> None:
    x = sequence(9, 3, 5)
    kernel = neuron.SlidingPSN(4, backend="cpp")(x)
    assert torch.equal(neuron.SlidingPSN(4)(x), kernel)


def test_a_window_has_an_order_and_is_saved(tmp_path: object) -> None:
    for order in (1, 65, 2.0, True):
        with pytest.raises(ValueError, match=r"SlidingPSN\.order: .* from 2 to 64"):
            neuron.SlidingPSN(order)
    module = neuron.SlidingPSN(3, 0.5, w2=0.7, learnable=("w0",))
    again = neuron.SlidingPSN(**module.config() | {"surrogate": module.surrogate})
    assert again.config() == module.config()
    assert {name for name, _ in again.named_parameters()} == {"w0"}
    network = nn.Sequential(layer.Linear(4, 3), module)
    nd.save(network, f"{tmp_path}/model.pt")
    x = sequence(6, 2, 4)
    assert torch.equal(nd.load(f"{tmp_path}/model.pt")(x), network(x))


def test_every_step_weighs_every_other() -> None:
    module, x = neuron.PSN(6), sequence(6, 3, 2, 2)
    with torch.no_grad():
        module.weight.copy_(torch.linspace(-1, 1.5, 36).reshape(6, 6))
    fired = module(x)
    expected = torch.einsum("ts,snij->tnij", module.weight, x) - module.threshold[..., None, None]
    assert torch.equal(fired, (expected >= 0).float())
    assert 0 < fired.sum() < fired.numel()
    fired.sum().backward()
    assert all(value.grad.abs().sum() > 0 for value in (module.weight, module.threshold))


def test_steps_beyond_the_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="PSN: has 6 steps, and the input 4"):
        neuron.PSN(6)(sequence(4, 2, 3))
    for options, words in (
        ({"steps": 0}, r"PSN\.steps"),
        ({"steps": 3, "step_mode": "s"}, r"PSN\.step_mode"),
        ({"steps": 3, "backend": "cpp"}, r"PSN\.backend"),
    ):
        with pytest.raises(ValueError, match=words):
            neuron.PSN(**options)


def test_a_full_window_is_saved_and_refused_on_a_grid(tmp_path: object) -> None:
    network = nn.Sequential(layer.Linear(4, 3), neuron.PSN(6))
    nd.save(network, f"{tmp_path}/model.pt")
    x = sequence(6, 2, 4)
    assert torch.equal(nd.load(f"{tmp_path}/model.pt")(x), network(x))
    with pytest.raises(ValueError, match=r"1: PSN weighs every step .*use neuron\.SlidingPSN"):
        quant.prepare(network, target="int8")
