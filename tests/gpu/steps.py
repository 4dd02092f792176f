"""Training steps on a GPU: compiled kernels start at once, or as one graph."""

from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor, distributed, nn
from torch.nn import functional as F

from snncore import functional, layer, models, neuron, training
from snncore.layer.norm.synchronized import synchronized_batch_norm
from tests.gpu.backends import DEVICE, on_gpu

BACKENDS = on_gpu()


@pytest.mark.parametrize("backend", BACKENDS)
def test_places_of_every_alignment_have_the_same_spikes(backend: str) -> None:
    torch.use_deterministic_algorithms(False)
    module = neuron.LIF(backend=backend, keep_states=False)
    whole = torch.randn(4 * 1024 + 16, device=DEVICE) * 2
    for kind in (torch.float32, torch.float16):
        typed = whole.to(kind)
        expected = module(typed[: 4 * 1024].view(4, 1, 1024).clone())
        assert bool(expected.any())
        for shift in (0, 1, 4, 8, 3, 16, 0):
            moved = torch.empty_like(typed)
            moved[shift : shift + 4 * 1024] = typed[: 4 * 1024]
            x = moved[shift : shift + 4 * 1024].view(4, 1, 1024).requires_grad_()
            spikes = module(x)
            assert torch.equal(spikes, expected), shift
            spikes.sum().backward()


def test_a_synchronized_norm_is_torchs_of_all_samples(tmp_path: Path) -> None:
    torch.use_deterministic_algorithms(False)
    distributed.init_process_group("nccl", f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        for kind in (torch.float32, torch.float16):
            x = torch.randn(16, 24, 9, 7, device=DEVICE).to(kind)
            weigh, results = torch.randn_like(x), []
            for function in (synchronized_batch_norm, F.batch_norm):
                leaf = x.clone().requires_grad_()
                running = torch.zeros(24, device=DEVICE), torch.ones(24, device=DEVICE)
                weight = torch.linspace(0.5, 2, 24, device=DEVICE, requires_grad=True)
                bias = torch.linspace(-1, 1, 24, device=DEVICE, requires_grad=True)
                more = () if function is synchronized_batch_norm else (True,)
                result = function(leaf, *running, weight, bias, *more, 0.1, 1e-5)
                gradients = torch.autograd.grad((result * weigh).sum(), [leaf, weight, bias])
                results.append([result, *gradients, *running])
            for mine, theirs in zip(*results, strict=True):
                off = (mine.double() - theirs.double()).norm() / theirs.double().norm()
                assert off < (1e-5 if kind == torch.float32 else 2e-3), kind
    finally:
        distributed.destroy_process_group()


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        layer.Linear(64, 256),
        layer.BatchNorm1d(256),
        neuron.ParametricLIF(threshold=0.4),
        layer.Dropout(0.0),
        layer.Linear(256, 10),
    ).to(DEVICE)


def loss(outputs: Tensor, target: Tensor) -> Tensor:
    return nn.functional.cross_entropy(outputs.mean(0).float(), target)


def batches(count: int, *shape: int) -> list[tuple[Tensor, Tensor]]:
    draw = torch.Generator(DEVICE).manual_seed(1)
    inputs = torch.rand((count, *shape), generator=draw, device=DEVICE) * 2
    target = torch.arange(shape[1], device=DEVICE) % 10
    return [(x, target) for x in inputs]


@pytest.mark.parametrize("autocast", [None, torch.bfloat16, torch.float16])
def test_a_captured_step_trains_as_an_eager_one(autocast: torch.dtype | None) -> None:
    torch.use_deterministic_algorithms(False)
    values = {}
    for name in ("eager", "captured"):
        net = network()
        optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
        scaler = torch.amp.GradScaler("cuda") if autocast == torch.float16 else None
        options = {"autocast": autocast, "scaler": scaler}
        pairs = batches(6, 5, 32, 64)
        values[name] = []
        step = training.CapturedStep(net, loss, *pairs[0], **options)
        for x, target in pairs:
            if name == "eager":
                value = training.training_step(net, optimizer, [(x, target)], loss, **options)
            else:
                optimizer.zero_grad(set_to_none=True)
                value = float(step(x, target))
                (optimizer if scaler is None else scaler).step(*([optimizer] if scaler else []))
                if scaler is not None:
                    scaler.update()
            values[name].append(value)
    assert values["captured"] == pytest.approx(values["eager"], rel=1e-3)
    assert values["captured"][-1] < values["captured"][0]


@pytest.mark.parametrize("fuse", [False, True])
def test_a_captured_residual_network_trains_as_an_eager_one(fuse: bool) -> None:
    torch.use_deterministic_algorithms(False)
    fires = partial(neuron.LIF, threshold=0.5, detach_reset=True)
    ((x, target),) = batches(1, 4, 16, 3, 32, 32)
    torch.manual_seed(0)
    net, twin = (
        models.sew_resnet18(10, width=16, small_images=True, neuron=fires).to(DEVICE)
        for _ in range(2)
    )
    if fuse:
        training.fuse_norms(net)
        training.fuse_norms(twin)
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    step = training.CapturedStep(net, loss, x, target)
    losses = []
    for _ in range(12):
        losses.append(float(step(x, target)))
        captured = {key: value.grad.clone() for key, value in net.named_parameters()}
        # At the same weights: rounding of an update may flip a spike, and losses part from there.
        twin.load_state_dict(net.state_dict())
        functional.reset(twin)
        eager = loss(twin(x), target)
        assert losses[-1] == pytest.approx(float(eager.detach()), rel=1e-5)
        gradients = torch.autograd.grad(eager, [*twin.parameters()])
        for (key, value), other in zip(captured.items(), gradients, strict=True):
            largest = float(other.abs().max())
            assert float((value - other).abs().max()) <= 1e-3 * largest, (key, largest)
        optimizer.step()
    assert step.outputs.shape == (4, 16, 10)
    assert losses[-1] < losses[0] - 0.02
