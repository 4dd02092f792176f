"""Every public neuron and layer: its reset, its step modes, its state dict and its model file."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
from snncore import functional, layer, neuron
from tests.conformance.networks import Case
from tests.conformance.table_rows import chain
from tests.conformance.test_table import ABSTRACT, ROWS, has_izhikevich

STEPS = 8
PUBLIC = {name for name in (*layer.__all__, *neuron.__all__) if name[0].isupper()} - ABSTRACT
# The rows' networks, and those of layers that their functions stand for.
MAKES: dict[str, Callable[[], Any]] = {
    f"{row} {index}": make for row, makes in ROWS.items() for index, make in enumerate(makes)
}


class Joined(nn.Module):
    """Parts of an image, and their concatenation."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = layer.Chunk(2, 0), layer.Slice(0, 1, 2)
        self.both, self.fire = layer.Concat(), neuron.LIF(threshold=0.5)

    def forward(self, x: Tensor) -> Tensor:
        fired: Tensor = self.fire(self.both(self.first(x), self.second(x)))
        return fired


MAKES |= {
    "Chunk, Slice, Concat": lambda: (Joined(), (2, 4, 4)),
    "StepBatchNorm3d": lambda: chain((2, 3, 3, 3), layer.StepBatchNorm3d(2, steps=STEPS)),
    "Steps of ours": lambda: chain(
        (6,), layer.Steps(nn.Sequential(layer.Linear(6, 8), neuron.LIF(step_mode="s")))
    ),
    "both ways": lambda: chain((6,), layer.SpikingRNN(6, 4, bidirectional=True)),
}
# These compute with later steps too.
WHOLE = ("PSN", "TemporalAttention", "MultiDimensionalAttention")
# Layers of torch's own, and a code over time of spikes, have no place in our files.
NOT_SAVED = {
    "`Sequence`, `TimeDistributed` 0": "TimeDistributed is not a layer that can be exported",
    "`Sequence`, `TimeDistributed` 1": "TimeDistributed is not a layer that can be exported",
    "`Steps` 0": "Linear is not a layer that can be saved",
    "the first spike of values that are not spikes, `decoding.phase` 1": "phase is not",
}


def network_of(make: Callable[[], Any]) -> tuple[nn.Module, Tensor]:
    """Return a network that was trained on one batch, and spikes for it."""
    torch.manual_seed(0)
    network, shape = make()
    # Makers may share layers.
    network = copy.deepcopy(network)
    functional.set_backend(network, "torch")
    for module in network.modules():
        if type(module) is neuron.LIF:
            # A spike a step comes close to a threshold of one, and never reaches it.
            module.threshold *= 0.75
    x = (torch.rand(STEPS, 3, *shape) < 0.5).float()
    weights = [weight for weight in network.parameters() if weight.ndim > 1]
    size = 30 if has_izhikevich(network) else 1
    with torch.no_grad():
        for _ in range(20):
            for weight in weights:
                weight.normal_(0.3 * size, size)
            functional.reset(network)
            if network(x).any():
                break
    functional.reset(network)
    return network.eval(), x


def is_public(module: nn.Module) -> bool:
    """Return whether a module is one of ours; torch has a Linear too."""
    return type(module).__name__ in PUBLIC and type(module).__module__.startswith("snncore.")


def called(network: nn.Module, x: Tensor) -> Iterator[tuple[nn.Module, tuple[Tensor, ...]]]:
    """Yield the public layers that are called with sequences, and what each is given."""
    stepping = (layer.Recurrent, layer.Steps)
    containers = [each for each in network.modules() if isinstance(each, stepping)]
    within = {part for each in containers for part in each.modules()} - set(containers)
    inputs: dict[nn.Module, tuple[Tensor, ...]] = {}
    hooks = []
    for module in network.modules():
        if is_public(module) and module not in within:
            hooks.append(module.register_forward_pre_hook(inputs.__setitem__))
    network(x)
    for hook in hooks:
        hook.remove()
    functional.reset(network)
    yield from inputs.items()


def with_other_numbers(network: nn.Module) -> nn.Module:
    """Return a copy whose parameters and statistics are others."""
    other = copy.deepcopy(network)
    for value in other.state_dict().values():
        value.mul_(0.5).add_(1) if value.is_floating_point() else value.add_(1)
    return other


NAMES = [name for name, make in MAKES.items() if not isinstance(make(), Case)]


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_a_layer_resets_steps_and_is_kept(name: str, tmp_path: Path) -> None:
    network, x = network_of(MAKES[name])
    output = network(x)
    assert output.any()
    functional.reset(network)
    assert functional.states(network) == {}
    assert torch.equal(network(x), output)
    functional.reset(network)
    other = with_other_numbers(network)
    other.load_state_dict(network.state_dict())
    assert torch.equal(other(x), output)
    if name in NOT_SAVED:
        with pytest.raises(nd.NeurodeployError, match=NOT_SAVED[name]) as refusal:
            nd.save(network, tmp_path / "model.pt", example=x)
        assert refusal.value.remedy
    else:
        nd.save(network, tmp_path / "model.pt", example=x)
        assert torch.equal(nd.load(tmp_path / "model.pt")(x), output)
    for module, inputs in called(network, x):
        require_steps(module, inputs)


def require_steps(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    """Check that a layer computes step by step what it computes of a sequence, or refuses to."""
    kind = type(module).__name__
    # A container's part may have been run with it.
    functional.reset(module)
    whole = module(*inputs)
    single = copy.deepcopy(module)
    functional.reset(single)
    functional.set_step_mode(single, "s")
    if kind in WHOLE or getattr(module, "bidirectional", False):
        with pytest.raises(ValueError, match=rf"{kind}.*\b(takes \(8|sequences|all steps)"):
            single(*(each[0] for each in inputs))
        return
    steps = torch.stack([single(*(each[t] for each in inputs)) for t in range(STEPS)])
    if isinstance(module, neuron.Neuron):
        assert torch.equal(steps, whole), kind
    # A product of matrices of another size sums in another order.
    assert torch.allclose(steps, whole, rtol=1e-5, atol=1e-5), kind
    assert whole.shape == steps.shape


def test_every_neuron_and_layer_is_among_them() -> None:
    modules = [each for name in NAMES for each in MAKES[name]()[0].modules()]
    kinds = {type(each).__name__ for each in modules if is_public(each)}
    assert PUBLIC - kinds == set()
    assert len(PUBLIC) > 90
