"""`neurodeploy export`: writes the files that a target's loader reads."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neurodeploy.cli.command import ModelSource, Samples, SimulatorName, TargetName, command
from neurodeploy.cli.outcome import BLANK, Block, Line, Outcome, Table, Tone
from neurodeploy.cli.output import Streams
from neurodeploy.cli.places import (
    read_samples,
    require_samples,
    require_shape,
    require_simulator,
)
from neurodeploy.cli.views import findings as findings_view
from neurodeploy.cli.views import price as price_view
from neurodeploy.cli.views import report as report_view

if TYPE_CHECKING:
    from neurodeploy.artifact import Artifact
    from neurodeploy.report import Report


Folder = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="DIR", help="Output folder; <model>-<target> by default."
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option", metavar="NAME=VALUE", help="An option of the target, as `targets` lists."
    ),
]
Form = Annotated[str | None, typer.Option(metavar="NAME", help="Short for --option form=NAME.")]
ReportPlace = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Verify, and write report.html, .json and .txt there."),
]
Verify = Annotated[bool, typer.Option("--verify", help="Verify the exported artifact.")]


@dataclass(frozen=True)
class ArtifactOptions:
    """The artifact's folder, and the options that the target leaves to the user."""

    folder: Folder = None
    form: Form = None
    option: Options = None


@dataclass(frozen=True)
class ProofOptions:
    """Whether the artifact is verified, on which samples and by which simulator."""

    verify: Verify = False
    samples: Samples = None
    simulator: SimulatorName = None
    report: ReportPlace = None


@command
def export(
    output: Streams,
    source: ModelSource,
    target: TargetName,
    writing: ArtifactOptions,
    proof: ProofOptions,
) -> Outcome:
    """Write a model's artifact for a target."""
    from neurodeploy.flow import pipeline
    from neurodeploy.flow.lowered import lowered_for

    model = source.model
    verifies = proof.verify or proof.report is not None
    if proof.simulator is not None and not verifies:
        raise typer.TyperException("--simulator has a meaning only with --verify")
    report_view.require_places(proof.report, None)
    require_simulator(target, proof.simulator)
    options = _options(target, writing.option or [], writing.form)
    folder = Path(f"{model.stem}-{target}") if writing.folder is None else writing.folder
    samples, labels = read_samples(proof.samples)
    with output.progress() as say:
        say(f"reading {model}")
        network = source.load()
        require_shape(network, samples)
        subject = lowered_for(target, network, example=samples, model_file=model)
        require_samples(subject.program, samples)
        if samples is not None:
            options = _as_long_as(target, len(samples)) | options
        findings = subject.findings
        say(f"writing {folder}")
        artifact = pipeline.write(subject, folder, options)
        report, written = None, {}
        if verifies:
            arguments: dict[str, Any] = {"samples": samples, "labels": labels}
            arguments["simulator"] = proof.simulator
            report = pipeline.verified(artifact, model=subject, progress=say, **arguments)
            written = report_view.write(report, proof.report, None)
            report_view.warn_of_silence(report, output)
    following = _next(folder, model, source.build)
    document = _document(artifact, findings, report) | {"next": following}
    document |= price_view.as_data(subject.price)
    if proof.report is not None:
        document |= {"report_files": written}
    blocks = price_view.as_lines(subject.price, target)
    blocks += _blocks(artifact, findings, report, following) + report_view.written(written)
    return Outcome(document, blocks, 0 if report is None else report.exit_code)


def _options(target: str, words: list[str], form: str | None) -> dict[str, Any]:
    """Return the target's options by name.

    Raises:
        BadParameter: if one is not NAME=VALUE.
        ValidationError: if the target has no such option.
    """
    from neurodeploy.target import checked_options
    from neurodeploy.target import target as find

    options = {} if form is None else {"form": form}
    for each in words:
        name, equals, value = each.partition("=")
        if not (name and equals):
            raise typer.BadParameter(f"{each!r} is not NAME=VALUE", param_hint="--option")
        options[name] = value
    return checked_options(find(target), options)


def _as_long_as(target: str, steps: int) -> dict[str, Any]:
    """Return the option for the steps that a target writes out, as many as the samples have."""
    from neurodeploy.target import target as find

    return {"steps": steps} if "steps" in find(target).capabilities.options else {}


def _next(folder: Path, model: Path, build: str | None) -> str:
    words = ["neurodeploy", "verify", str(folder), "--model", str(model)]
    return shlex.join(words + ([] if build is None else ["--build", build]))


def _document(
    artifact: Artifact, findings: findings_view.Findings, report: Report | None
) -> dict[str, Any]:
    return {
        "artifact": str(artifact.path),
        "target": artifact.target,
        "model_sha256": artifact.model_sha256,
        "program_sha256": artifact.program["sha256"],
        "files": [
            {"name": name, "bytes": size, "sha256": sha256}
            for name, size, sha256 in _files(artifact)
        ],
        "findings": findings_view.as_data(findings),
        "report": None if report is None else report_view.as_data(report),
    }


def _blocks(
    artifact: Artifact, findings: findings_view.Findings, report: Report | None, following: str
) -> list[Block]:
    rows = [(name, f"{size:,}", sha256[:16]) for name, size, sha256 in _files(artifact)]
    blocks: list[Block] = findings_view.as_lines(findings)
    blocks += [
        Line(f"exported {artifact.path}", Tone.GOOD),
        Table(("file", "bytes", "sha256"), rows, frozenset({"bytes"})),
        BLANK,
    ]
    return blocks + (
        [Line(f"next: {following}")] if report is None else report_view.as_lines(report)
    )


def _files(artifact: Artifact) -> list[tuple[str, int, str]]:
    """Return name, size and hash of every file in the artifact's folder on the disk."""
    from neurodeploy.data.files import digest_of

    assert artifact.path is not None
    files = sorted(artifact.path.iterdir())
    return [(path.name, path.stat().st_size, digest_of(path)) for path in files]
