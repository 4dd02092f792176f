"""Train a spiking actor by TD3, test it, and export it with its readout.

Usage: python examples/spiking_control.py [ENVIRONMENT] [--steps N] [--seconds S] [--seed S]
           [--deep] [--hidden N] [--solved RETURN] [--out DIR] [--train-only | --load FILE]

Needs gymnasium (extra `rl`), and for MuJoCo's tasks mujoco. The curve goes to curve.csv, the actor
of the best test to actor.npz, its score to score.json; then the actor is exported, verified, and
played on the chip's grid. With --deep a deep actor learns instead, for comparison; nothing is
exported then. --load exports an actor.npz of before.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import gymnasium
import numpy as np
import torch

import neurodeploy as nd
import quant
from snncore import control

TESTS = 10


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    add = parser.add_argument
    add("environment", nargs="?", default="Pendulum-v1")
    add("--steps", type=int, default=10_000)
    add("--seconds", type=float, help="end with the first test after so many seconds")
    add("--seed", type=int, default=0)
    add("--deep", action="store_true")
    add("--solved", type=float, help="end once ten tests reach this mean return")
    add("--hidden", type=int, default=256, help="neurons of each hidden layer")
    add("--batch", type=int, default=100)
    add("--warm-up", type=int, default=1000, help="first steps, which are random")
    add("--rates", type=float, nargs=2, default=(1e-3, 1e-3), help="of the actor and the critics")
    add("--discount", type=float, default=0.99)
    add("--margin", type=float, default=0.1, help="of fields beyond the values of random play")
    add("--test-every", type=int, default=1000)
    add("--episodes", type=int, default=100, help="episodes of the last score")
    add("--out", type=Path, default=Path("control-output"))
    add("--train-only", action="store_true")
    add("--targets", nargs="+", default=["onnx", "c"], help="chips to export for")
    add("--load", type=Path, help="an actor.npz to export, without training")
    return parser.parse_args()


def main() -> None:
    """Train, test, export, verify."""
    options = arguments()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    tests = [gymnasium.make(options.environment) for _ in range(TESTS)]
    actor = loaded(options.load) if options.load else trained(options, tests)
    if isinstance(actor, control.SpikingActor) and not options.train_only:
        export(actor, tests, options)


def trained(options: argparse.Namespace, tests: list[control.Environment]) -> torch.nn.Module:
    """Return the actor of the best test; write the curve, the actor, and its score."""
    torch.manual_seed(options.seed)
    environment = gymnasium.make(options.environment)
    low, high = control.observed_range(environment, seed=options.seed, margin=options.margin)
    task = {"low": low, "high": high, "limit": environment.action_space.high.tolist()}
    task["hidden"] = [options.hidden] * 2
    actor = (control.DeepActor if options.deep else control.SpikingActor)(**task)
    agent = control.TD3(
        actor,
        control.TwinCritic(**task),
        rates=tuple(options.rates),
        discount=options.discount,
        seed=options.seed,
    )
    note = Note(options.out, actor, task)
    control.train(
        agent,
        environment,
        tests,
        steps=options.steps,
        batch=options.batch,
        warm_up=options.warm_up,
        test_every=options.test_every,
        solved=options.solved,
        seconds=options.seconds,
        seed=options.seed,
        report=note,
    )
    actor.load_state_dict(weights_of(options.out / "actor.npz"))
    score(actor, tests, options, {"seconds": note.seconds(), "steps": note.step})
    return actor


class Note:
    """A writer of the curve, and of the actor of the best test."""

    def __init__(self, out: Path, actor: torch.nn.Module, task: dict[str, Any]) -> None:
        self.out, self.actor, self.task = out, actor, task
        self.start, self.best, self.step = time.perf_counter(), float("-inf"), 0
        (out / "curve.csv").write_text("step,seconds,mean return\n", "utf-8")

    def seconds(self) -> float:
        """Return the time since the start."""
        return round(time.perf_counter() - self.start, 1)

    def __call__(self, step: int, mean: float) -> None:
        """Write a test's mean return."""
        self.step = step
        print(f"step {step}: mean return {mean:.1f}", flush=True)
        with (self.out / "curve.csv").open("a", encoding="utf-8") as file:
            file.write(f"{step},{self.seconds()},{mean:.2f}\n")
        if mean >= self.best:
            self.best = mean
            weights = {name: each.numpy() for name, each in self.actor.state_dict().items()}
            np.savez(self.out / "actor.npz", task=json.dumps(self.task), **weights)


