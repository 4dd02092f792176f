"""Online rules: the gradient of the whole where it can be had, in memory that does not grow."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from snncore import functional, layer, learning, neuron


def spikes(steps: int) -> Tensor:
    return (torch.rand(steps, 4, 6, generator=torch.Generator().manual_seed(0)) < 0.4).float()


def network(reset: str = "none") -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        layer.Linear(6, 5), neuron.LIF(tau=4.0, threshold=0.3, reset=reset), layer.Linear(5, 2)
    )


@pytest.mark.parametrize("decay_input", [True, False])
def test_without_a_reset_one_layers_gradient_is_that_of_the_whole(decay_input: bool) -> None:
    def make() -> nn.Sequential:
        net = network()[:2]
        net[1] = neuron.LIF(tau=4.0, threshold=0.3, reset="none", decay_input=decay_input)
        return net

    x, whole = spikes(10), make()
    whole(x).square().sum().backward()
    stepping = learning.online(make(), decay=1 - 1 / 4)
    outputs = []
    for output in learning.steps_online(stepping, x):
        outputs.append(output.detach())
        output.square().sum().backward()
    functional.reset(whole)
    assert torch.equal(torch.stack(outputs), whole(x))
    assert 0 < torch.stack(outputs).mean() < 1
    for mine, theirs in zip(stepping.parameters(), whole.parameters(), strict=True):
        assert torch.allclose(mine.grad, theirs.grad, atol=1e-5)
        assert mine.grad.abs().sum() > 0


def most_saved(run: Any) -> int:
    """Return the most numbers that autograd keeps at a time."""
    count, most = 0, 0

    class Kept:
        def __init__(self, value: Tensor) -> None:
            nonlocal count, most
            self.value = value
            count += value.numel()
            most = max(most, count)

        def __del__(self) -> None:
            nonlocal count
            count -= self.value.numel()

    with torch.autograd.graph.saved_tensors_hooks(Kept, lambda saved: saved.value):
        run()
    return most


def test_memory_does_not_grow_with_steps() -> None:
    def train(steps: int) -> None:
        for output in learning.steps_online(learning.online(network("hard"), 0.75), spikes(steps)):
            output.square().sum().backward()

    def through_time(steps: int) -> None:
        network("hard")(spikes(steps)).square().sum().backward()

    assert most_saved(lambda: train(40)) == most_saved(lambda: train(4))
    assert most_saved(lambda: through_time(40)) > 5 * most_saved(lambda: through_time(4))


def labelled() -> tuple[Tensor, Tensor]:
    """Return inputs, and which of their two halves is more active."""
    generator = torch.Generator().manual_seed(1)
    labels = torch.randint(0, 2, (64,), generator=generator)
    rates = torch.full((64, 6), 0.15)
    for index, label in enumerate(labels.tolist()):
        rates[index, 3 * label : 3 * label + 3] = 0.6
    return (torch.rand(12, 64, 6, generator=generator) < rates).float(), labels


@pytest.mark.parametrize("every_step", [True, False])
def test_online_training_learns(every_step: bool) -> None:
    net, (x, labels) = learning.online(network("hard"), decay=0.75), labelled()
    optimizer = torch.optim.Adam(net.parameters(), 1e-2 if every_step else 5e-2)
    losses = []
    for _ in range(20):
        total = 0.0
        for output in learning.steps_online(net, x):
            loss = nn.functional.cross_entropy(output, labels) / len(x)
            loss.backward()
            total += loss.item()
            if every_step:
                optimizer.step()
                optimizer.zero_grad()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(total)
    assert losses[-1] < 0.7 * losses[0]


def test_fptt_is_the_papers_update() -> None:
    weight = nn.Parameter(torch.tensor([1.0, -2.0]))
    fptt = learning.FPTT([weight], alpha=0.5)
    assert fptt.penalty().item() == 0
    with torch.no_grad():
        weight += torch.tensor([0.4, 0.0])
    fptt.update()
    assert fptt.gradients[0].tolist() == pytest.approx([-0.2, 0.0])
    assert fptt.means[0].tolist() == pytest.approx([1.2 + 0.2, -2.0])
    expected = 0.25 * ((1.4 - 1.4) ** 2) + 1.4 * 0.2
    assert fptt.penalty().item() == pytest.approx(expected)
    (slope,) = torch.autograd.grad(fptt.penalty(), weight)
    # The penalty pulls to the mean, and carries the last gradient on.
    assert slope.tolist() == pytest.approx([0.5 * (1.4 - 1.4) + 0.2, 0.0])
    fptt.reset()
    assert fptt.penalty().item() == 0


def test_fptt_finds_the_minimum_of_a_loss() -> None:
    weight, target = nn.Parameter(torch.zeros(3)), torch.tensor([1.0, -2.0, 0.5])
    fptt = learning.FPTT([weight], alpha=0.5)
    optimizer = torch.optim.SGD([weight], 0.2)
    for _ in range(300):
        optimizer.zero_grad()
        ((weight - target).square().sum() / 2 + fptt.penalty()).backward()
        optimizer.step()
        fptt.update()
    assert torch.allclose(weight, target, atol=1e-2)


def test_fptt_trains_a_network_in_every_step() -> None:
    net, (x, labels) = network("hard"), labelled()
    functional.set_step_mode(net, "s")
    fptt = learning.FPTT(net.parameters(), alpha=0.5)
    optimizer = torch.optim.Adam(net.parameters(), 5e-3)
    losses = []
    for _ in range(20):
        total = 0.0
        for output in learning.steps_online(net, x):
            loss = nn.functional.cross_entropy(output, labels)
            optimizer.zero_grad()
            (loss + fptt.penalty()).backward()
            optimizer.step()
            fptt.update()
            total += loss.item()
        losses.append(total)
    assert losses[-1] < 0.7 * losses[0]


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match=r"decay: 1.5 is not in 0..1"):
        learning.online(layer.Linear(1, 1), decay=1.5)
    with pytest.raises(ValueError, match="alpha: 0 is not positive"):
        learning.FPTT([], alpha=0)
