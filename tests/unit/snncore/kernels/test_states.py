"""States: step by step and in sequences, kept in checkpoints, cut, forgotten and moved."""

import copy
from pathlib import Path

import pytest
import torch

from snncore import functional, layer, neuron
from tests.unit.snncore.neurons import NEURONS, drive, thorough

BACKENDS = ("torch", "cpp")


# What is compiled keeps states in the loop, which is the same for all.
KEPT = [
    pytest.param(
        name,
        backend,
        marks=thorough(name) if backend == "torch" or n % 6 == 0 else pytest.mark.thorough,
    )
    for backend in BACKENDS
    for n, name in enumerate(NEURONS)
]


@pytest.mark.parametrize(("name", "backend"), KEPT)
def test_one_module_runs_steps_and_sequences(name: str, backend: str) -> None:
    x = drive(name, 6, 2, 5)
    whole, module = NEURONS[name](backend=backend), NEURONS[name](backend=backend)
    spikes = whole(x)
    begin = module(x[:2])
    functional.set_step_mode(module, "s")
    middle = torch.stack([module(step) for step in x[2:4]]) if len(x) > 3 else x[:0]
    functional.set_step_mode(module, "m")
    end = module(x[2 + len(middle) :])
    assert torch.equal(torch.cat([begin, middle, end]), spikes)
    for state, value in whole.states.items():
        assert torch.equal(module.states[state], value)


def test_what_is_cut_off_has_memory_of_its_own() -> None:
    modules = (neuron.LIF(), layer.Delay(2))
    for module in modules:
        module(torch.ones(3, 2, 5, requires_grad=True))
        before = dict(module.states)
        functional.detach(module)
        assert before.keys() == module.states.keys()
        for name, value in module.states.items():
            assert torch.equal(value, before[name])
            assert not value.requires_grad
            assert value.data_ptr() != before[name].data_ptr()


def network() -> torch.nn.Sequential:
    torch.manual_seed(0)
    return torch.nn.Sequential(layer.Linear(5, 7), neuron.AdaptiveLIF(), neuron.CubaLIF())


def test_a_checkpoint_goes_on_where_it_was_written(tmp_path: Path) -> None:
    x = drive("LIF", 8, 2, 5)
    first = network()
    whole = first(x)
    functional.reset(first)
    first(x[:4])
    checkpoint = {"weights": first.state_dict(), "states": functional.states(first)}
    assert sorted(checkpoint["states"]) == ["1.a", "1.v", "2.u", "2.v"]
    second = network()
    second.load_state_dict(copy.deepcopy(checkpoint["weights"]))
    functional.restore(second, checkpoint["states"])
    assert torch.equal(second(x[4:]), whole[4:])
    functional.restore(second, {})
    assert torch.equal(second(x), whole)


def test_states_of_another_network_are_refused() -> None:
    for key in ("1.w", "0.v", "v", "7.v"):
        with pytest.raises(ValueError, match=f"{key}: is not a state"):
            functional.restore(network(), {key: torch.zeros(2, 7)})


def test_cut_states_carry_no_gradient_back() -> None:
    module, x = neuron.LIF(), drive("LIF", 8, 2, 5).requires_grad_()
    module(x[:4])
    functional.detach(module)
    module(x[4:]).sum().backward()
    assert x.grad is not None
    assert not bool(x.grad[:4].any())
    assert bool(x.grad[4:].any())


def test_states_move_with_the_network_and_keep_their_type() -> None:
    module = network()
    module(drive("LIF", 3, 2, 5))
    moved = copy.deepcopy(module).to("meta")
    assert all(value.is_meta for value in functional.states(moved).values())
    assert all(v.dtype == torch.float32 for v in functional.states(module.half()).values())


def test_the_torch_backend_has_second_derivatives() -> None:
    x = drive("LIF", 5, 2, 3).double().requires_grad_()
    module = neuron.LIF(backend="torch", keep_states=False)
    (first,) = torch.autograd.grad(module(x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), x)
    assert bool(second.isfinite().all())
    assert bool(second.any())
