"""Export refuses an input that no program takes, before verify does."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.errors import SamplesError, SamplesWarning, UnsupportedLayerError
from snncore import encoding, layer, neuron


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(quant.Block(quant.Linear(6, 3), quant.CubaLIF(0.25)))


def measured() -> nn.Module:
    return nn.Sequential(quant.DrivenCubaLIF(0.25), *network())


def values() -> Tensor:
    return torch.rand(2, 6, generator=torch.Generator().manual_seed(0))


SPIKES = np.ones((4, 2, 6))
# An example, for which network it has nothing to say, and what verify says of it as samples.
SAID: dict[str, tuple[Any, Any, str]] = {
    "a direct encoding": (network, lambda: encoding.direct(values(), 4), "not whole numbers"),
    "an array of fractions": (network, lambda: SPIKES * 0.5, "not whole numbers"),
    "counts": (network, lambda: SPIKES * 3, "spikes are 0 or 1"),
    "no numbers": (network, lambda: SPIKES * np.nan, "NaN or infinite"),
    "fractions of a current": (measured, lambda: SPIKES * 0.5, "not whole numbers"),
    "a current beyond 24 bits": (measured, lambda: SPIKES * 2.0**30, "currents have 24 bits"),
}
QUIET: dict[str, tuple[Any, Any]] = {
    "spikes": (network, lambda: SPIKES),
    "spikes that are bools": (network, lambda: torch.ones(4, 2, 6, dtype=torch.bool)),
    "a rate": (network, lambda: encoding.rate(values(), 4)),
    "zeros": (network, lambda: torch.zeros(1, 1, 6)),
    "a shape without memory": (network, lambda: torch.empty(1, 1, 6, device="meta")),
    "no samples": (network, lambda: torch.rand(4, 0, 6)),
    "currents": (measured, lambda: SPIKES * -300),
}


@pytest.mark.parametrize("name", SAID)
def test_an_example_that_no_program_takes_is_a_warning(name: str, tmp_path: Path) -> None:
    make, example, words = SAID[name]
    with pytest.warns(SamplesWarning, match=f"only the example's shape was used: input: .*{words}"):
        artifact = nd.export(make(), target="loihi", path=tmp_path / "out", example=example())
    # What was said is what happens.
    with pytest.raises(SamplesError, match=words):
        nd.verify(artifact, samples=example(), simulator="none")
    assert nd.verify(artifact, model=make(), simulator="none").equal


@pytest.mark.parametrize("name", QUIET)
def test_an_example_that_is_taken_says_nothing(name: str, tmp_path: Path) -> None:
    make, example = QUIET[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nd.export(make(), target="loihi", path=tmp_path / "out", example=example())


def test_a_network_in_floats_takes_fractions(tmp_path: Path) -> None:
    floats = nn.Sequential(layer.Linear(6, 3), neuron.LIF())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nd.export(floats, target="onnx", path=tmp_path / "out", example=values()[None])


def test_the_warning_points_to_the_caller(tmp_path: Path) -> None:
    with pytest.warns(SamplesWarning) as caught:
        nd.export(network(), target="loihi", path=tmp_path / "out", example=SPIKES * 0.5)
    assert caught[0].filename == __file__
    assert "encoding.rate" in str(caught[0].message)


class Encoding(nn.Module):
    """A network that encodes its own input."""

    def __init__(self, encode: Any) -> None:
        super().__init__()
        self.encode, self.block = encode, network()[0]

    def forward(self, x: Tensor) -> Tensor:
        """The spikes."""
        spikes: Tensor = self.block(self.encode(x))
        return spikes


@pytest.mark.parametrize("name", ["direct", "level", "rate", "latency"])
@pytest.mark.parametrize("target", ["loihi", "onnx"])
def test_an_encoder_within_a_network_is_refused_by_its_name(
    name: str, target: str, tmp_path: Path
) -> None:
    encoder = Encoding(lambda x: getattr(encoding, name)(x, 4))
    words = rf"encoding\.{name} cannot be part of a network .*encode before the network"
    with pytest.raises(UnsupportedLayerError, match=words):
        nd.export(encoder, target=target, path=tmp_path / "out", example=values()[None])
    assert not (tmp_path / "out").exists()
