"""The host's part of a network: the manifest states it, because the file cannot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError, SamplesError
from targets.loihi.file.chain import Chain
from targets.loihi.neurons.cuba import driven_by
from targets.loihi.neurons.sigma_delta import USUAL
from targets.loihi.simulators.simulate import LavaRun

# The bias that a host writes into the registers of input neurons has 16 bits.
_LIMIT = 1 << 15


def host_part(chain: Chain) -> dict[str, int]:
    """Return the host's operations on this network's samples and input neurons."""
    first = chain.layers[0].neuron
    if chain.layers[0].synapse is not None or "bias" not in first.parameters:
        return {}
    bias, scale = int(first.parameters["bias"].reshape(-1)[0]), driven_by(first)
    return ({"bias": bias} if bias else {}) | ({} if scale is None else {"scale": scale})


def spike_exp_of(contract: Any) -> int:
    """Return the fraction bits of messages for Lava; a bare file has Lava's usual value."""
    exponent = contract.get("spike_exp", USUAL) if contract else USUAL
    if type(exponent) is not int or not 0 <= exponent <= USUAL:
        raise ArtifactError(f"manifest.json: spike_exp is {exponent!r}, not a number in 0..{USUAL}")
    return exponent


def input_bias_of(contract: Any) -> int:
    """Return what the host adds to input neurons; a bare file's bias is an unused note."""
    bias = _input_number(contract, "bias")
    return 0 if bias is None else bias


def input_scale_of(contract: Any) -> int | None:
    """Return the host's factor on samples, if there is one; a bare file's weight is a note."""
    return _input_number(contract, "scale")


def lava_run(artifact: Artifact, samples: NDArray[Any]) -> LavaRun:
    """Return the run of an artifact on samples, after the host's part.

    Raises:
        SamplesError: if scaled samples do not fit 32 bits.
    """
    net = next(content for name, content in artifact.files.items() if name.endswith(".net"))
    contract = artifact.contract
    scale = input_scale_of(contract)
    if scale is not None:
        samples = samples.astype("int64") * scale
        low, high = int(samples.min()), int(samples.max())
        if low < -(1 << 31) or high >= 1 << 31:
            message = f"samples times the input's scale of {scale} go from {low} to {high}"
            raise SamplesError(f"{message}, beyond 32 bits")
    return LavaRun(
        net, samples, spike_exp=spike_exp_of(contract), input_bias=input_bias_of(contract)
    )


def _input_number(contract: Any, key: str) -> int | None:
    first = contract.get("input", {}) if contract else {}
    if not isinstance(first, Mapping):
        raise ArtifactError(f"manifest.json: input is {first!r}, and says nothing of one")
    number = first.get(key)
    if number is None:
        return None
    if type(number) is not int or not -_LIMIT <= number < _LIMIT:
        raise ArtifactError(f"manifest.json: input.{key} is {number!r}, not a number of 16 bits")
    return number
