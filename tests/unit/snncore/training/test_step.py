"""Steps of training, and runs that go on to the same bits."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from snncore import functional, layer, loss, neuron, training


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        layer.Linear(6, 16),
        layer.BatchNorm1d(16),
        neuron.ParametricLIF(threshold=0.3),
        layer.Dropout(0.2),
        layer.Linear(16, 3),
    )


def batch(seed: int = 0, count: int = 12) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = (torch.rand(4, count, 6, generator=generator) < 0.5).float()
    return x, torch.randint(0, 3, (count,), generator=generator)


def test_batches_add_up_to_the_whole() -> None:
    results = []
    for pieces in (1, 3):
        net = nn.Sequential(layer.Linear(6, 16), neuron.LIF(threshold=0.3), layer.Linear(16, 3))
        net.load_state_dict(torch.nn.Sequential(*net).state_dict())
        torch.manual_seed(0)
        for parameter in net.parameters():
            nn.init.normal_(parameter, 0, 0.5)
        x, labels = batch()
        batches = list(zip(x.chunk(pieces, 1), labels.chunk(pieces), strict=True))
        optimizer = torch.optim.SGD(net.parameters(), 0.5)
        value = training.training_step(net, optimizer, batches, loss.rate_cross_entropy)
        results.append((value, [parameter.detach() for parameter in net.parameters()]))
        assert not net[1].states
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-5)
    for mine, theirs in zip(results[0][1], results[1][1], strict=True):
        assert torch.allclose(mine, theirs, atol=1e-6)


def test_gradients_are_clipped() -> None:
    net = network()
    before = [parameter.detach().clone() for parameter in net.parameters()]
    optimizer = torch.optim.SGD(net.parameters(), 1.0)
    training.training_step(net, optimizer, [batch()], loss.rate_cross_entropy, largest_norm=0.01)
    pairs = zip(before, net.parameters(), strict=True)
    moved = torch.stack([(new - old).norm() for old, new in pairs]).norm()
    assert moved.item() == pytest.approx(0.01, rel=1e-3)


def test_autocast_learns() -> None:
    net, data = network(), batch(count=64)
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    kinds = set()
    net[2].register_forward_hook(lambda m, inputs, spikes: kinds.add(spikes.dtype))
    losses = [
        training.training_step(
            net, optimizer, [data], loss.rate_cross_entropy, autocast=torch.bfloat16
        )
        for _ in range(30)
    ]
    assert losses[-1] < 0.9 * losses[0]
    assert torch.bfloat16 in kinds


def test_a_scaler_is_part_of_a_run(tmp_path: Path) -> None:
    def once(net: nn.Module, optimizer: Any, scaler: Any) -> None:
        training.training_step(
            net,
            optimizer,
            [batch()],
            loss.rate_cross_entropy,
            autocast=torch.bfloat16,
            scaler=scaler,
            largest_norm=1.0,
        )

    results = []
    for resumed in (False, True):
        net = network()
        optimizer = torch.optim.SGD(net.parameters(), 0.1)
        scaler = torch.amp.GradScaler("cpu", init_scale=64.0, growth_interval=2)
        once(net, optimizer, scaler)
        if resumed:
            training.save_run(tmp_path / "run.npz", net, optimizer, scaler=scaler)
            net, scaler = network(), torch.amp.GradScaler("cpu", init_scale=2.0)
            optimizer = torch.optim.SGD(net.parameters(), 0.1)
            training.load_run(tmp_path / "run.npz", net, optimizer, scaler=scaler)
        once(net, optimizer, scaler)
        results.append((scaler.get_scale(), [p.detach().clone() for p in net.parameters()]))
    assert results[0][0] == results[1][0] == 128.0
    assert all(torch.equal(a, b) for a, b in zip(results[0][1], results[1][1], strict=True))


def run(net: nn.Module, *parts: Any, steps: range) -> list[Tensor]:
    optimizer, scheduler = parts
    for step in steps:
        noise = torch.randn(()) + random.random() + np.random.random()  # noqa: NPY002
        x, labels = batch(step)
        training.training_step(net, optimizer, [(x * noise, labels)], loss.rate_cross_entropy)
        scheduler.step()
    return [value.clone() for value in net.state_dict().values()]


def parts() -> tuple[nn.Module, Any, Any]:
    net = network()
    optimizer = torch.optim.AdamW(
        [{"params": net[0].parameters(), "lr": 0.01}, {"params": net[2:].parameters()}], 0.02
    )
    return net, optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)


def test_a_run_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    net, optimizer, scheduler = parts()
    run(net, optimizer, scheduler, steps=range(3))
    training.save_run(path, net, optimizer, scheduler=scheduler, progress={"epoch": 3})
    expected = run(net, optimizer, scheduler, steps=range(3, 6))
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]
    random.random()
    torch.rand(3)
    net, optimizer, scheduler = parts()
    assert training.load_run(path, net, optimizer, scheduler=scheduler) == {"epoch": 3}
    values = run(net, optimizer, scheduler, steps=range(3, 6))
    assert all(torch.equal(a, b) for a, b in zip(expected, values, strict=True))
    # Without it, other bits come out.
    other = run(*parts(), steps=range(3, 6))
    assert not all(torch.equal(a, b) for a, b in zip(expected, other, strict=True))


def test_a_run_of_other_parts_is_refused(tmp_path: Path) -> None:
    net, optimizer, scheduler = parts()
    training.save_run(tmp_path / "run.npz", net, optimizer)
    with pytest.raises(ValueError, match="scheduler: the run has none"):
        training.load_run(tmp_path / "run.npz", net, optimizer, scheduler=scheduler)
    np.savez(tmp_path / "other.npz", a=np.zeros(2))
    with pytest.raises(ValueError, match="holds no run"):
        training.load_run(tmp_path / "other.npz", net, optimizer)
    with pytest.raises(ValueError, match="object is not plain data"):
        training.save_run(tmp_path / "x.npz", net, optimizer, progress={"a": object()})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.npz", "run.npz"]


def test_every_type_of_tensor_is_kept(tmp_path: Path) -> None:
    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name in ("float16", "bfloat16", "float64", "int64", "bool"):
                kind = getattr(torch, name)
                self.register_buffer(f"of_{name}", torch.tensor([[0.0, 1.0, 1.0]]).to(kind))
            self.register_buffer("empty", torch.zeros(0, 3))
            self.register_buffer("scalar", torch.tensor(7))
            self.weight = nn.Parameter(torch.ones(1))

    holder, again = Holder(), Holder()
    optimizer = torch.optim.SGD(holder.parameters(), 0.1)
    training.save_run(tmp_path / "run.npz", holder, optimizer)
    for value in again.state_dict().values():
        value.zero_()
    training.load_run(tmp_path / "run.npz", again, optimizer)
    for name, value in holder.state_dict().items():
        assert again.state_dict()[name].dtype == value.dtype
        assert torch.equal(again.state_dict()[name], value)


def test_no_batches_are_refused() -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    with pytest.raises(ValueError, match="there are no batches"):
        training.training_step(net, optimizer, [], loss.rate_cross_entropy)
    functional.reset(net)
