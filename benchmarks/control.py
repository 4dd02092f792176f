"""Learning curves of the spiking actor beside a deep one: TD3 on Pendulum and MuJoCo.

    python benchmarks/control.py                                  # Pendulum alone, until solved
    python benchmarks/control.py OUT [--seconds 420] [--kinds spiking deep] [--write]

With OUT, every run is `examples/spiking_control.py` in a process of its own with one thread on one
core; as many run at a time as there are cores, and the time is that of training. OUT gets a folder
a run: its command, curve, score and actor. `--write` draws the curves of OUT and writes RESULTS.md,
without training.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

HERE = Path(__file__).parent
HEADING = "Control: the spiking actor beside a deep one"
ABOUT = (
    "TD3, one process a run with one thread on one core of a GPU machine's processor, stopped "
    "after seven minutes (`benchmarks/control.py OUT --seconds 420`). The deep ones ran 16 at a "
    "time on 16 cores, the spiking ones nine at a time, so that steps a second do not compare. A "
    "test is ten episodes; the score is that of episodes that no choice was made by, with the "
    "actor of the best test ([docs/control.md](../docs/control.md))"
)
EXAMPLE = HERE.parent / "examples/spiking_control.py"


@dataclass(frozen=True)
class Task:
    """A task's options, its seeds, and the mean return at which it counts as solved."""

    options: tuple[str, ...]
    spiking: int
    deep: int
    solved: float


_MUJOCO = ("--rates", "3e-4", "1e-3", "--steps", "1000000")
_DOUBLE = ("--margin", "0.3", "--test-every", "2000")
_CHEETAH = ("--margin", "1", "--test-every", "2500", "--warm-up", "5000", "--episodes", "20")
TASKS = {
    # gymnasium states no score for Pendulum: a published TD3 agent has -196 (sb3/td3-Pendulum-v1).
    "Pendulum-v1": Task(("--discount", "0.98", "--steps", "20000"), 3, 2, -200),
    # The others are the reward thresholds of gymnasium's registry.
    "InvertedDoublePendulum-v5": Task((*_MUJOCO, *_DOUBLE), 3, 2, 9100),
    "HalfCheetah-v5": Task((*_MUJOCO, *_CHEETAH), 3, 3, 4800),
}


SMALL = [sys.executable, str(EXAMPLE), "Pendulum-v1", "--train-only", "--solved", "-200"]
SMALL += [
    "--discount",
    "0.98",
    "--hidden",
    "128",
    "--steps",
    "15000",
    "--out",
    "demo-output/control",
]


def commands(out: Path, seconds: float, kinds: list[str]) -> dict[Path, list[str]]:
    """Return the command of each run by its folder, the short ones last."""
    runs = {}
    for name, task in reversed(TASKS.items()):
        for kind in kinds:
            seeds = task.spiking if kind == "spiking" else task.deep
            for seed in range(seeds):
                folder = out / f"{name}-{kind}-{seed}"
                command = [sys.executable, str(EXAMPLE), name, *task.options, "--train-only"]
                command += ["--seed", str(seed), "--seconds", str(seconds), "--out", str(folder)]
                runs[folder] = command + (["--deep"] if kind == "deep" else [])
    return runs


def work(runs: Queue[tuple[Path, list[str]]], core: int) -> None:
    """Run commands on a core until none is left."""
    env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    while True:
        try:
            folder, command = runs.get_nowait()
        except Empty:
            return
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "command.txt").write_text(" ".join(command), "utf-8")
        with (folder / "log.txt").open("w", encoding="utf-8") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=env)
            os.sched_setaffinity(process.pid, {core})
            process.wait()


def train(out: Path, seconds: float, kinds: list[str]) -> None:
    """Run all, a run a core at a time."""
    runs: Queue[tuple[Path, list[str]]] = Queue()
    for each in commands(out, seconds, kinds).items():
        runs.put(each)
    cores = sorted(os.sched_getaffinity(0))
    workers = [Thread(target=work, args=(runs, core)) for core in cores]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def curve(folder: Path) -> tuple[list[float], list[float]]:
    """Return the steps and mean returns of a run."""
    with (folder / "curve.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [float(row["step"]) for row in rows], [float(row["mean return"]) for row in rows]


def table(out: Path) -> list[str]:
    """Return a row for each run."""
    rows = ["| task | actor, seed | steps | seconds | first test at the solved score | score |"]
    rows.append("|---|---|---|---|---|---|")
    for name, task in TASKS.items():
        for folder in sorted(out.glob(f"{name}-*")):
            kind, seed = folder.name.removeprefix(f"{name}-").split("-")
            steps, returns = curve(folder)
            first = [step for step, mean in zip(steps, returns, strict=True) if mean >= task.solved]
            reached = f"{first[0]:,.0f} steps" if first else "none"
            score = json.loads((folder / "score.json").read_text())
            result = f"{score['mean']:.0f} ± {score['deviation']:.0f} of {score['episodes']}"
            row = f"{score['steps']:,} | {score['seconds']:.0f} | {reached} | {result}"
            rows.append(f"| {name} (solved at {task.solved:g}) | {kind}, {seed} | {row} |")
    return rows


def draw(out: Path) -> None:
    """Write a plot for each task: each run, and the mean of the steps that all reached."""
    from matplotlib.figure import Figure

    for name, task in TASKS.items():
        figure = Figure(figsize=(6, 4), layout="constrained")
        axes = figure.subplots()
        for kind, colour in (("spiking", "tab:blue"), ("deep", "tab:orange")):
            points = defaultdict(list)
            folders = sorted(out.glob(f"{name}-{kind}-*"))
            for folder in folders:
                steps, returns = curve(folder)
                axes.plot(steps, returns, color=colour, alpha=0.3)
                for step, mean in zip(steps, returns, strict=True):
                    points[step].append(mean)
            common = [step for step, means in points.items() if len(means) == len(folders)]
            middle = [statistics.fmean(points[step]) for step in common]
            axes.plot(common, middle, color=colour, label=f"{kind}, {len(folders)} seeds")
        axes.axhline(task.solved, color="grey", linestyle="--", label="solved")
        axes.set(title=name, xlabel="steps in the environment", ylabel="mean return of ten tests")
        axes.legend()
        figure.savefig(HERE / "plots" / f"control_{name}.png", dpi=80)


def main() -> None:
    """Train and show, or draw."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--seconds", type=float, default=420)
    parser.add_argument("--kinds", nargs="+", default=["spiking", "deep"])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if options.out is None:
        subprocess.run(SMALL, check=True)
        return
    if not options.write:
        train(options.out, options.seconds, options.kinds)
    sys.path.append(str(HERE / "gpu"))
    from _results import report

    plots = " ".join(f"![{name}](plots/control_{name}.png)" for name in TASKS)
    report(HEADING, ABOUT, [*table(options.out), "", plots])
    if options.write:
        draw(options.out)


if __name__ == "__main__":
    main()