def loaded(path: Path) -> control.SpikingActor:
    """Return the spiking actor of a file."""
    with np.load(path) as file:
        actor = control.SpikingActor(**json.loads(str(file["task"])))
    actor.load_state_dict(weights_of(path))
    return actor


def weights_of(path: Path) -> dict[str, torch.Tensor]:
    """Return an actor's weights by their names."""
    with np.load(path) as file:
        return {name: torch.from_numpy(file[name]) for name in file.files if name != "task"}


def score(
    actor: torch.nn.Module,
    tests: list[control.Environment],
    options: argparse.Namespace,
    cost: dict[str, float],
) -> None:
    """Play episodes that no choice was made by, and write their returns."""
    with torch.no_grad():
        returns = played(actor, tests, options.episodes)
    record = {
        "environment": options.environment,
        "actor": type(actor).__name__,
        "seed": options.seed,
        "episodes": len(returns),
        "mean": fmean(returns),
        "deviation": stdev(returns),
    }
    text = json.dumps(record | cost)
    print(text, flush=True)
    (options.out / "score.json").write_text(text, "utf-8")


def played(actor: Any, tests: list[control.Environment], episodes: int) -> list[float]:
    """Return the returns of episodes, a few at a time."""
    play = partial(control.evaluate, actor, tests)
    rounds = range(0, episodes, len(tests))
    return [value for first in rounds for value in play(seed=10_000 + first)]


def export(
    actor: control.SpikingActor, tests: list[control.Environment], options: argparse.Namespace
) -> None:
    """Export the actor whole in floats, and behind its fields for chips; verify and play all."""
    observations, out = watched(actor, tests[0]), options.out
    network = actor.network()
    samples = observations.expand(actor.steps, *observations.shape)
    nd.save(network, out / "network.pt", example=samples)
    whole = nd.export(network, target="onnx", path=out / "floats", example=samples)
    print(nd.verify(whole, model=network, samples=samples).to_text())
    returns = {"floats": played(actor, tests, options.episodes)}
    for target in options.targets:
        # Loihi's neurons have no soft reset, which the population's have: the host sends spikes.
        bits, encode = (None, actor.spikes) if target == "loihi" else (8, actor.responses)
        inputs = encode(observations)
        chip = quant.prepare(actor.chip_network(bits), target=target, example=inputs)
        print("changed on the grid:", quant.deviations(chip))
        artifact = nd.export(chip, target=target, path=out / target, example=inputs)
        print(nd.verify(artifact, model=chip, samples=inputs).to_text())
        returns[target] = played(OnChip(out / target, actor, encode), tests, options.episodes)
    for name, values in returns.items():
        print(f"{name}: {fmean(values):.1f} +- {stdev(values):.1f} of {len(values)} episodes")
    (out / "returns.json").write_text(json.dumps(returns), "utf-8")


class OnChip:
    """An actor whose layers behind the fields are an exported network, stepped as a chip does."""

    def __init__(
        self,
        artifact: Path,
        actor: control.SpikingActor,
        encode: Callable[[torch.Tensor], torch.Tensor],
    ) -> None:
        self.session, self.actor, self.encode = nd.Session(artifact, streams=TESTS), actor, encode

    def __call__(self, observations: torch.Tensor) -> torch.Tensor:
        """Return the actions for up to as many observations as there are streams."""
        inputs = self.encode(observations)
        rows = torch.zeros(len(inputs), TESTS, inputs.shape[-1])
        rows[:, : len(observations)] = inputs
        self.session.reset()
        for row in rows:
            voltages = self.session.step(row)
        return self.actor.actions(torch.from_numpy(voltages[: len(observations)]).float())


def watched(actor: control.SpikingActor, environment: control.Environment) -> torch.Tensor:
    """Return the observations of an episode."""
    rows = []

    def act(observation: torch.Tensor) -> torch.Tensor:
        rows.append(observation)
        actions: torch.Tensor = actor(observation)
        return actions

    control.evaluate(act, [environment])
    return torch.cat(rows)


if __name__ == "__main__":
    main()
