"""Train a spiking actor by TD3, test it, and export it with its readout.

Usage: python examples/spiking_control.py [ENVIRONMENT] [--steps N] [--seed S] [--deep]
           [--hidden N] [--solved RETURN] [--out DIR]

Needs gymnasium (extra `rl`), and for MuJoCo's tasks mujoco. With --deep a deep actor learns
instead, for comparison; nothing is exported then.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import gymnasium
import torch

import neurodeploy as nd
import quant
from snncore import control, functional


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("environment", nargs="?", default="Pendulum-v1")
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--deep", action="store_true")
    parser.add_argument("--solved", type=float, help="end once ten tests reach this mean return")
    parser.add_argument("--hidden", type=int, default=256, help="neurons of each hidden layer")
    parser.add_argument("--test-every", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=Path("control-output"))
    return parser.parse_args()


def main() -> None:
    """Train, test, export, verify."""
    options = arguments()
    torch.manual_seed(options.seed)
    environment, *tests = (gymnasium.make(options.environment) for _ in range(11))
    low, high = control.observed_range(environment, seed=options.seed)
    limit = [float(value) for value in environment.action_space.high]
    kind = control.DeepActor if options.deep else control.SpikingActor
    hidden = (options.hidden, options.hidden)
    actor = kind(low, high, limit, hidden=hidden)
    critic = control.TwinCritic(low, high, limit, hidden=hidden)
    agent = control.TD3(actor, critic, rates=(1e-3, 1e-3), seed=options.seed)
    start = time.perf_counter()
    curve = control.train(
        agent,
        environment,
        tests,
        steps=options.steps,
        test_every=options.test_every,
        solved=options.solved,
        seed=options.seed,
        say=lambda text: print(text, flush=True),
    )
    seconds = time.perf_counter() - start
    print(f"{seconds:.0f} s")
    options.out.mkdir(parents=True, exist_ok=True)
    record = {"steps": curve.steps, "returns": curve.returns, "seconds": seconds}
    (options.out / "curve.json").write_text(json.dumps(record), "utf-8")
    if isinstance(actor, control.SpikingActor):
        export(actor, tests, options.out)


def export(actor: control.SpikingActor, tests: list[control.Environment], out: Path) -> None:
    """Export the actor whole in floats, and behind its fields in integers; verify and play both."""
    observations = played(actor, tests[0])
    network = actor.network()
    samples = observations.expand(actor.steps, *observations.shape)
    nd.save(network, out / "actor.pt", example=samples)
    whole = nd.export(network, target="onnx", path=out / "floats", example=samples)
    print(nd.verify(whole, model=network, samples=samples).to_text())
    responses = actor.responses(observations)
    chip = quant.prepare(actor.chip_network(), target="onnx", example=responses)
    print("changed on the grid:", quant.deviations(chip))
    for target in ("onnx", "c"):
        artifact = nd.export(chip, target=target, path=out / target, example=responses)
        print(nd.verify(artifact, model=chip, samples=responses).to_text())
    on_grid = control.evaluate(
        lambda seen: actor.actions(chip_voltages(chip, actor.responses(seen))), tests
    )
    print(f"on the grid: mean return {sum(on_grid) / len(on_grid):.1f}")


@torch.no_grad()
def chip_voltages(chip: torch.nn.Module, responses: torch.Tensor) -> torch.Tensor:
    """Return the voltages of the network on the chip's grid, from rest."""
    functional.reset(chip)
    voltages: torch.Tensor = chip(responses)
    return voltages


def played(actor: control.SpikingActor, environment: control.Environment) -> torch.Tensor:
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
