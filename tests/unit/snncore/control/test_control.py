"""The spiking actor, its fields, and the updates of TD3."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import neurodeploy as nd
import quant
from snncore import control, encoding, functional, neuron

LOW, HIGH, LIMIT = [-1.0, -2.0, 0.0], [1.0, 2.0, 5.0], [2.0, 0.5]


def actor_of(hidden: tuple[int, ...] = (32, 32)) -> control.SpikingActor:
    """Return a small actor."""
    torch.manual_seed(1)
    return control.SpikingActor(LOW, HIGH, LIMIT, hidden=hidden)


def observations(count: int) -> Tensor:
    """Return observations within their ranges."""
    share = torch.rand(count, 3, generator=torch.Generator().manual_seed(2))
    return torch.tensor(LOW) + share * (torch.tensor(HIGH) - torch.tensor(LOW))


def test_fields_are_gaussians_that_soft_neurons_integrate() -> None:
    fields = control.receptive_fields(LOW, HIGH, 4)
    values = observations(7)
    spikes = fields(encoding.direct(values.repeat_interleave(4, -1), 5)).detach()
    centres = torch.stack([torch.linspace(a, b, 4) for a, b in zip(LOW, HIGH, strict=True)])
    width = 0.58 * (torch.tensor(HIGH) - torch.tensor(LOW)) / 3
    response = torch.exp(-0.5 * ((values[..., None] - centres) / width[:, None]) ** 2).flatten(1)
    v = torch.zeros_like(response)
    for step in spikes:
        v = v + response
        fired = (v >= 0.999).float()
        assert torch.equal(step, fired)
        v = v - 0.999 * fired
    assert 0.1 < float(spikes.mean()) < 0.9


def test_actions_are_within_their_limits_and_remember_nothing() -> None:
    actor, seen = actor_of(), 10 * observations(9)
    actions = actor(seen)
    assert actions.shape == (9, 2)
    assert bool((actions.abs() <= torch.tensor(LIMIT)).all())
    torch.testing.assert_close(actor(seen), actions, rtol=0, atol=0)
    torch.testing.assert_close(actor(seen[3:4])[0], actions[3], rtol=1e-5, atol=1e-6)


def test_every_parameter_of_the_actor_has_a_gradient() -> None:
    actor = actor_of()
    (actor(observations(64)) * torch.tensor([1.0, -2.0])).sum().backward()
    flows = {name: each.grad for name, each in actor.named_parameters()}
    assert {"fields.centre", "fields.width", "readout.weight"} <= set(flows)
    assert [name for name, slope in flows.items() if slope is None or not slope.any()] == []


def test_each_action_reads_its_own_population() -> None:
    actor = actor_of()
    with torch.no_grad():
        # The second action's neurons never fire, the first one's do.
        actor.get_parameter("body.4.weight").zero_()
        bias = actor.get_parameter("body.4.bias")
        bias[:10], bias[10:] = 1.0, -1.0
    before = actor(observations(5))
    with torch.no_grad():
        actor.readout.weight.mul_(3)
    after = actor(observations(5))
    assert torch.equal(before[:, 1], after[:, 1])
    assert not torch.equal(before[:, 0], after[:, 0])


def test_exported_networks_give_the_actors_actions(tmp_path: Path) -> None:
    actor, seen = actor_of(), observations(20)
    samples = encoding.direct(seen, actor.steps)
    network = actor.network()
    torch.testing.assert_close(actor.actions(network(samples)), actor(seen))
    functional.reset(network)
    whole = nd.export(network, target="onnx", path=tmp_path / "floats", example=samples)
    assert nd.verify(whole, model=network, samples=samples, simulator="none").equal
    nd.save(network, tmp_path / "actor.pt", example=samples)
    functional.reset(network)
    torch.testing.assert_close(nd.load(tmp_path / "actor.pt")(samples), network(samples))
    chip, responses = actor.chip_network(), actor.responses(seen)
    torch.testing.assert_close(actor.actions(chip(responses)), actor(seen))
    for target in ("onnx", "c"):
        functional.reset(chip)
        prepared = quant.prepare(chip, target=target, example=responses)
        artifact = nd.export(prepared, target=target, path=tmp_path / target, example=responses)
        report = nd.verify(artifact, model=prepared, samples=responses, simulator="none")
        assert report.equal, report.to_text()
        functional.reset(prepared)
        many = observations(200)
        with torch.no_grad():
            expected = actor(many)
            distance = actor.actions(prepared(actor.responses(many))) - expected
        assert float(distance.abs().mean()) < 0.1
        assert bool((expected.std(0) > 0.1).all())


def test_chips_without_soft_resets_take_the_populations_spikes(tmp_path: Path) -> None:
    actor, seen = actor_of(), observations(20)
    chip, spikes = actor.chip_network(None), actor.spikes(seen)
    assert set(spikes.unique().tolist()) == {0, 1}
    torch.testing.assert_close(actor.actions(chip(spikes)), actor(seen))
    functional.reset(chip)
    prepared = quant.prepare(chip, target="loihi", example=spikes)
    assert quant.deviations(prepared) == {}
    artifact = nd.export(prepared, target="loihi", path=tmp_path, example=spikes)
    assert nd.verify(artifact, model=prepared, samples=spikes, simulator="none").equal


def test_every_layer_fires_before_training() -> None:
    actor = actor_of((64, 64))
    spikes = actor.spikes(observations(50))
    for module in actor.body:
        spikes = module(spikes)
        if isinstance(module, neuron.Neuron):
            assert 0.05 < float(spikes.detach().mean()) < 0.5


def test_fields_on_a_grid_are_refused_with_their_name() -> None:
    actor = actor_of()
    samples = encoding.direct(observations(4), actor.steps)
    with (
        pytest.warns(quant.EncoderWarning),
        pytest.raises(ValueError, match="fields: ReceptiveField"),
    ):
        quant.prepare(actor.network(), target="onnx", example=samples)


class Line:
    """A point on a line, in reach of its goal, as an environment; no package is needed."""

    class Box:
        """A box of one value."""

        def __init__(self, size: float) -> None:
            self.low, self.high = np.array([-size]), np.array([size])
            self.shape, self.generator = (1,), np.random.default_rng(0)

        def seed(self, seed: int) -> None:
            """Start the draws again."""
            self.generator = np.random.default_rng(seed)

        def sample(self) -> Any:
            """Return an action."""
            return self.generator.uniform(self.low, self.high)

    def __init__(self) -> None:
        self.observation_space, self.action_space = self.Box(np.inf), self.Box(0.5)
        self.generator = np.random.default_rng(0)
        self.at, self.step_count = 0.0, 0

    def reset(self, *, seed: int | None = None) -> tuple[Any, dict[str, Any]]:
        """Start anywhere."""
        if seed is not None:
            self.generator = np.random.default_rng(seed)
        self.at, self.step_count = float(self.generator.uniform(-1, 1)), 0
        return np.array([self.at]), {}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Move, and lose by the distance to the middle."""
        self.at, self.step_count = self.at + float(action[0]), self.step_count + 1
        return np.array([self.at]), -abs(self.at), False, self.step_count == 8, {}


