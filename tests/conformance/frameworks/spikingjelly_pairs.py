"""SpikingJelly's classes beside ours."""

from __future__ import annotations

from typing import Any

from spikingjelly.activation_based import layer as their_layer
from spikingjelly.activation_based import neuron as theirs
from spikingjelly.activation_based import rnn
from spikingjelly.activation_based import surrogate as their_surrogate

from snncore import layer, neuron, surrogate
from tests.conformance.frameworks.pairs import Pair, stepwise

RESETS: dict[str, tuple[float | None, dict[str, Any]]] = {
    "": (0.0, {}),
    " soft": (None, {"reset": "soft"}),
    " to -.25": (-0.25, {"rest": -0.25}),
}
STEPS = 12
IMAGE = (4, 5, 3)
SIZES: dict[str, tuple[int, ...]] = {"1d": (4,), "2d": IMAGE, "3d": (4, 2, 3, 2)}


def spiking(
    name: str, kind: Any, make: Any, same: dict[str, Any], resets: Any = RESETS, **form: Any
) -> dict[str, Pair]:
    """Return a neuron of theirs and ours with every reset, and their Sigmoid as surrogate."""
    options: dict[str, Any] = {key: form.pop(key) for key in ("grid", "scale") if key in form}

    def pair(reset: float | None, ours: dict[str, Any]) -> Pair:
        def other() -> Any:
            slope = their_surrogate.Sigmoid(4.0)
            return kind(v_reset=reset, step_mode="m", surrogate_function=slope, **form)

        own = {"surrogate": surrogate.Sigmoid(4.0), "backend": "torch"} | ours
        return Pair(other, lambda: make(**own), same, **options)

    return {f"{name}{label}": pair(*each) for label, each in resets.items()}


def _klif(scaled: bool) -> Any:
    return lambda **own: neuron.KLIF(scale_reset=scaled, **own)


def _klif_of_theirs(**form: Any) -> Any:
    module = theirs.KLIFNode(**form)
    module.k.data.fill_(1.3)
    return module


def _plif(**own: Any) -> Any:
    return neuron.ParametricLIF(**own)


def _beside(**own: Any) -> Any:
    return neuron.LIF(3.0, decay_input=False, **own)


NEURONS = {
    **spiking("IF", theirs.IFNode, neuron.IF, {}),
    **spiking("LIF", theirs.LIFNode, neuron.LIF, {}, tau=2.0),
    **spiking("LIF beside", theirs.LIFNode, _beside, {}, tau=3.0, decay_input=False),
    **spiking("PLIF", theirs.ParametricLIFNode, _plif, {"w": "w"}, init_tau=3.0),
    **spiking("KLIF", _klif_of_theirs, _klif(False), {"k": "k"}),
    **spiking("KLIF scaled", _klif_of_theirs, _klif(True), {"k": "k"}, scale_reset=True),
    **spiking("TernaryIF", theirs.TernaryIFNode, neuron.TernaryIF, {}),
    **spiking("TernaryLIF", theirs.TernaryLIFNode, neuron.TernaryLIF, {}, resets=RESETS),
    **spiking(
        "QIF",
        theirs.QIFNode,
        lambda **own: neuron.QIF(initial={"v": -0.1}, **own),
        {},
        {"": (-0.1, {})},
        scale=2.0,
    ),
    **spiking(
        "EIF",
        theirs.EIFNode,
        lambda **own: neuron.EIF(initial={"v": -0.1}, **own),
        {},
        {"": (-0.1, {})},
    ),
    "ComplementaryLIF": Pair(
        lambda: theirs.ComplementaryLIFNode(
            3.0, surrogate_function=their_surrogate.Sigmoid(4.0), step_mode="m"
        ),
        lambda: neuron.ComplementaryLIF(3.0, surrogate=surrogate.Sigmoid(4.0), backend="torch"),
        {},
    ),
    "HalfThresholdIF": Pair(
        lambda: theirs.HalfThresholdIFNode(
            v_threshold=1.0, step_mode="m", surrogate_function=their_surrogate.Sigmoid(4.0)
        ),
        lambda: neuron.IF(
            initial={"v": 0.5}, reset="soft", surrogate=surrogate.Sigmoid(4.0), backend="torch"
        ),
        {},
    ),
    "SLTTLIF": Pair(
        lambda: theirs.SLTTLIFNode(surrogate_function=their_surrogate.Sigmoid(4.0)),
        lambda: neuron.OnlineLIF(surrogate=surrogate.Sigmoid(4.0), backend="torch"),
        {},
        run=stepwise,
    ),
    "PSN": Pair(
        lambda: theirs.PSN(STEPS),
        lambda: neuron.PSN(STEPS),
        {"weight": "weight", "threshold": lambda module: -module.bias},
        grid=True,
        steps=STEPS,
    ),
    "MaskedPSN": Pair(
        lambda: theirs.MaskedPSN(3, STEPS, lambda_init=1.0, step_mode="m"),
        lambda: neuron.MaskedPSN(3, STEPS),
        {"weight": "weight", "threshold": lambda module: -module.bias},
        steps=STEPS,
    ),
    "MaskedPSN half": Pair(
        lambda: theirs.MaskedPSN(3, STEPS, lambda_init=0.5, step_mode="m"),
        lambda: neuron.MaskedPSN(3, STEPS, share=0.5),
        {"weight": "weight", "threshold": lambda module: -module.bias},
        steps=STEPS,
    ),
    "SlidingPSN": Pair(
        lambda: theirs.SlidingPSN(3, step_mode="m"),
        lambda: neuron.SlidingPSN(3, backend="torch"),
        {},
        grid=True,
    ),
}
_RENAMED = {"Rect": "Rectangular", "DeterministicPass": "StraightThrough"}
_NAMES = (
    *("ATan", "Sigmoid", "PiecewiseQuadratic", "PiecewiseExp", "SoftSign", "SuperSpike"),
    *("NonzeroSignLogAbs", "Erf", "PiecewiseLeakyReLU", "S2NN", "QPseudoSpike"),
    *("LeakyKReLU", "FakeNumericalGradient", "LogTailedReLU", "Rect", "DeterministicPass"),
)


