"""A captured step, with a graph that runs Python again and writes where the first run wrote."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from snncore import encoding, functional, layer, models, neuron, training
from snncore.training import capture


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        layer.Conv2d(1, 4, 3, padding=1, bias=False),
        layer.BatchNorm2d(4),
        neuron.LIF(threshold=0.4),
        layer.Flatten(),
        layer.Linear(4 * 36, 3),
    )


def loss(outputs: Tensor, target: Tensor) -> Tensor:
    return nn.functional.cross_entropy(outputs.mean(0), target)


class Repeated:
    """On a CPU: what was captured is run again, its results written to the same memory."""

    def __init__(self, net: nn.Module, steps: list["training.CapturedStep"]) -> None:
        self.net, self.steps, self.times = net, steps, 0

    def warm(self, run: Callable[[], None]) -> None:
        run()

    def capture(self, run: Callable[[], None]) -> None:
        self.run = run
        run()

    def replay(self) -> None:
        (step,) = self.steps
        places = [*step._gradients, step.outputs, step._value]
        for parameter in self.net.parameters():
            parameter.grad = None
        self.run()
        values = [p.grad for p in self.net.parameters()] + [step.outputs, step._value]
        for target, value in zip(places, values, strict=True):
            target.copy_(value.detach())
        step.outputs, step._value = places[-2:]
        self.times += 1


def captured(
    net: nn.Module, x: Tensor, target: Tensor, monkeypatch: pytest.MonkeyPatch
) -> training.CapturedStep:
    steps: list[training.CapturedStep] = []
    monkeypatch.setattr(capture, "_Graph", lambda _: Repeated(net, steps))
    steps.append(training.CapturedStep(net, loss, x, target))
    return steps[0]


def batches(count: int) -> list[tuple[Tensor, Tensor]]:
    draw = torch.Generator().manual_seed(1)
    inputs = torch.rand(count, 5, 4, 1, 6, 6, generator=draw) * 3
    return [(x, torch.randint(0, 3, (4,), generator=draw)) for x in inputs]


def test_losses_and_weights_are_those_of_training_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, net = network(), network()
    pairs = [(n, torch.optim.SGD(n.parameters(), 0.1, momentum=0.9)) for n in (plain, net)]
    data = batches(4)
    step = captured(net, *data[0], monkeypatch)
    losses, expected = [], []
    for x, target in data:
        expected.append(training.training_step(*pairs[0], [(x, target)], loss))
        # Forgetting gradients as None must not hide the new ones from the optimizer.
        pairs[1][1].zero_grad(set_to_none=True)
        losses.append(float(step(x, target)))
        pairs[1][1].step()
    assert losses == expected
    assert len(set(losses)) == 4
    assert step._graph.times == 4
    for name, value in plain.state_dict().items():
        assert torch.equal(net.state_dict()[name], value), name


def test_capturing_leaves_the_network_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    net = network()
    net[0].weight.grad = torch.ones_like(net[0].weight)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    drawn = torch.get_rng_state()
    step = captured(net, *batches(1)[0], monkeypatch)
    assert torch.equal(torch.get_rng_state(), drawn)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert torch.equal(net[0].weight.grad, torch.ones_like(net[0].weight))
    assert net[4].weight.grad is None
    assert not functional.states(net)
    assert step.outputs.shape == (5, 4, 3)


def test_a_batch_of_another_form_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ((x, target),) = batches(1)
    step = captured(network(), x, target, monkeypatch)
    with pytest.raises(ValueError, match=r"x is \(4, 4, 1, 6, 6\) .* \(capture one for each form"):
        step(x[:4], target)
    with pytest.raises(ValueError, match=r"target is \(4,\) of torch.int32"):
        step(x, target.int())
    with pytest.raises(ValueError, match="with equal steps, and"):
        step(encoding.direct(x[0], 5), target)


def test_equal_steps_stay_one_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    net = network()
    (first, target), (second, _) = batches(2)
    step = captured(net, encoding.direct(first[0], 5), target, monkeypatch)
    assert step._x.stride(0) == 0
    expected = training.training_step(
        plain := network(),
        torch.optim.SGD(plain.parameters(), 0.0),
        [(encoding.direct(second[0], 5), target)],
        loss,
    )
    assert float(step(encoding.direct(second[0], 5), target)) == expected


def test_a_cpu_and_other_processes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ((x, target),) = batches(1)
    with pytest.raises(ValueError, match=r"the batch is on cpu \(use training_step\)"):
        training.CapturedStep(network(), loss, x, target)

    class Sharded(nn.Identity):
        def set_requires_gradient_sync(self, enabled: bool) -> None:
            raise AssertionError(enabled)

    with pytest.raises(ValueError, match="Sharded talks to other processes"):
        training.CapturedStep(Sharded(), loss, x, target)
    monkeypatch.setattr(capture, "is_distributed", lambda: True)
    net = network()
    functional.synchronize(net)
    with pytest.raises(ValueError, match=r"batch norms that talk .*functional.synchronize"):
        training.CapturedStep(net, loss, x, target)


def test_a_whole_residual_network(monkeypatch: pytest.MonkeyPatch) -> None:
    make = partial(models.spiking_resnet18, 3, width=4, channels=1, small_images=True)
    torch.manual_seed(0)
    net = make(neuron=partial(neuron.LIF, threshold=0.2))
    training.fuse_norms(net)
    data = batches(2)
    step = captured(net, *data[0], monkeypatch)
    values = [float(step(*pair)) for pair in data]
    assert values[0] != values[1]
    assert all(parameter.grad is not None for parameter in net.parameters())