def lines(count: int) -> list[control.Environment]:
    """Return environments to test in."""
    return [Line() for _ in range(count)]


def agent_of(seed: int = 0) -> control.TD3:
    """Return an agent with a small spiking actor for the line."""
    torch.manual_seed(seed)
    actor = control.SpikingActor([-2.0], [2.0], [0.5], hidden=(24,))
    critic = control.TwinCritic([-2.0], [2.0], [0.5], hidden=(24,))
    return control.TD3(actor, critic, rates=(3e-3, 3e-3), discount=0.9, share=0.05, seed=seed)


def test_the_actor_learns_the_line() -> None:
    line = Line()
    low, high = control.observed_range(line, 50)
    assert low[0] < -1 < 1 < high[0]
    agent = agent_of()
    before = float(np.mean(control.evaluate(agent.act, lines(5))))
    curve = control.train(agent, line, lines(5), steps=300, warm_up=100, batch=32, test_every=150)
    assert curve.steps == [150, 300]
    assert curve.returns[-1] > before + 0.5
    assert curve.returns[-1] > -2.0


def test_a_run_repeats_by_its_seed() -> None:
    curves = []
    for _ in range(2):
        agent = agent_of(3)
        curves.append(
            control.train(agent, Line(), lines(2), steps=60, warm_up=20, batch=8, test_every=60)
        )
    assert curves[0] == curves[1]


def test_time_ends_a_run_with_a_test_that_is_reported() -> None:
    tests: list[tuple[int, float]] = []

    def report(step: int, mean: float) -> None:
        tests.append((step, mean))

    curve = control.train(
        agent_of(), Line(), lines(2), steps=90, warm_up=90, test_every=30, seconds=0, report=report
    )
    assert curve.steps == [30]
    assert tests == list(zip(curve.steps, curve.returns, strict=True))


def test_goals_are_those_of_the_paper() -> None:
    agent = agent_of()
    agent.noise = 0.0
    rows = [torch.full((4, 1), value) for value in (0.1, 0.2)]
    batch = control.Batch(
        rows[0], rows[1], torch.arange(4.0), -rows[0], torch.tensor([0.0, 1, 0, 1])
    )
    least = torch.minimum(*agent.target_critic(-rows[0], agent.target_actor(-rows[0])))
    expected = torch.arange(4.0) + 0.9 * least * torch.tensor([1.0, 0, 1, 0])
    torch.testing.assert_close(agent.goal(batch), expected.detach())


def test_the_actor_and_the_targets_wait_for_the_delay() -> None:
    agent = agent_of()
    replay = control.Replay(4, 1, 1)
    for index in range(6):
        replay.add(torch.tensor([0.1 * index]), torch.tensor([0.2]), -1.0, torch.ones(1), False)
    assert replay.count == 4
    batch = replay.sample(16, torch.Generator().manual_seed(0))
    assert float(batch.observations.min()) == pytest.approx(0.2)
    before = deepcopy([agent.actor.state_dict(), agent.target_critic.state_dict()])
    agent.update(batch)
    after = [agent.actor.state_dict(), agent.target_critic.state_dict()]
    assert all(torch.equal(a[k], b[k]) for a, b in zip(before, after, strict=True) for k in a)
    agent.update(batch)
    later = [agent.actor.state_dict(), agent.target_critic.state_dict()]
    assert any(not torch.equal(before[0][key], later[0][key]) for key in before[0])
    key = "first.0.weight"
    mixed = before[1][key].lerp(agent.critic.state_dict()[key], 0.05)
    torch.testing.assert_close(later[1][key], mixed)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="low below high"):
        control.receptive_fields([1.0], [1.0])
    with pytest.raises(ValueError, match="alike ranges"):
        control.SpikingActor([0.0], [1.0, 2.0], [1.0])
    agent = agent_of()
    with pytest.raises(ValueError, match="share 2"):
        control.TD3(agent.actor, agent.critic, share=2)
    with pytest.raises(ValueError, match="no transition"):
        control.Replay(4, 1, 1).sample(1, torch.Generator())
    line = Line()
    line.action_space.high = np.array([2.0])
    with pytest.raises(ValueError, match="a finite box around zero"):
        control.train(agent_of(), line, [], steps=1)
