"""Norse's neurons, cells and layers."""

from __future__ import annotations

from typing import Any

import norse.torch as norse
import torch
from norse.torch.functional.lif_box import LIFBoxParameters
from norse.torch.functional.lif_ex import LIFExParameters
from norse.torch.functional.reset import reset_subtract, reset_value
from torch import Tensor

from tests.conformance.frameworks.compare import flattened

SHAPE = (32,)
SHAPES: dict[str, tuple[int, ...]] = {}
SCALE = {
    "IAF": 1.0,
    "LSNN": 12.0,
    "LSNNCell": 12.0,
    "LSNN .5": 12.0,
    "LIFRefracCell": 4.0,
    "LIF rates": 4.0,
    "LIFBoxCell": 4.0,
}


def run(module: Any, x: Tensor, ours: Any) -> list[Tensor]:
    """Run all steps, with the state passed on."""
    if ours.time == 0:
        module.record_states = True
        sent, states = module(x)
        return [sent, *flattened(states)]
    steps, state = [], None
    for step in x:
        sent, state = module(step, state)
        steps.append([sent, *(each.expand_as(sent) for each in flattened(state))])
    return [torch.stack(each) for each in zip(*steps, strict=True)]


def _p(kind: Any, **values: Any) -> Any:
    return kind(**{key: torch.as_tensor(value) for key, value in values.items()})


DYADIC = {"tau_mem_inv": 500.0, "tau_syn_inv": 250.0}
NEURONS: dict[str, Any] = {
    "LIFCell": norse.LIFCell,
    "LIF": norse.LIF,
    "LIF rates": lambda: norse.LIF(p=_p(norse.LIFParameters, **DYADIC, v_leak=0.25, v_reset=-0.5)),
    "LIF vectors": lambda: norse.LIFCell(
        p=_p(norse.LIFParameters, tau_mem_inv=torch.linspace(50.0, 400.0, 32), v_th=0.5)
    ),
    "LIF 1/8": lambda: norse.LIF(
        p=_p(norse.LIFParameters, tau_mem_inv=2.0, tau_syn_inv=2.0, v_th=0.75), dt=0.25
    ),
    "LIFBoxCell": lambda: norse.LIFBoxCell(p=LIFBoxParameters(reset_method=reset_value)),
    "LIFBoxCell subtract": lambda: norse.LIFBoxCell(
        p=LIFBoxParameters(
            tau_mem_inv=torch.as_tensor(2.0), reset_method=reset_subtract, v_th=torch.tensor(0.5)
        ),
        dt=0.25,
    ),
    "LICell": norse.LICell,
    "LI": lambda: norse.LI(p=_p(norse.LIParameters, v_leak=0.5)),
    "LILinearCell": lambda: norse.LILinearCell(32, 32),
    "LIBoxCell": norse.LIBoxCell,
    "IAFCell": norse.IAFCell,
    "IAF": lambda: norse.IAF(p=_p(norse.IAFParameters, v_th=0.75, v_reset=-0.25)),
    "LSNNCell": norse.LSNNCell,
    "LSNN": norse.LSNN,
    "LSNN .5": lambda: norse.LSNN(p=_p(norse.LSNNParameters, v_th=0.5, beta=0.125, v_leak=0.125)),
    "LIFRefracCell": norse.LIFRefracCell,
    "LIFAdExCell": norse.LIFAdExCell,
    "LIFAdEx": norse.LIFAdEx,
    "LIFExCell": norse.LIFExCell,
    "LIFEx": lambda: norse.LIFEx(p=_p(LIFExParameters, delta_T=0.25)),
    "LIFRecurrentCell": lambda: norse.LIFRecurrentCell(32, 32),
    "LIFRecurrent": lambda: norse.LIFRecurrent(32, 32),
    "LSNNRecurrentCell": lambda: norse.LSNNRecurrentCell(32, 32),
    "LSNNRecurrent": lambda: norse.LSNNRecurrent(32, 32),
    "LIFRefracRecurrentCell": lambda: norse.LIFRefracRecurrentCell(32, 32),
    "LIFRefracRecurrent": lambda: norse.LIFRefracRecurrent(32, 32),
}


REFUSED: dict[str, Any] = {
    "random": lambda: norse.LIFCell(p=norse.LIFParameters(method="logistic")),
    "adaptive recurrent": lambda: norse.LIFAdExRecurrentCell(4, 4),
    "coba": lambda: norse.CobaLIFCell(4, 4),
    "leaks": lambda: norse.LIFCell(p=_p(norse.LIFParameters, v_leak=[0.0, 0.5])),
}
LAYERS: dict[str, Any] = {}
