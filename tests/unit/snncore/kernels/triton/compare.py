"""The Triton kernels, wherever they run, against eager torch on the CPU; a script.

Under TRITON_INTERPRET=1 it needs no GPU. It prints the number of cases, or fails in the first.
"""

import sys
from collections.abc import Collection
from itertools import cycle, islice
from typing import Any

import torch

from snncore import neuron, surrogate
from snncore.kernels import operator, unpack
from snncore.kernels.triton import loop as triton_loop
from snncore.kernels.triton.shape import TritonConfig
from snncore.surrogate import Surrogate
from tests.unit.snncore.neurons import EACH, NEURONS, SURROGATES, drive

Tensors = dict[str, torch.Tensor]
# Inexact on purpose: a half's spacing, for gradients that are rounded to the input's type.
ROUNDED = {torch.float32: 1e-6, torch.float16: 2e-3, torch.bfloat16: 1.6e-2}


def dense(results: Tensors, leaves: Tensors) -> Tensors:
    """Return the gradients of all leaves, for a dense random loss."""
    generator = torch.Generator().manual_seed(5)
    weights = [
        torch.randn(r.shape, generator=generator, dtype=torch.float32).to(r.dtype).to(r.device)
        for r in results.values()
    ]
    # A count of steps has no gradient where nothing that it began with has one.
    joined = [(r, w) for r, w in zip(results.values(), weights, strict=True) if r.requires_grad]
    gradients = torch.autograd.grad(
        [r for r, _ in joined], list(leaves.values()), [w for _, w in joined], allow_unused=True
    )
    named = zip(leaves.items(), gradients, strict=True)
    return {name: torch.zeros_like(v) if g is None else g for (name, v), g in named}


def trained(
    name: str, backend: str, device: str, x: torch.Tensor, options: dict[str, Any], begin: Tensors
) -> tuple[Tensors, Tensors]:
    """Return spikes and last states, and the gradients of all leaves."""
    module = NEURONS[name](**options, backend=backend).to(device)
    states = {key: v.clone().to(device).requires_grad_() for key, v in begin.items()}
    module.states = dict(states)
    x = x.clone().to(device).requires_grad_()
    results = {"s": module(x), **module.states}
    gradients = dense(results, {"x": x, **states, **dict(module.named_parameters())})
    return tuple({k: v.detach().cpu() for k, v in d.items()} for d in (results, gradients))


def case(
    name: str,
    slope: Surrogate,
    x: torch.Tensor,
    options: dict[str, Any],
    device: str,
    backend: str = "triton",
    *,
    twice: bool = True,
) -> float:
    """Compare one neuron with these parameters, from rest if they are numbers; return its rate."""
    options = options | {"surrogate": slope}
    begin = {}
    if options["learnable"]:
        plain = NEURONS[name]()
        begin = {s: 0.2 * x[0].float() + plain.initial.get(s, 0.0) for s in plain.equations.states}
    spikes, expected = trained(name, "torch", "cpu", x, options, begin)
    fired, gradients = trained(name, backend, device, x, options, begin)
    # Made once more, a loop is cut in another way.
    operator._prepared.clear()
    again = trained(name, backend, device, x, options, begin)[1] if twice else gradients
    sizes = share_sizes(name, x, options, begin)
    for key, value in spikes.items():
        assert torch.equal(value, fired[key]), (name, slope, key)
    for key, value in expected.items():
        assert torch.equal(gradients[key].nan_to_num(), again[key].nan_to_num()), (name, key)
        # A neuron without a reset may run away so far that its gradient is infinite.
        if not bool(value.isfinite().all()):
            continue
        error = float((gradients[key].double() - value.double()).abs().max())
        # A parameter's gradient is a sum of many terms that cancel, in another order.
        size = sizes[key] if key in options else float(value.abs().max())
        tolerance = ROUNDED[value.dtype] * max(size, 1e-30)
        if error > tolerance and value.dtype == torch.float32:
            tolerance += 2 * own_error(name, key, x, options, begin, spikes["s"], value)
        assert error <= tolerance, (name, slope, key, error, tolerance)
    return float((fired["s"] != 0).float().mean())


def own_error(
    name: str,
    key: str,
    x: torch.Tensor,
    options: dict[str, Any],
    begin: Tensors,
    spikes: torch.Tensor,
    gradient: torch.Tensor,
) -> float:
    """Return how far eager torch's own gradient in float32 is from that in float64.

    A step whose slopes are steep makes any rounding grow: no order of float32 is nearer then.
    """
    wide = {k: v.double() if isinstance(v, torch.Tensor) else v for k, v in options.items()}
    states = {k: v.double() for k, v in begin.items()}
    results, gradients = trained(name, "torch", "cpu", x.double(), wide, states)
    assert torch.equal(results["s"].float(), spikes), (name, "fires otherwise in float64")
    return float((gradients[key] - gradient.double()).abs().max())


