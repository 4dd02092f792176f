"""Files of the graphs that others published, with numbers of our own.

The files themselves are not ours to hand on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.unit.targets.nir.foreign.files import F, affine, chain, graph, image, integrate, lif


def alike() -> dict[str, bytes]:
    """Return the files, by the names of those whose graphs they have."""
    return {name: image(node, _dated) for name, node in _graphs().items()}


def _graphs() -> dict[str, dict[str, Any]]:
    rng = np.random.default_rng(0)
    one = _without_reset(lif(1, tau=2.5e-3, threshold=0.1))
    scaled = _without_reset(lif(1, tau=2.5e-3, threshold=0.1, r=24.0))
    ends = {"inputs": (1,)}
    rockpool = chain(("0_L", affine([[0.04]])), ("1_N", scaled), **ends, outputs=(1, 1, 1))
    drifting, high = (
        _doubled(lif(1, tau=1e-2, threshold=limit, v_leak=leak))
        for limit, leak in ((1.0, 1.2), (20.0, 0.0))
    )
    weight = _doubled(affine([[1.0]]))
    two = chain(("w1", weight), ("lif1", drifting), ("w2", weight), ("lif2", high), **ends)
    return {
        "lif_norse.nir": chain(("0", affine([[1.0]], [0.0])), ("1", one), **ends),
        "lif_rockpool.nir": rockpool,
        "two_lif_neurons.nir": two,
        "cnn_sinabs.nir": _convolutional(rng),
        "braille_noDelay_bias_zero.nir": _braille(np.random.default_rng(4), bias=0.02),
        "braille_noDelay_noBias_subtract.nir": _braille(rng, bias=0.0),
        "braille.nir of Rockpool": _rockpool(rng),
        "braille_noDelay_bias_zero_subgraph.nir": _missing(rng),
    }


def _dated(file: Any) -> None:
    """Date a file to before nir 1.0.6."""
    del file["version"]
    file["version"] = "0.2.0"


def _without_reset(node: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key != "v_reset"}


def _doubled(node: dict[str, Any]) -> dict[str, Any]:
    wide = {k: v.astype(np.float64) if isinstance(v, np.ndarray) else v for k, v in node.items()}
    return _without_reset(wide)


def _conv(rng: np.random.Generator, outputs: int, inputs: int, size: int, stride: int) -> Any:
    pairs = {"input_shape": (size, size), "stride": (stride,) * 2, "padding": (1, 1)}
    form = {key: np.array(pair) for key, pair in (pairs | {"dilation": (1, 1)}).items()}
    kernels = rng.normal(0, 0.4, (outputs, inputs, 3, 3)).astype(F)
    bias = np.zeros(outputs, F)
    return {"type": "Conv2d", "weight": kernels, "bias": bias, "groups": np.array(1), **form}


def _convolutional(rng: np.random.Generator) -> Any:
    def fires(*shape: int) -> dict[str, Any]:
        return _without_reset(integrate(*shape, r=1.0))

    pool = {"kernel_size": (2, 2), "stride": (2, 2), "padding": (0, 0)}
    sums = {"type": "SumPool2d", **{key: np.array(pair) for key, pair in pool.items()}}
    sides = {"start_dim": np.array(0), "end_dim": np.array(-1), "input_type": np.array((3, 2, 2))}
    dense = affine(rng.normal(0, 0.5, (5, 12)), np.zeros(5))
    return chain(
        ("0", _conv(rng, 4, 2, 8, 2)),
        ("1", fires(4, 4, 4)),
        ("2", _conv(rng, 3, 4, 4, 1)),
        ("3", fires(3, 4, 4)),
        ("4", sums),
        ("8", {"type": "Flatten", **sides}),
        ("9", dense),
        ("10", fires(5)),
        inputs=(2, 8, 8),
        outputs=(5,),
    )


def _cuba(size: int, tau_mem: float, tau_syn: float, r: float, w_in: float | None = None) -> Any:
    values = {"tau_mem": tau_mem, "tau_syn": tau_syn, "r": r, "v_leak": 0.0, "v_threshold": 1.0}
    values |= {} if w_in is None else {"w_in": w_in}
    return {"type": "CubaLIF", **{name: np.full(size, value) for name, value in values.items()}}


def _parts(rng: np.random.Generator, bias: float) -> tuple[Any, Any, Any]:
    """Return the weights from 12 inputs to 20 neurons, of these to themselves, and to 7."""
    shapes = ((20, 12), (20, 20), (7, 20))
    first, back, last = (
        affine(rng.normal(0, 0.4, shape), bias * rng.normal(0, 0.3, shape[0])) for shape in shapes
    )
    return first, back, last


def _braille(rng: np.random.Generator, bias: float) -> Any:
    first, back, last = _parts(rng, bias)
    node = chain(
        ("fc1", first),
        ("lif1.lif", _cuba(20, 1e-3, 2.5e-4, 10.0, 2.5)),
        ("fc2", last),
        ("lif2", _cuba(7, 2.5e-4, 2e-4, 2.5, 2.0)),
        inputs=(12,),
        outputs=(7,),
    )
    edges = [(one, two) for one, two in node["edges"]]
    edges += [("lif1.lif", "lif1.w_rec"), ("lif1.w_rec", "lif1.lif")]
    return graph(node["nodes"] | {"lif1.w_rec": back}, edges)


def _inner(back: Any, size: int, first: str, **nodes: Any) -> dict[str, Any]:
    ends = {
        "input": {"type": "Input", "shape": np.array([12])},
        "output": {"type": "Output", "shape": np.array([size])},
    }
    edges = [("input", "lif"), ("lif", "lin"), ("lin", "lif"), ("lif", "output")]
    return graph(ends | nodes | {"lin": back}, [*edges[1:], ("input", first)])


def _rockpool(rng: np.random.Generator) -> Any:
    """Return a graph with a subgraph whose Input says another shape than it is given."""
    first, back, last = _parts(rng, 1.0)
    inner = _inner(back, 20, "lif", lif=_cuba(20, 10.0, 2.2, 0.9))
    return chain(
        ("fc1", first),
        ("hidden", inner),
        ("fc2", last),
        ("lif2", _cuba(7, 2.2, 2.0, 0.55)),
        inputs=(12,),
        outputs=(7,),
    )


def _missing(rng: np.random.Generator) -> Any:
    """Return a graph whose subgraph has an edge to a node that is not there."""
    first, back, _ = _parts(rng, 1.0)
    inner = _inner(back, 20, "lif")
    return chain(("fc1", first), ("lif1", inner), inputs=(12,), outputs=(20,))