def _slope(name: str) -> Pair:
    ours: Any = getattr(surrogate, _RENAMED.get(name, name))
    # Theirs is not a number at the threshold itself.
    offset = 0.01 if name == "FakeNumericalGradient" else 0.0
    return Pair(getattr(their_surrogate, name), ours, {}, scale=2.0, offset=offset)


SURROGATES = {f"surrogate {name}": _slope(name) for name in _NAMES}


def _norms(size: str) -> dict[str, Pair]:
    shape = SIZES[size]
    theirs_of = {
        "td": getattr(their_layer, f"ThresholdDependentBatchNorm{size}"),
        "te": getattr(their_layer, f"TemporalEffectiveBatchNorm{size}"),
        "through": getattr(their_layer, f"BatchNormThroughTime{size}"),
    }
    return {
        f"tdBN {size}": Pair(
            lambda: theirs_of["td"](0.5, 1.5, 4),
            lambda: getattr(layer, f"ThresholdBatchNorm{size}")(4, threshold=1.5, alpha=0.5),
            {},
            shape,
        ),
        f"TEBN {size}": Pair(
            lambda: theirs_of["te"](STEPS, 4),
            lambda: getattr(layer, f"TemporalBatchNorm{size}")(4, STEPS),
            {"norm.weight": "weight", "norm.bias": "bias", "scale": "scale"},
            shape,
            steps=STEPS,
        ),
        f"BNTT {size}": Pair(
            lambda: theirs_of["through"](STEPS, 4, step_mode="m"),
            lambda: getattr(layer, f"StepBatchNorm{size}")(4, STEPS, bias=False),
            {},
            shape,
            steps=STEPS,
        ),
    }


def _recurrent(name: str, both: bool) -> Pair:
    ours = getattr(layer, {"SpikingVanillaRNN": "SpikingRNN"}.get(name, name))
    parts = [f"linear_{way}.{kind}" for way in ("ih", "hh") for kind in ("weight", "bias")]
    same = {f"forth.{part}": f"cells.0.{part}" for part in parts}
    same |= {f"back.{part}": f"cells_reverse.0.{part}" for part in parts} if both else {}
    return Pair(
        lambda: getattr(rnn, name)(6, 5, 1, bidirectional=both),
        lambda: ours(6, 5, bidirectional=both),
        same,
        (6,),
        steps=2 * STEPS,
    )


_CELLS = ("SpikingVanillaRNN", "SpikingGRU", "SpikingLSTM")
_MLP = {"narrow.weight": "0.weight", "wide.weight": "2.weight"}
_AXES = {"by_step": "ta.sharedMLP", "by_channel": "ca.sharedMLP"}
LAYERS = {
    **{key: pair for size in SIZES for key, pair in _norms(size).items()},
    **{
        f"{name}{' both ways' if both else ''}": _recurrent(name, both)
        for name in _CELLS
        for both in (False, True)
    },
    "WSConv2d": Pair(
        lambda: their_layer.WSConv2d(4, 3, 3, stride=2, padding=1, step_mode="m"),
        lambda: layer.WSConv2d(4, 3, 3, stride=2, padding=1),
        {"weight": "weight", "gain": "gain", "bias": "bias"},
        IMAGE,
    ),
    "WSLinear": Pair(
        lambda: their_layer.WSLinear(16, 5, step_mode="m"),
        lambda: layer.WSLinear(16, 5),
        {"weight": "weight", "gain": "gain", "bias": "bias"},
    ),
    "TemporalWiseAttention": Pair(
        lambda: their_layer.TemporalWiseAttention(STEPS, 4),
        lambda: layer.TemporalAttention(STEPS, 4),
        {f"weigh.{mine}": f"sharedMLP.{part}" for mine, part in _MLP.items()},
        IMAGE,
        steps=STEPS,
    ),
    "MultiDimensionalAttention": Pair(
        lambda: their_layer.MultiDimensionalAttention(STEPS, 4, 4, 2),
        lambda: layer.MultiDimensionalAttention(STEPS, 4, step_reduction=4, channel_reduction=2),
        {
            **{
                f"{mine}.{part}": f"{other}.{name}"
                for mine, other in _AXES.items()
                for part, name in _MLP.items()
            },
            "by_pixel.weight": "sa.conv.weight",
        },
        IMAGE,
        steps=STEPS,
    ),
    "Delay": Pair(lambda: their_layer.Delay(2, step_mode="m"), lambda: layer.Delay(2), {}),
    "VotingLayer": Pair(
        lambda: their_layer.VotingLayer(4, step_mode="m"), lambda: layer.Vote(4), {}
    ),
}
PAIRS = NEURONS | SURROGATES | LAYERS
