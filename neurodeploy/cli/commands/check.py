"""`neurodeploy check`: says whether a model fits a target, and writes nothing."""

from __future__ import annotations

from neurodeploy.cli.command import ModelSource, Samples, TargetName, command
from neurodeploy.cli.outcome import Outcome
from neurodeploy.cli.output import Streams
from neurodeploy.cli.places import read_samples, require_samples, require_shape
from neurodeploy.cli.views import findings as findings_view
from neurodeploy.cli.views import price as price_view


@command
def check(
    output: Streams, source: ModelSource, target: TargetName, samples: Samples = None
) -> Outcome:
    """Check whether a model fits a target: exit code 0, or 3 with the reasons."""
    from neurodeploy.flow.lowered import lowered_for

    values, _ = read_samples(samples)
    with output.progress() as say:
        say(f"reading {source.model}")
        network = source.load()
        require_shape(network, values)
        subject = lowered_for(target, network, example=values, model_file=source.model)
        require_samples(subject.program, values)
        findings = subject.findings
    document = {"target": target, "fits": True, "findings": findings_view.as_data(findings)}
    blocks = price_view.as_lines(subject.price, target)
    blocks += findings_view.verdicts({target: findings})
    return Outcome(document | price_view.as_data(subject.price), blocks)
