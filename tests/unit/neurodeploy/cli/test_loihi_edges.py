"""Values just within Loihi's limits, and just beyond: done, or one clear error."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from snncore import layer
from tests.conformance.files import FLATTEN, cuba, dense, image, net_file
from tests.conformance.foreign import MIXED, OWN, complex_dense, recurrent, resonators
from tests.unit.neurodeploy.cli.helpers import Caller, refused, tree


def spiking(**options: Any) -> quant.Block:
    """Dense weights and three neurons."""
    return quant.Block(quant.Linear(4, 3), quant.CubaLIF(threshold=0.3, **options))


def looped() -> layer.Recurrent:
    return layer.Recurrent(quant.CubaLIF(threshold=0.3), quant.Linear(3, 3))


def learned(decay: float) -> nn.Module:
    block = spiking(learnable=("current_decay",))
    nn.init.constant_(block.neuron.current_decay, decay)
    return nn.Sequential(block)


WITHIN = {
    "a delay of 62": nn.Sequential(layer.Delay([62, 0, 1, 62]), spiking()),
    "a recurrent layer": nn.Sequential(quant.Linear(4, 3), looped()),
    "decays a channel": nn.Sequential(spiking(current_decay=torch.tensor([0.0, 0.5, 1.0]))),
    "a decay that learning led beyond": learned(1.2),
    "scaled measurements": nn.Sequential(quant.DrivenCubaLIF(scale=2.0, bias=True), spiking()),
}
BEYOND: dict[str, tuple[nn.Module, str]] = {
    "a delay of 63": (
        nn.Sequential(layer.Delay([0, 63, 0, 0]), spiking()),
        "delays[0, 1]: 63 steps are more than the 62 that the chip waits",
    ),
    "a recurrent layer behind a delay": (
        nn.Sequential(layer.Delay(2), quant.Linear(4, 3), looped()),
        "the loader loses the scale of a recurrent layer's weights that have delays",
    ),
    "measurements in the middle": (
        nn.Sequential(spiking(), quant.DrivenCubaLIF()),
        "1: DrivenCubaLIF neurons are driven by measurements",
    ),
}


def files(network: nn.Module) -> None:
    """A model and samples in this folder."""
    samples = torch.randint(0, 2, (8, 2, 4), generator=torch.manual_seed(0)).float()
    network.eval()(samples)
    nd.save(network, "model.pt")
    np.save("samples.npy", samples.numpy())


EXPORT = ("export", "model.pt", "-t", "loihi", "-o", "out", "--samples", "samples.npy")


@pytest.mark.parametrize("name", WITHIN)
def test_what_is_just_within_is_exported(name: str, here: Path, call: Caller) -> None:
    files(WITHIN[name])
    done = call(*EXPORT)
    assert done.code == 0, done.err
    assert (here / "out/network.net").is_file()


@pytest.mark.parametrize("name", BEYOND)
def test_what_is_just_beyond_is_refused(name: str, here: Path, call: Caller) -> None:
    network, words = BEYOND[name]
    files(network)
    before = tree(here)
    refused(call(*EXPORT), 3, words)
    assert tree(here) == before


STRANGE = {
    "a recurrent layer with delays": (recurrent(OWN, delay=1), "layer0.delay: the loader loses"),
    "a delay before the spike": (net_file(dense(MIXED, delay=-1)), "layer0.delay: -1 steps"),
    "resonators with plain weights": (
        net_file(dense(MIXED, neuron=resonators())),
        "are driven by dense layers with complex weights alone",
    ),
    "no imaginary weights": (
        complex_dense(weight={"real": MIXED, "imag": MIXED * 0}),
        "layer0.weight.imag: is all zero",
    ),
    "a pool": (net_file(image(1, 2, 2), {"type": "pool"}), "'pool' cannot be loaded"),
    "a decay of floats": (net_file(dense(MIXED, neuron=cuba(7.0))), "iDecay: is stored as float64"),
    "nothing but a flatten": (net_file(FLATTEN), "the network ends without neurons"),
}


@pytest.mark.parametrize("command", ["inspect", "run"])
@pytest.mark.parametrize("name", STRANGE)
def test_files_that_lava_could_not_load_are_refused(
    name: str, command: str, here: Path, call: Caller
) -> None:
    content, words = STRANGE[name]
    Path("some.net").write_bytes(content)
    np.save("samples.npy", np.ones((3, 1, 2)))
    before = tree(here)
    more = () if command == "inspect" else ("--samples", "samples.npy", "-o", "out.npz")
    refused(call(command, "some.net", *more), 2, words)
    assert tree(here) == before


def test_whole_decays_run_and_lava_is_not_asked(here: Path, call: Caller) -> None:
    Path("some.net").write_bytes(complex_dense(neuron=resonators(2000, -3000)))
    np.save("samples.npy", np.ones((9, 1, 2)))
    assert call("run", "some.net", "--samples", "samples.npy", "-o", "out.npz").code == 0
    assert np.load("out.npz")["output"].shape == (9, 1, 3)
    done = call("verify", "some.net", "--samples", "samples.npy", "--simulator", "lava")
    assert done.code != 0
    assert "depends on the processor" in done.err + done.out
