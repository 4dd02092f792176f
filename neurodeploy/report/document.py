"""A report as one JSON document without the trace; equal reports give equal text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from neurodeploy.report.links import Divergence, LayerSummary, Link
from neurodeploy.report.words import mark_of, verdict

if TYPE_CHECKING:
    from neurodeploy.report.report import Report

SCHEMA = 1


def report_json(report: Report) -> str:
    """Return the report as JSON; NaN and infinity become null."""
    document = {
        "schema": SCHEMA,
        "title": str(report.title),
        "equal": report.equal,
        "silent": report.silent,
        "exact": report.exact,
        "exit_code": report.exit_code,
        "verdict": verdict(report).word.lower(),
        "facts": {str(name): str(fact) for name, fact in report.facts.items()},
        "accuracies": {str(name): _number(share) for name, share in report.accuracies.items()},
        "layers": [_layer(layer) for layer in report.layers],
        "network": [asdict(node) for node in report.network],
        "links": [_link(link) for link in report.links],
        "on_chip": asdict(report.on_chip),
    }
    return json.dumps(document, sort_keys=True, indent=1, allow_nan=False) + "\n"


def _layer(layer: LayerSummary) -> dict[str, Any]:
    spiking = layer.largest is None
    proof = {"proof": layer.proof} if layer.proof else {}
    return proof | {
        "name": layer.name,
        "kind": layer.kind,
        "shape": [int(length) for length in layer.shape],
        "neurons": int(layer.neurons),
        "spikes": int(layer.spikes) if spiking else None,
        "rate": _number(layer.rate) if spiking else None,
        "largest": None if layer.largest is None else _number(layer.largest),
    }


def _link(link: Link) -> dict[str, Any]:
    return {
        "name": link.name,
        "status": mark_of(link).value if link.tolerance else link.status.value,
        "tolerance": link.tolerance,
        "requested": bool(link.requested),
        "beyond": bool(link.beyond),
        "compared": int(link.compared),
        "spikes": int(link.spikes),
        "seconds": _number(link.seconds),
        "reason": link.reason,
        "remedy": link.remedy,
        "log": link.log or None,
        "divergence": _divergence(link.divergence) if link.divergence else None,
    }


def _divergence(divergence: Divergence) -> dict[str, Any]:
    return {
        "sentence": divergence.sentence(),
        "layer": divergence.layer,
        "state": divergence.state,
        "neuron": [int(index) for index in divergence.neuron],
        "step": int(divergence.step),
        "sample": int(divergence.sample),
        "expected": divergence.expected,
        "got": divergence.got,
        "differing_values": int(divergence.differing_values),
        "context_steps": [int(step) for step in divergence.context_steps],
        "context": {side: _states(states) for side, states in divergence.context.items()},
    }


def _states(states: Mapping[str, tuple[float, ...]]) -> dict[str, list[float | None]]:
    return {state: [_whole(value) for value in values] for state, values in states.items()}


def _whole(value: float) -> float | None:
    """Return a value for JSON: of an integer program, an integer."""
    return int(value) if float(value).is_integer() else _number(value)


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
