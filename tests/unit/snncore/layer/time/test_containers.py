"""Containers, feedback, delays, filters: step by step is layer by layer, bit for bit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.frontend.from_torch import graph_of
from neurodeploy.simulator.floats import run_floats
from snncore import encoding, functional, layer, neuron
from snncore.dynamics import select, spike


def spikes(*shape: int, rate: float = 0.5) -> Tensor:
    return (torch.rand(*shape, generator=torch.Generator().manual_seed(1)) < rate).float()


def mixed() -> nn.Module:
    """Build a network of every kind of layer."""
    return layer.Sequence(
        nn.Conv2d(2, 4, 3, padding=1),
        layer.BatchNorm2d(4),
        neuron.LIF(threshold=0.3),
        layer.Residual(nn.Sequential(layer.Conv2d(4, 4, 1), neuron.IF(0.5)), join="iand"),
        layer.Delay([0, 1, 2, 1]),
        layer.MaxPool2d(2),
        layer.Flatten(),
        layer.Dropout(0.2),
        layer.SynapticFilter(3.0),
        layer.Linear(16, 8),
        layer.Recurrent(neuron.LIF(threshold=0.2), layer.Linear(8, 8)),
        layer.Recurrent(neuron.IF(threshold=0.7)),
        layer.Steps(nn.Sequential(layer.Linear(8, 5), neuron.CubaLIF(0.2, step_mode="s"))),
        layer.BatchNorm1d(5),
    )


def test_step_by_step_is_layer_by_layer_to_the_bit() -> None:
    torch.manual_seed(0)
    network, x = mixed().eval(), spikes(7, 3, 2, 4, 4)
    whole = network(x)
    functional.reset(network)
    chunks = torch.cat([network(x[:3]), network(x[3:])])
    functional.reset(network)
    functional.set_step_mode(network, "s")
    steps = torch.stack([network(step) for step in x])
    assert 0.1 < whole.mean() < 0.9
    assert torch.equal(chunks, whole)
    assert torch.equal(steps, whole)
    functional.set_step_mode(network, "m")
    functional.reset(network)
    assert torch.equal(network(x), whole)


def test_steps_that_are_all_alike_are_computed_once() -> None:
    def make() -> nn.Sequential:
        torch.manual_seed(0)
        return nn.Sequential(
            layer.Conv2d(2, 4, 3, padding=1),
            layer.BatchNorm2d(4),
            layer.SumPool2d(2),
            layer.Flatten(),
            layer.Linear(16, 5),
            layer.BatchNorm1d(5),
            neuron.LIF(threshold=0.2),
        )

    image = torch.rand(3, 2, 4, 4, generator=torch.Generator().manual_seed(1))
    shared, copied = make(), make()
    steps = []
    for module in shared:
        module.register_forward_hook(lambda m, inputs, result: steps.append(result.stride(0)))
    x = encoding.direct(image, 6)
    outputs = shared(x), copied(x.clone())
    assert steps[:6] == [0] * 6
    assert steps[6] > 0
    assert 0 < outputs[0].mean() < 1
    assert torch.equal(*outputs)
    for network, result in zip((shared, copied), outputs, strict=True):
        result[2:].sum().backward()
        assert network[0].weight.grad.abs().sum() > 0
    for mine, theirs in zip(shared.parameters(), copied.parameters(), strict=True):
        assert torch.allclose(mine.grad, theirs.grad, atol=1e-5)


def test_a_sequence_hands_torchs_modules_single_steps() -> None:
    network = layer.Sequence(nn.Conv2d(2, 3, 3), nn.ReLU(), layer.Flatten(), nn.Identity())
    kinds = [type(part).__name__ for part in network]
    assert kinds == ["TimeDistributed", "TimeDistributed", "Flatten", "Identity"]
    x = spikes(3, 2, 2, 4, 4)
    expected = torch.stack([network[0].module(step).relu().flatten(1) for step in x])
    assert torch.allclose(network(x), expected, atol=1e-6)


def test_feedback_is_the_last_output() -> None:
    class Double(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return 2 * x

    assert layer.Recurrent(Double())(torch.ones(3, 1, 1)).flatten().tolist() == [2, 6, 14]
    learned = layer.Linear(1, 1, bias=False)
    with torch.no_grad():
        learned.weight.fill_(-0.5)
    assert layer.Recurrent(Double(), learned)(torch.ones(3, 1, 1)).flatten().tolist() == [2, 0, 2]


@neuron.define(states={"v": 0.0}, params={"decay": 0.3}, inputs=2)
def fed_neuron(v: Any, x: Any, fed: Any, *, decay: Any) -> Any:
    """A neuron whose feedback is rounded into its voltage after the input."""
    h = decay * v + x + fed
    s = spike(h - 1.0, strict=True)
    return select(s, 0.0, h), s


def test_separate_feedback_is_an_input_of_its_own(tmp_path: Path) -> None:
    torch.manual_seed(0)
    feedback = layer.Linear(6, 6)
    network = nn.Sequential(layer.Recurrent(fed_neuron(), feedback, separate=True))
    x = torch.randn(12, 4, 6)
    v, s = torch.zeros(4, 6), torch.zeros(4, 6)
    with torch.no_grad():
        expected = []
        for step in x:
            # The bias of the feedback counts in the first step too.
            h = 0.3 * v + step + feedback(s)
            s = (h > 1).float()
            v = torch.where(s > 0, 0.0, h)
            expected.append(s)
        assert torch.equal(network(x), torch.stack(expected))
        assert 0 < network[0].states["output"].sum() < 24
        nd.save(network, tmp_path / "model.pt", example=x)
        assert torch.equal(nd.load(tmp_path / "model.pt")(x), torch.stack(expected))


def test_separate_feedback_is_an_input_of_the_graphs_neurons() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(layer.Recurrent(fed_neuron(), layer.Linear(6, 6), separate=True))
    x = torch.randn(12, 4, 6)
    sent = network(x).detach().numpy()
    graph = graph_of(network, shape=(6,))
    assert [edge.source for edge in graph.by_name["0"].sources] == ["input", "0.feedback"]
    assert 20 < sent.sum() < 250
    assert (run_floats(graph, x.numpy()).output == sent).all()
    alone = nn.Sequential(layer.Recurrent(neuron.LIF(threshold=0.5)))
    sent = alone(x).numpy()
    assert 20 < sent.sum() < 250
    assert (run_floats(graph_of(alone, shape=(6,)), x.numpy()).output == sent).all()


@pytest.mark.parametrize("target", ["onnx", "int16"])
def test_separate_feedback_joins_what_drives_a_chips_neurons(target: str) -> None:
    torch.manual_seed(0)
    recurrent = layer.Recurrent(fed_neuron(), layer.Linear(6, 6), separate=True)
    network = nn.Sequential(layer.Linear(6, 6), recurrent)
    x = spikes(12, 4, 6)
    prepared = quant.prepare(network, target=target, example=x).eval()
    sent = prepared(x).detach()
    assert 20 < sent.sum() < 250
    if target == "int16":
        assert torch.equal(sent, network(x))
    program = nd.lower(prepared, example=x)
    assert (nd.simulate(program, x).output == sent.numpy()).all()


@neuron.define(states={"v": 0.0}, params={}, inputs=2)
def gated_neuron(v: Any, x: Any, gate: Any) -> Any:
    """A neuron whose second input opens a gate."""
    h = select(gate > 0.5, v, v + x)
    return h, spike(h - 1.0)


def test_feedback_that_is_no_part_of_a_sum_is_refused_by_name() -> None:
    recurrent = layer.Recurrent(gated_neuron(), layer.Linear(6, 6), separate=True)
    network = nn.Sequential(layer.Linear(6, 6), recurrent)
    with pytest.raises(ValueError, match=r"1: gated_neuron: its input gate counts.*\(add the"):
        quant.prepare(network, target="onnx", example=spikes(3, 2, 6))


def test_learned_feedback_learns() -> None:
    torch.manual_seed(0)
    network = layer.Recurrent(neuron.LIF(threshold=0.3), layer.Linear(6, 6))
    network(spikes(5, 4, 6)).sum().backward()
    assert network.feedback.weight.grad.abs().sum() > 0


@pytest.mark.parametrize(("join", "expected"), [("add", 2), ("and", 1), ("iand", 0)])
def test_residual_joins(join: str, expected: float) -> None:
    block = layer.Residual(nn.Identity(), join=join)
    assert block(torch.ones(1, 1, 1)).item() == expected
    absent = layer.Residual(neuron.IF(9.0), join=join)
    assert absent(torch.ones(1, 1, 1)).item() == (join != "and")


def test_delays_by_channel_and_over_chunks() -> None:
    x = torch.arange(1.0, 7).reshape(6, 1, 1).repeat(1, 1, 3)
    delay = layer.Delay([0, 1, 3])
    expected = torch.tensor([[1, 0, 0], [2, 1, 0], [3, 2, 0], [4, 3, 1], [5, 4, 2], [6, 5, 3]])
    assert torch.equal(delay(x)[:, 0], expected.float())
    delay.reset()
    assert torch.equal(torch.cat([delay(x[:2]), delay(x[2:])])[:, 0], expected.float())
    assert torch.equal(layer.Delay(2)(x)[2:], x[:4])


def test_a_filter_is_a_sum_of_decaying_exponentials() -> None:
    x = spikes(20, 3, 4)
    kernel = (1 - 1 / 4.0) ** torch.arange(20.0)
    expected = torch.stack(
        [(x[: t + 1] * kernel[: t + 1].flip(0)[:, None, None]).sum(0) for t in range(20)]
    )
    assert torch.allclose(layer.SynapticFilter(4.0)(x), expected, atol=1e-5)


def test_freezing_stops_weights_and_statistics() -> None:
    network = nn.Sequential(layer.Conv2d(2, 2, 1), layer.BatchNorm2d(2)).train()
    functional.freeze(network)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    assert not network(spikes(3, 2, 2, 4, 4)).requires_grad
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())
    functional.unfreeze(network)
    assert network(spikes(3, 2, 2, 4, 4)).requires_grad
    assert not torch.equal(network[1].running_mean, before["1.running_mean"])


def test_detach_cuts_the_history_of_every_state() -> None:
    network = mixed()
    network(spikes(3, 2, 2, 4, 4)).sum().backward()
    functional.detach(network)
    network(spikes(3, 2, 2, 4, 4)).sum().backward()


def test_the_step_mode_stops_at_containers_that_step() -> None:
    network = mixed()
    functional.set_step_mode(network, "m")
    assert network[10].step_mode == "m"
    assert network[10].body.step_mode == "s"
    assert network[12].module[1].step_mode == "s"


SAVED: dict[str, Callable[[], nn.Module]] = {
    "layers": lambda: nn.Sequential(
        layer.Conv2d(2, 4, 3, padding=1, bias=False),
        layer.BatchNorm2d(4),
        neuron.LIF(threshold=0.2),
        layer.MaxPool2d(2),
        layer.Dropout(0.5),
        layer.ConvTranspose2d(4, 2, 2, 2),
        layer.AvgPool2d(2),
        layer.Delay([1, 0]),
        layer.AdaptiveAvgPool2d((1, 2)),
        layer.Flatten(),
        layer.SynapticFilter(3.0),
        layer.BatchNorm1d(4),
        layer.Linear(4, 3),
        layer.Recurrent(neuron.LIF(threshold=0.1), layer.Linear(3, 3)),
        layer.Recurrent(neuron.LIF(threshold=0.1)),
    ),
    "a residual": lambda: nn.Sequential(
        layer.Residual(nn.Sequential(layer.Conv2d(2, 2, 1), neuron.IF(0.1)), layer.Conv2d(2, 2, 1))
    ),
}


@pytest.mark.parametrize("name", SAVED)
def test_saved_networks_compute_the_same_bits(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, x = SAVED[name](), spikes(5, 2, 2, 4, 4)
    network(x)
    functional.reset(network)
    expected = network.eval()(x)
    assert 0 < expected.count_nonzero() < expected.numel() or name != "layers"
    nd.save(network, tmp_path / "m.pt", example=x)
    loaded = nd.load(tmp_path / "m.pt")
    assert torch.equal(loaded(x), expected)


def test_the_lines_of_the_documentation() -> None:
    from snncore import surrogate

    net = torch.nn.Sequential(
        layer.Conv2d(2, 16, 3, padding=1, bias=False),
        layer.BatchNorm2d(16),
        neuron.LIF(
            tau=2.0,
            threshold=1.0,
            reset="hard",
            surrogate=surrogate.ATan(),
            step_mode="m",
            backend="auto",
        ),
        layer.Flatten(),
        layer.Linear(16 * 34 * 34, 10),
        neuron.LIF(),
    )
    assert net(spikes(2, 1, 2, 34, 34)).shape == (2, 1, 10)
    functional.reset(net)
    assert not net[2].states
