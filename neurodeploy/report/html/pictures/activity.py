"""The activity of layers: for each sample and layer, its spikes and a few neurons' states."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from neurodeploy.report.html.excerpt import (
    Excerpt,
    drawn_layers,
    select,
)
from neurodeploy.report.html.markup import Markup, element, join
from neurodeploy.report.html.pictures.curves import neuron_curves
from neurodeploy.report.html.pictures.raster import raster
from neurodeploy.report.html.pictures.view import View, view
from neurodeploy.report.links import Divergence
from neurodeploy.report.words import counted, shape_text, visible
from neurodeploy.trace import LayerTrace, Trace

if TYPE_CHECKING:
    from neurodeploy.report.report import Report


def activity(report: Report) -> Markup | None:
    """Return the pictures of the report's trace, or None if there is nothing to draw."""
    excerpt = select(report.trace, report.first_divergence) if report.trace else None
    if report.trace is None or excerpt is None:
        return None
    first = report.first_divergence
    layers = [_layer(report.trace, name, excerpt, first) for name in drawn_layers(report.trace)]
    return join(
        element("p", _what_is_shown(excerpt), class_="lead"),
        _picker(excerpt, first) if len(excerpt.samples) > 1 else None,
        element("div", *layers, class_="layer-cards"),
    )


def _what_is_shown(excerpt: Excerpt) -> str:
    samples, steps = len(excerpt.samples), excerpt.steps
    shown = counted(excerpt.of_steps, "step")
    if len(steps) < excerpt.of_steps:
        shown = f"steps {steps.start:,} to {steps.stop - 1:,} of {excerpt.of_steps:,}"
    of = counted(samples, "sample")
    if samples < excerpt.of_samples:
        of = f"{samples} of {excerpt.of_samples} kept samples"
    return f"Shown: {of}, {shown}. Time runs to the right, neurons downward in C order."


def _picker(excerpt: Excerpt, divergence: Divergence | None) -> Markup:
    first = _start(excerpt, divergence)
    choices = [
        element(
            "label",
            element(
                "input",
                type="radio",
                name="sample",
                id=f"pick-{slot}",
                value=sample,
                checked="checked" if sample == first else None,
            ),
            element("span", f"{sample}"),
        )
        for slot, sample in enumerate(excerpt.samples)
    ]
    return element("fieldset", element("legend", "Sample"), *choices, class_="picker")


def _start(excerpt: Excerpt, divergence: Divergence | None) -> int:
    if divergence and divergence.sample in excerpt.samples:
        return divergence.sample
    return excerpt.samples[0]


def _layer(trace: Trace, name: str, excerpt: Excerpt, divergence: Divergence | None) -> Markup:
    layer = _with_output_curve(trace[name])
    views = [view(name, layer, excerpt, sample, divergence) for sample in excerpt.samples]
    slots = [
        element("div", _raster(seen), _curves(seen), class_=f"slot slot-{slot}")
        for slot, seen in enumerate(views)
    ]
    shape = shape_text(views[0].shape, " \N{MULTIPLICATION SIGN} ")
    head = element("h3", element("code", name), element("span", shape))
    return element("article", head, *slots, class_="layer wide" if views[0].states else "layer")


def _with_output_curve(layer: LayerTrace) -> LayerTrace:
    """Return the layer with its output as an additional curve, if the output is not spikes."""
    return replace(layer, values={layer.called(key): v for key, v in layer.values.items()})


def _raster(drawn_view: View) -> Markup | None:
    if "s" not in drawn_view.values:
        return None
    rows, spikes = drawn_view.rows(), int(np.count_nonzero(drawn_view.values["s"]))
    caption = f"{drawn_view.said}: {_counted_spikes(drawn_view, spikes, len(rows))}"
    if drawn_view.difference:
        caption += " The ring is the difference."
    description = f"{drawn_view.said}: {counted(spikes, 'spike')}"
    drawing = raster(
        drawn_view.values["s"], rows, drawn_view.axis, description, drawn_view.difference
    )
    return element("figure", drawing, element("figcaption", caption))


def _counted_spikes(drawn_view: View, spikes: int, rows: int) -> str:
    neurons = counted(drawn_view.neurons, "neuron")
    if not spikes:
        return f"no spike of {neurons}."
    if rows == drawn_view.neurons:
        return f"{counted(spikes, 'spike')} of {neurons}. Bars: spikes a step."
    hint = f"Shown: {rows} of {neurons}, evenly spaced. Bars: spikes a step, all neurons."
    return f"{counted(spikes, 'spike')}. {hint}"


def _curves(seen: View) -> Markup | None:
    if not seen.states:
        return None
    chosen, states = seen.active(), ", ".join(map(visible, seen.states))
    neurons = {
        seen.neuron_name(neuron): {
            key: array[:, neuron].astype(float).tolist() for key, array in seen.values.items()
        }
        for neuron in chosen
    }
    which, at = counted(len(chosen), "neuron"), None
    if seen.difference:
        which += ", the one that differs first, shaded where it does"
        at = seen.difference[0]
    elif len(chosen) < seen.neurons:
        which += ", the most active"
    drawing = neuron_curves(neurons, seen.axis, f"States {states} of {seen.said}", at)
    caption = f"{seen.said}: {states} of {which}."
    if "s" in seen.values:
        caption += " Upright ticks are spikes."
    return element("figure", drawing, element("figcaption", caption))
