"""Memory of large results is used again, and only when nobody has it."""

import gc

import torch

from snncore import neuron
from snncore.kernels.cpp.memory import Arena

SHAPE = (4, 1 << 18)


def test_memory_is_handed_out_again_when_its_tensor_is_gone() -> None:
    arena = Arena()
    first = arena.empty(SHAPE, torch.float32)
    address = first.data_ptr()
    part = first[1:]
    del first
    second = arena.empty(SHAPE, torch.float32)
    assert second.data_ptr() != address
    assert arena.kept == 0
    del part
    gc.collect()
    assert arena.kept == second.nbytes
    third = arena.empty((1 << 20,), torch.float32)
    assert third.data_ptr() == address
    assert arena.kept == 0


def test_no_more_is_kept_than_it_may() -> None:
    arena = Arena(most=9 << 20)
    tensors = [arena.empty(SHAPE, torch.float32) for _ in range(5)]
    tensors.clear()
    gc.collect()
    assert 0 < arena.kept <= 9 << 20
    assert arena.empty((5, 1 << 20), torch.float64).numel() == 5 << 20
    gc.collect()
    assert arena.kept <= 9 << 20


def test_new_memory_is_poisoned_where_torch_does_it() -> None:
    assert bool(Arena().empty(SHAPE, torch.float32).isnan().all())


def test_large_layers_compute_the_same_round_after_round() -> None:
    x = torch.randn(5, 1, 1 << 17)
    expected = neuron.LIF(backend="torch", keep_states=False)(x)
    module = neuron.LIF(backend="cpp", keep_states=False)
    results = [module(x) for _ in range(3)]
    for _ in range(3):
        results.append(module(x))
        results.pop(0)
    assert all(torch.equal(spikes, expected) for spikes in results)
