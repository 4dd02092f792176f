"""The reduced modules of a network as torch modules, for the vendor's compiler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from neurodeploy.errors import ValidationError
from neurodeploy.program import Program
from neurodeploy.target import require_fits
from targets.lynxi.capabilities import CAPABILITIES
from targets.lynxi.check import check
from targets.lynxi.reduced.plan import plan_of

if TYPE_CHECKING:
    from targets.lynxi.vendor.modules import OneStep, Unrolled


def reduce(
    network: Any,
    T: int,  # noqa: N803
    form: Literal["unrolled", "step"] = "unrolled",
) -> Unrolled | OneStep:
    """Return the network, a program or a quantized torch network, as plain modules for T steps.

    The unrolled form takes (T * N, ...) with the rows of a step together and returns the output's
    spikes; the form of one step takes (N, ...) and every state, and returns every state.

    Raises:
        DoesNotFitError: if a layer has no reduced module; names it.
        ValidationError: if T is not a number of steps, or there is no such form.
    """
    if type(T) is not int or T < 1:
        raise ValidationError(f"T: {T!r} is not a number of steps")
    if form not in ("unrolled", "step"):
        raise ValidationError(f"form: {form!r} is neither 'unrolled' nor 'step'")
    program = network if isinstance(network, Program) else _lowered(network)
    require_fits("lynxi", check(program))
    # torch is imported only if its modules are requested.
    from targets.lynxi.vendor.modules import OneStep, Unrolled

    plan = plan_of(program)
    return Unrolled(plan, T) if form == "unrolled" else OneStep(plan)


def _lowered(network: Any) -> Program:
    from neurodeploy.frontend import graph_of
    from neurodeploy.lowering import lower

    return lower(graph_of(network), largest_sum=CAPABILITIES.largest_sum)
