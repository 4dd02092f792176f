"""Reports as they come out of a verification: equal, differing, not run, silent, hostile."""

from collections.abc import Callable

import numpy as np
import pytest

from neurodeploy.report.links import Divergence, LayerSummary, Link, Status
from neurodeploy.report.report import Report
from neurodeploy.trace import LayerTrace, Trace

HOSTILE = '<b>"x"&\x07\x1b[31m</b>'
FACTS = {
    "target": "loihi",
    "artifact": "out/digits-loihi",
    "program": "sha256:9f2c1d0e5b7a48c3e6f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7",
    "simulator": "lava 0.9.0",
    "samples": "4 samples of 16 steps",
}
ACCURACIES = {"float": 0.9731, "quantized": 0.9702, "chip": 0.9702}


def make_trace(steps: int = 16, samples: int = 4, states: bool = True, rate: float = 1.0) -> Trace:
    """Leaky neurons driven by noise, so that spikes and states belong together."""
    random = np.random.default_rng(7)
    shapes = {"conv1": (8, 12, 8), "conv2": (16, 6, 4), "readout": (10,)}
    layers = {}
    for name, shape in shapes.items():
        gain = random.gamma(2.0, 30.0 * rate, size=(1, *shape))
        u = np.zeros((samples, *shape), dtype=np.int64)
        v = np.zeros_like(u)
        kept: dict[str, list[np.ndarray]] = {"u": [], "v": [], "s": []}
        for _ in range(steps):
            u = u // 2 + (random.normal(0.35, 1.0, u.shape) * gain).astype(np.int64)
            v = v * 7 // 8 + u
            s = (v >= 256).astype(np.int64)
            v = np.where(s == 1, 0, v)
            for key, value in (("u", u), ("v", v), ("s", s)):
                kept[key].append(value)
        chosen = ("u", "v", "s") if states else ("s",)
        layers[name] = LayerTrace({key: np.stack(kept[key]) for key in chosen})
    return Trace(layers, "readout")


def summaries(trace: Trace) -> tuple[LayerSummary, ...]:
    kinds = {"conv1": "Conv2d + CubaLIF", "conv2": "Conv2d + CubaLIF", "readout": "Dense + CubaLIF"}
    result = []
    for name in trace:
        spikes = trace[name].s
        shape, count = spikes.shape[2:], int(np.count_nonzero(spikes))
        size = int(np.prod(shape))
        kind = kinds.get(name, "LIF")
        result.append(LayerSummary(name, kind, shape, size, count, count / spikes.size))
    return tuple(result)


def links(trace: Trace, *last: Link) -> tuple[Link, ...]:
    values = sum(array.size for layer in trace.layers.values() for array in layer.values.values())
    spikes = trace.spikes()
    return (
        Link("training = golden", Status.EQUAL, values, spikes, 0.412),
        Link("golden = fast", Status.EQUAL, values, spikes, 0.098),
        Link("fast = artifact", Status.EQUAL, 48_210, 0, 0.031),
        *last,
    )


def equal_report() -> Report:
    trace = make_trace()
    last = Link("artifact = simulator", Status.EQUAL, 172_032, trace.spikes(), 7.31)
    return Report("digits on loihi", links(trace, last), summaries(trace), FACTS, trace, ACCURACIES)


def differing_report() -> Report:
    trace = make_trace()
    neuron, step, sample = (3, 2, 1), 7, 2
    around = tuple(range(3, 12))
    mine = {key: trace["conv2"].values[key][3:12, sample, 3, 2, 1] for key in ("u", "v", "s")}
    seen = {key: values.copy() for key, values in mine.items()}
    seen["s"][4] = 1 - seen["s"][4]
    seen["v"][4:] -= 37
    divergence = Divergence(
        layer="conv2",
        state="s",
        neuron=neuron,
        step=step,
        sample=sample,
        expected=int(mine["s"][4]),
        got=int(seen["s"][4]),
        context={
            "expected": {key: tuple(map(int, values)) for key, values in mine.items()},
            "got": {key: tuple(map(int, values)) for key, values in seen.items()},
        },
        context_steps=around,
        differing_values=311,
    )
    last = Link("artifact = simulator", Status.DIFFERS, 172_032, trace.spikes(), 7.31, divergence)
    accuracies = ACCURACIES | {"chip": 0.9418}
    return Report("digits on loihi", links(trace, last), summaries(trace), FACTS, trace, accuracies)


def missing_report() -> Report:
    trace = make_trace(samples=1)
    last = Link(
        "artifact = simulator",
        Status.NOT_RUN,
        reason="the simulator lava is not installed: it needs Python 3.10, and there is none",
        remedy="neurodeploy simulators install lava",
    )
    unasked = Link(
        "training = golden", Status.NOT_RUN, reason="no model was given", requested=False
    )
    return Report(
        "digits on loihi", (unasked, *links(trace, last)[1:]), summaries(trace), FACTS, trace
    )


def silent_report() -> Report:
    """No spikes, no states, and many more neurons than a picture has rows."""
    zeros = np.zeros((16, 2, 1000), dtype=np.int64)
    trace = Trace({"hidden": LayerTrace({"s": zeros}), "out": LayerTrace({"s": zeros})}, "out")
    link = Link("golden = fast", Status.SILENT, 64_000, 0, 0.01)
    return Report("silence", (link,), summaries(trace), {}, trace)


def single_report() -> Report:
    """One layer, one link, nothing else."""
    trace = Trace({"readout": make_trace(samples=1)["readout"]}, "readout")
    link = Link("golden = fast", Status.EQUAL, 480, trace.spikes(), 0.002)
    return Report("one layer", (link,), summaries(trace), {}, trace)


def hostile_report() -> Report:
    """Every string that comes from outside is markup, a control character, or both."""
    trace = Trace({HOSTILE: make_trace(samples=1)["readout"]}, HOSTILE)
    divergence = Divergence(
        HOSTILE,
        "v",
        (3,),
        2,
        0,
        5,
        6,
        {"expected": {HOSTILE: (1, 5)}, "got": {"v": (1, 6)}},
        (1, 2),
    )
    return Report(
        HOSTILE,
        (
            Link(f"{HOSTILE} = golden", Status.DIFFERS, 10, 1, float("nan"), divergence),
            Link("golden = chip", Status.NOT_RUN, reason=f"{HOSTILE}\nline 2", remedy=HOSTILE),
        ),
        (LayerSummary(HOSTILE, HOSTILE, (10,), 10, 3, float("nan")),),
        {HOSTILE: f"{HOSTILE}\nline 2\ud800"},
        trace,
        {HOSTILE: float("nan")},
    )


def empty_report() -> Report:
    return Report("nothing", ())


def whole_difference_report() -> Report:
    """A difference of bytes, not of a trace."""
    link = Link("program = artifact", Status.DIFFERS, reason="weights.bin: its hash is another")
    return Report("edited", (link,))


REPORTS: dict[str, Callable[[], Report]] = {
    "equal": equal_report,
    "differs": differing_report,
    "missing": missing_report,
    "silent": silent_report,
    "single": single_report,
    "hostile": hostile_report,
    "empty": empty_report,
    "whole": whole_difference_report,
}


@pytest.fixture
def named() -> Callable[[str], Report]:
    """A report by its name."""
    return lambda name: REPORTS[name]()


@pytest.fixture(params=sorted(REPORTS))
def report(request: pytest.FixtureRequest) -> Report:
    """Each of the reports."""
    return REPORTS[request.param]()
