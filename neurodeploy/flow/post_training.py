"""A float network quantized without training: prepared, calibrated, frozen, and checked."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import quant
from neurodeploy import lowering
from neurodeploy import target as targets
from neurodeploy.errors import NeurodeployError, UnsupportedLayerError
from neurodeploy.frontend import graph_of, save
from neurodeploy.program import Program
from neurodeploy.simulator.samples import checked_samples
from neurodeploy.target import Finding, require_fits
from quant.grid.integers import GRADED
from snncore import functional, monitor


@dataclass(frozen=True)
class Quantized:
    """The frozen network, its program, and a report on every layer."""

    network: nn.Module
    form: str
    program: Program
    calibration: quant.Calibration
    findings: tuple[Finding, ...]
    # If there are labels: the accuracy of the float network and of the quantized one.
    accuracies: dict[str, float]
    example: Tensor
    # The layers that never fire on the samples.
    silences: tuple[monitor.Silence, ...] = ()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the frozen network to a model file."""
        save(self.network, path, example=self.example)


def quantized(
    network: nn.Module,
    *,
    target: str,
    samples: NDArray[Any],
    labels: NDArray[Any] | None = None,
    form: str | quant.ChipFormat | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> Quantized:
    """Return the network on a target's grid, fitted to samples (T, N, ...).

    Raises:
        UnsupportedLayerError: if the grid cannot hold a layer, or the model is quantized.
        DoesNotFitError: if the target cannot accept the result.
        SamplesError: if the samples do not fit the network.
    """
    if is_on_grid(network):
        raise UnsupportedLayerError(
            "the model is quantized already", remedy="export it, or give the float model"
        )
    _require_shapes(network, samples)
    inputs = torch.from_numpy(samples.astype("float32"))
    prepared = _prepared(network, target, form, inputs)
    chip = targets.target(target)
    program = targets.lowered(graph_of(prepared, example=samples), chip)
    checked_samples(program, samples)

    def say(layer: str, done: int, count: int) -> None:
        progress(f"fitting layer {done + 1} of {count} to the samples: {layer or 'the only one'}")

    calibration = quant.calibrate(prepared, inputs, network, progress=say)
    frozen = quant.freeze(prepared)
    program = targets.lowered(graph_of(frozen, example=samples), chip)
    findings = chip.check(program)
    require_fits(target, findings)
    accuracies = {}
    if labels is not None:
        truth = torch.from_numpy(labels.astype("int64"))
        pairs = (("float", network), ("quantized", frozen))
        decoded = program.readout.over_time
        accuracies = {name: _accuracy(module, inputs, truth, decoded) for name, module in pairs}
    # The first layer may be in a variant of the format, for what an encoder returns.
    *_, last = (m.format.name for m in frozen.modules() if isinstance(m, quant.ChipNeuron))
    name = last.removesuffix(GRADED)
    silences = monitor.silent_layers(frozen, inputs)
    return Quantized(frozen, name, program, calibration, findings, accuracies, inputs, silences)


def _require_shapes(network: nn.Module, samples: NDArray[Any]) -> None:
    """Check that the layers take samples of this shape, before anything runs on them.

    Raises:
        ValidationError: if one does not; names it.
    """
    # A grid has layers that no graph in floats has, such as states that start above zero: whether
    # it has them all is for `prepare` to say.
    with suppress(UnsupportedLayerError):
        graph_of(network, example=samples)


def is_on_grid(network: nn.Module) -> bool:
    """Return whether a network has layers on a chip's grid."""
    layers = quant.ChipNeuron | quant.Linear | quant.Conv2d
    return any(isinstance(module, layers) for module in network.modules())


def accuracy_of(network: nn.Module, samples: NDArray[Any], labels: NDArray[Any]) -> float:
    """Return the share of samples (T, N, ...) with the largest output at their label."""
    decoded = lowering.lower(graph_of(network, example=samples)).readout.over_time
    inputs, truth = (torch.from_numpy(each) for each in (samples, labels))
    return _accuracy(network, inputs.float(), truth.long(), decoded)


def _prepared(
    network: nn.Module, target: str, form: str | quant.ChipFormat | None, inputs: Tensor
) -> nn.Module:
    try:
        with warnings.catch_warnings():
            # What is silent after the calibration counts.
            warnings.simplefilter("ignore", monitor.SilenceWarning)
            return quant.prepare(network.eval(), target=target, format=form, example=inputs)
    except NeurodeployError:
        raise
    except ValueError as error:
        raise UnsupportedLayerError(str(error)) from error


@torch.no_grad()
def _accuracy(network: nn.Module, inputs: Tensor, labels: Tensor, decoded: bool) -> float:
    """Return the share of samples with the largest output, summed over steps, at their label."""
    functional.reset(network)
    output = network(inputs)
    functional.reset(network)
    counts = output if decoded else output.sum(0)
    return float((counts.flatten(1).argmax(1) == labels).float().mean())
