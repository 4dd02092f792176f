"""What the layers did: for each sample and layer its spikes and a few neurons' states."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.report.html.axis import Axis
from neurodeploy.report.html.curves import neuron_curves
from neurodeploy.report.html.markup import Markup, element, join
from neurodeploy.report.html.raster import raster
from neurodeploy.report.html.selection import (
    Selection,
    active_neurons,
    drawn_layers,
    flat,
    neuron_number,
    neuron_rows,
    select,
)
from neurodeploy.report.model import Divergence, Report
from neurodeploy.report.words import counted, shape_text, visible
from neurodeploy.trace import LayerTrace, Trace

Values = dict[str, NDArray[np.float64]]


def activity(report: Report) -> Markup | None:
    """The pictures of the report's trace; None if there is nothing to draw."""
    selection = select(report.trace, report.first_divergence) if report.trace else None
    if report.trace is None or selection is None:
        return None
    first = report.first_divergence
    layers = [_layer(report.trace, name, selection, first) for name in drawn_layers(report.trace)]
    return join(
        element("p", _what_is_shown(selection), class_="lead"),
        _picker(selection, first) if len(selection.samples) > 1 else None,
        element("div", *layers, class_="layer-cards"),
    )


def _what_is_shown(selection: Selection) -> str:
    samples, steps = len(selection.samples), selection.steps
    shown = counted(selection.of_steps, "step")
    if len(steps) < selection.of_steps:
        shown = f"steps {steps.start:,} to {steps.stop - 1:,} of {selection.of_steps:,}"
    of = f"{samples} of {counted(selection.of_samples, 'sample')}"
    of = counted(samples, "sample") if samples == selection.of_samples else of
    return f"{of}, {shown}. Time runs to the right, neurons downward in C order."


def _picker(selection: Selection, divergence: Divergence | None) -> Markup:
    first = _start(selection, divergence)
    choices = [
        element(
            "label",
            element(
                "input",
                type="radio",
                name="sample",
                id=f"pick-{slot}",
                checked="checked" if sample == first else None,
            ),
            element("span", f"{sample}"),
        )
        for slot, sample in enumerate(selection.samples)
    ]
    return element("fieldset", element("legend", "Sample"), *choices, class_="picker")


def _start(selection: Selection, divergence: Divergence | None) -> int:
    if divergence and divergence.sample in selection.samples:
        return divergence.sample
    return selection.samples[0]


def _layer(
    trace: Trace, name: str, selection: Selection, divergence: Divergence | None
) -> Markup:
    layer = trace[name]
    mine = divergence if divergence and divergence.layer == name else None
    shape = next(iter(layer.values.values())).shape[2:]
    slots = [
        element(
            "div",
            *_pictures(name, layer, selection, sample, mine),
            class_=f"slot slot-{slot}",
        )
        for slot, sample in enumerate(selection.samples)
    ]
    head = element(
        "h3", element("code", name), element("span", shape_text(shape, " \N{MULTIPLICATION SIGN} "))
    )
    wide = any(key != "s" for key in layer.values)
    return element("article", head, *slots, class_="layer wide" if wide else "layer")


def _pictures(
    name: str, layer: LayerTrace, selection: Selection, sample: int, mine: Divergence | None
) -> list[Markup]:
    here = mine if mine and mine.sample == sample else None
    values = {key: flat(layer, key, selection, sample) for key in layer.values}
    wanted = neuron_number(here, layer) if here else None
    said = f"{visible(name)}, sample {sample}"
    figures = []
    if "s" in values:
        figures.append(_raster(values["s"], selection, said, wanted, here))
    if any(key != "s" for key in values):
        figures.append(_curves(layer, values, selection, said, wanted))
    return figures


def _raster(
    spikes: NDArray[np.float64],
    selection: Selection,
    said: str,
    wanted: int | None,
    here: Divergence | None,
) -> Markup:
    neurons = spikes.shape[1]
    rows = neuron_rows(neurons, selection.plan.rows, wanted)
    total = counted(int(np.count_nonzero(spikes)), "spike")
    which = counted(neurons, "neuron")
    if len(rows) < neurons:
        which = f"{len(rows)} of {which}, evenly spaced"
    ring = (here.step, wanted) if here and wanted is not None else None
    drawing = raster(
        spikes, rows, Axis(selection.steps), f"Spikes of {said}: {total}, {which}", ring
    )
    caption = f"{said}: {total}. Shown: {which}; below, spikes a step of all."
    return element("figure", drawing, element("figcaption", caption))


def _curves(
    layer: LayerTrace, values: Values, selection: Selection, said: str, wanted: int | None
) -> Markup:
    order = active_neurons(layer, values)
    chosen = order[: selection.plan.curves]
    if wanted is not None:
        chosen = [wanted, *(n for n in chosen if n != wanted)][: selection.plan.curves]
    shape = next(iter(layer.values.values())).shape[2:]
    neurons = {
        _neuron_name(neuron, shape): {key: array[:, neuron] for key, array in values.items()}
        for neuron in chosen
    }
    dotted = len(selection.steps) <= 32
    states = ", ".join(visible(key) for key in values if key != "s")
    drawing = neuron_curves(
        neurons, Axis(selection.steps), f"States {states} of {said}", dotted
    )
    which = "the most active neuron" if len(chosen) == 1 else f"the {len(chosen)} most active neurons"
    if wanted is not None:
        which = "the neuron that differs, then the most active ones"
    caption = f"{said}: {states} of {which}; upright ticks are spikes."
    return element("figure", drawing, element("figcaption", caption))


def _neuron_name(neuron: int, shape: tuple[int, ...]) -> str:
    index = np.unravel_index(neuron, shape) if shape else ()
    return "neuron (" + ", ".join(str(int(i)) for i in index) + ")"
