"""`neurodeploy verify`: compares each stage of an artifact with the next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neurodeploy.cli.command import (
    ArtifactPlace,
    Build,
    Profile,
    ReadingChoices,
    Samples,
    Seconds,
    SimulatorName,
    command,
    reading_choices,
)
from neurodeploy.cli.outcome import Outcome
from neurodeploy.cli.output import Streams
from neurodeploy.cli.places import load_model, read_samples, require_simulator
from neurodeploy.cli.shell.sharing import Cluster, Kept
from neurodeploy.cli.undisturbed import load_torch
from neurodeploy.cli.views import report as report_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from neurodeploy.artifact import Artifact
    from neurodeploy.flow.inputs import LoadedModel, RandomSamples
    from neurodeploy.report import Report
    from neurodeploy.target import Simulation

OfModel = Annotated[
    Path | None, typer.Option(metavar="MODEL", help="The model that it was exported from.")
]
RandomWords = Annotated[
    str | None,
    typer.Option(
        metavar="T,N,RATE,SEED",
        help="Random samples: steps, samples, share of nonzeros, seed (default: 16,8,0.3,0).",
    ),
]
ReportPlace = Annotated[
    Path | None, typer.Option(metavar="DIR", help="The folder for report.html, .json and .txt.")
]
JunitPlace = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The file for the report as JUnit XML.")
]
Jobs = Annotated[int, typer.Option(min=1, metavar="N", help="The number of simulations at once.")]
TimeLimit = Annotated[
    float | None, typer.Option(metavar="S", help="The time limit of a simulation in seconds.")
]
MemoryLimit = Annotated[
    float | None, typer.Option(metavar="MB", help="The memory limit of a simulation in MB.")
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Exit with 5 if no neuron fired, so that nothing was shown."),
]
Install = Annotated[
    bool, typer.Option("--install", help="Install the simulators that are missing first.")
]
WithProofs = Annotated[
    bool, typer.Option("--proofs", help="Prove every layer's step too, and check certificates.")
]
ShardSize = Annotated[
    int | None,
    typer.Option(
        "--shard", min=1, metavar="N", help="Verify N samples at a time, with --jobs workers."
    ),
]
_MOST_STEPS = 10**8


@dataclass(frozen=True)
class ModelOptions:
    """The model that an artifact was exported from; or how another writer's file is read."""

    model: OfModel = None
    build: Build = None
    dt: Seconds = None
    profile: Profile = None
    option: ReadingChoices = None


@dataclass(frozen=True)
class RunOptions:
    """The samples to run, the simulator that runs them, and its limits."""

    samples: Samples = None
    random: RandomWords = None
    simulator: SimulatorName = None
    install: Install = False
    jobs: Jobs = 1
    time_limit: TimeLimit = None
    memory_limit: MemoryLimit = None
    proofs: WithProofs = False
    shard: ShardSize = None
    kept: Kept = None
    cluster: Cluster = None

    @property
    def shared(self) -> bool:
        """Whether the samples are dealt to workers."""
        return any(each is not None for each in (self.shard, self.kept, self.cluster))


@dataclass(frozen=True)
class ReportOptions:
    """The files of the report, and the strictness of the exit code."""

    report: ReportPlace = None
    junit: JunitPlace = None
    strict: Strict = False


