"""Neurons in model files and in graphs: a user's own is kept as its equations."""

import copy
import pickle  # noqa: TID251
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import neurodeploy as nd
from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.from_torch import graph_of
from snncore import layer, neuron, surrogate
from snncore.dynamics import select, spike
from snncore.neuron import EquationNeuron
from tests.unit.snncore.neurons import NEURONS, SURROGATES, drive

# They are kept as their equations.
OWN = ("Logarithmic", "RecurrentLIF")


@neuron.define(states={"v": 0.5}, params={"decay": 0.5})
def Mine(v: Any, x: Any, *, decay: Any) -> Any:  # noqa: N802
    h = decay * v + x
    s = spike(h - 1.0)
    return select(s, 0.0, h), s


@dataclass(frozen=True)
class Own(surrogate.Surrogate):
    height: float = 1.0

    def gradient(self, distance: Any) -> Any:
        return select(distance > 0, self.height, 0.0)


def saved_and_loaded(module: EquationNeuron, folder: Path) -> EquationNeuron:
    network = torch.nn.Sequential(layer.Linear(6, 6), module)
    network(torch.zeros(1, 1, 6))
    nd.save(network, folder / "model.pt")
    loaded = nd.load(folder / "model.pt")[1]
    module.reset()
    return loaded


@pytest.mark.parametrize("name", [name for name in NEURONS if name not in OWN])
def test_the_zoo_is_saved(name: str, tmp_path: Path) -> None:
    slope = SURROGATES[len(name) % len(SURROGATES)]
    module = NEURONS[name](surrogate=slope, backend="torch")
    loaded = saved_and_loaded(module, tmp_path)
    assert type(loaded) is type(module)
    assert loaded.config() == module.config()
    assert loaded.surrogate == slope
    x = drive(name, 3, 2, 6)
    assert torch.equal(loaded(x), module(x))


@pytest.mark.parametrize("name", [name for name in NEURONS if name not in OWN])
@pytest.mark.parametrize("keep", [pickle.dumps, copy.deepcopy], ids=["pickled", "copied"])
def test_the_zoo_reaches_other_processes(name: str, keep: Callable[[Any], Any]) -> None:
    """Pickle a network as launchers of training do for each process."""
    module = NEURONS[name](backend="torch")
    x = drive(name, 3, 2, 6)
    before = module(x)
    module.reset()
    copied = keep(module)
    again = pickle.loads(copied) if isinstance(copied, bytes) else copied
    assert again.config() == module.config()
    assert torch.equal(again(x), before)


def test_a_users_neuron_is_saved_as_its_equations(tmp_path: Path) -> None:
    module = Mine(decay=torch.rand(6), learnable=("decay",))
    loaded = saved_and_loaded(module, tmp_path)
    assert type(loaded) is neuron.Defined
    x = drive("Mine", 9, 2, 6)
    assert module(x).any()
    module.reset()
    assert torch.equal(loaded(x), module(x))
    assert torch.equal(loaded.decay, module.decay)


def test_a_surrogate_of_the_users_own_is_no_plain_data(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedLayerError, match="Own"):
        saved_and_loaded(neuron.LIF(surrogate=Own()), tmp_path)


def test_a_graph_has_parameters_by_channel() -> None:
    module = neuron.LIF(tau=torch.tensor([2.0, 4.0]), learnable=("tau",))
    node = graph_of(torch.nn.Sequential(module), shape=(2, 3, 3)).nodes[-1]
    assert node.parameters["tau"].shape == (2, 1, 1)
    assert np.array_equal(node.parameters["tau"].ravel(), [2.0, 4.0])


def test_a_graph_starts_at_zero() -> None:
    with pytest.raises(UnsupportedLayerError, match="start at zero"):
        graph_of(torch.nn.Sequential(Mine()), shape=(2,))


def test_states_keep_their_type_where_the_module_goes() -> None:
    module = neuron.LIF()
    module(torch.ones(2, 1, 3))
    module.half()
    assert module.states["v"].dtype == torch.float32
    module.to("meta")
    assert module.states["v"].device.type == "meta"