def share_sizes(
    name: str, x: torch.Tensor, options: dict[str, Any], begin: Tensors
) -> dict[str, float]:
    """Sum the absolute shares of the neurons in each parameter's gradient."""
    shape = x.shape[2:]
    values = {
        key: value.detach().reshape(*value.shape, *[1] * (len(shape) - value.ndim)).expand(shape)
        for key, value in options.items()
        if isinstance(value, torch.Tensor)
    }
    _, shares = trained(name, "torch", "cpu", x, options | values, begin)
    return {key: float(shares[key].abs().sum()) for key in values}


def learned(name: str, shape: tuple[int, ...] | None) -> dict[str, Any]:
    """Return all parameters in this shape, learned; or all as plain numbers."""
    plain = NEURONS[name](learnable=())
    names = plain.equations.parameters
    if shape is None:
        return {key: getattr(plain, key) for key in names} | {"learnable": ()}
    values = {key: torch.full(shape, getattr(plain, key)) for key in names}
    return values | {"learnable": names}


def small() -> None:
    """Make segments and chunks a few steps long, so that short sequences have several."""
    cuts = cycle([(4, 2, False), (3, 3, True), (7, 7, True)])

    def forward_config(*_: Any) -> TritonConfig:
        return TritonConfig(256, 2, 2, 4)

    def backward_config(*_: Any) -> TritonConfig:
        segment, chunk, ahead = next(cuts)
        return TritonConfig(64, 2, chunk, segment, ahead)

    triton_loop.forward_config, triton_loop.backward_config = forward_config, backward_config


def narrow(device: str) -> None:
    """Check that bytes and bits are the same spikes, and that bytes are read as they are."""
    x = drive("LIF", 9, 1, 300)
    spikes = neuron.LIF(backend="torch")(x)
    assert bool(spikes.any())
    options = {"backend": "triton", "keep_states": False}
    as_bytes = neuron.LIF(output="uint8", **options)(x.to(device))
    assert torch.equal(as_bytes.cpu().float(), spikes)
    bits = neuron.LIF(output="bits", **options)(x.to(device))
    assert torch.equal(unpack(bits.cpu(), (1, 300)), spikes)
    again = neuron.LIF(**options)(as_bytes)
    assert torch.equal(again.cpu(), neuron.LIF(backend="torch")(spikes))


def edges(device: str) -> None:
    """Check that a surrogate's window is open, at its edges and beside, as its formula says."""
    slope = surrogate.PiecewiseLeakyReLU(width=0.5, leak=0.125)
    beside = 2.0**-23
    x = torch.tensor([0.5 - beside, 0.5, 0.5 + beside, 1.5 - beside, 1.5, 1.5 + beside])
    x = x.reshape(1, 1, 6).to(device).requires_grad_()
    neuron.IF(surrogate=slope, reset="none", backend="triton")(x).sum().backward()
    assert x.grad is not None
    assert x.grad.flatten().tolist() == [0.125, 0.125, 1.0, 1.0, 0.125, 0.125]


def main(device: str, names: Collection[str], kinds: list[torch.dtype], each: int) -> None:
    """Run neurons in some of the kinds, each with another surrogate and no whole block."""
    torch.use_deterministic_algorithms(True)
    small()
    narrow(device)
    edges(device)
    rates = []
    cases = list(zip(NEURONS, cycle(SURROGATES), strict=False))
    shapes = cycle([(), None, (3,), None, (3, 5)])
    turn = cycle(kinds)
    for name, slope in cases:
        if name not in names:
            continue
        for kind in islice(turn, each):
            x = drive(name, 7, 2, 3, 5).to(kind)
            twice = each > 1 or len(rates) % 3 == 0
            rates.append(case(name, slope, x, learned(name, next(shapes)), device, twice=twice))
    assert sum(0.0 < rate < 1.0 for rate in rates) > 0.8 * len(rates), "silent networks"
    sys.stdout.write(f"{len(rates)} cases\n")


if __name__ == "__main__":
    if torch.cuda.is_available():
        main("cuda", NEURONS, list(ROUNDED), len(ROUNDED))
    elif "--full" in sys.argv:
        main("cpu", NEURONS, [torch.float32, torch.float16], 2)
    else:
        main("cpu", EACH, [torch.float32, torch.float16], 1)