@command
def verify(
    output: Streams,
    artifact: ArtifactPlace,
    original: ModelOptions,
    runs: RunOptions,
    verdict: ReportOptions,
) -> Outcome:
    """Prove that an artifact computes what was trained.

    Another writer's file (.nir) is compared with what its frameworks make of it: the network that
    --profile reads in it is expected of each simulator.
    """
    from neurodeploy.flow import pipeline
    from neurodeploy.flow.reading import require_no_model
    from neurodeploy.target import open_artifact

    model = original.model
    if original.build is not None and model is None:
        raise typer.TyperException("--build has a meaning only with --model")
    drawn = _drawn(runs)
    report_view.require_places(verdict.report, verdict.junit)
    simulation = _simulation(runs.jobs, runs.time_limit, runs.memory_limit)
    opened = open_artifact(artifact)
    require_no_model(opened, model)
    require_simulator(opened.target, runs.simulator)
    samples, labels = read_samples(runs.samples)
    values = samples if drawn is None else drawn
    reading = {"dt": original.dt, "profile": original.profile}
    reading |= reading_choices(original.option or [])
    if runs.install:
        _install(output, opened, runs.simulator, original.profile)
    with output.progress() as say:
        say(f"reading {artifact}")
        load_torch()
        if runs.shared:
            result = _in_shards(artifact, (original, runs), (values, labels), reading, say)
        else:
            how: dict[str, Any] = {"simulator": runs.simulator, "simulation": simulation}
            how |= {"samples": values, "labels": labels, "proofs": runs.proofs} | reading
            result = pipeline.verified(opened, model=_loaded(original), progress=say, **how)
        places = report_view.write(result, verdict.report, verdict.junit)
    report_view.warn_of_silence(result, output)
    document = report_view.as_data(result) | {"files": places}
    blocks = report_view.as_lines(result) + report_view.written(places)
    return Outcome(document, blocks, report_view.exit_code(result, strict=verdict.strict))


def _loaded(original: ModelOptions) -> LoadedModel | None:
    """Return the model that the artifact was exported from, if it is named."""
    from neurodeploy.flow.inputs import LoadedModel

    path = original.model
    return None if path is None else LoadedModel(load_model(path, original.build), path)


def _in_shards(
    artifact: Path,
    options: tuple[ModelOptions, RunOptions],
    samples: tuple[Any, Any],
    reading: dict[str, Any],
    say: Callable[[str], None],
) -> Report:
    """Return the report of a verification whose samples are dealt to workers."""
    from neurodeploy.flow.sharing.shards import SAMPLES, ShardedVerification
    from neurodeploy.flow.sharing.tasks import Tasks

    original, runs = options
    subject = ShardedVerification(
        artifact,
        model=original.model,
        build=original.build,
        simulator=runs.simulator,
        limits=_simulation(1, runs.time_limit, runs.memory_limit).limits,
        install=runs.install or runs.cluster is not None,
        proofs=runs.proofs,
        reading=reading,
    )
    tasks = Tasks(runs.jobs, runs.kept, say, runs.cluster)
    return subject.report(*samples, tasks, runs.shard or SAMPLES)


def _drawn(runs: RunOptions) -> RandomSamples | None:
    """Return the random samples that are asked for, if any.

    Raises:
        TyperException: if samples are named as well.
    """
    if runs.samples is not None and runs.random is not None:
        raise typer.TyperException("--samples and --random exclude one another")
    return None if runs.random is None else _random(runs.random)


def _install(output: Streams, artifact: Artifact, simulator: str | None, profile: Any) -> None:
    """Install the simulators that an artifact is compared with."""
    from neurodeploy.flow.reading import reader_of
    from neurodeploy.flow.simulators import install_simulators
    from neurodeploy.target import target

    with output.progress(lasting=True) as say:
        asked = simulator or reader_of(artifact, profile)
        install_simulators(target(artifact.target), asked, say)


def _random(text: str) -> RandomSamples:
    """Return random samples of these steps, number, rate and seed.

    Raises:
        BadParameter: if the text is not these four numbers.
    """
    from neurodeploy.flow.inputs import RandomSamples

    try:
        steps, count, rate, seed = text.split(",")
        drawn = RandomSamples(int(steps), int(count), float(rate), int(seed))
    except ValueError as error:
        words = f"{text!r} is not T,N,RATE,SEED, like 16,8,0.3,0 (steps, samples, 0..1, seed)"
        raise typer.BadParameter(words, param_hint="--random") from error
    if drawn.steps * drawn.count > _MOST_STEPS:
        words = f"{drawn.steps * drawn.count:,} steps in total are too many"
        raise typer.BadParameter(words, param_hint="--random")
    return drawn


def _simulation(jobs: int, seconds: float | None, memory_mb: float | None) -> Simulation:
    from neurodeploy.sandbox import Limits
    from neurodeploy.target import Simulation

    if seconds is None and memory_mb is None:
        return Simulation(jobs=jobs)
    usual = Limits()
    limits = Limits(
        usual.seconds if seconds is None else seconds,
        usual.memory_mb if memory_mb is None else memory_mb,
    )
    return Simulation(limits, jobs)
